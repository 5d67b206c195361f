"""Use cases that write to the register."""
