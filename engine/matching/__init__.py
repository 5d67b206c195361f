"""Which rules apply to a commitment, and which commitments hang together: the only home of durable_rules."""
