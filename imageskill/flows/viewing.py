"""Staff looks at a workspace as its owner sees it: for a reason, for a quarter of an hour, told to its members.

The event is committed before the first page is shown, so nobody has looked without a trace of it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.utils import timezone

from accounts import organizations
from accounts.members import CannotError
from accounts.models import Membership, Organization, Role, User
from imageskill.core import events
from imageskill.core.events import ActingFor, EventType
from imageskill.core.units import unit_of_work

LASTS: Final = timedelta(minutes=15)
LONGEST_REASON: Final = 150
_LONGEST_SUMMARY: Final = 200


@dataclass(frozen=True, slots=True)
class Visit:
    """One look at one workspace, until an instant."""

    organization_id: str
    ends_at: datetime

    @property
    def is_over(self) -> bool:
        """Whether its time has passed."""
        return timezone.now() >= self.ends_at


@unit_of_work
def begin(*, organization_id: str, reason: str, actor: ActingFor) -> Visit:
    """Let somebody look from now on; the workspace's members find it, with the reason, in their activity.

    CannotError: there is no such workspace; one that was merged leads to its successor.
    """
    if not Organization.objects.filter(pk=organization_id).exists():
        raise CannotError("There is no such workspace.")
    place = organizations.successor_id(organization_id)
    minutes = int(LASTS.total_seconds() // 60)
    _record(place, actor, "began", f"Looked at for at most {minutes} minutes: {reason}")
    return Visit(place, timezone.now() + LASTS)


@unit_of_work
def end(visit: Visit, *, actor: ActingFor) -> None:
    """Write that somebody has stopped looking before the time was over."""
    _record(visit.organization_id, actor, "ended", "Looked at no longer")


def place_of(visit: Visit, user: User) -> Membership | None:
    """Return the place of a visitor, a viewer's that is kept nowhere; None: the workspace was merged meanwhile."""
    organization = Organization.objects.filter(pk=visit.organization_id, merged_into=None).first()
    return Membership(organization=organization, user=user, role=Role.VIEWER) if organization is not None else None


def _record(organization_id: str, actor: ActingFor, status: str, summary: str) -> None:
    events.record(
        EventType.WORKSPACE_VIEWED,
        actor=actor,
        organization_id=organization_id,
        agent_id="",
        subject_id=organization_id,
        operation="view",
        status=status,
        summary=summary[:_LONGEST_SUMMARY],
    )
