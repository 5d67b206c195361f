"""One pass: cycles, follow-ups, what is due to change, notices and groups, in the order of these words."""
