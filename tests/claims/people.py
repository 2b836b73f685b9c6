"""People who claim agents, and what an agent does to be claimed."""

from typing import Any

from django.utils import timezone

from accounts import grants
from accounts.models import Agent, Claim, Membership, Organization, Role, User
from billing.mandates import Terms
from imageskill.flows import claiming
from imageskill.flows.claiming import Person
from tests.cast import Caller, Member

ALL = (*grants.UNCLAIMED, "create", "edit", "asset.delete")


def person_with(*addresses: str) -> Person:
    """Return a person who owns mailboxes; the first is the account's own."""
    user = User.objects.filter(email=addresses[0]).first() or User.objects.create_user(addresses[0])
    return Person(user, frozenset(addresses))


def owner_of(member: Member) -> Person:
    """Return the person whose mailbox the agent named."""
    return person_with(member.row.contact)


def workspace_of(person: Person, role: Role = Role.OWNER) -> Organization:
    """Return a workspace that the person has already."""
    now = timezone.now()
    organization = Organization.objects.create(name="Studio", created_at=now)
    Membership.objects.create(user=person.user, organization=organization, role=role, created_at=now)
    return organization


def live_claim(member: Member) -> Claim:
    """Return the agent's standing offer."""
    return Claim.objects.get(agent_id=member.agent_id, state__in=["open", "requested"])


def take_over(
    member: Member, person: Person, into: Organization | None = None, *, terms: Terms | None = None, **more: Any
) -> Agent:
    """Approve the agent's live claim."""
    return claiming.approve(
        claim_id=live_claim(member).pk,
        person=person,
        organization_id=into.pk if into is not None else None,
        workspace_name="Studio",
        terms=terms or Terms(cap_day=1_000),
        granted=more.get("granted", ALL),
    )


def request_claim(member: Member) -> dict[str, str]:
    """Ask to be claimed under the present contact; return the claim's id and secret."""
    body = {"contact": member.row.contact, "return_claim_secret": True}
    claim: dict[str, str] = member.post("/v1/agent-claims", body).data["claim"]
    return claim


def collect(claim: dict[str, str]) -> dict[str, Any]:
    """Return what the collector is told."""
    body = {"claim_id": claim["claim_id"], "claim_secret": claim["claim_secret"]}
    return Caller().post("/v1/agent-claims/collect", body).data
