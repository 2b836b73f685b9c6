"""Each act on one report, as a form sends it; then on to the next report, or back with the reason why not."""

from collections.abc import Callable
from typing import Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.views.decorators.http import require_POST

from accounts import staff
from accounts.staff import Staff
from creative.feedback import bulk, merging, noting, snoozing
from creative.feedback.bulk import Outcome
from creative.feedback.triage import State, TriageError
from imageskill.console.doors import staff_only
from imageskill.console.feedback import last_acts, listing, pages
from imageskill.console.feedback.forms import FORMS, ActForm, Answer, Assign, Note, Publish
from imageskill.console.feedback.last_acts import Done
from imageskill.console.feedback.listing import Place
from imageskill.console.feedback.reading import Item
from imageskill.console.feedback.words import DONE, STATES
from imageskill.core.ids import prefix_of

View = Callable[..., HttpResponseBase]


def _moving(act: str) -> View:
    """Return the page of an act that takes a report out of the way: what follows is the next one."""

    @staff_only
    @require_POST
    def page(request: HttpRequest, person: Staff, feedback_id: str) -> HttpResponseBase:
        found, form = pages.one(feedback_id), FORMS[act](request.POST, auto_id="act_%s")
        if not form.is_valid():
            return _again(request, person, found, form)
        (outcome,) = bulk.apply([(feedback_id, form.cleaned_data["state"])], form.wish(), actor=person)
        if outcome.why:
            return _refused(request, feedback_id, outcome.why)
        _keep(request, act, outcome)
        return _on(request, act)

    page.__doc__ = f"Do `{act}` to a report."
    return page


accept: Final = _moving("accept")
needs_proof: Final = _moving("needs_proof")
decline: Final = _moving("decline")
fix: Final = _moving("fix")
duplicate: Final = _moving("duplicate")
reopen: Final = _moving("reopen")
snooze: Final = _moving("snooze")


@staff_only
@require_POST
def separate(request: HttpRequest, person: Staff, feedback_id: str) -> HttpResponseBase:
    """Take a report out of its merge."""
    pages.one(feedback_id)
    return _stay(request, feedback_id, "separate", lambda: merging.unmerge(feedback_id=feedback_id, actor=person))


@staff_only
@require_POST
def wake(request: HttpRequest, person: Staff, feedback_id: str) -> HttpResponseBase:
    """Take a snoozed report up again."""
    pages.one(feedback_id)
    return _stay(request, feedback_id, "wake", lambda: snoozing.wake(feedback_id=feedback_id))


@staff_only
@require_POST
def assign(request: HttpRequest, person: Staff, feedback_id: str) -> HttpResponseBase:
    """Give a report to a member of staff, or to nobody."""
    pages.one(feedback_id)
    form = Assign(request.POST)
    people = staff.colleagues()
    if not form.is_valid() or form.cleaned_data["assignee"] not in ("", *people):
        return _refused(request, feedback_id, "this is nobody of staff")
    before, to = form.cleaned_data["before"], form.cleaned_data["assignee"]
    name = people.get(to, "")

    def given() -> bool:
        return noting.assign(feedback_id=feedback_id, before=before, to=to, actor=person, name=name)

    data = {"before": to, "to": before, "name": people.get(before, "")}
    return _stay(request, feedback_id, "assign", given, Done("assign", feedback_id, data))


@staff_only
@require_POST
def note(request: HttpRequest, person: Staff, feedback_id: str) -> HttpResponseBase:
    """Write a note for staff."""
    found, form = pages.one(feedback_id), Note(request.POST, auto_id="act_%s")
    if not form.is_valid():
        return _again(request, person, found, form)
    text = form.cleaned_data["text"]
    return _stay(
        request, feedback_id, "note", lambda: noting.note(feedback_id=feedback_id, text=text, actor=person)
    )


@staff_only
@require_POST
def answer(request: HttpRequest, person: Staff, feedback_id: str) -> HttpResponseBase:
    """Answer the reporter without moving the report."""
    found, form = pages.one(feedback_id), Answer(request.POST, auto_id="act_%s")
    if not form.is_valid():
        return _again(request, person, found, form)
    told = form.cleaned_data

    def answered() -> bool:
        return noting.answer(
            feedback_id=feedback_id, state=told["state"], text=told["text"], actor=person, notify=told["notify"]
        )

    return _stay(request, feedback_id, "answer", answered)


@staff_only
@require_POST
def publish(request: HttpRequest, person: Staff, feedback_id: str) -> HttpResponseBase:
    """Keep the words for everybody, or take them back."""
    found, form = pages.one(feedback_id), Publish(request.POST, auto_id="act_%s")
    if not form.is_valid():
        return _again(request, person, found, form)
    title, text = form.cleaned_data["title"], form.cleaned_data["answer"]
    before = {"title": found.row.public_title, "answer": found.row.public_answer}

    def published() -> bool:
        return merging.publish(feedback_id=feedback_id, title=title, answer=text, actor=person)

    return _stay(request, feedback_id, "publish", published, Done("publish", feedback_id, before))


@staff_only
@require_POST
def undo(request: HttpRequest, person: Staff) -> HttpResponseBase:
    """Take back what this person did last, if nobody has moved it since."""
    place = pages.place_in(request)
    last = last_acts.pop(request.session)
    if last is None:
        messages.error(request, "There is nothing to take back.")
        return HttpResponseRedirect(f"{reverse('console_feedback')}?{place.query}")
    kept = [why for why in (last_acts.take_back(one, person) for one in last.done) if why]
    undone = len(last.done) - len(kept)
    if undone:
        messages.success(request, f"Taken back: {last.what}" + (f", {undone} reports." if undone > 1 else "."))
    if kept:
        messages.error(request, f"Not taken back{f', {len(kept)} reports' if len(kept) > 1 else ''}: {kept[0]}.")
    return HttpResponseRedirect(_address(last.feedback_id, place))


def _keep(request: HttpRequest, act: str, outcome: Outcome) -> None:
    """Note what takes an act back."""
    if act == "snooze":
        last_acts.push(request.session, DONE[act], [Done("snooze", outcome.feedback_id)])
    elif outcome.change_id is not None:
        data = {"change_id": outcome.change_id}
        last_acts.push(request.session, DONE[act], [Done("move", outcome.feedback_id, data)])


def _stay(
    request: HttpRequest, feedback_id: str, act: str, doing: Callable[[], bool], undoing: Done | None = None
) -> HttpResponseBase:
    """Do something after which the same report is looked at."""
    try:
        done = doing()
    except TriageError as error:
        return _refused(request, feedback_id, str(error))
    if not done:
        return _refused(request, feedback_id, bulk.FASTER)
    if undoing is not None:
        last_acts.push(request.session, DONE[act], [undoing])
    messages.success(request, f"{DONE[act]}.")
    return HttpResponseRedirect(_address(feedback_id, pages.place_in(request)))


def _on(request: HttpRequest, act: str) -> HttpResponseBase:
    """Go on to the next report."""
    messages.success(request, f"{DONE[act]}.")
    place, following = pages.place_in(request), request.POST.get("next", "")
    if prefix_of(following) == "sig":
        return HttpResponseRedirect(_address(following, place))
    return HttpResponseRedirect(f"{reverse('console_feedback')}?{place.query}")


def _refused(request: HttpRequest, feedback_id: str, why: str) -> HttpResponseBase:
    """Say why nothing was done, and how the report stands now."""
    stands = STATES[State(pages.one(feedback_id).row.state)]
    messages.error(request, f"Nothing was done: {why}. The report is {stands} now.")
    return HttpResponseRedirect(_address(feedback_id, pages.place_in(request)))


def _again(request: HttpRequest, person: Staff, found: Item, form: ActForm) -> HttpResponseBase:
    """Show the form once more, with what is wrong."""
    return pages.whole(request, person, listing.read(pages.place_in(request)), found, form=form)


def _address(feedback_id: str, place: Place) -> str:
    return f"{reverse('console_feedback_item', args=[feedback_id])}?{place.query}"
