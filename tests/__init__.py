"""The suite; one file a promise."""
