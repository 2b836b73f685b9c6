"""What docs/scaling.md claims, played through: each is seeded, runs in seconds, and prints what is quoted."""
