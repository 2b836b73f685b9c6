"""Tables of the third floor."""

from creative.models.approval import Approval
from creative.models.asset import Asset
from creative.models.job import Attempt, Job

__all__ = ["Approval", "Asset", "Attempt", "Job"]
