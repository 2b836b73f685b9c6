"""Tables of the third floor."""

from creative.models.asset import Asset
from creative.models.job import Attempt, Job

__all__ = ["Asset", "Attempt", "Job"]
