"""Migrations, named; they import nothing of the house."""
