"""Pages about what an agent may spend and do: the form, its backtest, raising and undoing a raise."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponseRedirect, QueryDict
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_GET, require_POST

from accounts.freshness import fresh_required
from accounts.members import CannotError
from accounts.models import Agent, ClaimState, Membership
from accounts.pages.people import act, show
from billing import mandates
from billing.models import Mandate
from creative import offers
from imageskill.core.errors import ApiError
from imageskill.flows import limiting
from imageskill.flows.limiting import Allowed, RaisesError
from imageskill.site.agents import forms, history, words
from imageskill.site.agents.forms import Limits
from imageskill.site.agents.pages import deciders_only, of_agent, page_of, said


def _mandate(agent: Agent) -> Mandate | None:
    return mandates.current(agent_id=agent.pk, organization_id=agent.organization_id)


def _form(agent: Agent, mandate: Mandate | None, data: QueryDict | None = None) -> Limits:
    models = [row.entry.id for row in offers.rows() if row.available]
    version = mandate.version if mandate is not None else 0
    return Limits(data, now_allowed=limiting.allowed_now(agent, mandate), models=models, version=version)


@require_GET
@of_agent
def shown(request: HttpRequest, place: Membership, agent: Agent) -> HttpResponseBase:
    """Show the form, filled with what is in force, and what that would have stopped."""
    deciders_only(place)
    if agent.claim_state == ClaimState.REVOKED:
        raise Http404
    mandate = _mandate(agent)
    return _page(request, place, agent, mandate, _form(agent, mandate))


def _page(
    request: HttpRequest, place: Membership, agent: Agent, mandate: Mandate | None, form: Limits
) -> HttpResponseBase:
    shown = {"agent": agent, "mandate": mandate, "form": form, **_backtest(agent, mandate, form)}
    return show(request, "agents/limits.html", place, page="agents", **shown)


def _backtest(agent: Agent, mandate: Mandate | None, form: Limits) -> dict[str, Any]:
    """Return what the form as it stands would have stopped, and what of it is a raise."""
    if form.is_bound and not form.is_valid():
        return {"replayed": None, "raised": [], "agent": agent}
    asked = form.asked() if form.is_bound else form.now_allowed
    wider = limiting.raised(form.now_allowed, asked)
    return {
        "replayed": history.replay(agent, asked.terms, mandate),
        "raised": [words.LIMITS[name].removeprefix("Cap: ") for name in wider],
        "agent": agent,
    }


@require_POST
@of_agent
def preview(request: HttpRequest, place: Membership, agent: Agent) -> HttpResponseBase:
    """Judge the last thirty days by the form as it stands; nothing is set."""
    mandate = _mandate(agent)
    form = _form(agent, mandate, request.POST)
    if getattr(request, "htmx", None):
        shown = {"form": form, **_backtest(agent, mandate, form)}
        return show(request, "agents/backtest.html", place, **shown)
    return _page(request, place, agent, mandate, form)


@require_POST
@of_agent
def put(request: HttpRequest, place: Membership, agent: Agent) -> HttpResponseBase:
    """Put limits in force that raise nothing; a raise is shown first, behind a fresh sign-in."""
    mandate = _mandate(agent)
    form = _form(agent, mandate, request.POST)
    if not form.is_valid():
        return _page(request, place, agent, mandate, form)
    asked = form.asked()
    if asked == form.now_allowed:
        messages.info(request, "Nothing differs from what is in force.")
        return HttpResponseRedirect(_limits(place, agent))

    version = form.cleaned_data["version"]
    try:
        _change(place, agent, asked, version, is_confirmed=False)
    except RaisesError:
        return HttpResponseRedirect(_confirm(place, agent, asked, version))
    except (CannotError, ApiError) as error:
        messages.error(request, error.message if isinstance(error, ApiError) else str(error))
        return HttpResponseRedirect(_limits(place, agent))
    messages.success(request, f"The limits of {agent.name} are in force.")
    return HttpResponseRedirect(page_of(place, agent))


def _change(place: Membership, agent: Agent, asked: Allowed, version: int, *, is_confirmed: bool) -> None:
    limiting.change(by=place, agent_id=agent.pk, after=asked, based_on=version, is_confirmed=is_confirmed)


def _limits(place: Membership, agent: Agent) -> str:
    return reverse("agent_limits", args=[place.organization_id, agent.pk])


def _confirm(place: Membership, agent: Agent, asked: Allowed, version: int) -> str:
    """Return the address of the page that confirms a raise: it carries the numbers, so a sign-in loses nothing."""
    page = reverse("agent_limits_raise", args=[place.organization_id, agent.pk])
    return f"{page}?{urlencode(forms.fields_of(asked, version))}"


@require_GET
@fresh_required
@of_agent
def before_raise(request: HttpRequest, place: Membership, agent: Agent) -> HttpResponseBase:
    """Show what a raise changes, to somebody who signed in just now."""
    deciders_only(place)
    mandate = _mandate(agent)
    form = _form(agent, mandate, request.GET)
    if not form.is_valid():
        return HttpResponseRedirect(_limits(place, agent))
    asked = form.asked()
    return show(
        request,
        "agents/raise.html",
        place,
        page="agents",
        agent=agent,
        fields=forms.fields_of(asked, form.cleaned_data["version"]),
        changes=_changes(form.now_allowed, asked),
        sentence=words.sentence(asked.terms, None),
    )


@require_POST
@fresh_required
@of_agent
def raise_limits(request: HttpRequest, place: Membership, agent: Agent) -> HttpResponseBase:
    """Put raised limits in force, and tell every owner by mail."""
    form = _form(agent, _mandate(agent), request.POST)
    if not form.is_valid():
        return HttpResponseRedirect(_limits(place, agent))

    def doing() -> str:
        _change(place, agent, form.asked(), form.cleaned_data["version"], is_confirmed=True)
        return f"The limits of {agent.name} are raised. Every owner gets a mail with a way back."

    return act(request, said(doing), page_of(place, agent))


@require_GET
@of_agent
def before_undo(request: HttpRequest, place: Membership, agent: Agent) -> HttpResponseBase:
    """Show what was in force before a raise, to put it back; the mail of the raise leads here."""
    deciders_only(place)
    kept = request.GET.get("of", "")
    mandate = _mandate(agent)
    now_allowed = limiting.allowed_now(agent, mandate)
    try:
        earlier = limiting.before_undo(agent, kept)
    except CannotError as error:
        messages.error(request, str(error))
        return HttpResponseRedirect(page_of(place, agent))
    shown = {"agent": agent, "kept": kept, "changes": _changes(now_allowed, earlier)}
    return show(request, "agents/undo.html", place, page="agents", **shown)


@require_POST
@of_agent
def undo(request: HttpRequest, place: Membership, agent: Agent) -> HttpResponseBase:
    """Put the limits from before a raise in force again, as a new version; a raise is shown first."""
    mandate = _mandate(agent)
    version = mandate.version if mandate is not None else 0
    try:
        earlier = limiting.before_undo(agent, request.POST.get("of", ""))
        _change(place, agent, earlier, version, is_confirmed=False)
    except RaisesError:
        return HttpResponseRedirect(_confirm(place, agent, earlier, version))
    except CannotError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"The earlier limits of {agent.name} are in force again.")
    return HttpResponseRedirect(page_of(place, agent))


def _changes(before: Allowed, after: Allowed) -> list[tuple[str, str, str, bool]]:
    """Return what differs in words: the limit, what it was, what it is to be, and whether that is wider."""
    wider = limiting.raised(before, after)
    return [
        (words.LIMITS[name], words.value(name, was), words.value(name, becomes), name in wider)
        for name, (was, becomes) in limiting.differences(before, after).items()
    ]
