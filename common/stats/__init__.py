"""What a dataset holds: counts, as a table and as a picture."""
