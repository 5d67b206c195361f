"""For those who write rules: check, schema, the tests that packs carry, and their coverage."""
