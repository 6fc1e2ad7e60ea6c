"""Prepared folders: resized, split, augmented."""
