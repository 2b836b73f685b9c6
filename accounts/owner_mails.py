"""Mail to the owners of a workspace about its agents: who came, who went, and who did that."""

from typing import Final

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import timezone

from accounts import emails
from accounts.models import Agent, Membership, Organization, Role, User
from imageskill.core import outbox

_CLAIMED: Final = "An agent was claimed into your workspace"
_MOVED: Final = "An agent was moved"


def agent_claimed(*, agent: Agent, by: User) -> None:
    """Tell the other owners of a workspace that somebody claimed an agent into it, in the caller's transaction."""
    workspace = Organization.objects.get(pk=agent.organization_id)
    told = {
        "agent_name": emails.quoted(agent.name),
        "workspace": workspace.name,
        "who": by.email,
        "at": timezone.now(),
        "page": _page(agent),
    }
    text = render_to_string("mail/agent_claimed.txt", told)
    for owner in _owners(workspace.pk).values():
        if owner != by:
            outbox.write(kind="agent_claimed", recipient=owner.email, subject=_CLAIMED, text=text)


def agent_moved(*, agent: Agent, left: Organization, joined: Organization, by: User) -> None:
    """Tell the owners of both workspaces of a move, in the caller's transaction; who moved it is told too.

    A workspace is named only to its own owners.
    """
    of_left, of_joined = _owners(left.pk), _owners(joined.pk)
    common = {"agent_name": emails.quoted(agent.name), "who": by.email, "at": timezone.now()}
    for owner in (of_left | of_joined).values():
        told = common | {
            "left": left.name if owner.pk in of_left else "",
            "joined": joined.name if owner.pk in of_joined else "",
            "page": _page(agent) if owner.pk in of_joined else "",
        }
        text = render_to_string("mail/agent_moved.txt", told)
        outbox.write(kind="agent_moved", recipient=owner.email, subject=_MOVED, text=text)


def _owners(organization_id: str) -> dict[str, User]:
    places = Membership.objects.filter(organization_id=organization_id, role=Role.OWNER)
    return {place.user_id: place.user for place in places.select_related("user").order_by("pk")}


def _page(agent: Agent) -> str:
    return f"{settings.BASE_URL}/w/{agent.organization_id}/agents/{agent.pk}"
