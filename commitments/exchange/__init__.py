"""Registers in other forms: one module a format, each turning a file into drafts for the register."""
