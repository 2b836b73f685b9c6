"""Pages of the second floor."""
