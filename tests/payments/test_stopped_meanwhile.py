"""What is taken from an agent while its call is under way is taken: no payment, no hold, no picture."""

from datetime import timedelta
from typing import Any

import pytest
from django.conf import LazySettings
from django.utils import timezone

from accounts.actor import Actor
from accounts.models import Agent, AgentToken
from billing import ledger, mandates, purchases
from billing.mandates import Terms
from billing.models import Hold, PaymentAttempt
from creative import create, execution, failures
from creative.models import Job
from creative.planning import Wanted
from imageskill.core import idempotency
from imageskill.core.errors import ApiError
from imageskill.core.events import System
from tests.cast import Member
from tests.doubles import FakeProvider, run_never
from tests.local_stripe import LocalStripe
from tests.payments.conftest import Checkout

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]
OWNER = System("usr_owner", "human")


def actor_of(agent: Member) -> Actor:
    """Return the agent as it was at its authentication: what is changed now, it does not see."""
    token = AgentToken.objects.select_related("agent__organization").get(agent_id=agent.agent_id)
    return Actor(agent=token.agent, token=token)


def change(agent: Member, **columns: Any) -> None:
    Agent.objects.filter(pk=agent.agent_id).update(**columns)


def without(agent: Member, grant: str) -> list[str]:
    return [one for one in agent.row.grants if one != grant]


@pytest.mark.parametrize("taken", ["paused_by_owner", "grant_missing"])
def test_no_payment_is_opened_for_an_agent_that_was_stopped_after_its_authentication(
    checkout: Checkout, stripe: LocalStripe, taken: str
) -> None:
    agent = checkout.member
    actor = actor_of(agent)
    if taken == "paused_by_owner":
        change(agent, paused_at=timezone.now())
    else:
        change(agent, grants=without(agent, "credits.buy"))
    key = idempotency.from_call(
        header="stripe-buy-run-001",
        body={},
        terms={"quote_id": checkout.quote_id},
        agent_id=actor.actor_id,
        organization_ids=actor.organization_ids,
        operation=purchases.OPERATION,
    )
    assert key is not None
    with pytest.raises(ApiError) as refused:
        purchases.begin(actor=actor, quote_id=checkout.quote_id, method="stripe_checkout", key=key)
    assert (refused.value.code.name, refused.value.recovery["reason"]) == ("CAPABILITY_DENIED", taken)
    assert not PaymentAttempt.objects.exists()
    assert stripe.count("POST", "/v1/checkout/sessions") == 0


def test_no_hold_is_placed_for_a_grant_that_was_withdrawn_after_the_authentication(
    agent: Member, provider: FakeProvider
) -> None:
    actor = actor_of(agent)
    plan = create.plan_for(actor, Wanted(operation="create", prompt="A red boat", model="canvas.draft"))
    change(agent, grants=without(agent, "create.preview"))
    with pytest.raises(ApiError) as refused:
        create.submit(actor, plan, None)
    assert refused.value.code.name == "CAPABILITY_DENIED"
    assert refused.value.recovery["required_grant"] == "create.preview"
    assert (Hold.objects.count(), Job.objects.count(), provider.calls) == (0, 0, [])


def end_the_mandate(agent: Member) -> None:
    change(agent, claim_state="claimed")
    terms = Terms(ends_at=timezone.now())
    mandates.set_terms(agent=agent.row, terms=terms, actor=OWNER)


def end_the_token(agent: Member) -> None:
    AgentToken.objects.filter(agent_id=agent.agent_id).update(ends_at=timezone.now())


def revoke_the_token(agent: Member) -> None:
    AgentToken.objects.filter(agent_id=agent.agent_id).update(revoked_at=timezone.now())


def pause(agent: Member) -> None:
    change(agent, paused_at=timezone.now())


@pytest.mark.parametrize(
    ("stop", "code", "reason", "exit_code"),
    [
        (end_the_mandate, "CAPABILITY_DENIED", "mandate_ended", 4),
        (end_the_token, "AUTH_REQUIRED", "token_ended", 3),
        (revoke_the_token, "AUTH_REQUIRED", "token_ended", 3),
        (pause, "CAPABILITY_DENIED", "paused_by_owner", 4),
    ],
)
def test_a_queued_job_ends_with_the_exact_reason_before_its_provider_is_called(
    agent: Member,
    provider: FakeProvider,
    settings: LazySettings,
    stop: Any,
    code: str,
    reason: str,
    exit_code: int,
) -> None:
    settings.JOB_QUEUE = "tests.doubles.run_never"
    run_never.job_ids.clear()
    body = {"prompt": "A red boat", "model": "canvas.draft"}
    assert agent.post("/v1/create", body, headers={"prefer": "respond-async"}).status == 202
    stop(agent)
    execution.run(run_never.job_ids[0])
    job = Job.objects.get()
    assert (job.state, provider.calls) == ("canceled", [])
    told = failures.of_job(job, has_key=False)
    assert (told.code.name, told.recovery["reason"], told.exit_code) == (code, reason, exit_code)
    assert (told.retryable, told.recovery["charged_credits"]) == (False, 0)
    hold = Hold.objects.get()
    assert (hold.state, hold.settled_credits) == ("released", 0)
    assert ledger.verify() == []


def test_a_running_token_and_a_mandate_that_goes_on_stop_nothing(
    agent: Member, provider: FakeProvider, settings: LazySettings
) -> None:
    settings.JOB_QUEUE = "tests.doubles.run_never"
    run_never.job_ids.clear()
    change(agent, claim_state="claimed")
    later = timezone.now() + timedelta(hours=1)
    mandates.set_terms(agent=agent.row, terms=Terms(ends_at=later), actor=OWNER)
    AgentToken.objects.filter(agent_id=agent.agent_id).update(ends_at=later)
    body = {"prompt": "A red boat", "model": "canvas.draft"}
    assert agent.post("/v1/create", body, headers={"prefer": "respond-async"}).status == 202
    execution.run(run_never.job_ids[0])
    assert Job.objects.get().state == "completed"
    assert len(provider.calls) == 1
