"""The HTTP operations of the second floor."""
