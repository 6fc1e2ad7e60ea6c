"""Ground truth in the formats people use: one folder for each format, all through the one form in `frames`."""
