"""Predictions for people's own photographs, folders, splits and videos."""
