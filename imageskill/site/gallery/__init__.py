"""Every picture of a workspace, with its price."""
