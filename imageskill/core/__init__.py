"""Ground floor: what every other floor stands on. It knows nobody above."""
