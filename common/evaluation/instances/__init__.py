"""Average precision of objects by the official rules."""
