"""The ledger: the hash chain, what is appended to it and read back, texts and their erasure."""
