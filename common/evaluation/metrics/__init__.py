"""The metrics: each counts pixels or takes counts, and knows no files."""
