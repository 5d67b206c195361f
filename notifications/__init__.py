"""Telling people, once, quietly."""
