"""JSON shapes of the pictures floor: pure functions, no queries."""
