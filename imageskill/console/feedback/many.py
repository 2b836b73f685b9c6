"""One act on many reports: looking at what it would do, doing it, and what became of each."""

from dataclasses import asdict, dataclass, replace
from typing import Final

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from accounts import staff
from accounts.staff import Staff
from creative.feedback import bulk
from creative.feedback.bulk import ACTS, MOST, MOVES, Act, Outcome
from creative.feedback.triage import State
from imageskill.console import frame
from imageskill.console.doors import staff_only
from imageskill.console.feedback import last_acts, pages, picking
from imageskill.console.feedback.forms import FORMS, ActForm, Assign
from imageskill.console.feedback.last_acts import Done
from imageskill.console.feedback.picking import Picked
from imageskill.console.feedback.words import DONE, VERBS
from imageskill.core.ids import prefix_of

_KEPT: Final = "triage_outcome"
_MOST_SENT: Final = 32


@dataclass(frozen=True, slots=True)
class Preview:
    """What an act would do to each picked report."""

    ready: list[Picked]
    skipped: list[tuple[Picked, str]]


@staff_only
@require_GET
def preview(request: HttpRequest, person: Staff) -> HttpResponseBase:
    """Show what an act would do to the picked reports, or to all of the tab; nothing is done yet."""
    place = pages.place_in(request)
    act = request.GET.get("act", "")
    if act not in ACTS:
        raise Http404
    if request.GET.get("all"):
        picked, is_cut = picking.of_place(place)
    else:
        ids = [one for one in request.GET.getlist("pick") if prefix_of(one) == "sig"]
        picked, is_cut = picking.of_ids(ids[:_MOST_SENT]), False
    form = Assign() if act == "assign" else FORMS[act](auto_id="act_%s")
    return _show(request, person, act, picked, form, is_cut=is_cut)


@staff_only
@require_POST
def apply(request: HttpRequest, person: Staff) -> HttpResponseBase:
    """Do the act to each report that was shown, in the state in which it was shown."""
    act = request.POST.get("act", "")
    if act not in ACTS:
        raise Http404
    sent = [tuple(one.split(":", 1)) for one in request.POST.getlist("pick") if ":" in one][:MOST]
    seen = [(one[0], one[1]) for one in sent if prefix_of(one[0]) == "sig" and one[1] in State.values]
    form = Assign(request.POST) if act == "assign" else FORMS[act](request.POST, auto_id="act_%s")
    if not form.is_valid():
        return _show(request, person, act, picking.of_ids([one for one, _ in seen]), form, is_cut=False)
    wish = _mine(person) if act == "assign" else form.wish()
    before = picking.assignees([one for one, _ in seen]) if act == "assign" else {}
    outcomes = bulk.apply(seen, wish, actor=person)
    done = [one for one in outcomes if not one.why]
    last_acts.push(request.session, DONE[act], [_undoing(act, one, before, person) for one in done])
    request.session[_KEPT] = {"act": act, "outcomes": [asdict(one) for one in outcomes]}
    left = len(outcomes) - len(done)
    messages.success(request, f"{DONE[act]}: {len(done)}." + (f" Left as they were: {left}." if left else ""))
    return HttpResponseRedirect(f"{reverse('console_feedback_outcome')}?{pages.place_in(request).query}")


@staff_only
@require_GET
def outcome(request: HttpRequest, person: Staff) -> HttpResponseBase:
    """Show what became of each report of the last act on many."""
    kept = request.session.get(_KEPT)
    outcomes = [Outcome(**one) for one in kept["outcomes"]] if kept else []
    rows = {one.row.pk: one for one in picking.of_ids([one.feedback_id for one in outcomes])}
    return frame.show(
        request,
        "console/feedback/outcome.html",
        pages.PAGE,
        done=[rows[one.feedback_id] for one in outcomes if not one.why and one.feedback_id in rows],
        left=[(rows[one.feedback_id], one.why) for one in outcomes if one.why and one.feedback_id in rows],
        what=DONE[kept["act"]] if kept else "",
        last=last_acts.last(request.session),
        place=pages.place_in(request),
    )


def _show(
    request: HttpRequest, person: Staff, act: str, picked: list[Picked], form: ActForm, *, is_cut: bool
) -> HttpResponseBase:
    wish = _mine(person) if act == "assign" else Act(act)
    told = [(one, bulk.refusal(one.row, wish)) for one in picked]
    seen = Preview(
        ready=[one for one, why in told if why is None],
        skipped=[(one, why) for one, why in told if why is not None],
    )
    return frame.show(
        request,
        "console/feedback/many.html",
        pages.PAGE,
        act=act,
        verb=VERBS[act],
        preview=seen,
        form=form,
        is_cut=is_cut,
        most=MOST,
        is_move=act in MOVES,
        place=pages.place_in(request),
    )


def _mine(person: Staff) -> Act:
    people = staff.colleagues()
    return replace(Act("assign"), assignee_id=person.actor_id, assignee_name=people.get(person.actor_id, ""))


def _undoing(act: str, done: Outcome, before: dict[str, str], person: Staff) -> Done:
    if act == "snooze":
        return Done("snooze", done.feedback_id)
    if act == "assign":
        data = {"before": person.actor_id, "to": before.get(done.feedback_id, ""), "name": ""}
        return Done("assign", done.feedback_id, data)
    return Done("move", done.feedback_id, {"change_id": done.change_id})
