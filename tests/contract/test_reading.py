"""No GET changes anything, and none asks the database more the more there is."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from billing import ledger, quota
from imageskill.urls import urlpatterns
from tests.cast import Caller, Member

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

OBSERVED = ("last_used_at", "first_used_at")
"""Columns that note when something was used: the only ones that reading may write."""


def everything() -> dict[str, list[Any]]:
    """Return the rows of every table, without the observation columns."""
    found = {}
    with connection.cursor() as cursor:
        for table in sorted(connection.introspection.table_names()):
            names = [column.name for column in connection.introspection.get_table_description(cursor, table)]
            kept = ", ".join(f'"{name}"' for name in names if name not in OBSERVED)
            cursor.execute(f'SELECT {kept} FROM "{table}" ORDER BY 1')  # noqa: S608 - the tables' own names
            found[table] = cursor.fetchall()
    return found


def paths(made: dict[str, Any], quote_id: str) -> list[str]:
    """Return an address of every GET that the service answers."""
    job, image = made["job_id"], made["asset_ids"][0]
    return [
        "/healthz",
        "/v1/whoami",
        "/v1/quota",
        "/v1/models",
        "/v1/models/canvas.draft",
        "/v1/capabilities",
        "/v1/capabilities/is.image.generate.preview.v1",
        "/v1/jobs",
        f"/v1/jobs/{job}",
        "/v1/assets",
        f"/v1/assets/{image}",
        "/v1/activity",
        f"/v1/activity/{job}",
        "/v1/feedback",
        "/v1/payment-methods",
        "/v1/credit-packs",
        "/v1/credit-purchases/status",
        f"/v1/credit-purchases/status?quote_id={quote_id}",
    ]


@pytest.mark.usefixtures("provider")
def test_a_walk_of_all_gets_changes_nothing(agent: Member, settings: Any) -> None:
    settings.FAKE_RAIL = True
    made = agent.create().data
    quote_id = agent.post("/v1/credit-quotes", {"credits": 10}).data["quote_id"]
    before = everything()
    for path in paths(made, quote_id):
        assert agent.get(path).ok, path
    assert everything() == before
    assert ledger.verify() == []


def test_the_walk_leaves_no_path_out(agent: Member) -> None:
    """Every path under /v1 is walked, is written to only, or is no answer of the API."""
    known = [path.split("?")[0].strip("/").split("/") for path in paths({"job_id": "x", "asset_ids": ["y"]}, "q")]
    shapes = {"/".join(parts[:2]) for parts in known}
    written = {"v1/agent-signups", "v1/agent-claims", "v1/agent-tokens", "v1/credit-quotes"}
    written |= {"v1/create", "v1/edit", "v1/upload"}
    other = {"v1/openapi.json", "v1/docs", "v1/cli"}
    routes = [route for route in _routes(urlpatterns) if route.startswith("v1/")]
    assert len(routes) > 20
    for route in routes:
        shape = "/".join(route.split("/")[:2])
        assert shape in shapes | written | other, route


def _routes(patterns: Any, before: str = "") -> list[str]:
    found = []
    for pattern in patterns:
        route = before + str(pattern.pattern)
        nested = getattr(pattern, "url_patterns", None)
        found += _routes(nested, route) if nested is not None else [route]
    return found


def test_the_quota_is_one_query_and_writes_nothing(agent: Member) -> None:
    row = agent.row
    with CaptureQueriesContext(connection) as queries:
        quota.of_agent(row)
    assert len(queries) == 1


@pytest.mark.usefixtures("provider")
def test_more_rows_are_no_more_queries(agent: Member, settings: Any) -> None:
    settings.PREVIEW_DAILY_JOBS = 100

    def queries_of(path: str) -> int:
        with CaptureQueriesContext(connection) as queries:
            assert agent.get(path).ok
        return len(queries)

    agent.create(output_count=1)
    walked = ("/v1/activity", "/v1/quota", "/v1/whoami", "/v1/models", "/v1/jobs", "/v1/assets")
    before = [queries_of(path) for path in walked]
    for _ in range(6):
        agent.create(output_count=4)
    job = agent.create(output_count=4).data["job_id"]
    assert [queries_of(path) for path in walked] == before
    assert queries_of(f"/v1/jobs/{job}") <= 4


@pytest.mark.usefixtures("provider")
def test_a_cookie_authenticates_nobody_and_no_other_origin_is_let_in(agent: Member, anonymous: Caller) -> None:
    for path in (
        "/v1/create",
        "/v1/edit",
        "/v1/upload",
        "/v1/agent-claims",
        "/v1/agent-tokens/rotate",
        "/v1/credit-quotes",
    ):
        refused = anonymous.post(
            path, headers={"cookie": f"sessionid={agent.token}", "origin": "https://evil.example"}
        )
        assert refused.code == "AUTH_REQUIRED"
        assert not [name for name in refused.response.headers if name.lower().startswith("access-control")]
