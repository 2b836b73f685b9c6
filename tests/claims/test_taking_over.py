"""A claim: whose agent it is afterwards, what its tokens may, and what it brings along."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from accounts.models import AgentToken, Claim, Membership, Organization, Role
from billing import ledger, mandates
from billing.mandates import Terms
from billing.models import CreditAccount, CreditLot, FreeAllowance, Hold, LotKind
from creative.models import Job
from imageskill.core import ids
from imageskill.core.errors import ApiError
from imageskill.flows import claiming
from tests.billing.books import TESTS
from tests.cast import Caller, Member, sign_up
from tests.claims.people import (
    collect,
    live_claim,
    owner_of,
    person_with,
    request_claim,
    take_over,
    workspace_of,
)

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases, pytest.mark.usefixtures("provider")]


def buy(member: Member, credits: int, *, live: bool = True) -> CreditLot:
    """Give an agent's organization bought credits."""
    return ledger.grant(
        organization_id=member.row.organization_id,
        kind=LotKind.PAID,
        credits=credits,
        source="purchase",
        actor=TESTS,
        receipt_id=ids.new_id("receipt"),
        live_money=live,
    )


def credits_of(organization_id: str) -> tuple[int, int]:
    """Return free and paid credits."""
    row = CreditAccount.objects.filter(pk=organization_id).first()
    return (row.free_credits, row.paid_credits) if row is not None else (0, 0)


def test_a_shell_is_adopted_with_all_that_it_has(agent: Member) -> None:
    shell, person = agent.row.organization_id, owner_of(agent)
    buy(agent, 500)
    take_over(agent, person)
    row = agent.row
    assert (row.organization_id, row.shell_id, row.claim_state) == (shell, None, "claimed")
    assert row.organization.name == "Studio"
    assert Membership.objects.get().role == Role.OWNER
    assert credits_of(shell) == (50, 500)
    mandate = mandates.current(agent_id=row.pk, organization_id=shell)
    assert mandate is not None
    assert (mandate.cap_day, mandate.approval_threshold, mandate.actor_id) == (1_000, None, person.actor_id)


def test_a_shell_is_merged_and_its_bought_credits_come_along(agent: Member) -> None:
    person, shell = owner_of(agent), agent.row.organization_id
    studio = workspace_of(person)
    buy(agent, 500)
    take_over(agent, person, studio)
    row = agent.row
    assert (row.organization_id, row.shell_id) == (studio.pk, shell)
    assert Organization.objects.get(pk=shell).merged_into_id == studio.pk
    assert (credits_of(shell), credits_of(studio.pk)) == ((0, 0), (0, 500))
    assert CreditLot.objects.get(organization_id=shell, kind="free").lapsed_credits == 50
    assert ledger.verify() == []


def test_the_history_is_read_through_the_shell_and_stays_where_it_was(agent: Member) -> None:
    made = agent.create().data
    shell = agent.row.organization_id
    claim = request_claim(agent)
    take_over(agent, owner_of(agent), workspace_of(owner_of(agent)))
    fresh = Caller(collect(claim)["token"])
    assert fresh.get("/v1/whoami").data["organization"]["name"] == "Studio"
    assert fresh.get(f"/v1/jobs/{made['job_id']}").data["status"] == "completed"
    assert fresh.get(f"/v1/assets/{made['asset_ids'][0]}").ok
    assert fresh.get(f"/v1/activity/{made['job_id']}").data["events"]
    assert {event["links"]["job_id"] for event in fresh.get("/v1/activity").data["events"]} >= {made["job_id"]}
    assert Job.objects.get(pk=made["job_id"]).organization_id == shell
    assert Hold.objects.get(job_id=made["job_id"]).organization_id == shell


def test_a_key_from_before_the_claim_still_stands_for_its_job(agent: Member) -> None:
    made = agent.create(key="run-1").data
    claim = request_claim(agent)
    take_over(agent, owner_of(agent), workspace_of(owner_of(agent)))
    again = Caller(collect(claim)["token"]).create(key="run-1").data
    assert again["job_id"] == made["job_id"]
    assert Job.objects.count() == 1


def test_the_old_token_reads_on_but_spends_and_changes_nothing(agent: Member) -> None:
    job_id = agent.create().data["job_id"]
    take_over(agent, owner_of(agent))
    assert agent.get("/v1/whoami").data["claim_state"] == "claimed"
    assert agent.get(f"/v1/jobs/{job_id}").ok
    assert agent.get("/v1/quota").ok
    for refused in (
        agent.create(),
        agent.create(dry_run=True),
        agent.post("/v1/agent-tokens/rotate"),
        agent.post("/v1/credit-quotes", {"credits": 100}),
    ):
        assert (refused.code, refused.exit_code) == ("CAPABILITY_DENIED", 4)
        assert refused.error["recovery"]["reason"] == "claimed_collect_new_token"
        assert refused.error["recovery"]["suggested_command"] == "image-skill claim collect --json"
    asked = agent.post("/v1/agent-claims", {"contact": agent.row.contact})
    assert asked.error["recovery"]["reason"] == "already_claimed"


def test_the_old_token_dies_at_the_first_call_of_the_new_one(agent: Member) -> None:
    claim = request_claim(agent)
    take_over(agent, owner_of(agent))
    fresh = Caller(collect(claim)["token"])
    assert agent.get("/v1/whoami").ok
    assert fresh.create().ok
    assert agent.get("/v1/whoami").code == "AUTH_REQUIRED"


def test_the_old_token_dies_after_a_day_at_the_latest(agent: Member) -> None:
    take_over(agent, owner_of(agent))
    ends = AgentToken.objects.get().ends_at
    assert ends is not None
    with time_machine.travel(ends - timedelta(seconds=1)):
        assert agent.get("/v1/whoami").ok
    with time_machine.travel(ends):
        assert agent.get("/v1/whoami").code == "AUTH_REQUIRED"


def test_a_lost_answer_is_collected_again_until_its_token_is_used(agent: Member) -> None:
    claim = request_claim(agent)
    take_over(agent, owner_of(agent))
    lost, second = (collect(claim)["token"] for _ in range(2))
    assert Caller(lost).get("/v1/whoami").code == "AUTH_REQUIRED"
    assert Caller(second).get("/v1/whoami").ok
    body = {"claim_id": claim["claim_id"], "claim_secret": claim["claim_secret"]}
    assert Caller().post("/v1/agent-claims/collect", body).code == "ALREADY_COLLECTED"


def test_only_the_owner_of_the_mailbox_decides(agent: Member) -> None:
    stranger = person_with("mallory@example.com")
    with pytest.raises(ApiError) as refused:
        take_over(agent, stranger)
    assert refused.value.code.name == "CLAIM_NOT_FOUND"
    with pytest.raises(ApiError):
        claiming.deny(claim_id=live_claim(agent).pk, person=stranger, reason="mine")
    assert agent.row.claim_state == "unclaimed"
    assert live_claim(agent).state == "requested"
    assert agent.create().ok


def test_a_claim_is_decided_once(agent: Member) -> None:
    claim, person = live_claim(agent), owner_of(agent)
    take_over(agent, person)
    with pytest.raises(ApiError) as refused:
        claiming.deny(claim_id=claim.pk, person=person, reason="too late")
    assert refused.value.code.name == "CLAIM_NOT_FOUND"
    assert Claim.objects.get(pk=claim.pk).state == "approved"


def test_a_denial_tells_its_reason_and_changes_nothing_else(agent: Member) -> None:
    claim = request_claim(agent)
    claiming.deny(claim_id=claim["claim_id"], person=owner_of(agent), reason="I know no such agent.")
    assert collect(claim) == {
        "claim_id": claim["claim_id"],
        "state": "denied",
        "reason": "I know no such agent.",
    }
    assert agent.row.claim_state == "unclaimed"
    assert agent.create().ok


@pytest.mark.parametrize("role", [Role.VIEWER, None])
def test_a_workspace_takes_agents_from_its_owners_and_admins_only(agent: Member, role: Role | None) -> None:
    person = owner_of(agent)
    studio = workspace_of(person, role or Role.OWNER)
    if role is None:
        Membership.objects.all().delete()
    with pytest.raises(ApiError) as refused:
        take_over(agent, person, studio)
    assert refused.value.code.name == "CAPABILITY_DENIED"
    assert agent.row.organization_id != studio.pk
    assert live_claim(agent).state == "requested"


def test_a_workspace_takes_in_fifty_histories_and_says_so(agent: Member) -> None:
    person = owner_of(agent)
    studio = workspace_of(person)
    for number in range(50):
        Organization.objects.create(name=f"shell {number}", merged_into=studio, created_at=timezone.now())
    with pytest.raises(ApiError) as refused:
        take_over(agent, person, studio)
    assert refused.value.recovery["cap"] == 50


def test_a_code_alone_brings_an_agent_that_asks_before_everything(db: None) -> None:
    nameless = sign_up(None)
    buy(nameless, 30)
    take_over(nameless, person_with("ada@example.com"), terms=Terms(cap_per_job=500, cap_day=1_000))
    row = nameless.row
    mandate = mandates.current(agent_id=row.pk, organization_id=row.organization_id)
    assert mandate is not None
    assert (mandate.approval_threshold, mandate.cap_day, mandate.cap_per_job) == (0, 30, 30)
    assert row.contact == "ada@example.com"


def test_thirty_agents_in_one_workspace_have_one_allowance_together(db: None) -> None:
    person = person_with("ada@example.com")
    studio = workspace_of(person)
    for number in range(30):
        take_over(sign_up("ada@example.com", f"atlas {number}"), person, studio)
    assert FreeAllowance.objects.count() == 1
    assert credits_of(studio.pk) == (0, 0)
    assert sum(CreditLot.objects.filter(kind="free").values_list("granted_credits", flat=True)) == 50
    assert sum(CreditLot.objects.filter(kind="free").values_list("lapsed_credits", flat=True)) == 50
    assert ledger.verify() == []


def test_a_person_without_an_allowance_gets_the_one_that_is_due(db: None) -> None:
    nameless = sign_up(None)
    take_over(nameless, person_with("ada@example.com"))
    assert credits_of(nameless.row.organization_id) == (50, 0)
    another = sign_up(None)
    take_over(another, person_with("ada@example.com"))
    assert credits_of(another.row.organization_id) == (0, 0)


@pytest.mark.parametrize("granted", [("create", "everything"), ("admin",)])
def test_only_known_grants_are_given(agent: Member, granted: tuple[str, ...]) -> None:
    with pytest.raises(ApiError) as refused:
        take_over(agent, owner_of(agent), granted=granted)
    assert "grants" in refused.value.recovery["fields"]
