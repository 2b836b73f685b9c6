"""Everything that happened in a workspace, to search and to follow."""
