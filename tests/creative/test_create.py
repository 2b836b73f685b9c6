import re
from typing import Any

import pytest
from pytest_django.fixtures import DjangoAssertNumQueries

from billing import ledger
from billing.models import Hold, LedgerEntry, UsageEvent
from creative import execution
from creative.models import Asset, Attempt, Job
from imageskill.core.models import IdempotencyKey
from tests.cast import Answer, Member
from tests.creative.evidence import ENVELOPE, balance
from tests.doubles import FakeProvider, run_never

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

DATA = {
    "job_id",
    "trace_id",
    "job",
    "capability",
    "assets",
    "asset_ids",
    "cost",
    "safety",
    "quota",
    "request",
    "next_actions",
}
ASSET = {"asset_id", "path", "url", "mime_type", "content_length", "width", "height", "sha256"}


def assert_shape(data: dict[str, Any]) -> None:
    """Check the names on every level of a create's data."""
    assert set(data) == DATA
    assert set(data["job"]) == {"job_id", "status"}
    assert set(data["capability"]) == {"id"}
    assert all(set(asset) == ASSET for asset in data["assets"])
    assert set(data["cost"]) == {"estimated_usd", "credit_pricing"}
    assert set(data["cost"]["credit_pricing"]) == {
        "credit_unit_usd",
        "credits_required",
        "estimated_provider_cost_usd",
        "estimated_revenue_usd",
        "pricing_confidence",
        "price_version",
    }
    assert set(data["quota"]) == {
        "consumed_credits",
        "remaining_credits",
        "payment_backed_remaining_credits",
        "held_credits",
    }
    assert set(data["request"]) == {"selection", "output_count"}
    selection = data["request"]["selection"]
    assert set(selection) == {"policy", "reason", "capability", "model_parameters", "output"}
    assert set(selection["model_parameters"]) == {"keys", "defaults_applied"}
    assert set(selection["output"]) == {"expected_width", "expected_height"}
    assert set(data["next_actions"]) - {"wait"} == {"inspect_job", "inspect_asset", "iterate_edit"}


def numbers(answer: Answer) -> tuple[int, ...]:
    quota = answer.data["quota"]
    return quota["consumed_credits"], quota["remaining_credits"], quota["held_credits"]


@pytest.mark.usefixtures("provider")
def test_a_create_answers_with_exactly_the_fields_of_the_contract(agent: Member) -> None:
    made = agent.create(intent="explore", aspect_ratio="16:9")
    assert (made.status, made.exit_code, set(made.body)) == (200, 0, ENVELOPE)
    assert (made.ok, made.body["command"], made.body["error"]) == (True, "image-skill create", None)
    assert made.body["actor"]["actor_id"] == agent.agent_id
    assert_shape(made.data)
    assert made.data["job"] == {"job_id": made.data["job_id"], "status": "completed"}
    assert made.data["trace_id"] == made.body["trace_id"] == made.response["x-trace-id"]
    assert made.data["capability"] == {"id": "is.image.generate.preview.v1"}
    assert made.data["safety"] == {"status": "allowed"}
    assert made.data["cost"]["credit_pricing"]["credits_required"] == 1
    assert made.data["cost"]["credit_pricing"]["pricing_confidence"] == "known"
    assert made.data["request"]["selection"]["output"] == {"expected_width": 1024, "expected_height": 576}
    first = made.data["assets"][0]
    assert made.data["asset_ids"] == [first["asset_id"]]
    assert re.fullmatch(r"http://testserver/a/image_[0-9a-z]{36}\.png", first["url"])
    assert made.data["next_actions"]["inspect_asset"] == f"image-skill assets show {first['asset_id']} --json"


@pytest.mark.usefixtures("provider")
def test_a_create_names_no_prompt_model_or_provider(agent: Member) -> None:
    made = agent.create("An unmistakable zebra", model="canvas.draft")
    told = made.response.content.decode()
    assert not re.search("zebra|canvas|draft", told)
    assert "zebra" not in str(made.response.headers)


def test_the_credits_are_held_while_the_provider_works_and_debited_afterwards(
    agent: Member, provider: FakeProvider
) -> None:
    before = balance(agent)
    usual, seen = provider.behaviour, []

    def look(call: Any) -> Any:
        seen.append(
            (balance(agent), Hold.objects.get().state, Job.objects.get().state, Attempt.objects.get().state)
        )
        return usual(call)

    provider.behaviour = look
    made = agent.create(output_count=3)
    held = {"remaining_credits": 47, "spendable_credits": 47, "held_credits": 3}
    assert seen == [(before | held, "open", "running", "calling")]
    assert numbers(made) == (3, 47, 0)
    assert balance(agent) == before | {"remaining_credits": 47, "spendable_credits": 47}
    hold = Hold.objects.get()
    assert (hold.state, hold.credits, hold.settled_credits, hold.job_id) == ("settled", 3, 3, made.data["job_id"])
    assert UsageEvent.objects.get().credits == 3
    kinds = list(LedgerEntry.objects.order_by("seq").values_list("kind", "credits"))
    assert kinds == [("grant", 50), ("hold", 3), ("settle", 3)]
    assert ledger.verify() == []


@pytest.mark.usefixtures("provider")
@pytest.mark.parametrize("count", [1, 2, 4])
def test_as_many_pictures_are_made_and_charged_as_were_asked_for(agent: Member, count: int) -> None:
    made = agent.create(output_count=count)
    assert len(set(made.data["asset_ids"])) == len(made.data["assets"]) == count
    assert made.data["request"]["output_count"] == count
    assert made.data["cost"]["credit_pricing"]["credits_required"] == count
    assert numbers(made) == (count, 50 - count, 0)
    places = list(Asset.objects.order_by("position").values_list("pk", "position"))
    assert places == list(zip(made.data["asset_ids"], range(count), strict=True))


@pytest.mark.parametrize("where", ["header", "body"])
def test_the_same_key_and_body_answer_with_the_same_job_and_one_charge(
    agent: Member, provider: FakeProvider, where: str
) -> None:
    asked = {"key": "run-1"} if where == "header" else {"idempotency_key": "run-1"}
    first, again = agent.create(**asked), agent.create(**asked)
    assert (again.status, again.ok) == (200, True)
    same = DATA - {"quota"}
    assert {name: again.data[name] for name in same} == {name: first.data[name] for name in same}
    assert again.data["quota"] == first.data["quota"]
    assert len(provider.calls) == Job.objects.count() == Hold.objects.count() == 1
    assert balance(agent)["remaining_credits"] == 49


@pytest.mark.usefixtures("provider")
def test_a_key_is_one_agents_own(agent: Member, teammate: Member) -> None:
    first = agent.create(key="run-1")
    other = teammate.create("Another picture", key="run-1")
    assert (first.status, other.status) == (200, 200)
    assert first.data["job_id"] != other.data["job_id"]
    assert IdempotencyKey.objects.count() == 2


def test_a_key_with_another_body_is_a_conflict_that_costs_nothing(agent: Member, provider: FakeProvider) -> None:
    agent.create(key="run-1")
    refused = agent.create(key="run-1", output_count=2)
    assert (refused.status, refused.exit_code, refused.code) == (409, 2, "IDEMPOTENCY_CONFLICT")
    assert refused.error["retryable"] is False
    assert len(provider.calls) == Job.objects.count() == 1
    assert balance(agent)["remaining_credits"] == 49


@pytest.mark.usefixtures("provider", "nobody_works")
@pytest.mark.parametrize("prefer", ["respond-async", "wait=0", "respond-async, wait=60"])
def test_a_job_that_still_runs_is_answered_with_202_and_the_way_to_wait(agent: Member, prefer: str) -> None:
    asked = {"prompt": "A red boat"}
    answer = agent.post("/v1/create", asked, headers={"prefer": prefer, "idempotency-key": "run-1"})
    assert (answer.status, answer.exit_code, answer.ok) == (202, 0, True)
    assert_shape(answer.data)
    job_id = answer.data["job_id"]
    assert answer.data["job"] == {"job_id": job_id, "status": "queued"}
    assert (answer.data["assets"], answer.data["asset_ids"]) == ([], [])
    assert answer.data["next_actions"]["wait"] == f"image-skill jobs wait {job_id} --json"
    assert numbers(answer) == (0, 49, 1)
    assert run_never.job_ids == [job_id]
    execution.run(job_id)
    ended = agent.post("/v1/create", asked, headers={"prefer": prefer, "idempotency-key": "run-1"})
    assert (ended.status, ended.data["job_id"], ended.data["job"]["status"]) == (200, job_id, "completed")
    assert "wait" not in ended.data["next_actions"]
    assert numbers(ended) == (1, 49, 0)


@pytest.mark.usefixtures("provider")
def test_a_create_asks_the_database_a_bounded_number_of_times(
    agent: Member, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    agent.create()
    with django_assert_max_num_queries(64) as one:
        agent.create(output_count=1)
    with django_assert_max_num_queries(90) as four:
        agent.create(output_count=4)
    assert (len(four) - len(one)) <= 3 * 6


@pytest.mark.usefixtures("provider")
def test_provenance_is_told_to_a_claimed_agent_that_asks_for_it(agent: Member) -> None:
    asked = {"prompt": "A red boat"}
    hidden = agent.post("/v1/create?include=provenance", asked)
    assert "provenance" not in hidden.data
    assert hidden.body["warnings"] == ["Provenance is shown to claimed agents only."]
    row = agent.row
    row.claim_state = "claimed"
    row.save()
    assert "provenance" not in agent.post("/v1/create", asked).data
    told = agent.post("/v1/create?include=provenance", asked)
    assert told.data["provenance"]["model"] == "canvas.draft"
    assert told.data["provenance"]["provider"] == "canvas"
