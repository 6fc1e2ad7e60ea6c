"""Folders of pseudo-labels, made by networks in a process of their own."""
