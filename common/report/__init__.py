"""Pages for people: the report of a study, and the gallery that it shares with the inspection of datasets."""
