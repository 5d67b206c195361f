"""Who is told what, when, and what they have been told already."""
