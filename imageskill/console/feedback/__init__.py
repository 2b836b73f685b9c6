"""Feedback triage: the inbox, one report with all that belongs to it, and every act on it."""
