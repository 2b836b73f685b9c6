from typing import Any

import pytest

from creative.models import Job
from imageskill.core.models import ActivityEvent, IdempotencyKey
from tests.cast import Caller, Member
from tests.creative.evidence import ALLOWANCE, assert_refused, assert_untouched, balance
from tests.doubles import FakeProvider

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

ANONYMOUS_DATA = {
    "job_id",
    "trace_id",
    "job",
    "capability",
    "assets",
    "asset_ids",
    "cost",
    "safety",
    "request",
    "next_actions",
}


def paths(value: Any, at: str = "") -> set[str]:
    """Return the name of everything in a JSON value, level by level."""
    if not isinstance(value, dict):
        return {at}
    return {at} | {path for name, item in value.items() for path in paths(item, f"{at}.{name}")}


def test_a_dry_run_without_a_token_is_answered_and_leaves_nothing(
    agent: Member, anonymous: Caller, provider: FakeProvider
) -> None:
    planned = anonymous.create(dry_run=True, output_count=2, aspect_ratio="3:2")
    assert (planned.status, planned.exit_code, planned.body["actor"]) == (200, 0, None)
    assert set(planned.data) == ANONYMOUS_DATA
    assert planned.data["job"] == {"job_id": None, "status": "planned"}
    assert (planned.data["job_id"], planned.data["assets"], planned.data["asset_ids"]) == (None, [], [])
    assert planned.data["request"]["selection"]["output"] == {"expected_width": 1024, "expected_height": 683}
    assert provider.calls == []
    assert_untouched(agent)


def test_a_dry_run_with_a_token_keeps_a_planned_job_and_charges_nothing(
    agent: Member, provider: FakeProvider
) -> None:
    planned = agent.create(dry_run=True)
    job = Job.objects.get()
    assert (job.state, job.hold, job.pk) == ("planned", None, planned.data["job_id"])
    assert planned.data["job"] == {"job_id": job.pk, "status": "planned"}
    assert planned.data["quota"] == {
        "consumed_credits": 0,
        "remaining_credits": 50,
        "payment_backed_remaining_credits": 0,
        "held_credits": 0,
    }
    assert "wait" not in planned.data["next_actions"]
    assert provider.calls == []
    assert agent.get(f"/v1/jobs/{job.pk}").data["status"] == "planned"
    job.delete()
    assert_untouched(agent)


@pytest.mark.usefixtures("provider")
def test_a_dry_run_has_the_shape_of_the_create_that_follows(agent: Member, anonymous: Caller) -> None:
    nobodys = anonymous.create(dry_run=True).data
    planned, made = agent.create(dry_run=True).data, agent.create().data
    assert paths(planned) == paths(made)
    assert paths(nobodys) == {path for path in paths(made) if not path.startswith(".quota")}
    for name in ("cost", "capability", "request"):
        assert planned[name] == made[name] == nobodys[name]


@pytest.mark.usefixtures("provider")
@pytest.mark.parametrize("count", [1, 4])
def test_a_plan_shows_every_number_of_its_price(anonymous: Caller, count: int) -> None:
    cost = anonymous.create(dry_run=True, output_count=count).data["cost"]
    assert cost == {
        "estimated_usd": 0.0,
        "credit_pricing": {
            "credit_unit_usd": 0.01,
            "credits_required": count,
            "estimated_provider_cost_usd": 0.0,
            "estimated_revenue_usd": count / 100,
            "pricing_confidence": "known",
            "price_version": cost["credit_pricing"]["price_version"],
        },
    }
    assert cost["credit_pricing"]["price_version"].startswith("20")


@pytest.mark.usefixtures("provider")
@pytest.mark.parametrize(
    ("fields", "code", "exit_code", "status"),
    [
        ({"model": "no.such-model"}, "MODEL_NOT_FOUND", 1, 404),
        ({"model": "fal.flux-dev"}, "PROVIDER_UNAVAILABLE", 7, 503),
        ({"model_parameters": {"seeed": 1}}, "INVALID_ARGUMENTS", 2, 400),
        ({"aspect_ratio": "7:5"}, "INVALID_ARGUMENTS", 2, 400),
        ({"max_usd": 0.001}, "BUDGET_CAP_EXCEEDED", 5, 402),
        ({"colour": "red"}, "INVALID_ARGUMENTS", 2, 400),
    ],
)
@pytest.mark.parametrize("caller", ["anonymous", "agent"])
def test_a_dry_run_makes_the_same_checks(
    request: pytest.FixtureRequest,
    agent: Member,
    caller: str,
    fields: dict[str, object],
    code: str,
    exit_code: int,
    status: int,
) -> None:
    asking: Caller = request.getfixturevalue(caller)
    refused = assert_refused(asking.create(dry_run=True, **fields), code, exit_code, status)
    live = assert_refused(agent.create(**fields), code, exit_code, status)
    assert {name for name in refused if name != "suggested_command"} == {
        name for name in live if name != "suggested_command"
    }
    assert_untouched(agent)


@pytest.mark.usefixtures("provider")
def test_a_dry_run_over_the_balance_is_refused_as_the_create_would_be(agent: Member) -> None:
    for _ in range(4):
        assert agent.create(output_count=1).ok
    refused = assert_refused(agent.create(dry_run=True), "QUOTA_EXCEEDED", 5, 429)
    assert refused["reason"] == "daily_jobs"
    assert Job.objects.filter(state="planned").count() == 0


@pytest.mark.usefixtures("provider")
def test_a_dry_run_binds_no_key(agent: Member) -> None:
    planned = agent.create(dry_run=True, key="run-1")
    assert not IdempotencyKey.objects.exists()
    made = agent.create(key="run-1")
    assert made.status == 200
    assert made.data["job_id"] != planned.data["job_id"]


@pytest.mark.usefixtures("provider")
def test_a_plan_is_an_event_only_for_callers_that_know_its_type(agent: Member) -> None:
    job_id = agent.create(dry_run=True).data["job_id"]
    assert ActivityEvent.objects.get().type == "job.planned"
    assert agent.get("/v1/activity").data["events"] == []
    assert agent.get(f"/v1/activity/{job_id}").code == "ACTIVITY_NOT_FOUND"
    latest = agent.get("/v1/activity", headers={"image-skill-contract": "latest"}).data["events"]
    assert [(event["type"], event["status"], event["links"]["job_id"]) for event in latest] == [
        ("job.planned", "planned", job_id)
    ]


@pytest.mark.usefixtures("provider")
@pytest.mark.parametrize(
    "fields",
    [{"dry_run": False}, {"dry_run": True, "references": ["image_0000000000000000000000000000000000000"]}],
)
def test_without_a_token_only_a_plain_dry_run_is_answered(anonymous: Caller, fields: dict[str, object]) -> None:
    refused = anonymous.create(**fields)
    assert_refused(refused, "AUTH_REQUIRED", 3, 401)
    assert refused.response["www-authenticate"] == "Bearer"
    assert not Job.objects.exists()


@pytest.mark.usefixtures("provider")
@pytest.mark.parametrize("token", ["", "isk_r_wrong", "nonsense"])
def test_a_dry_run_with_a_bad_token_is_not_taken_for_one_without(db: None, token: str) -> None:
    refused = Caller(token).create(dry_run=True)
    assert_refused(refused, "AUTH_REQUIRED", 3, 401)
    assert refused.body["actor"] is None
    assert not Job.objects.exists()


@pytest.mark.usefixtures("provider")
@pytest.mark.parametrize("value", ["true", 1, "yes", [], None])
def test_a_dry_run_that_is_not_plainly_asked_for_never_becomes_a_live_call(agent: Member, value: object) -> None:
    assert_refused(agent.create(dry_run=value), "INVALID_ARGUMENTS", 2, 400)
    assert balance(agent) == ALLOWANCE
    assert_untouched(agent)
