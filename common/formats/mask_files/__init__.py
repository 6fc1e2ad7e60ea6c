"""Mask files of every encoding, made from polygons or from other masks."""
