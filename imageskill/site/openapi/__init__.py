"""The description of `/v1` for machines (OpenAPI 3.1), and the page that shows it to people.

`operations` says of each operation what the code cannot: what it answers and which errors it knows. Paths, labels,
grants, queries and bodies are read from the views, error codes from the catalogue.
"""
