"""Sign-ups by network and mail domain, and ending those that nobody claimed, unless money stands behind them."""

from collections.abc import Callable
from datetime import timedelta
from threading import Barrier, Thread
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Agent, AgentToken, Claim, ClaimState
from accounts.staff import Staff
from billing import ledger
from billing.models import Hold, LotKind, PaymentAttempt, Quote, Reversal
from imageskill.console.operations import arrivals
from imageskill.core import tallies
from imageskill.core.models import ActivityEvent
from imageskill.flows import expiring, invariants
from tests.billing.books import give, set_aside
from tests.cast import Caller, Member, sign_up
from tests.console.desk import desk, make_agent
from tests.pages.people import make_old, make_user, said

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]

STAFF = Staff("usr_staff")
WAITING = {"prefer": "respond-async"}


def from_network(address: str, mail: str) -> Member:
    body = {"agent_name": "bulk", "runtime": "tests", "human_email": mail}
    answer = Caller().post("/v1/agent-signups", body, remote=address)
    assert answer.ok, answer.body
    return Member(answer.data["token"], answer.data["agent_id"])


def attempt_of(agent: Agent, state: str, **fields: Any) -> PaymentAttempt:
    now = timezone.now()
    terms = {"credits": 500, "amount_cents": 500, "live_money": True, "created_at": now, "expires_at": now}
    buyer = {"organization": agent.organization, "agent": agent, "idempotency_key": "k"}
    quoted = Quote.objects.create(payment_method="stripe_checkout", **buyer, **terms)
    return PaymentAttempt.objects.create(quote=quoted, state=state, **buyer, **terms, **fields)


def with_hold(agent: Agent) -> None:
    set_aside(agent, (give(agent, 5), 2))


def with_open_payment(agent: Agent) -> None:
    attempt_of(agent, "action_required")


def with_payment_to_check(agent: Agent) -> None:
    attempt_of(agent, "expired", next_check_at=timezone.now())


def with_early_reversal(agent: Agent) -> None:
    attempt_of(agent, "expired", payment_intent="pi_7")
    now = timezone.now()
    Reversal.objects.create(
        kind="refund", provider_id="re_7", payment_intent="pi_7", amount_cents=5, status="pending",
        created_at=now, updated_at=now,
    )  # fmt: skip


def with_paid_credits(agent: Agent) -> None:
    give(agent, 5, LotKind.PAID)


def with_paid_credits_that_are_spent(agent: Agent) -> None:
    hold = set_aside(agent, (give(agent, 5, LotKind.PAID), 5))
    ledger.settle(hold=hold, credits=5, provider_cost_micros=0, actor=STAFF)


def with_somebody_at_the_claim(agent: Agent) -> None:
    now = timezone.now()
    Claim.objects.create(
        agent=agent, code_handle="ABCDE", code_seed="x", secret_sha256="x", request_network="loopback",
        created_at=now, opened_by=make_user("ada@example.com"), opened_at=now,
    )  # fmt: skip


def with_a_claim_offered(agent: Agent) -> None:
    """Leave the standing offer of a sign-up, which spares nobody."""
    Claim.objects.create(
        agent=agent, code_handle="BCDFG", code_seed="y", secret_sha256="y", request_network="loopback",
        created_at=timezone.now(),
    )  # fmt: skip


def with_an_offer_and_credits(agent: Agent) -> None:
    with_a_claim_offered(agent)
    with_paid_credits(agent)


def with_an_owner(agent: Agent) -> None:
    Agent.objects.filter(pk=agent.pk).update(claim_state=ClaimState.CLAIMED)


def that_has_ended(agent: Agent) -> None:
    Agent.objects.filter(pk=agent.pk).update(claim_state=ClaimState.REVOKED)


SPARED: list[tuple[Callable[[Agent], None], str]] = [
    (with_hold, "credits of it are on hold"),
    (with_open_payment, "a payment of it is open"),
    (with_payment_to_check, "a payment of it is open"),
    (with_early_reversal, "money of it is on its way back"),
    (with_paid_credits, "somebody paid for it"),
    (with_paid_credits_that_are_spent, "somebody paid for it"),
    (with_an_offer_and_credits, "somebody paid for it"),
    (with_somebody_at_the_claim, "somebody is about to claim it"),
    (with_an_owner, "it has an owner"),
    (that_has_ended, "it has ended already"),
]


@pytest.mark.parametrize(("happens", "why"), SPARED, ids=[happens.__name__ for happens, _ in SPARED])
def test_what_money_or_a_person_stands_behind_stays(happens: Callable[[Agent], None], why: str) -> None:
    agent, other = make_agent("kept"), make_agent("other")
    happens(agent)
    before = Agent.objects.get(pk=agent.pk).claim_state
    assert [one.why for one in expiring.judge([Agent.objects.get(pk=agent.pk), other])] == [why, ""]
    outcomes = expiring.expire([agent.pk, other.pk, other.pk, "agt_0"], reason="Abuse", actor=STAFF)
    assert [one.why for one in outcomes] == [why, "", "there is no such agent"]
    assert Agent.objects.get(pk=agent.pk).claim_state == before
    assert not ActivityEvent.objects.filter(type="agent.expired", agent_id=agent.pk).exists()
    assert not Claim.objects.filter(agent=agent, state="void").exists()


def test_an_ended_agent_cannot_call_and_its_claim_is_void() -> None:
    member = sign_up("bulk@example.com", name="bulk")
    (outcome,) = expiring.expire([member.agent_id], reason="Mass sign-up", actor=STAFF)
    assert outcome.why == ""
    assert member.get("/v1/whoami").code == "AUTH_REQUIRED"
    assert not AgentToken.objects.filter(revoked_at=None).exists()
    assert set(Claim.objects.values_list("state", flat=True)) == {"void"}
    event = ActivityEvent.objects.get(type="agent.expired")
    assert (event.organization_id, event.agent_id) == (member.row.organization_id, member.agent_id)
    assert (event.actor_type, event.summary) == ("session", "Ended by staff, unclaimed: Mass sign-up")
    assert invariants.reconcile() == []


def test_a_hold_that_comes_at_the_same_moment_keeps_its_agent(settings: Any) -> None:
    settings.JOB_QUEUE = "tests.doubles.run_never"
    for _ in range(3):
        member = sign_up(None, name="racer")
        barrier, told = Barrier(2), {}

        def create(member: Member = member, barrier: Barrier = barrier, told: dict[str, Any] = told) -> None:
            barrier.wait(30)
            try:
                told["create"] = member.post("/v1/create", {"prompt": "A boat"}, headers=WAITING).ok
            finally:
                connection.close()

        thread = Thread(target=create)
        thread.start()
        barrier.wait(30)
        (outcome,) = expiring.expire([member.agent_id], reason="Race", actor=STAFF)
        thread.join(60)
        held = Hold.objects.filter(agent_id=member.agent_id, state="open").exists()
        is_ended = member.row.claim_state == ClaimState.REVOKED
        assert (held, is_ended) in ((True, False), (False, True))
        assert told["create"] == held
        assert bool(outcome.why) == held


def test_the_page_groups_the_day_and_leads_to_the_preview() -> None:
    for number in range(3):
        from_network("203.0.113.7", f"a{number}@bulk.example")
    from_network("198.51.100.7", "b@bulk.example")
    old = make_agent("old")
    Agent.objects.filter(pk=old.pk).update(created_at=timezone.now() - timedelta(days=8))
    seen = arrivals.read()
    assert seen.networks[0] == arrivals.Group("203.0.113.0/24", signups=3, unclaimed=3, mailboxes=3)
    assert seen.domains == [arrivals.Group("bulk.example", 4, 4, 4)]
    assert dict(seen.ages) == {
        "under a day": 4, "1 to 7 days": 0, "7 to 30 days": 1, "30 to 90 days": 0, "over 90 days": 0,
    }  # fmt: skip
    page = desk().get("/console/signups").content.decode()
    assert 'href="/console/signups/expiry?network=203.0.113.0%2F24"' in page
    assert 'href="/console/signups/expiry?domain=bulk.example"' in page


def test_the_preview_says_who_is_skipped_and_the_act_ends_the_rest() -> None:
    members = [from_network("203.0.113.7", f"a{number}@bulk.example") for number in range(4)]
    with_paid_credits(members[0].row)
    other = from_network("198.51.100.7", "b@bulk.example")
    client = desk()
    path = "/console/signups/expiry?network=203.0.113.0%2F24"
    page = client.get(path).content.decode()
    assert ("Skipped: 1" in page, "These end: 3" in page, "somebody paid for it" in page) == (True, True, True)
    assert not ActivityEvent.objects.filter(type="agent.expired").exists()
    with_hold(members[1].row)
    sent = [member.agent_id for member in members[1:3]]
    told = {"network": "203.0.113.0/24", "reason": "Mass sign-up", "pick": [*sent, "nonsense"]}
    answer = client.post("/console/signups/expiry", told)
    assert said(answer) == ["Agents ended: 1. Left as they were: 1 (credits of it are on hold)."]
    assert answer.url == path
    ended = Agent.objects.filter(claim_state=ClaimState.REVOKED)
    assert list(ended.values_list("pk", flat=True)) == [members[2].agent_id]
    page = client.get(path).content.decode()
    assert ("Skipped: 2" in page, "These end: 1" in page) == (True, True)
    assert other.get("/v1/whoami").ok


def test_nothing_ends_without_a_reason_or_a_fresh_sign_in() -> None:
    member = from_network("203.0.113.7", "a@bulk.example")
    client = desk()
    told = {"domain": "bulk.example", "reason": " ", "pick": [member.agent_id]}
    assert b"This field is required" in client.post("/console/signups/expiry", told).content
    assert client.get("/console/signups/expiry").url == "/console/signups"
    make_old(client)
    assert client.post("/console/signups/expiry", told | {"reason": "x"}).url.startswith("/account/confirm/")
    assert client.get("/console/signups/expiry?domain=bulk.example").url.startswith("/account/confirm/")
    assert member.get("/v1/whoami").ok


def test_who_is_refused_by_providers_most_stands_on_the_page() -> None:
    agent = make_agent("refused <often>")
    for _ in range(7):
        tallies.add("provider_refusals", agent.pk, period=tallies.HOUR)
    tallies.add("provider_refusals", "f" * 40, period=tallies.DAY)
    assert arrivals.refused() == [(agent.pk, "refused <often>", 7)]
    assert "refused &lt;often&gt;" in desk().get("/console/signups").content.decode()


def queries_of(client: Client, path: str) -> int:
    with CaptureQueriesContext(connection) as asked:
        assert client.get(path).status_code == 200
    return len(asked)


def test_thirty_sign_ups_take_as_many_queries_as_three() -> None:
    client = desk()
    paths = ("/console/signups", "/console/signups/expiry?network=loopback")
    for _ in range(3):
        make_agent()
    few = [queries_of(client, path) for path in paths]
    for _ in range(27):
        make_agent()
    assert [queries_of(client, path) for path in paths] == few
