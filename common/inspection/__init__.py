"""Datasets to look at: contact sheets and pages."""
