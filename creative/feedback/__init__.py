"""Feedback: taking in what agents report, saying what would make it stronger, finding alike ones, and triage."""
