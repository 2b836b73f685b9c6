"""What every page of a workspace shows besides its own: the three numbers, and how many plans wait."""

from functools import cache
from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.utils.functional import SimpleLazyObject
from django.views.decorators.http import require_GET

from accounts.models import Membership
from accounts.pages.people import in_workspace, last_workspace
from billing import standing
from billing.standing import Standing
from creative.models import Approval


def frame(request: HttpRequest) -> dict[str, Any]:
    """Give the signed-in frame its numbers, read only where they are shown (a context processor)."""
    return {
        "figures": SimpleLazyObject(lambda: _figures(request)),
        # Templates call it and get a plain number; filters such as `pluralize` cannot read a lazy one.
        "waiting_approvals": cache(lambda: _waiting(request)),
    }


def _figures(request: HttpRequest) -> Standing | None:
    workspace = last_workspace(request)
    return standing.of_workspace(workspace.pk) if workspace is not None else None


def _waiting(request: HttpRequest) -> int:
    workspace = last_workspace(request)
    return waiting_in(workspace.pk) if workspace is not None else 0


def waiting_in(organization_id: str) -> int:
    """Return how many plans wait for somebody's word in a workspace; each agent has at most five."""
    return Approval.objects.filter(
        organization_id=organization_id, state=Approval.State.WAITING, expires_at__gt=timezone.now()
    ).count()


@require_GET
@in_workspace
def figures(request: HttpRequest, place: Membership) -> HttpResponseBase:
    """Return the three numbers and how many plans wait, alone, for the page that keeps them true."""
    shown = {
        "workspace": place.organization,
        "figures": standing.of_workspace(place.organization_id),
        "waiting_approvals": waiting_in(place.organization_id),
    }
    return render(request, "parts/fresh.html", shown)
