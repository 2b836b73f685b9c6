"""Claiming an agent in a browser."""
