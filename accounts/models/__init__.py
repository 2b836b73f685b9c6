"""Tables of the first floor."""

from accounts.models.agent import Agent, AgentMove, AgentToken, ClaimState
from accounts.models.claim import Claim, ContactChange, SilencedMailbox
from accounts.models.invitation import Invitation
from accounts.models.membership import Membership, Role
from accounts.models.notice import Notice
from accounts.models.organization import Organization
from accounts.models.user import User

__all__ = [
    "Agent",
    "AgentMove",
    "AgentToken",
    "Claim",
    "ClaimState",
    "ContactChange",
    "Invitation",
    "Membership",
    "Notice",
    "Organization",
    "Role",
    "SilencedMailbox",
    "User",
]
