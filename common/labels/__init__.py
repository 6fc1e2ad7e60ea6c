"""Cityscapes' labels, label maps and label tables, and the files they are read from."""
