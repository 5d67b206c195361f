"""The words and the layout of what is sent: templates and one file of words a language."""
