"""What a workspace has, holds, spends and buys."""
