"""How time is counted: periods, deadlines, recurrences, cycles and words for dates. Pure."""
