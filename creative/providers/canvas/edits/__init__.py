"""Edits of a picture by rules: what parameters and plain words ask for, and nothing else."""

from creative.providers.canvas.edits.editing import edited
from creative.providers.canvas.edits.plan import ABILITIES, size_of, understood

__all__ = ["ABILITIES", "edited", "size_of", "understood"]
