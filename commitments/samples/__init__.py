"""Real records that ship with Gestand, each with its source: the register of the demonstration."""
