"""Pixels: PNG files, pictures of any kind, runs of equal pixels, polygons to pixels and back."""
