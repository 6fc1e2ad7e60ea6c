"""Is a dataset, original or prepared, complete and consistent?"""
