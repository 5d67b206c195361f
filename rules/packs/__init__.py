"""The rule files that ship with Gestand."""
