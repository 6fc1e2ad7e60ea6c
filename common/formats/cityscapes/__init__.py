"""Cityscapes' own tree."""
