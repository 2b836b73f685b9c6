"""Adapters of picture providers, behind one Protocol."""
