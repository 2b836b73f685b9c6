"""How Django's admin shows the tables of the house, and those of the ground floor."""
