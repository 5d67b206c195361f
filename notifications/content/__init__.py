"""What a digest says: notices, digests, their words in each language, and the templates that set them."""
