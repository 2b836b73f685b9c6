"""A bucket of our own on the loopback, for the real library."""
