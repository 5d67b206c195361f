"""The process that stays up: its schedule, its health, its port, and the files it follows."""
