"""Pages about moving an agent to another workspace of its owner: where to, under which limits, what stays."""

from django.contrib import messages
from django.http import Http404, HttpRequest, QueryDict
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_GET, require_POST

from accounts.freshness import fresh_required
from accounts.members import CannotError
from accounts.models import Agent, ClaimState, Membership, Organization, Role
from accounts.pages.people import LAST_WORKSPACE, show
from creative import offers
from imageskill.core.errors import ApiError
from imageskill.flows import moving
from imageskill.site.agents.forms import Limits
from imageskill.site.agents.pages import of_agent


def _owners_only(place: Membership, agent: Agent) -> None:
    """Leave all but owners without the page: whoever moves an agent hands out power over another purse."""
    if place.role != Role.OWNER or agent.claim_state != ClaimState.CLAIMED:
        raise Http404


def _chosen(request: HttpRequest, choices: list[Organization]) -> Organization | None:
    """Return the workspace that was asked for, or the only one there is. 404: not one of theirs."""
    asked = request.POST.get("to") or request.GET.get("to")
    if asked is None:
        return choices[0] if len(choices) == 1 else None
    found = next((one for one in choices if one.pk == asked), None)
    if found is None:
        raise Http404
    return found


def _form(agent: Agent, to: Organization, data: QueryDict | None = None) -> Limits:
    allowed, earlier = moving.suggested(agent, to.pk)
    models = [row.entry.id for row in offers.rows() if row.available]
    return Limits(data, now_allowed=allowed, models=models, version=earlier.version if earlier is not None else 0)


@require_GET
@fresh_required
@of_agent
def before(request: HttpRequest, place: Membership, agent: Agent) -> HttpResponseBase:
    """Ask where to, show what stays behind, and ask for the limits there; to somebody who signed in just now."""
    _owners_only(place, agent)
    choices = moving.targets(place)
    to = _chosen(request, choices)
    return _page(request, place, agent, choices, to, _form(agent, to) if to is not None else None)


def _page(
    request: HttpRequest,
    place: Membership,
    agent: Agent,
    choices: list[Organization],
    to: Organization | None,
    form: Limits | None,
) -> HttpResponseBase:
    stays = moving.stays(agent)
    shown = {"agent": agent, "choices": choices, "to": to, "form": form, "stays": stays, "reach": stays.reach}
    return show(request, "agents/move.html", place, page="agents", **shown)


@require_POST
@fresh_required
@of_agent
def move(request: HttpRequest, place: Membership, agent: Agent) -> HttpResponseBase:
    """Move the agent, and show its new token this once: the answer itself holds it, and nothing keeps it."""
    _owners_only(place, agent)
    choices = moving.targets(place)
    to = _chosen(request, choices)
    if to is None:
        raise Http404
    form = _form(agent, to, request.POST)
    if not form.is_valid():
        return _page(request, place, agent, choices, to, form)
    version = form.cleaned_data["version"]
    try:
        moved = moving.move(
            by=place, agent_id=agent.pk, organization_id=to.pk, allowed=form.asked(), based_on=version
        )
    except (CannotError, ApiError) as error:
        messages.error(request, error.message if isinstance(error, ApiError) else str(error))
        return _page(request, place, agent, choices, to, _form(agent, to))
    # The page is the other workspace's, so the frame and its three numbers are too.
    request.session[LAST_WORKSPACE] = moved.place.organization_id
    return show(
        request,
        "agents/moved.html",
        moved.place,
        page="agents",
        agent=moved.agent,
        left=place.organization,
        ended=moved.ended,
        raw=moved.raw,
        command="image-skill auth save --token-stdin --json",
    )
