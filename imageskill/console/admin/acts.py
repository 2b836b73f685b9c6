"""What a superuser may do to chosen rows: by the functions that the console and the API call.

Each act says what it does, asks why, and does it row by row in the person's name: the function tells owners
and agents what there is to tell. Beside that the admin keeps who did it to which row, for superusers to read.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django import forms
from django.contrib import messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse

from accounts.members import CannotError
from accounts.models import Agent, AgentToken
from accounts.pages.people import signed_in
from accounts.staff import Staff
from billing import staff_acts
from billing.models import StripeEvent
from billing.staff_acts import CannotActError
from creative import switches
from creative.feedback.plain_text import one_line
from creative.models import KillSwitch
from creative.switches import SwitchMovedError
from imageskill.core.admin.columns import plural_of
from imageskill.core.admin.rows import Rows
from imageskill.core.units import unit_of_work
from imageskill.flows import quarantining, switching

MOST: Final = 50
"""So many rows one act takes: a page of a list."""
LONGEST_REASON: Final = 140
"""In characters; every function that takes one takes this much."""
Action = Callable[[Any, HttpRequest, QuerySet[Any]], HttpResponseBase | None]


@dataclass(frozen=True, slots=True)
class Act:
    """An act on a row: its name, the line that offers it, what it does, its button, and what does it."""

    name: str
    label: str
    effect: str
    verb: str
    do: Callable[[Any, str, Staff], None]
    told: str = "The agent and its owner read it."


class Why(forms.Form):
    """Why; kept with the act."""

    reason = forms.CharField(
        label="Reason", max_length=LONGEST_REASON, widget=forms.TextInput({"autocomplete": "off"})
    )


def _stop(agent: Agent, reason: str, by: Staff) -> None:
    quarantining.quarantine(agent_id=agent.pk, reason=reason, actor=by)


def _free(agent: Agent, reason: str, by: Staff) -> None:
    quarantining.free(agent_id=agent.pk, reason=reason, actor=by)


def _end(agent: Agent, reason: str, by: Staff) -> None:
    quarantining.revoke(agent_id=agent.pk, reason=reason, actor=by)


def _end_token(token: AgentToken, reason: str, by: Staff) -> None:
    quarantining.revoke_token(token_id=token.pk, actor=by)


def _switch(row: KillSwitch, reason: str, by: Staff, *, stopped: bool) -> None:
    if row.is_on == stopped:
        raise CannotError("It stands so already.")
    switching.move([switches.target(row.pk)], stopped=stopped, reason=reason, actor=by, version=row.version)


def _close(row: KillSwitch, reason: str, by: Staff) -> None:
    _switch(row, reason, by, stopped=True)


def _open(row: KillSwitch, reason: str, by: Staff) -> None:
    _switch(row, reason, by, stopped=False)


def _replay(event: StripeEvent, reason: str, by: Staff) -> None:
    staff_acts.replay(event_id=event.event_id, by=by)


def _ignore(event: StripeEvent, reason: str, by: Staff) -> None:
    staff_acts.ignore(event_id=event.event_id, reason=staff_acts.Reason(reason), by=by)


_OF_AGENTS: Final = (
    Act(
        "stop",
        "Stop the chosen agents",
        "They begin nothing more until staff lets them go on; no owner can. What waits ends, and costs nothing.",
        "Stop",
        _stop,
    ),
    Act(
        "free",
        "Let the chosen agents go on",
        "They may work again, within their owners' limits.",
        "Let go on",
        _free,
    ),
    Act(
        "end",
        "End the chosen agents for good",
        "Their tokens die with their next call. Pictures, history and credits stay. Nothing undoes this.",
        "End for good",
        _end,
    ),
)
_OF_TOKENS: Final = (
    Act(
        "revoke",
        "Revoke the chosen tokens",
        "It dies with its next call, and so does what it was rotated into. What it queued ends free of charge.",
        "Revoke",
        _end_token,
        "Superusers read it here; the owner reads that staff revoked the token.",
    ),
)
_OF_SWITCHES: Final = (
    Act(
        "close",
        "Stop calls of the chosen",
        "No process calls them from its next call on. What runs finishes.",
        "Stop calls",
        _close,
        "While calls are stopped, every caller is told this.",
    ),
    Act(
        "open",
        "Let calls of the chosen through",
        "Calls go through again, in every process.",
        "Let calls through",
        _open,
        "It is kept with the switch.",
    ),
)
_OF_EVENTS: Final = (
    Act(
        "replay",
        "Process the chosen events anew",
        "Each is processed again, now; its effect still comes once.",
        "Process anew",
        _replay,
        "Staff reads it.",
    ),
    Act(
        "ignore",
        "Set the chosen events aside",
        "They are never processed.",
        "Set aside",
        _ignore,
        "Staff reads it.",
    ),
)
ACTS: Final[dict[type[Model], tuple[Act, ...]]] = {
    Agent: _OF_AGENTS,
    AgentToken: _OF_TOKENS,
    KillSwitch: _OF_SWITCHES,
    StripeEvent: _OF_EVENTS,
}


def of(model: type[Model]) -> tuple[Action, ...]:
    """Return the acts on rows of a table, as Django's admin takes them."""
    return tuple(_action(act) for act in ACTS.get(model, ()))


def _action(act: Act) -> Action:
    def action(table: Rows, request: HttpRequest, chosen: QuerySet[Any]) -> HttpResponseBase | None:
        # Never more than was on the page, whatever a form says of all pages.
        keys = request.POST.getlist("_selected_action")[:MOST]
        rows = list(chosen.filter(pk__in=keys))
        form = Why(request.POST if "reason" in request.POST else None)
        if not form.is_valid():
            return _page(table, request, act, rows, form)
        _do(request, act, rows, one_line(form.cleaned_data["reason"]))
        return None

    named: Any = action
    named.__name__ = act.name
    named.short_description = act.label
    return action


def _page(table: Rows, request: HttpRequest, act: Act, rows: Sequence[Model], form: Why) -> HttpResponseBase:
    shown = {
        **table.admin_site.each_context(request),
        "title": act.label,
        "opts": table.opts,
        "list_href": table.list_href,
        "plural": plural_of(str(table.opts.verbose_name)),
        "act": act,
        "rows": rows,
        "form": form,
    }
    return TemplateResponse(request, "admin/act.html", shown)


def _do(request: HttpRequest, act: Act, rows: Sequence[Model], reason: str) -> None:
    person = Staff(signed_in(request).pk)
    for row in rows:
        try:
            act.do(row, reason, person)
        except (CannotError, CannotActError, ValueError) as error:
            messages.error(request, f"{row.pk}: {error}")
        except SwitchMovedError:
            messages.error(request, f"{row.pk}: it moved meanwhile. It is shown as it stands now.")
        else:
            _keep(person, row, f"{act.verb}: {reason}")
            messages.success(request, f"{row.pk}: done.")


@unit_of_work
def _keep(person: Staff, row: Model, told: str) -> None:
    kind = ContentType.objects.get_for_model(type(row))
    LogEntry.objects.create(
        user_id=person.actor_id,
        content_type=kind,
        object_id=str(row.pk),
        object_repr=str(row.pk),
        action_flag=CHANGE,
        change_message=told,
    )
