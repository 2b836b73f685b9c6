"""Tables of the third floor."""

from creative.models.approval import Approval
from creative.models.asset import Asset, JobInput, Quarantine
from creative.models.feedback import Feedback, FeedbackChange, FeedbackEvidence, FeedbackTerm
from creative.models.gallery import Rating, SharedPicture, ShareLink
from creative.models.job import Attempt, Job
from creative.models.operation import KillSwitch, ProviderSlot
from creative.models.price import PriceVersion

__all__ = [
    "Approval",
    "Asset",
    "Attempt",
    "Feedback",
    "FeedbackChange",
    "FeedbackEvidence",
    "FeedbackTerm",
    "Job",
    "JobInput",
    "KillSwitch",
    "PriceVersion",
    "ProviderSlot",
    "Quarantine",
    "Rating",
    "ShareLink",
    "SharedPicture",
]
