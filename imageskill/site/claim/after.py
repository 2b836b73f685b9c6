"""After a claim: what came along, and the moment at which the agent's new token is first used."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.core.exceptions import PermissionDenied
from django.db.models import Q, Sum
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_GET

from accounts import members
from accounts.models import AgentToken, Claim
from billing.models import EntryKind, LedgerEntry
from imageskill.site.claim import record
from imageskill.site.claim.doors import Guest, place_of, with_claim

COLLECT: Final = "image-skill claim collect --json"
_STOP_ASKING: Final = 286
"""htmx's own status: swap this in, and ask no more."""
_TAKEN: Final = (Claim.State.APPROVED, Claim.State.COLLECTED)


@dataclass(frozen=True, slots=True)
class Handover:
    """How the tokens change: the old one is narrowed and ends, the new one is collected and used."""

    narrowed_at: datetime | None
    collected_at: datetime | None
    first_call_at: datetime | None
    ended_at: datetime | None
    ends_at: datetime | None

    @property
    def steps(self) -> int:
        """How many of the three steps are met."""
        return 1 + (self.collected_at is not None) + (self.first_call_at is not None)


@dataclass(frozen=True, slots=True)
class Came:
    """Credits that came along into another workspace, and those that lapsed."""

    moved: int
    lapsed: int


def handover_of(claim: Claim) -> Handover:
    """Return how far the change of tokens is, from their rows."""
    old = AgentToken.objects.filter(agent_id=claim.agent_id, narrowed_at__isnull=False).order_by("-pk").first()
    new = claim.token
    return Handover(
        narrowed_at=claim.decided_at,
        collected_at=new.created_at if new is not None else None,
        first_call_at=new.first_used_at if new is not None else None,
        ended_at=old.revoked_at if old is not None else None,
        ends_at=old.ends_at if old is not None else None,
    )


def came_of(claim: Claim) -> Came | None:
    """Return what left the agent's shell when it was merged; None: the shell became the workspace."""
    shell = claim.agent.shell
    if shell is None:
        return None
    sums = LedgerEntry.objects.filter(
        organization_id=shell.pk, from_book="available", kind__in=[EntryKind.TRANSFER, EntryKind.LAPSE]
    ).aggregate(
        moved=Sum("credits", filter=Q(kind=EntryKind.TRANSFER)),
        lapsed=Sum("credits", filter=Q(kind=EntryKind.LAPSE)),
    )
    return Came(sums["moved"] or 0, sums["lapsed"] or 0)


@require_GET
@with_claim
def done(request: HttpRequest, guest: Guest, claim: Claim) -> HttpResponseBase:
    """Show a claim that was taken up, to its new owner."""
    if claim.state not in _TAKEN:
        return HttpResponseRedirect(place_of(claim))
    _require_member(guest, claim)
    shown = {
        "guest": guest,
        "claim": claim,
        "agent": claim.agent,
        "record": record.of_agent(claim.agent),
        "came": came_of(claim),
        "handover": handover_of(claim),
        "command": COLLECT,
    }
    return render(request, "claim/done.html", shown)


@require_GET
@with_claim
def progress(request: HttpRequest, guest: Guest, claim: Claim) -> HttpResponseBase:
    """Return how far the change of tokens is; the page asks until the first call, and each time anew.

    `steps` is what the page shows already: where nothing has changed since, there is nothing to show.
    """
    if claim.state not in _TAKEN:
        raise PermissionDenied
    _require_member(guest, claim)
    handover = handover_of(claim)
    if request.GET.get("steps") == str(handover.steps) and handover.first_call_at is None:
        return HttpResponse(status=204)
    shown = {"claim": claim, "handover": handover, "command": COLLECT}
    status = _STOP_ASKING if handover.first_call_at is not None else 200
    return render(request, "claim/progress.html", shown, status=status)


def _require_member(guest: Guest, claim: Claim) -> None:
    """Let only a member look: who has left the workspace since is told nothing more of its agent."""
    if members.workspace_of(guest.user, claim.agent.organization_id) is None:
        raise PermissionDenied
