"""Ground truth in the formats people use: one module per format, all through the one form in `frames`."""
