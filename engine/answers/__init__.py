"""Use cases that read: explain, what changes next, what if, difference, backtest, account, letter."""
