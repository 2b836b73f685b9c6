"""What is looked at once more right before a provider is called, and what a fault after it must not buy again."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.conf import LazySettings
from django.utils import timezone

from accounts.models import Agent, AgentToken, Claim
from billing.models import Hold
from creative import execution, images, inputs, refusals
from creative.models import Attempt, Job
from creative.providers.base import Failure, ProviderCall, ProviderError, ProviderResult
from imageskill.core.models import Tally
from tests.cast import Caller, Member
from tests.doubles import FakeProvider

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


def refusing(call: ProviderCall) -> ProviderResult:
    raise ProviderError(Failure.REFUSED, "The provider says no.")


def test_a_cancel_between_the_taking_and_the_call_calls_nobody_and_counts_for_nothing(
    agent: Member, provider: FakeProvider, nobody_works: None
) -> None:
    agent.post("/v1/create", {"prompt": "A boat"}, headers={"prefer": "respond-async"})
    job = Job.objects.get()
    Job.objects.filter(pk=job.pk).update(cancel_requested_at=timezone.now())
    execution.run(job.pk)
    job.refresh_from_db()
    assert (job.state, job.error_code, provider.calls) == ("canceled", "JOB_CANCELED", [])
    assert (Hold.objects.get().state, Attempt.objects.get().state) == ("released", "failed")
    assert not Tally.objects.filter(scope="provider_refusals").exists()


@pytest.mark.usefixtures("nobody_works")
def test_a_burst_of_queued_calls_is_refused_by_the_provider_five_times_and_no_more(
    agent: Member,
    give: Callable[[Member, int], None],
    paints: Callable[[str], FakeProvider],
) -> None:
    give(agent, 500)
    paints("xai").behaviour = refusing
    for number in range(8):
        agent.post(
            "/v1/create",
            {"prompt": "A boat", "model": "xai.grok-imagine-image", "idempotency_key": f"run-{number}"},
            headers={"prefer": "respond-async"},
        )
    jobs = list(Job.objects.order_by("pk"))
    for job in jobs:
        execution.run(job.pk)
    assert len(paints("xai").calls) == refusals.MOST_AN_HOUR
    told = list(Job.objects.order_by("pk").values_list("error_code", "error_reason"))
    assert told[5:] == [("RATE_LIMITED", "provider_refusals")] * 3
    assert not Hold.objects.exclude(state="released").exists()


def test_a_fault_after_the_picture_was_made_does_not_free_the_key(
    agent: Member, provider: FakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: bytes) -> images.Cleaned:
        raise images.Busy

    monkeypatch.setattr(images, "check_output", broken)
    refused = agent.create(key="run-1")
    assert (refused.code, refused.error["retryable"]) == ("ARTIFACT_STORAGE_WRITE_FAILED", False)
    monkeypatch.undo()
    assert agent.create(key="run-1").code == "ARTIFACT_STORAGE_WRITE_FAILED"
    assert (len(provider.calls), Job.objects.count()) == (1, 1)
    assert Hold.objects.get().state == "released"


def test_an_input_that_cannot_be_read_is_no_exposure(
    agent: Member, provider: FakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(_: str) -> None:
        raise OSError(5, "input/output error")

    picture = agent.create().data["asset_ids"][0]
    monkeypatch.setattr(inputs.storage, "open_read", away)
    refused = agent.post("/v1/edit", {"prompt": "Blur it", "input_asset_id": picture})
    assert refused.code == "PROVIDER_UNAVAILABLE"
    assert Attempt.objects.latest("pk").state == "failed"
    assert len(provider.calls) == 1


def test_a_pause_is_told_before_the_arguments_are_looked_at(agent: Member, settings: LazySettings) -> None:
    Agent.objects.filter(pk=agent.agent_id).update(paused_at=timezone.now())
    for dry_run in (True, False):
        refused = agent.create(output_count="many", dry_run=dry_run)
        assert refused.error["recovery"]["reason"] == "paused_by_owner"


def test_a_collected_claim_is_told_as_collected_however_old_it_is(agent: Member) -> None:
    claim = agent.post("/v1/agent-claims", {"contact": agent.row.contact, "return_claim_secret": True}).data[
        "claim"
    ]
    Claim.objects.filter(pk=claim["claim_id"]).update(state="approved", decided_at=timezone.now())
    body = {"claim_id": claim["claim_id"], "claim_secret": claim["claim_secret"]}
    token = Caller().post("/v1/agent-claims/collect", body).data["token"]
    assert Caller(token).get("/v1/whoami").ok
    Claim.objects.update(decided_at=timezone.now() - timedelta(days=30))
    assert Caller().post("/v1/agent-claims/collect", body).code == "ALREADY_COLLECTED"
    assert AgentToken.objects.filter(revoked_at=None).count() == 2
