"""Whether a register is whole: its ledger, what was told, and the projection beside a replay; what is damaged."""
