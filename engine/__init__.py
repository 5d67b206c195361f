"""Rules meet commitments on a day."""
