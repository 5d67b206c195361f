"""Draft letters that remind somebody of what they owe."""
