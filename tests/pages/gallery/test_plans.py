"""At 20,000 pictures no page of the wall reads a table from end to end: each query follows an index."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Agent, Organization
from creative import gallery, ratings, sharing
from creative.gallery import Scope, Wanted
from creative.models import Asset, Job, Rating
from imageskill.core.ids import new_id
from tests.pages.gallery.rooms import Room, make_room

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

MANY = 20_000
BIG = ("creative_asset", "creative_job", "creative_rating")
WALLS = {
    "newest": Wanted(),
    "agent": Wanted(agent="set"),
    "model": Wanted(model="canvas.edit"),
    "operation": Wanted(operation="edit"),
    "uploads": Wanted(operation="upload"),
    "size": Wanted(size="wide"),
    "words": Wanted(words="unicorn"),
    "kept": Wanted(state="keep"),
    "kept of a model": Wanted(state="star", model="canvas.edit", size="wide"),
    "unrated": Wanted(state="unrated"),
    "not made": Wanted(state="unmade"),
    "day": Wanted(since=timezone.now().date(), until=timezone.now().date() + timedelta(days=1)),
    "grouped": Wanted(grouped=True),
}


def fill(room: Room, organization: Organization, agent: Agent, count: int) -> None:
    """Write jobs, pictures, failures and ratings as rows only."""
    pattern, copy = room.job(), {"organization": organization, "agent": agent}
    names = [
        field.attname for field in Job._meta.concrete_fields if field.attname not in ("id", "state", "hold_id")
    ]
    told = {name: getattr(pattern, name) for name in names} | {
        "organization_id": organization.pk,
        "agent_id": agent.pk,
    }
    jobs = [
        Job(id=new_id("job"), state="failed" if number % 20 == 0 else "completed", **told)
        for number in range(count)
    ]
    Job.objects.bulk_create(jobs, batch_size=2_000)
    assets = [
        Asset(
            id=new_id("image"),
            **copy,
            job=job,
            kind="generated",
            position=0,
            storage_key=job.pk,
            mime_type="image/png",
            content_length=1,
            width=64,
            height=64,
            sha256="0" * 64,
            created_at=timezone.now(),
        )
        for job in jobs
        if job.state == "completed"
    ]
    Asset.objects.bulk_create(assets, batch_size=2_000)
    rows = [
        Rating(
            organization=room.organization,
            asset=asset,
            state=("keep", "reject", "star")[number % 3],
            agent=agent,
            model_id="canvas.draft",
            credits=1,
            rated_by=room.owner,
            rated_at=timezone.now(),
        )
        for number, asset in enumerate(assets)
        if number % 2
    ]
    Rating.objects.bulk_create(rows, batch_size=2_000)


@pytest.fixture
def scope() -> Scope:
    """A workspace of 2,000 jobs beside a neighbour of 18,000."""
    room = make_room()
    elsewhere = make_room("cy@example.com", "Elsewhere")
    fill(elsewhere, elsewhere.organization, elsewhere.agent, MANY - 2_000)
    fill(room, room.organization, room.agent, 2_000)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return gallery.scope_of(room.organization)


def scans(queries: CaptureQueriesContext) -> list[str]:
    """Return the steps of any query's plan that read one of the big tables from end to end."""
    is_postgres = connection.vendor == "postgresql"
    found = []
    for asked in queries.captured_queries:
        with connection.cursor() as cursor:
            cursor.execute(f"{'EXPLAIN' if is_postgres else 'EXPLAIN QUERY PLAN'} {asked['sql']}")
            steps = [str(row[0] if is_postgres else row[3]) for row in cursor.fetchall()]
        for step in steps:
            match = re.search(r"Seq Scan on (\w+)", step) if is_postgres else re.fullmatch(r"SCAN (\w+).*", step)
            if match and match[1] in BIG and "USING COVERING INDEX" not in step:
                found.append(f"{step} <- {asked['sql'][:300]}")
    return found


def test_no_page_reads_a_table_from_end_to_end(scope: Scope, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gallery, "LOOKED_AT", 200)
    monkeypatch.setattr(ratings, "COUNTED", 200)
    mine = Agent.objects.get(organization_id=scope.workspace_id).pk
    found: dict[str, list[str]] = {}
    for name, wanted in WALLS.items():
        asked: Any = Wanted(agent=mine) if wanted.agent else wanted
        after = gallery.page(scope, asked).cursor or ""
        with CaptureQueriesContext(connection) as queries:
            gallery.page(scope, asked)
            gallery.page(scope, asked, after=after)
        found[name] = scans(queries)
    with CaptureQueriesContext(connection) as queries:
        ratings.costs(scope)
        sharing.listed(scope)
        sharing.find("n" * 27)
    found["costs and links"] = scans(queries)
    assert {name: steps for name, steps in found.items() if steps} == {}


def test_a_plan_that_reads_a_whole_table_would_be_found(db: None) -> None:
    with CaptureQueriesContext(connection) as queries:
        list(Asset.objects.filter(content_length=9))
    assert scans(queries)
