"""The downloaded dataset: layouts, polygons, ground truth."""
