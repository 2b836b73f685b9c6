"""`GET /metrics`: there for whoever has the word, answers while things are away, and names nobody."""

import re

import pytest
from django.conf import LazySettings
from django.db import OperationalError
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families

from imageskill.flows import gauges
from imageskill.site import metrics
from imageskill.site.probes import Probe
from tests.cast import Member
from tests.doubles import FakeProvider
from tests.observability.conftest import TOKEN

pytestmark = pytest.mark.django_db


def page() -> str:
    answer = Client().get("/metrics", headers={"authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("text/plain; version=0.0.4")
    assert answer["Cache-Control"] == "no-store"
    return answer.content.decode()


@pytest.mark.usefixtures("metered")
@pytest.mark.parametrize(
    "given", ["", "Bearer", "Bearer ", "Bearer wrong", f"Basic {TOKEN}", f"Bearer {TOKEN}x", TOKEN]
)
def test_without_the_word_there_is_no_such_page(given: str) -> None:
    assert Client().get("/metrics", headers={"authorization": given}).status_code == 404


@pytest.mark.parametrize("given", ["", "Bearer", "Bearer "])
def test_without_the_setting_there_is_none_for_anybody(settings: LazySettings, given: str) -> None:
    settings.METRICS_TOKEN = ""
    assert Client().get("/metrics", headers={"authorization": given}).status_code == 404


@pytest.mark.usefixtures("metered")
def test_it_tells_what_happened_without_telling_to_whom(agent: Member, provider: FakeProvider) -> None:
    made = agent.create("A canary of a boat")
    agent.get(f"/v1/jobs/{made.data['job_id']}")
    agent.get("/v1/nothing/canary")
    agent.send("BREW", "/v1/quota")
    told = page()
    for words in (
        'imageskill_http_requests_total{method="POST",route="/v1/create",status="200"}',
        'imageskill_http_requests_total{method="GET",route="/v1/jobs/<str:reference>",status="200"}',
        'imageskill_http_requests_total{method="GET",route="none",status="404"}',
        'method="other"',
        'imageskill_refusals_total{code="ROUTE_NOT_FOUND"}',
        'imageskill_provider_calls_total{outcome="made",provider="canvas"}',
        'imageskill_provider_call_seconds_count{provider="canvas"}',
        'imageskill_up{part="database"} 1.0',
        "imageskill_build_info{version=",
    ):
        assert words in told, words
    hidden = (
        agent.agent_id,
        str(agent.token),
        made.data["job_id"],
        agent.row.organization_id,
        "canary",
        "boat",
        "BREW",
    )
    assert [word for word in hidden if word in told] == []
    assert not re.search(r"(agt|org|job|image|trace|tok|usr)_[0-9a-z]{20}", told)


@pytest.mark.usefixtures("metered")
def test_every_line_is_one_that_prometheus_reads() -> None:
    families = list(text_string_to_metric_families(page()))
    assert len(families) > 15
    assert all(family.name.startswith("imageskill_") and family.documentation for family in families)


@pytest.mark.usefixtures("metered")
def test_while_the_database_is_away_the_processes_are_still_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise OperationalError("server closed the connection")

    monkeypatch.setattr(metrics, "ROWS", Probe("gauges", refuse, otherwise=None))
    told = page()
    assert "imageskill_jobs{" not in told
    assert "imageskill_holds_open" not in told
    assert "imageskill_http_requests_total" in told


@pytest.mark.usefixtures("metered")
def test_who_asks_often_gets_the_reading_that_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def read() -> gauges.Reading:
        asked.append(1)
        return {"imageskill_holds_open": [((), len(asked))]}

    monkeypatch.setattr(metrics, "ROWS", Probe("gauges", read, otherwise=None, kept_seconds=60))
    assert [page().count("imageskill_holds_open 1.0") for _ in range(3)] == [1, 1, 1]
    assert len(asked) == 1


@pytest.mark.usefixtures("metered")
def test_a_head_is_answered_and_a_post_is_refused() -> None:
    headers = {"authorization": f"Bearer {TOKEN}"}
    assert Client().head("/metrics", headers=headers).status_code == 200
    assert Client().post("/metrics", headers=headers).status_code == 405
