"""What trainings left: paths, reading, ranking, summary, comparison, tables."""
