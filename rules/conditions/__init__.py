"""What a rule asks of a commitment: conditions read, decided, explained and satisfied."""
