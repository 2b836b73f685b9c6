"""A workspace at a glance."""
