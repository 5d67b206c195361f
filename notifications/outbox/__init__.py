"""The outbox: messages made once, sent once, and what came back."""
