"""What each operation answers in `data`, as types; the suite holds every answer against them."""
