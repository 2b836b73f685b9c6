"""Bytes in quarantine: which, why, what went with them, what was kept out; putting some there, releasing some."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from django import forms
from django.db.models import Count, Q
from django.http import Http404, HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from accounts import staff
from accounts.freshness import fresh_required
from accounts.staff import Staff
from creative import quarantine
from creative.feedback.plain_text import one_line
from creative.models import Asset, Quarantine
from creative.quarantine import NotHeldError
from imageskill.console import frame
from imageskill.console.doors import staff_only
from imageskill.core.ids import prefix_of
from imageskill.core.models import ActivityEvent

_PAGE: Final = "console_quarantine"
_ROWS: Final = 30
_SHOWN: Final = 12
_LONGEST_REASON: Final = 200
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Held:
    """A digest in quarantine, or one that was; `pictures` went with it, in so many workspaces."""

    row: Quarantine
    who: str
    released_by: str
    pictures: int
    workspaces: int


@dataclass(frozen=True, slots=True)
class Reach:
    """What a ban of some bytes would take away now; nothing is changed."""

    sha256: str
    live: int
    workspaces: int
    shown: list[Asset]
    is_held: bool


class Reason(forms.Form):
    """Why; `sha256` is the digest that was shown."""

    sha256 = forms.RegexField(_DIGEST, widget=forms.HiddenInput)
    reason = forms.CharField(
        label="Reason",
        max_length=_LONGEST_REASON,
        help_text="Staff alone reads this.",
        widget=forms.TextInput({"autocomplete": "off"}),
    )


@staff_only
@require_safe
def listed(request: HttpRequest, person: Staff) -> HttpResponseBase:
    """Show what is in quarantine, the newest first, with the field that leads to putting something there."""
    after = request.GET.get("after", "")
    rows = Quarantine.objects.order_by("-created_at", "sha256")
    if after:
        last = Quarantine.objects.filter(pk=after).first()
        if last is None:
            raise Http404
        rows = rows.filter(
            Q(created_at__lt=last.created_at) | Q(created_at=last.created_at, sha256__gt=last.sha256)
        )
    found = list(rows[: _ROWS + 1])
    more = found[_ROWS - 1].pk if len(found) > _ROWS else ""
    return frame.show(
        request, "console/quarantine/list.html", _PAGE, rows=_told(found[:_ROWS]), more=more, after=after
    )


@staff_only
@fresh_required
@require_http_methods(["GET", "POST"])
def ask(request: HttpRequest, person: Staff) -> HttpResponseBase:
    """Show what a ban of a picture's bytes takes away, and ask why; or do it."""
    if request.method == "POST":
        form = Reason(request.POST)
        if form.is_valid():
            told = form.cleaned_data
            return frame.act(
                request, lambda: _put(told["sha256"], one_line(told["reason"]), person), reverse(_PAGE)
            )
        sha256 = _digest_of(form.data.get("sha256", ""))
    else:
        sha256 = _digest_of(request.GET.get("what", ""))
        form = Reason(initial={"sha256": sha256})
    if not sha256:
        return frame.act(request, _unknown, reverse(_PAGE))
    return frame.show(request, "console/quarantine/ask.html", _PAGE, form=form, reach=_reach(sha256))


@staff_only
@fresh_required
@require_http_methods(["GET", "POST"])
def release(request: HttpRequest, person: Staff, sha256: str) -> HttpResponseBase:
    """Ask why some bytes are allowed again; or allow them."""
    row = Quarantine.objects.filter(pk=sha256).first()
    if row is None:
        raise Http404
    if row.released_at is not None:
        return HttpResponseRedirect(reverse(_PAGE))
    form = Reason(request.POST if request.method == "POST" else None, initial={"sha256": sha256})
    if form.is_bound and form.is_valid() and form.cleaned_data["sha256"] == sha256:
        reason = one_line(form.cleaned_data["reason"])
        return frame.act(request, lambda: _release(sha256, reason, person), reverse(_PAGE))
    return frame.show(request, "console/quarantine/release.html", _PAGE, form=form, held=_told([row])[0])


def _put(sha256: str, reason: str, person: Staff) -> str:
    if quarantine.holds(sha256):
        raise frame.CannotError("These bytes are in quarantine already.")
    gone = quarantine.put(sha256=sha256, reason=reason, actor=person)
    pictures = "1 picture is gone" if gone == 1 else f"{gone:,} pictures are gone"
    return f"In quarantine: {pictures}, and nobody brings these bytes back. Their owners find it in the activity."


def _release(sha256: str, reason: str, person: Staff) -> str:
    try:
        told = quarantine.release(sha256=sha256, reason=reason, actor=person)
    except NotHeldError as error:
        raise frame.CannotError("Somebody has released these bytes already.") from error
    return f"Released. The bytes may be brought again; {told} workspace{'' if told == 1 else 's'} told."


def _unknown() -> str:
    raise frame.CannotError("That is neither a picture's id nor a SHA-256 in hexadecimal. Nothing was done.")


def _digest_of(text: str) -> str:
    """Return the digest that a text is, or that of the picture it names; empty where it is neither."""
    asked = text.strip().lower()
    if _DIGEST.fullmatch(asked):
        return asked
    if prefix_of(asked) != "image":
        return ""
    return Asset.objects.filter(pk=asked).values_list("sha256", flat=True).first() or ""


def _reach(sha256: str) -> Reach:
    live = Asset.objects.select_related("agent").filter(sha256=sha256, deleted_at=None)
    counted = live.aggregate(pictures=Count("pk"), places=Count("organization", distinct=True))
    return Reach(
        sha256=sha256,
        live=counted["pictures"],
        workspaces=counted["places"],
        shown=list(live.order_by("-pk")[:_SHOWN]),
        is_held=quarantine.holds(sha256),
    )


def _told(rows: Sequence[Quarantine]) -> list[Held]:
    """Return rows with what went with each; three queries, however many rows."""
    people = staff.colleagues()
    gone = dict(
        Asset.objects.filter(sha256__in=[row.sha256 for row in rows], deleted_at__isnull=False).values_list(
            "pk", "sha256"
        )[:5_000]
    )
    events = ActivityEvent.objects.filter(type="asset.deleted", status="quarantined", subject_id__in=list(gone))
    places: dict[str, list[str]] = {}
    for subject_id, organization_id in events.values_list("subject_id", "organization_id"):
        places.setdefault(gone[subject_id], []).append(organization_id)
    return [
        Held(
            row=row,
            who=_name(row.actor_id, people),
            released_by=_name(row.released_by, people),
            pictures=len(places.get(row.sha256, ())),
            workspaces=len(set(places.get(row.sha256, ()))),
        )
        for row in rows
    ]


def _name(actor_id: str, people: dict[str, str]) -> str:
    """Return who acted, to staff: a colleague's address, a former colleague, or a part of the service."""
    return people.get(actor_id, "a former colleague" if prefix_of(actor_id) == "usr" else actor_id)
