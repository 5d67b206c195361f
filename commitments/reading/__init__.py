"""Files of people read strictly: YAML with the place of every value, and what is wrong with it as problems."""
