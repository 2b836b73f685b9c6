"""JSON shapes of the second floor."""
