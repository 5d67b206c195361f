"""What goes out: the MIME message, its table and calendar, and the JSON of a webhook."""
