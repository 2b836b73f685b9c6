"""Traces: the service's own id is the trace's id, callers are linked, statements are told without values."""

import io
from collections.abc import Callable

import pytest
from django.conf import LazySettings
from django.db import connection

from creative.models import Job
from creative.providers.base import Failure, ProviderCall, ProviderError, ProviderResult
from imageskill import tracing
from imageskill.core import ids, spans, trace
from tests.cast import Caller, Member
from tests.doubles import FakeProvider, run_at_once
from tests.observability.conftest import Ear, Told

pytestmark = pytest.mark.django_db

PARENT = "00-" + "a" * 32 + "-" + "b" * 16 + "-01"
Arrived = Callable[[], list[Told]]


def named(told: list[Told], name: str) -> list[Told]:
    return [one for one in told if one.name == name]


@pytest.mark.usefixtures("provider")
def test_a_create_is_one_trace_under_the_services_own_id(agent: Member, traced: Arrived) -> None:
    made = agent.create("A red boat")
    assert made.ok
    told = traced()
    mine = [one for one in told if one.trace_id == tracing.number_of(made.body["trace_id"])]
    assert len(mine) == len(told)
    (request,) = named(mine, "POST /v1/create")
    assert request.attributes["imageskill.trace_id"] == made.body["trace_id"]
    assert request.attributes["http.response.status_code"] == 200
    (job,) = named(mine, "job")
    assert job.attributes["imageskill.job_id"] == made.data["job_id"]
    (call,) = named(mine, "provider call")
    assert call.attributes["provider"] == "canvas"
    assert not any(one.is_error for one in mine)


def test_any_id_of_the_service_is_a_number_that_leads_back_to_it() -> None:
    for _ in range(100):
        told = ids.new_id("trace")
        number = tracing.number_of(told)
        assert number is not None
        assert 0 < number < 2**128
        assert ids._base36(number, 25) == told.removeprefix("trace_")
    assert tracing.number_of("") is None


@pytest.mark.usefixtures("provider")
def test_a_job_that_runs_later_stands_in_the_trace_of_its_request(
    agent: Member, traced: Arrived, settings: LazySettings
) -> None:
    settings.JOB_QUEUE = "tests.doubles.run_never"
    settings.CREATE_WAIT_SECONDS = 0
    made = agent.create("A red boat")
    settings.JOB_QUEUE = "tests.doubles.run_at_once"
    trace.enter("")
    run_now(made.data["job_id"])
    (job,) = named(traced(), "job")
    assert job.trace_id == tracing.number_of(made.body["trace_id"])


def run_now(job_id: str) -> None:
    run_at_once.enqueue(job_id)
    assert Job.objects.get(pk=job_id).state == Job.State.COMPLETED


@pytest.mark.parametrize("parent", ["", "00-" + "0" * 32 + "-" + "b" * 16 + "-01", "isk", PARENT + "-x"])
def test_a_callers_trace_is_linked_where_it_is_one_and_never_continued(traced: Arrived, parent: str) -> None:
    answers = [Caller().get("/v1/models", headers={"traceparent": given}) for given in (PARENT, parent)]
    linked, unlinked = named(traced(), "GET /v1/models")
    assert linked.links == [int("a" * 32, 16)]
    assert unlinked.links == []
    assert [linked.trace_id, unlinked.trace_id] == [tracing.number_of(one.body["trace_id"]) for one in answers]


def test_a_statement_is_told_with_its_placeholders(agent: Member, traced: Arrived) -> None:
    agent.get("/v1/quota")
    selects = [one.attributes["db.query.text"] for one in named(traced(), "SELECT")]
    assert [text for text in selects if '"accounts_agenttoken"' in text and " = %s" in text]
    assert not any(agent.agent_id in text for text in selects)


@pytest.mark.both_databases
def test_statements_that_go_in_one_message_show_no_value_either(
    agent: Member, provider: FakeProvider, traced: Arrived
) -> None:
    assert agent.create("A boat named Canary", key="canary-run-1").ok
    told = [one.attributes["db.query.text"] for one in traced() if "db.query.text" in one.attributes]
    assert [text for text in told if "FOR NO KEY UPDATE" in text or connection.vendor == "sqlite"]
    for value in ("Canary", "canary-run-1", agent.agent_id, agent.row.organization_id):
        assert not any(value in text for text in told), value


def test_an_error_is_told_by_its_kind(agent: Member, provider: FakeProvider, traced: Arrived) -> None:
    def refuse(call: ProviderCall) -> ProviderResult:
        raise ProviderError(Failure.UNAVAILABLE, f"canary {call.prompt}")

    provider.behaviour = refuse
    assert not agent.create("A red boat").ok
    (call,) = named(traced(), "provider call")
    assert call.is_error
    assert call.attributes["error.type"] == "ProviderError"


def test_a_path_stands_in_no_span(anonymous: Caller, traced: Arrived) -> None:
    anonymous.get("/v1/jobs/job_canary")
    anonymous.get("/v1/nothing/canary")
    assert [one.name for one in traced() if "canary" in str(one)] == []
    assert {one.name for one in traced()} >= {"GET /v1/jobs/<str:reference>", "GET none"}


def test_a_collector_that_is_away_costs_a_line_and_no_answer(
    anonymous: Caller, traced: Arrived, ear: Ear, logged: io.StringIO
) -> None:
    ear.status = 400
    for _ in range(3):
        assert anonymous.get("/v1/models").ok
        traced()
    assert logged.getvalue().count("traces not exported") == 1


def test_without_a_tracer_nothing_wraps_the_statements() -> None:
    with spans.span("work") as made:
        made.rename("other")
        made.tell(any=1)
        made.fail("kind")
        assert connection.execute_wrappers == []
