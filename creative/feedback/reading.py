"""The guarded door to reports: an agent reads its own, and of the one that its own repeats only staff's words."""

from typing import Final

from django.db.models import QuerySet

from accounts.actor import Actor
from creative.models import Feedback
from imageskill.core.errors import ApiError, ErrorCode
from imageskill.core.ids import prefix_of

NOT_FOUND: Final = ErrorCode.FEEDBACK_NOT_FOUND


def listed(actor: Actor) -> QuerySet[Feedback]:
    """Return the caller's reports, each with the one that it repeats."""
    own = Feedback.objects.filter(agent_id=actor.actor_id, organization_id__in=actor.organization_ids)
    return own.select_related("canonical")


def visible_to(actor: Actor, reference: str) -> Feedback:
    """Return the caller's report with its evidence and history. The error: missing, or another agent's."""
    found = None
    if prefix_of(reference) == "sig":
        found = listed(actor).prefetch_related("evidence", "changes").filter(pk=reference).first()
    if found is None:
        raise ApiError(
            NOT_FOUND, "No such feedback for this caller.", suggested_command="image-skill feedback list --json"
        )
    return found
