"""What the activity browser asks the database is answered from indexes, on both databases, at 20,000 events."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Organization
from creative.models import Job
from imageskill.core.ids import moment_digits
from imageskill.core.models import ActivityEvent, EventReference
from imageskill.site.activity import conditions, facets, histogram, stream
from imageskill.site.activity.conditions import Conditions, Scope
from imageskill.site.activity.query import Query, parse
from tests.pages.activity.happenings import make_agent
from tests.pages.people import make_user, make_workspace

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

COUNT = 20_000
FULL = {
    "sqlite": (
        r"\bSCAN (core_activityevent|core_eventreference|creative_job|U0|V0)\b(?! USING COVERING INDEX)"
        r"|ANY\(agent_id\)"
    ),
    "postgresql": r"Seq Scan on (core_|creative_)",
}
KINDS = ("asset.created", "usage.credit_consumed", "job.completed", "asset.uploaded")


@pytest.fixture
def scope(db: None) -> Scope:
    """A workspace with 500 of 20,000 events, a tenth of them in a shell, beside another; 20 tell of a failure."""
    place, other = make_workspace(make_user()), make_workspace(make_user("bo@example.com"), name="Elsewhere")
    shell = Organization.objects.create(name="shell", created_at=timezone.now(), merged_into=place)
    agents = [make_agent(one, name) for one in (place, other, shell) for name in ("atlas-7", "bo")]
    now = timezone.now()
    rows = []
    for number in range(COUNT):
        # The workspace has one in 40, its shell one in 400, the other workspace all others.
        own = 4 if number % 400 == 0 else number // 40 % 2
        agent = agents[own if number % 40 == 0 else 2 + number % 2]
        moment = now - timedelta(seconds=(COUNT - number) * 60)
        rows.append(
            ActivityEvent(
                id=f"evt_{moment_digits(moment)}{number:014d}",
                type="asset.deleted" if number % 2_000 == 0 else KINDS[number // 40 % 4],
                organization_id=agent.organization_id,
                agent_id=agent.pk,
                actor_type="system",
                actor_id="runner",
                subject_type="asset",
                subject_id=f"image_{number}",
                operation="create",
                status="failed" if number % 1_000 == 0 else "completed",
                summary="Picture created",
                links={} if number % 8 else {"job_id": f"job_{number}"},
                trace_id=f"trace_{number}",
                occurred_at=moment,
            )
        )
    ActivityEvent.objects.bulk_create(rows, batch_size=2_000)
    EventReference.objects.bulk_create(
        [
            EventReference(
                event_id=row.pk,
                organization_id=row.organization_id,
                agent_id=row.agent_id,
                reference=row.subject_id,
            )
            for row in rows
        ],
        batch_size=2_000,
    )
    Job.objects.bulk_create([job_of(row) for row in rows if row.links], batch_size=2_000)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return Scope((place.pk, shell.pk), tuple(agents[:2]), UTC, now)


def job_of(event: ActivityEvent) -> Job:
    """Return the job that an event tells of; of ten, nine are of one model."""
    return Job(
        id=event.links["job_id"],
        organization_id=event.organization_id,
        agent_id=event.agent_id,
        token_id="tok_x",
        operation="create",
        state="completed",
        capability_id="image.create",
        model_id="canvas.print" if event.pk.endswith("00") else "canvas.draft",
        prompt="A red boat",
        parameters={},
        selection={},
        output_count=1,
        credits_required=0,
        credits_per_output=0,
        cost_micros=0,
        pricing_confidence="known",
        price_version="v",
        trace_id="",
        created_at=event.occurred_at,
    )


def plans(work: Callable[[], Any]) -> list[str]:
    """Return how each query of some work is answered."""
    with CaptureQueriesContext(connection) as asked:
        work()
    told = []
    explain = "EXPLAIN QUERY PLAN " if connection.vendor == "sqlite" else "EXPLAIN "
    with connection.cursor() as cursor:
        for query in asked.captured_queries:
            sql = query["sql"]
            if sql.startswith("SELECT") and ("core_activityevent" in sql or "core_eventreference" in sql):
                cursor.execute(explain + sql)
                told.append("\n".join(str(row[-1]) for row in cursor.fetchall()))
    return told


def asked(scope: Scope, text: str, *, shells: bool = True) -> tuple[Query, Conditions]:
    own = scope if shells else Scope(scope.organization_ids[:1], scope.agents, scope.zone, scope.now)
    query = parse(text)
    return query, conditions.of(query, own)


QUERIES = [
    "",
    "type:asset.deleted",
    "agent:atlas-7",
    "agent:atlas-7 type:asset.deleted",
    "id:image_500",
    "status:failed",
    "status:failed agent:atlas-7",
    "status:refused,waiting,failed",
    "-status:failed",
    "zeppelin",
    "created:7d",
    "model:canvas.draft",
    "-provider:canvas",
]


@pytest.mark.parametrize("shells", [False, True], ids=["alone", "with-a-shell"])
def test_no_part_of_the_page_reads_a_whole_table(scope: Scope, *, shells: bool) -> None:
    for text in QUERIES:
        query, wanted = asked(scope, text, shells=shells)
        key = stream.key_at(scope.now - timedelta(days=3))

        def work(query: Query = query, wanted: Conditions = wanted, key: str = key) -> None:
            stream.page(wanted, limit=50)
            stream.page(wanted, limit=50, before=key)
            stream.after(wanted, key=key, limit=100)
            if query.value("id") is None:
                facets.of(query, wanted, scope)
                histogram.of(query, wanted, scope)
            conditions.of(parse("id:image_500"), scope)

        found = plans(work)
        assert found
        whole = [plan for plan in found if re.search(FULL[connection.vendor], plan)]
        assert whole == [], f"{text}\n" + "\n\n".join(whole)


UNUSUAL = [
    "status:failed",
    "status:failed,waiting,refused created:7d",
    "status:failed show:all",
    "status:failed agent:atlas-7",
    "status:failed type:job.completed",
    "status:failed zeppelin",
]


@pytest.mark.parametrize("shells", [False, True], ids=["alone", "with-a-shell"])
def test_what_went_unusually_is_found_by_an_index_that_holds_nothing_else(scope: Scope, *, shells: bool) -> None:
    for text in UNUSUAL:
        query, wanted = asked(scope, text, shells=shells)

        def work(query: Query = query, wanted: Conditions = wanted) -> None:
            stream.page(wanted, limit=50)
            facets.of(query, wanted, scope)
            histogram.of(query, wanted, scope)

        found = plans(work)
        found += [one.filter(wanted.fits).order_by("-pk").explain() for one in wanted.arms()]
        found += [wanted.events().filter(wanted.fits).explain()]
        others = [plan for plan in found if "event_unusual" not in plan]
        assert others == [], f"{text}\n" + "\n\n".join(others)


def test_failures_are_searched_for_back_to_the_beginning(scope: Scope, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "WINDOW", 10)
    monkeypatch.setattr(facets, "WINDOW", 100)
    query, wanted = asked(scope, "status:failed show:all")
    page = stream.page(wanted, limit=50)
    assert (len(page.rows), page.next_key, page.searched_to) == (20, None, None)
    assert page.rows[-1].event == ActivityEvent.objects.earliest("pk")
    assert not facets.of(query, wanted, scope).is_partial
    query, wanted = asked(scope, "status:failed show:all created:30d")
    drawn = histogram.of(query, wanted, scope)
    assert (drawn.total, drawn.counted_from, drawn.is_capped) == (20, None, False)


def test_a_page_is_full_whichever_index_leads_to_it(scope: Scope) -> None:
    for text, first in (("", None), ("agent:atlas-7", None), ("type:asset.deleted", "asset.deleted")):
        _, wanted = asked(scope, text)
        rows = stream.page(wanted, limit=5).rows
        keys = [row.key for row in rows]
        assert keys == sorted(keys, reverse=True)
        assert first is None or {row.type for row in rows} == {first}
        own = ActivityEvent.objects.filter(organization_id__in=scope.organization_ids)
        if not text:
            expected = own.exclude(type__in=conditions.COMPANIONS).order_by("-pk")[:5]
            assert [row.reference for row in rows] == [event.pk for event in expected]


def test_a_search_that_finds_too_little_says_how_far_it_looked(
    scope: Scope, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "WINDOW", 50)
    query, wanted = asked(scope, "zeppelin")
    page = stream.page(wanted, limit=50)
    assert (page.rows, page.searched_to is not None) == ((), True)
    steps = 0
    while page.next_key is not None:
        page = stream.page(wanted, limit=50, before=page.next_key)
        steps += 1
    assert steps > 5
    assert histogram.of(query, wanted, scope).counted_from is not None


def test_bars_add_up_to_what_the_rows_say(scope: Scope) -> None:
    query, wanted = asked(scope, "created:7d show:all")
    drawn = histogram.of(query, wanted, scope)
    own = ActivityEvent.objects.filter(organization_id__in=scope.organization_ids, occurred_at__gte=drawn.start)
    assert drawn.total == own.count()
    assert not drawn.is_capped
    assert drawn.before is not None
    assert all(isinstance(bar.start, datetime) for bar in drawn.bars)
    part = next(bar for bar in drawn.bars if bar.count)
    again_query = parse(part.query)
    again = conditions.of(again_query, scope)
    assert stream.moment_of(stream.page(again, limit=1).rows[0].key) < part.end
    assert sum(bar.count for bar in histogram.of(again_query, again, scope).bars) == part.count
