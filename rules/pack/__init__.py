"""The rule file: packs, their parameters, what they inherit, and all of them together as the rule book."""
