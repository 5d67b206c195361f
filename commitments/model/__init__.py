"""The words of the register: commitments, their events, records, half-known dates and time zones."""
