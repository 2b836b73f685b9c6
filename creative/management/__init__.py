"""Commands of the third floor."""
