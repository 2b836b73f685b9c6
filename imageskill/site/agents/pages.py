"""Pages about agents: the list, one agent, its tokens, and stopping it. One function an operation."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, Final, ParamSpec

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from accounts import agents, members, tokens
from accounts.freshness import fresh_required
from accounts.members import CannotError
from accounts.models import Agent, ClaimState, Membership, Role
from accounts.pages import once
from accounts.pages.people import act, in_workspace, show, visited
from imageskill.core.errors import ApiError
from imageskill.core.plain_text import cleaned
from imageskill.flows import releasing, stopping
from imageskill.flows.stopping import Ended
from imageskill.site.agents import claimable, forms, portrait, receipts, roster
from imageskill.templatetags.look import credits

P = ParamSpec("P")
ALL: Final = "all"
"""In place of a token's id: every living one."""


def of_agent(
    page: Callable[Concatenate[HttpRequest, Membership, Agent, P], HttpResponseBase],
) -> Callable[..., HttpResponseBase]:
    """Open an agent's page to the members of its workspace; there is no such page for anybody else.

    Where it was before it was moved away, a page says so.
    """

    @wraps(page)
    @in_workspace
    def door(
        request: HttpRequest, place: Membership, /, agent_id: str, *args: P.args, **kwargs: P.kwargs
    ) -> HttpResponseBase:
        agent = agents.visible_to(place, agent_id)
        if agent is None:
            return _moved_away(request, place, agent_id)
        return page(request, place, agent, *args, **kwargs)

    return door


def _moved_away(request: HttpRequest, place: Membership, agent_id: str) -> HttpResponseBase:
    """Tell that an agent has left, and lead on who belongs to where it is now; 404 where it never was."""
    gone = agents.left(place.organization, agent_id)
    if gone is None:
        raise Http404
    there = members.workspace_of(place.user, gone.agent.organization_id)
    if request.method not in ("GET", "HEAD"):
        if there is None:
            raise Http404
        messages.info(request, f"{gone.agent.name} was moved here; nothing else has changed.")
        return HttpResponseRedirect(page_of(there, gone.agent))
    is_known = members.workspace_of(gone.moved_by, place.organization_id) is not None
    shown = {"agent": gone.agent, "gone": gone, "there": there, "is_known": is_known}
    return show(request, "agents/left.html", place, page="agents", **shown)


def deciders_only(place: Membership) -> None:
    """Leave viewers without a page that shows tokens or offers an act."""
    if place.role == Role.VIEWER:
        raise Http404


def page_of(place: Membership, agent: Agent) -> str:
    """Return the address of an agent's page."""
    return reverse("agent", args=[place.organization_id, agent.pk])


def said(doing: Callable[[], str]) -> Callable[[], str]:
    """Let an act's refusal be told in the words that the wire would use."""

    def done() -> str:
        try:
            return doing()
        except ApiError as error:
            raise CannotError(error.message) from error

    return done


@require_GET
@in_workspace
def listed(request: HttpRequest, place: Membership) -> HttpResponseBase:
    """Show the agents of the workspace, and those that wait for the member to claim them."""
    after = request.GET.get("after")
    rows, more = roster.page_of(place, after)
    command = (
        f"image-skill signup --agent --human-email {place.user.email} "
        "--agent-name NAME --runtime RUNTIME --save --json"
    )
    return show(
        request,
        "agents/list.html",
        place,
        page="agents",
        rows=rows,
        more=more,
        after=after,
        claimable=[] if after or visited(request) is not None else claimable.by(place.user),
        command=command,
        base_url=settings.BASE_URL,
    )


@require_GET
@of_agent
def shown(request: HttpRequest, place: Membership, agent: Agent) -> HttpResponseBase:
    """Show one agent."""
    return _agent(request, place, agent)


def _agent(request: HttpRequest, place: Membership, agent: Agent, **changed: Any) -> HttpResponseBase:  # noqa: ANN401 - forms
    decides = place.role != Role.VIEWER
    own: dict[str, Any] = {"pause_form": forms.Pause(), "name_form": forms.Name(initial={"name": agent.name})}
    return show(
        request,
        "agents/agent.html",
        place,
        page="agents",
        portrait=portrait.of(agent, place, with_tokens=decides),
        agent=agent,
        may_move=place.role == Role.OWNER and agent.claim_state == ClaimState.CLAIMED,
        form_word=once.word(),
        **own | changed,
    )


@require_POST
@of_agent
def rename(request: HttpRequest, place: Membership, agent: Agent) -> HttpResponseBase:
    """Give an agent another name."""
    form = forms.Name(request.POST)
    if not form.is_valid():
        return _agent(request, place, agent, name_form=form)
    name = cleaned(form.cleaned_data["name"])

    def doing() -> str:
        agents.rename(by=place, agent_id=agent.pk, name=name)
        return f"The agent is called {name} now."

    return act(request, doing, page_of(place, agent))


@require_POST
@of_agent
def pause(request: HttpRequest, place: Membership, agent: Agent) -> HttpResponseBase:
    """Let an agent begin nothing more."""
    form = forms.Pause(request.POST)
    if not form.is_valid():
        return _agent(request, place, agent, pause_form=form)
    asked = form.cleaned_data

    def doing() -> str:
        ended = stopping.pause(
            by=place, agent_id=agent.pk, message=asked["message"], stop_running=asked["stop_running"]
        )
        return f"{agent.name} is paused. {_told(ended)}"

    return act(request, said(doing), page_of(place, agent))


@require_POST
@of_agent
def resume(request: HttpRequest, place: Membership, agent: Agent) -> HttpResponseBase:
    """Let a paused agent go on."""

    def doing() -> str:
        stopping.resume(by=place, agent_id=agent.pk)
        return f"{agent.name} works again."

    return act(request, doing, page_of(place, agent))


@require_GET
@of_agent
def before_release(request: HttpRequest, place: Membership, agent: Agent) -> HttpResponseBase:
    """Show what releasing an agent ends and what stays."""
    deciders_only(place)
    return _before_release(request, place, agent, forms.TypedName())


def _before_release(
    request: HttpRequest, place: Membership, agent: Agent, form: forms.TypedName
) -> HttpResponseBase:
    reach = stopping.reach(agent)
    return show(
        request,
        "agents/release.html",
        place,
        page="agents",
        agent=agent,
        reach=reach,
        form=form,
        typed_name=agents.typed_name(agent),
    )


@require_POST
@fresh_required
@of_agent
def release(request: HttpRequest, place: Membership, agent: Agent) -> HttpResponseBase:
    """End an agent for ever."""
    form = forms.TypedName(request.POST)
    if form.is_valid() and cleaned(form.cleaned_data["typed_name"]) != agents.typed_name(agent):
        form.add_error("typed_name", f"This is not its name: {agents.typed_name(agent)}")
    if not form.is_valid():
        return _before_release(request, place, agent, form)

    def doing() -> str:
        ended = releasing.release(by=place, agent_id=agent.pk, typed_name=form.cleaned_data["typed_name"])
        return f"{agent.name} is released. {_told(ended)}"

    return act(request, said(doing), page_of(place, agent))


@require_GET
@of_agent
def before_revoke(request: HttpRequest, place: Membership, agent: Agent, token_id: str) -> HttpResponseBase:
    """Show what revoking a token, or all of them, would reach."""
    deciders_only(place)
    told = portrait.of(agent, place, with_tokens=True)
    one = None if token_id == ALL else tokens.successors(agent.pk, token_id)
    chosen = [token for token in told.tokens if token.is_alive and (one is None or token.row.pk in one)]
    if not chosen and not (one is None and told.can_revoke_all):
        raise Http404
    line = None if one is None else tokens.predecessors(agent.pk, {token.row.pk for token in chosen})
    return show(
        request,
        "agents/revoke.html",
        place,
        page="agents",
        agent=agent,
        chosen=chosen,
        token_id=token_id,
        is_collectable=one is None and told.collectable_until is not None,
        stays=[token for token in told.tokens if token.is_alive and token not in chosen],
        last_call_at=told.last_call_at,
        reach=stopping.reach(agent, line),
    )


@require_POST
@of_agent
def revoke(request: HttpRequest, place: Membership, agent: Agent, token_id: str) -> HttpResponseBase:
    """Revoke a token, or all of them, and show the receipt."""
    try:
        revoked = stopping.revoke(by=place, agent_id=agent.pk, token_id=None if token_id == ALL else token_id)
    except (CannotError, ApiError) as error:
        messages.error(request, error.message if isinstance(error, ApiError) else str(error))
        return HttpResponseRedirect(page_of(place, agent))
    return HttpResponseRedirect(
        reverse("agent_token_receipt", args=[place.organization_id, agent.pk, revoked.tokens[0].pk])
    )


@require_GET
@of_agent
def receipt(request: HttpRequest, place: Membership, agent: Agent, token_id: str) -> HttpResponseBase:
    """Show what a revocation ended."""
    deciders_only(place)
    told = receipts.of(agent, token_id)
    if told is None:
        raise Http404
    return show(request, "agents/receipt.html", place, page="agents", agent=agent, receipt=told)


@require_POST
@fresh_required
@of_agent
def hand_out(request: HttpRequest, place: Membership, agent: Agent) -> HttpResponseBase:
    """Make a token and show it this once: the answer itself holds it, and nothing keeps it."""
    if not once.is_first_use(request):
        messages.info(request, "This form made its token already and showed it then. If it is lost, make another.")
        return HttpResponseRedirect(page_of(place, agent))
    try:
        row, raw = stopping.hand_out(by=place, agent_id=agent.pk)
    except (CannotError, ApiError) as error:
        messages.error(request, error.message if isinstance(error, ApiError) else str(error))
        return HttpResponseRedirect(page_of(place, agent))
    return show(
        request,
        "agents/token.html",
        place,
        page="agents",
        agent=agent,
        token=row,
        raw=raw,
        command="image-skill auth save --token-stdin --json",
    )


def _told(ended: Ended) -> str:
    """Return what a stop did, in one line."""
    parts = []
    if ended.canceled:
        jobs = "1 queued job was" if ended.canceled == 1 else f"{ended.canceled} queued jobs were"
        parts.append(f"{jobs} canceled, {credits(ended.released_credits)} released.")
    if ended.withdrawn:
        plans = "1 waiting plan was" if ended.withdrawn == 1 else f"{ended.withdrawn} waiting plans were"
        parts.append(f"{plans} taken back.")
    if ended.running:
        jobs = "1 job runs" if ended.running == 1 else f"{ended.running} jobs run"
        parts.append(f"{jobs} on and {'is' if ended.running == 1 else 'are'} charged when done.")
    if ended.asked:
        parts.append(f"{ended.asked} of them {'was' if ended.asked == 1 else 'were'} asked to stop.")
    return " ".join(parts) or "Nothing was waiting or running."
