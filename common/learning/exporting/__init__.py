"""Models for other programs, run and compared before they are kept."""
