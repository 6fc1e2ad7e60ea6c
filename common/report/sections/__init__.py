"""The sections of the report of a study, one module each."""
