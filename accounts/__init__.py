"""First floor: organizations, users, agents, tokens, grants and claiming."""
