"""Pages of people: signing in again, workspaces, members, invitations."""
