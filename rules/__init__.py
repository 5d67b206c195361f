"""What is due, when, and who hears of it."""
