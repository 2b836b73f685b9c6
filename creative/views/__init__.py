"""The HTTP operations of the pictures floor."""
