"""People and agents as staff sees them: the search by anything, and one agent with all that is known of it."""
