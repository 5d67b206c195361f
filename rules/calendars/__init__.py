"""The calendars that ship with Gestand."""
