import re
from collections.abc import Callable

import pytest
from django.db.models import F
from pytest_django.fixtures import DjangoAssertNumQueries

from creative import execution
from creative.models import Asset, Job
from creative.providers.base import Failure, ProviderCall, ProviderError, ProviderResult
from tests.cast import Member
from tests.creative.evidence import assert_refused
from tests.doubles import FakeProvider, pictures

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

DATA = {"request", "job", "status", "state", "assets", "cost"}
JOB = {
    "job_id",
    "status",
    "operation",
    "capability",
    "created_at",
    "started_at",
    "finished_at",
    "trace_id",
    "cost",
    "safety",
    "assets",
    "error",
}
INSTANT = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"


def refusing(call: ProviderCall) -> ProviderResult:
    raise ProviderError(Failure.REFUSED, "The provider refuses this.")


@pytest.mark.usefixtures("provider")
def test_a_finished_job_answers_with_exactly_the_fields_of_the_contract(agent: Member) -> None:
    made = agent.create(output_count=2, intent="explore")
    shown = agent.get(f"/v1/jobs/{made.data['job_id']}")
    assert (shown.status, shown.exit_code, shown.body["command"]) == (200, 0, "image-skill jobs show")
    assert set(shown.data) == DATA
    assert shown.data["request"] == {"reference": made.data["job_id"], "reference_type": "job_id"}
    job = shown.data["job"]
    assert set(job) == JOB
    assert (job["job_id"], job["operation"], job["trace_id"]) == (
        made.data["job_id"],
        "create",
        made.data["trace_id"],
    )
    assert shown.data["status"] == shown.data["state"] == job["status"] == "completed"
    assert shown.data["assets"] == job["assets"] == made.data["assets"]
    assert shown.data["cost"] == job["cost"] == made.data["cost"] | {"consumed_credits": 2}
    assert (job["capability"], job["safety"], job["error"]) == (
        made.data["capability"],
        made.data["safety"],
        None,
    )
    instants = [job["created_at"], job["started_at"], job["finished_at"]]
    assert all(re.fullmatch(INSTANT, instant) for instant in instants)
    assert instants == sorted(instants)


@pytest.mark.usefixtures("provider", "nobody_works")
def test_a_job_is_readable_in_every_state(agent: Member) -> None:
    asked = {"prompt": "A red boat"}
    job_id = agent.post("/v1/create", asked, headers={"prefer": "respond-async"}).data["job_id"]
    waits = agent.get(f"/v1/jobs/{job_id}").data["job"]
    assert (waits["status"], waits["started_at"], waits["finished_at"], waits["assets"]) == (
        "queued",
        None,
        None,
        [],
    )
    assert waits["cost"]["consumed_credits"] == 0
    Job.objects.filter(pk=job_id).update(state="running")
    assert agent.get(f"/v1/jobs/{job_id}").data["status"] == "running"
    Job.objects.filter(pk=job_id).update(state="queued")
    execution.run(job_id)
    assert agent.get(f"/v1/jobs/{job_id}").data["status"] == "completed"


@pytest.mark.parametrize(
    ("behaviour", "status", "safety", "code"),
    [(pictures, "completed", "allowed", None), (refusing, "failed", "denied", "CONTENT_POLICY_DENIED")],
)
def test_a_job_tells_how_it_ended_and_never_of_what_it_is(
    agent: Member,
    provider: FakeProvider,
    behaviour: Callable[[ProviderCall], ProviderResult],
    status: str,
    safety: str,
    code: str | None,
) -> None:
    provider.behaviour = behaviour
    agent.create("An unmistakable zebra", intent="quagga", model="canvas.draft")
    shown = agent.get(f"/v1/jobs/{Job.objects.get().pk}")
    assert (shown.data["status"], shown.data["job"]["safety"]) == (status, {"status": safety})
    assert (shown.data["job"]["error"] or {}).get("code") == code
    assert not re.search("zebra|quagga|canvas|draft|pictures/", shown.response.content.decode())


@pytest.mark.usefixtures("provider")
def test_a_deleted_picture_is_left_out_and_its_job_stays(agent: Member) -> None:
    made = agent.create(output_count=2)
    gone = Asset.objects.get(pk=made.data["asset_ids"][0])
    gone.deleted_at = gone.created_at
    gone.save()
    shown = agent.get(f"/v1/jobs/{made.data['job_id']}").data
    assert [asset["asset_id"] for asset in shown["assets"]] == made.data["asset_ids"][1:]
    assert shown["cost"]["consumed_credits"] == 2
    assert_refused(agent.get(f"/v1/assets/{gone.pk}"), "ASSET_NOT_FOUND", 1, 404)


@pytest.mark.usefixtures("provider")
def test_a_replay_leaves_a_deleted_picture_out_too(agent: Member) -> None:
    made = agent.create(output_count=2, key="run-1")
    gone = Asset.objects.get(pk=made.data["asset_ids"][0])
    gone.deleted_at = gone.created_at
    gone.save()
    again = agent.create(output_count=2, key="run-1")
    assert (again.data["asset_ids"], again.body["warnings"]) == (made.data["asset_ids"][1:], [])
    assert [asset["asset_id"] for asset in again.data["assets"]] == made.data["asset_ids"][1:]


@pytest.mark.usefixtures("provider")
def test_pictures_keep_their_order_whatever_order_their_rows_have(agent: Member) -> None:
    made = agent.create(output_count=4, key="run-1")
    places = list(Asset.objects.order_by("position"))
    Asset.objects.update(position=F("position") + 10)
    for place, asset in enumerate(reversed(places)):
        Asset.objects.filter(pk=asset.pk).update(position=place)
    turned = made.data["asset_ids"][::-1]
    assert agent.create(output_count=4, key="run-1").data["asset_ids"] == turned
    shown = agent.get(f"/v1/jobs/{made.data['job_id']}").data
    assert [asset["asset_id"] for asset in shown["assets"]] == turned


@pytest.mark.usefixtures("provider")
def test_reading_a_job_takes_as_many_queries_for_one_picture_as_for_four(
    agent: Member, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    counts = []
    for pictures_asked in (1, 4):
        job_id = agent.create(output_count=pictures_asked).data["job_id"]
        with django_assert_max_num_queries(10) as queries:
            agent.get(f"/v1/jobs/{job_id}")
        counts.append(len(queries))
    assert counts[0] == counts[1]


@pytest.mark.usefixtures("provider")
def test_reading_writes_nothing(agent: Member, django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    made = agent.create()
    job_id, asset_id = made.data["job_id"], made.data["asset_ids"][0]
    for path in (f"jobs/{job_id}", f"assets/{asset_id}", "activity", f"activity/{job_id}", "models", "quota"):
        with django_assert_max_num_queries(12) as queries:
            assert agent.get(f"/v1/{path}").status == 200
        told = [query["sql"] for query in queries.captured_queries]
        assert not [sql for sql in told if re.match(r"\s*(INSERT|UPDATE|DELETE)\b", sql, re.IGNORECASE)]
