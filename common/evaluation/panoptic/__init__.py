"""Panoptic quality by the official rules."""
