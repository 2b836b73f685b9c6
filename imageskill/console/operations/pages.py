"""The providers, their kill switches, the queue."""

from typing import Final

from django import forms
from django.http import HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from accounts.freshness import fresh_required
from accounts.staff import Staff
from creative import switches
from creative.feedback.plain_text import one_line
from creative.switches import SwitchMovedError, Target
from imageskill.console import frame
from imageskill.console.doors import staff_only
from imageskill.console.operations import health
from imageskill.flows import switching
from imageskill.flows.switching import EVERYTHING

_PAGE: Final = "console_providers"
_LONGEST_REASON: Final = 150


class SwitchForm(forms.Form):
    """Which switch goes where, and why; callers are told while calls are stopped."""

    target = forms.CharField(widget=forms.HiddenInput, max_length=80)
    to = forms.ChoiceField(choices=[("stop", "stop"), ("open", "open")], widget=forms.HiddenInput)
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)
    reason = forms.CharField(
        label="Reason",
        max_length=_LONGEST_REASON,
        help_text="While calls are stopped, every caller is told this.",
        widget=forms.TextInput({"autocomplete": "off"}),
    )


@staff_only
@require_safe
def providers(request: HttpRequest, person: Staff) -> HttpResponseBase:
    """Show each provider and model, the queue, and what of the clock is in trouble."""
    lines = health.providers()
    return frame.show(
        request,
        "console/operations/providers.html",
        _PAGE,
        providers=lines,
        queue=health.queue_now(),
        works=health.troubled_works(),
        threads=health.threads_of_a_process(),
        is_all_stopped=all(line.is_stopped for line in lines),
        everything=EVERYTHING,
        most_calls=health.MOST_CALLS,
    )


@staff_only
@fresh_required
@require_http_methods(["GET", "POST"])
def switch(request: HttpRequest, person: Staff) -> HttpResponseBase:
    """Show what a switch reaches and ask why; or move it, and go back to the providers."""
    sent = request.POST if request.method == "POST" else None
    told = sent or request.GET
    targets = _targets(told.get("target", ""))
    to = told.get("to", "")
    if not targets or to not in ("stop", "open"):
        return HttpResponseRedirect(reverse(_PAGE))
    row = switching.standing(targets[0]) if len(targets) == 1 else None
    initial = {"target": told["target"], "to": to, "version": row.version if row is not None else 0}
    form = SwitchForm(sent, initial=initial)
    if sent is None or not form.is_valid():
        shown = {
            "form": form,
            "named": _named(targets, told["target"]),
            "is_stop": to == "stop",
            "row": row,
            "reach": switching.reach(targets) if to == "stop" else None,
        }
        return frame.show(request, "console/operations/switch.html", _PAGE, **shown)
    return frame.act(request, lambda: _moved(targets, form, person), reverse(_PAGE))


def _targets(text: str) -> list[Target]:
    """Return what a text names: one target, or every provider; nothing where the catalogue knows it not."""
    if text == EVERYTHING:
        return switching.providers()
    try:
        return [switches.target(text)]
    except ValueError:
        return []


def _named(targets: list[Target], text: str) -> str:
    return "every provider" if text == EVERYTHING else targets[0].id


def _moved(targets: list[Target], form: SwitchForm, person: Staff) -> str:
    sent = form.cleaned_data
    stopped = sent["to"] == "stop"
    named = _named(targets, sent["target"])
    try:
        switching.move(
            targets,
            stopped=stopped,
            reason=one_line(sent["reason"]),
            actor=person,
            version=sent["version"] if len(targets) == 1 else None,
        )
    except SwitchMovedError as error:
        raise frame.CannotError(f"The switch of {named} moved meanwhile. It is shown as it stands now.") from error
    said = "are stopped" if stopped else "go through again"
    return f"Calls of {named} {said}, in every process from its next call on."
