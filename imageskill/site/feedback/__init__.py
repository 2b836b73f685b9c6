"""What a workspace's agents reported, and what became of it."""
