"""The agents of a workspace, and what each may do."""
