"""The mail about a plan that waits: to those who may decide, once a plan, and without a word of the prompt."""

from typing import Final

from django.conf import settings
from django.template.loader import render_to_string

from accounts.emails import quoted
from accounts.models import Membership, Organization, Role
from creative.models import Approval, Job
from imageskill.core import outbox, tallies

MOST_AN_HOUR: Final = 6
"""Plans of one workspace that are mailed in an hour; the last mail says that it is the last, and how many wait."""
MOST_RECIPIENTS: Final = 20
_SCOPE: Final = "approval_mail"
_DECIDES: Final = (Role.OWNER, Role.ADMIN)


def write(card: Approval, job: Job, workspace: Organization, *, agent_name: str, recent: int) -> None:
    """Mail a plan that begins to wait, in the caller's transaction; nothing where nobody may decide.

    `recent` are the credits that the agent spent in the last hour without approval. What the agent wrote, its name
    apart, stays out: no prompt, and no parameter, which may hold words as well.
    """
    places = Membership.objects.filter(organization_id=workspace.pk, role__in=_DECIDES, user__is_active=True)
    addresses = list(places.order_by("pk").values_list("user__email", flat=True)[:MOST_RECIPIENTS])
    if not addresses or not tallies.take(_SCOPE, workspace.pk, limit=MOST_AN_HOUR, period=tallies.HOUR):
        return
    waiting = Approval.objects.filter(organization_id=workspace.pk, state=Approval.State.WAITING).count()
    told = {
        "workspace": quoted(workspace.name),
        "agent": quoted(agent_name),
        "card": card,
        "job": job,
        "recent": recent,
        "others": waiting - 1,
        "last": tallies.count(_SCOPE, workspace.pk, period=tallies.HOUR) >= MOST_AN_HOUR,
        "anew": tallies.period_end(tallies.HOUR),
        "address": f"{settings.BASE_URL}/w/{workspace.pk}/approvals/{job.pk}",
    }
    text = render_to_string("mail/approval.txt", told)
    for address in addresses:
        outbox.write(kind="approval", recipient=address, subject=_subject(card), text=text)


def _subject(card: Approval) -> str:
    return f"A plan of {card.credits} credit{'' if card.credits == 1 else 's'} waits for your word"
