"""Stopping an agent, freeing it, ending it: what it reaches is shown first, and a reason is asked for."""

from dataclasses import dataclass
from typing import Final

from django import forms
from django.http import Http404, HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from accounts.freshness import fresh_required
from accounts.members import CannotError
from accounts.models import Agent
from accounts.staff import Staff
from creative.feedback.plain_text import one_line
from imageskill.console import frame
from imageskill.console.doors import staff_only
from imageskill.console.people import portrait
from imageskill.flows import quarantining, stopping
from imageskill.flows.stopping import Ended


@dataclass(frozen=True, slots=True)
class Act:
    """An act by its words: the title of its page, what it does, its button, whether it cannot be undone."""

    title: str
    effect: str
    verb: str
    is_final: bool = False


ACTS: Final = {
    "quarantine": Act(
        "Stop this agent",
        "It begins nothing more until staff lets it go on; its owner cannot. Waiting jobs end and cost nothing.",
        "Stop the agent",
    ),
    "free": Act("Let this agent go on", "It may work again at once, within its owner's limits.", "Let it go on"),
    "revoke": Act(
        "End this agent for good",
        "Its tokens die with its next call. Pictures, history and credits stay. Nothing undoes this.",
        "End the agent for good",
        is_final=True,
    ),
}


class Reason(forms.Form):
    """Why; its agent and its owner read it."""

    act = forms.ChoiceField(choices=[(name, act.title) for name, act in ACTS.items()], widget=forms.HiddenInput)
    reason = forms.CharField(
        label="Reason",
        max_length=quarantining.LONGEST_REASON,
        help_text="The agent and its owner read it.",
        widget=forms.TextInput({"autocomplete": "off"}),
    )


@staff_only
@fresh_required
@require_http_methods(["GET", "POST"])
def stop(request: HttpRequest, person: Staff, agent_id: str) -> HttpResponseBase:
    """Show what an act reaches and ask why; or do it, and go back to the agent."""
    agent = portrait.one(agent_id)
    if agent is None:
        raise Http404
    sent = request.POST if request.method == "POST" else None
    name = (sent or request.GET).get("act", "")
    if name not in ACTS:
        return HttpResponseRedirect(reverse("console_agent", args=[agent.pk]))
    form = Reason(sent, initial={"act": name})
    if sent is None or not form.is_valid():
        reach = stopping.reach(agent) if name != "free" else None
        shown = {"agent": agent, "name": one_line(agent.name), "act": ACTS[name], "form": form, "reach": reach}
        return frame.show(request, "console/people/stop.html", "console_people", **shown)
    reason = one_line(form.cleaned_data["reason"])
    back = reverse("console_agent", args=[agent.pk])
    return frame.act(request, lambda: _done(name, agent, reason, person), back)


def _done(name: str, agent: Agent, reason: str, person: Staff) -> str:
    try:
        if name == "free":
            quarantining.free(agent_id=agent.pk, reason=reason, actor=person)
            return f"{one_line(agent.name)} may work again."
        doing = quarantining.quarantine if name == "quarantine" else quarantining.revoke
        ended = doing(agent_id=agent.pk, reason=reason, actor=person)
    except CannotError as error:
        raise frame.CannotError(str(error)) from error
    verb = "stopped" if name == "quarantine" else "ended"
    return f"{one_line(agent.name)} is {verb}. {_told(ended)}"


def _told(ended: Ended) -> str:
    released = ended.released_credits
    return f"Jobs canceled: {ended.canceled}, credits released: {released}, still running: {ended.running}."
