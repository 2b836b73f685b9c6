"""Deciding a claim: what the agent may do and spend, or why not.

Every way to a dangerous right, or to more money than the page suggests, passes `grant`.
"""

from collections.abc import Callable
from typing import Final

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from accounts import claim_opening, contacts
from accounts.freshness import fresh_required
from accounts.models import Claim
from accounts.pages.people import LAST_WORKSPACE
from billing import payers
from imageskill.core.errors import ApiError, ErrorCode
from imageskill.flows import claiming
from imageskill.site.claim import record, rights, terms
from imageskill.site.claim.doors import Guest, nothing_here, place_of, while_open, with_claim
from imageskill.site.claim.terms import ClaimTerms

_DRAFT: Final = "claim_draft"


def review(request: HttpRequest, guest: Guest, claim: Claim, form: ClaimTerms | None = None) -> HttpResponse:
    """Show what is known of an agent and what it may be allowed."""
    if form is None:
        form = _kept(request, guest, claim) or terms.first_look(guest.user, name=claim.agent.name)
    shown = {
        "guest": guest,
        "claim": claim,
        "agent": claim.agent,
        "record": record.of_agent(claim.agent),
        "seen": record.seen_of(claim),
        "advisories": record.advisories(claim, guest),
        "form": form,
        "rights": rights.RIGHTS,
        "ticked": _ticked(form),
        "says": _says(form),
        "paid_by_you": not claim.agent.contact and payers.of(claim.agent_id) is not None,
        "mine": claim.agent.contact.lower() in guest.visitor.verified,
    }
    return render(request, "claim/review.html", shown)


def _ticked(form: ClaimTerms) -> list[str]:
    value = form["rights"].value()
    return list(value) if value else []


def _says(form: ClaimTerms) -> list[str]:
    """Return the sentences for a form as it stands; nothing while a limit is impossible."""
    if not form.is_bound:
        form = ClaimTerms(form.initial, choices=form.fields["workspace"].choices)  # type: ignore[attr-defined]
    return terms.sentences(form.terms(), terms.standard_picture()) if form.is_valid() else []


@require_POST
@while_open
def preview(request: HttpRequest, guest: Guest, claim: Claim) -> HttpResponseBase:
    """Say what the limits mean as they stand in the form; nothing is set."""
    form = _posted(request, guest)
    if request.headers.get("hx-request"):
        return render(request, "claim/says.html", {"says": _says(form), "form": form})
    return review(request, guest, claim, form)


@require_POST
@while_open
def allow(request: HttpRequest, guest: Guest, claim: Claim) -> HttpResponseBase:
    """Take the agent over as the form says; for a dangerous right or high limits ask for a fresh sign-in first."""
    form = _posted(request, guest)
    if not form.is_valid():
        return review(request, guest, claim, form)
    if rights.dangerous(form.cleaned_data["rights"]) or form.is_generous:
        request.session[_DRAFT] = {"link": claim.link, "data": request.POST.urlencode()}
        return HttpResponseRedirect(reverse("claim_confirm", args=[claim.link]))
    return _take_over(request, guest, claim, form, is_confirmed=False)


@require_GET
@fresh_required
@while_open
def confirm(request: HttpRequest, guest: Guest, claim: Claim) -> HttpResponseBase:
    """Show the dangerous rights and what it may cost once more before they are given."""
    form = _kept(request, guest, claim)
    if form is None or not form.is_valid():
        return HttpResponseRedirect(place_of(claim))
    shown = {
        "guest": guest,
        "claim": claim,
        "agent": claim.agent,
        "dangerous": rights.dangerous(form.cleaned_data["rights"]),
        "says": _says(form),
    }
    return render(request, "claim/confirm.html", shown)


@require_POST
@fresh_required
@while_open
def grant(request: HttpRequest, guest: Guest, claim: Claim) -> HttpResponseBase:
    """Take the agent over as it was confirmed, dangerous rights and high limits included."""
    form = _kept(request, guest, claim)
    if form is None or not form.is_valid():
        return HttpResponseRedirect(place_of(claim))
    return _take_over(request, guest, claim, form, is_confirmed=True)


def _take_over(
    request: HttpRequest, guest: Guest, claim: Claim, form: ClaimTerms, *, is_confirmed: bool
) -> HttpResponseBase:
    told = form.cleaned_data
    granted = rights.granted(told["rights"])
    if not is_confirmed and (form.is_generous or not rights.DANGEROUS.isdisjoint(granted)):
        raise PermissionDenied
    try:
        agent = claiming.approve(
            claim_id=claim.pk,
            person=guest.person,
            organization_id=None if told["workspace"] == terms.NEW else told["workspace"],
            workspace_name=told["workspace_name"].strip(),
            terms=form.terms(),
            granted=granted,
            after_code=True,
        )
    except ApiError as error:
        if error.code is ErrorCode.CLAIM_NOT_FOUND:
            return HttpResponseRedirect(place_of(claim))
        form.take_refusal(error)
        return review(request, guest, claim, form)
    request.session.pop(_DRAFT, None)
    request.session[LAST_WORKSPACE] = agent.organization_id
    return HttpResponseRedirect(reverse("claim_done", args=[claim.link]))


@require_POST
@with_claim
def deny(request: HttpRequest, guest: Guest, claim: Claim) -> HttpResponseBase:
    """Refuse the claim, with a reason that the agent is told. The contact's owner needs no code for that."""
    mine = claim.agent.contact.lower() in guest.visitor.verified
    if not mine and not claim_opening.is_open_for(claim, guest.user.pk):
        return nothing_here(request, guest)
    return _decide(claim, lambda: claiming.deny(claim_id=claim.pk, person=guest.person, reason=_reason(request)))


@require_POST
@with_claim
def disown(request: HttpRequest, guest: Guest, claim: Claim) -> HttpResponseBase:
    """Take the contact's word that this agent is none of theirs."""
    if claim.agent.contact.lower() not in guest.visitor.verified:
        return nothing_here(request, guest)
    mailbox = contacts.digest(claim.agent.contact)
    return _decide(claim, lambda: claiming.disown(claim_id=claim.pk, mailbox=mailbox))


def _decide(claim: Claim, doing: Callable[[], object]) -> HttpResponseBase:
    """Act; who was slower than somebody else is shown what became of the claim."""
    try:
        doing()
    except ApiError as error:
        if error.code is not ErrorCode.CLAIM_NOT_FOUND:
            raise
    return HttpResponseRedirect(place_of(claim))


def _reason(request: HttpRequest) -> str:
    return " ".join(request.POST.get("reason", "").split())


def _posted(request: HttpRequest, guest: Guest) -> ClaimTerms:
    return ClaimTerms(request.POST, choices=terms.workspaces_for(guest.user))


def _kept(request: HttpRequest, guest: Guest, claim: Claim) -> ClaimTerms | None:
    """Return the form that waits for a fresh sign-in, as it was sent; None: there is none for this claim."""
    draft = request.session.get(_DRAFT)
    if draft is None or draft["link"] != claim.link:
        return None
    return ClaimTerms(QueryDict(draft["data"]), choices=terms.workspaces_for(guest.user))
