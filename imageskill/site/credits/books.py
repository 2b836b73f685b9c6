"""The books, open: what is checked and when, and how to check it oneself, without this service's word."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final

from django.conf import settings
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.views.decorators.http import require_GET

from accounts import organizations
from accounts.models import Membership
from accounts.pages.people import in_workspace, show
from billing import entries, findings, lots, statements
from imageskill.site.credits import tables

VERIFIER: Final = settings.REPOSITORY / "deploy" / "verify_statement.py"


@dataclass(frozen=True, slots=True)
class Chain:
    """One organization's chain of entries: its head, and the months that have a statement, newest first."""

    organization_id: str
    is_shell: bool
    length: int
    head: str
    months: tuple[date, ...]


@require_GET
@in_workspace
def books(request: HttpRequest, place: Membership) -> HttpResponseBase:
    """Say what of the books is checked, and offer all that is needed to check it oneself."""
    ids = organizations.with_shells(place.organization_id)
    return show(
        request,
        "credits/books.html",
        place,
        page="credits",
        books=findings.standing(organization_ids=ids),
        findings=findings.open_of(ids),
        chains=_chains(ids),
        verifier_sha256=hashlib.sha256(VERIFIER.read_bytes()).hexdigest(),
    )


@require_GET
@in_workspace
def statement(request: HttpRequest, place: Membership, chain: str, month: str) -> HttpResponseBase:
    """Return a month's statement of one chain of this workspace, as JSON lines."""
    if chain not in organizations.with_shells(place.organization_id) or not statements.has_account(chain):
        raise Http404
    try:
        day = datetime.strptime(month, "%Y-%m").replace(tzinfo=UTC).date()
    except ValueError as error:
        raise Http404 from error
    if day > timezone.now().date():
        raise Http404
    told = (f"{line}\n" for line in statements.lines(organization_id=chain, month=day))
    return tables.attachment(told, name=f"statement-{chain}-{month}.jsonl", content_type="application/x-ndjson")


@require_GET
@in_workspace
def verifier(request: HttpRequest, place: Membership) -> HttpResponseBase:
    """Return the program that checks a statement: one file, nothing but Python's standard library."""
    content = [VERIFIER.read_text(encoding="utf-8")]
    return tables.attachment(content, name=VERIFIER.name, content_type="text/x-python")


def _chains(ids: list[str]) -> list[Chain]:
    heads = lots.heads(ids)
    return [
        Chain(one, one != ids[0], heads[one][0], heads[one][1], _months(one))
        for one in ids
        if one in heads and heads[one][0]
    ]


def _months(organization_id: str) -> tuple[date, ...]:
    """Return the first days of the months from an organization's first entry until now, newest first."""
    first = entries.first_at(organization_id)
    if first is None:
        return ()
    month, last = first.astimezone(UTC).date().replace(day=1), timezone.now().date().replace(day=1)
    found = []
    while month <= last:
        found.append(month)
        month = month.replace(year=month.year + month.month // 12, month=month.month % 12 + 1)
    return tuple(reversed(found))
