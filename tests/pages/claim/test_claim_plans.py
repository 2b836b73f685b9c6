"""A wrong code is looked up at the same small cost among twenty thousand claims as among three."""

import re
import secrets

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts import claim_opening
from accounts.claim_opening import Visitor
from accounts.models import Agent, Claim, ClaimState, Organization
from billing import payers
from imageskill.core.ids import new_id
from tests.pages.people import make_user

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

MANY = 20_000
FULL = {
    "sqlite": r"SCAN accounts_claim\b(?!.*USING COVERING INDEX)",
    "postgresql": r"Seq Scan on accounts_claim\b",
}


def fill() -> None:
    """Make twenty thousand claims of agents that were claimed, whose codes were used long ago."""
    now = timezone.now()
    place = Organization.objects.create(name="Large", created_at=now)
    own = {"organization": place, "runtime": "tests", "signup_network": "x", "created_at": now}
    agents = Agent.objects.bulk_create(
        [Agent(id=new_id("agt"), name=f"agent-{at}", claim_state=ClaimState.CLAIMED, **own) for at in range(MANY)],
        batch_size=2_000,
    )
    Claim.objects.bulk_create(
        [
            Claim(
                id=new_id("claim"),
                agent=agent,
                state=Claim.State.COLLECTED,
                code_handle=f"{at:05d}",
                code_seed="0" * 64,
                secret_sha256=secrets.token_hex(32),
                request_network="x",
                created_at=now,
            )
            for at, agent in enumerate(agents)
        ],
        batch_size=2_000,
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def test_no_wrong_code_reads_all_claims() -> None:
    fill()
    user = make_user()
    visitor = Visitor(user.pk, frozenset({user.email}), "network", "browser", payers.of)
    with CaptureQueriesContext(connection) as asked:
        assert claim_opening.type_code("00007-BBBBB", visitor=visitor).claim is None
    reading = [query["sql"] for query in asked.captured_queries if query["sql"].startswith("SELECT")]
    explain = "EXPLAIN QUERY PLAN " if connection.vendor == "sqlite" else "EXPLAIN "
    found = {}
    with connection.cursor() as cursor:
        for sql in [*reading, Claim.objects.filter(seen_count=9).query.sql_with_params()[0].replace("%s", "9")]:
            cursor.execute(explain + sql)
            found[sql] = bool(
                re.search(FULL[connection.vendor], "\n".join(str(row[-1]) for row in cursor.fetchall()))
            )
    assert sum('"accounts_claim"' in sql for sql in reading) >= 2
    assert [sql for sql in reading if found[sql]] == []
    assert list(found.values())[-1], "a plan that reads all claims would be found"
