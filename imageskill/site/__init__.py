"""The roof's pages and answers that show more than one floor."""
