"""Deadlines as calendar files and feeds, written once or kept up to date."""
