"""Django's own admin, for superusers: every table to look at, and what may change by acts of the house."""
