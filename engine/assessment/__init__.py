"""What becomes of a commitment on a day: its deadlines, status, notices and next change. Pure."""
