"""The ledger of a workspace: the entries behind each number, what was left after each, and the same as a table."""

from collections.abc import Mapping

from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_GET

from accounts import members, organizations
from accounts.models import Membership
from accounts.pages.people import in_workspace, show
from billing import entries, standing
from billing.entries import Filters, Line, View
from billing.models import EntryKind
from creative.models import Asset
from imageskill.core.ids import prefix_of
from imageskill.core.instants import instant
from imageskill.flows.invariants import snapshot
from imageskill.site.credits import running, tables
from imageskill.site.credits.words import book, sentence

_VIEWS = {
    View.AVAILABLE: ("Available", "What came and went; the last column is what was left."),
    View.HELD: ("On hold", "What is set aside for jobs that run now."),
    View.SPENT: (
        "Spent this month",
        "What delivered pictures cost, in the month (UTC) in which they were asked for.",
    ),
    View.FROZEN: ("Frozen", "What is out of reach while a payment is looked into."),
    View.DEBT: ("Debt", "What is owed after money went back for credits that had been spent."),
    View.ALL: ("All entries", "Every entry of the books, as the hash chain holds them."),
}
_HEAD = (
    "created_at",
    "organization_id",
    "seq",
    "kind",
    "from",
    "to",
    "credits",
    "change",
    "left",
    "agent_id",
    "job_id",
    "hold_id",
    "receipt_id",
    "price_version",
    "sha256",
)


@require_GET
@in_workspace
def ledger(request: HttpRequest, place: Membership) -> HttpResponseBase:
    """Show a page of entries."""
    filters = _filters(request)
    with snapshot():
        ids = organizations.with_shells(place.organization_id)
        told = standing.of_workspace(place.organization_id)
        page = entries.page(ids, filters, told, cursor=request.GET.get("cursor"))
        job = running.job_of(ids, filters.job_id) if filters.job_id else None
        made = running.pictures(line.entry.job_id for line in page.lines if line.entry.kind == EntryKind.SETTLE)
    title, meaning = _VIEWS[filters.view]
    return show(
        request,
        "credits/ledger.html",
        place,
        page="credits",
        filters=filters,
        views=[(view, name) for view, (name, _) in _VIEWS.items() if _is_shown(view, filters, told)],
        view_title=title,
        meaning=meaning,
        total=_total(filters, told),
        lines=[_told(line, made) for line in page.lines],
        pictures=made.get(filters.job_id, []),
        older=page.older,
        is_first=not request.GET.get("cursor"),
        job=job,
        agents=members.agents_of(place.organization),
    )


@require_GET
@in_workspace
def as_csv(request: HttpRequest, place: Membership) -> HttpResponseBase:
    """Return all entries of a view as a table."""
    filters = _filters(request)
    ids = organizations.with_shells(place.organization_id)
    told = standing.of_workspace(place.organization_id)
    rows = (_cells(line) for line in entries.every(ids, filters, told))
    name = f"ledger-{filters.view}-{place.organization_id}.csv"
    return tables.attachment(tables.lines(_HEAD, rows), name=name, content_type="text/csv")


def _told(line: Line, made: Mapping[str, list[Asset]]) -> tuple[Line, str, str, str, Asset | None]:
    """Return a line with what it did in words, between which books, and a picture that it paid for."""
    entry = line.entry
    settled = made.get(entry.job_id, []) if entry.kind == EntryKind.SETTLE else []
    return line, sentence(entry), book(entry.from_book), book(entry.to_book), next(iter(settled), None)


def _cells(line: Line) -> list[tables.Cell]:
    entry = line.entry
    return [
        instant(entry.created_at),
        entry.organization_id,
        entry.seq,
        entry.kind,
        entry.from_book,
        entry.to_book,
        entry.credits,
        line.change,
        line.left,
        entry.hold.agent_id if entry.hold else "",
        entry.job_id,
        entry.hold_id or "",
        entry.receipt_id or entry.lot.receipt_id,
        entry.price_version,
        entry.sha256,
    ]


def _filters(request: HttpRequest) -> Filters:
    """Read what is asked for; what nobody can have asked for is not found."""
    asked = request.GET
    job_id, agent_id = asked.get("job", ""), asked.get("agent", "")
    view = asked.get("view") or (View.ALL if job_id else View.AVAILABLE)
    if (
        view not in set(View)
        or (job_id and prefix_of(job_id) != "job")
        or (agent_id and prefix_of(agent_id) != "agt")
    ):
        raise Http404
    return Filters(View(view), agent_id, job_id)


def _is_shown(view: View, filters: Filters, told: standing.Standing) -> bool:
    """Frozen credits and a debt are rare: their tabs are there while they are."""
    rare = {View.FROZEN: told.frozen, View.DEBT: told.debt}
    return view == filters.view or view not in rare or bool(rare[view])


def _total(filters: Filters, told: standing.Standing) -> int | None:
    """Return the number of the page to which the entries sum; None where they are a part of them only."""
    if filters.agent_id or filters.job_id:
        return None
    return {
        View.AVAILABLE: told.available,
        View.HELD: told.held,
        View.SPENT: told.spent,
        View.FROZEN: told.frozen,
        View.DEBT: told.debt,
    }.get(filters.view)
