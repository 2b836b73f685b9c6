"""A workspace with one agent whose plans wait: made by hand, so that many tests of them cost little."""

import html
import re
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.utils import timezone

from accounts import grants
from accounts.models import Agent, Membership, Organization, Role, User
from billing import mandates, rails
from billing.mandates import Terms
from imageskill.core.events import System
from tests.cast import Answer, Member, sign_up
from tests.pages.people import PERSON, make_user

SETTER = System("usr_owner", "human")
GRANTS = [*grants.UNCLAIMED, "create", "edit"]
PROMPT = "Three boats in the fog"


@dataclass(frozen=True)
class Desk:
    """Where plans wait: who owns it, and who asks."""

    owner: User
    organization: Organization
    place: Membership
    agent: Member

    def limit(self, **terms: Any) -> None:
        """Let the owner set what the agent may spend."""
        limit(self.agent, **terms)

    def ask(self, pictures: int = 3, prompt: str = PROMPT, **more: Any) -> Answer:
        return self.agent.create(prompt, model="canvas.draft", output_count=pictures, **more)

    def wait(self, pictures: int = 3, prompt: str = PROMPT, **more: Any) -> str:
        """Let the agent ask for more than it may, and return the job that waits."""
        refused = self.ask(pictures, prompt, **more)
        assert refused.code == "APPROVAL_REQUIRED", refused.body
        return str(refused.error["recovery"]["job_id"])

    def path(self, *rest: str) -> str:
        return "/".join([f"/w/{self.organization.pk}/approvals", *rest])


def limit(agent: Member, **terms: Any) -> None:
    mandates.set_terms(agent=agent.row, terms=Terms(**terms), actor=SETTER)


def make_desk(address: str = PERSON, *, name: str = "atlas-7", credits: int = 500) -> Desk:
    """Make a workspace of `address` with a claimed agent: 500 credits, 20 a day, asks above 2."""
    settings.FAKE_RAIL = True  # the test's own settings: pytest-django puts them back
    rails.rail.cache_clear()
    agent = sign_up(f"{name}@example.com", name=name)
    buy(agent, credits)
    owner = User.objects.filter(email=address).first() or make_user(address)
    organization = agent.row.organization
    Organization.objects.filter(pk=organization.pk).update(name="Studio North")
    place = Membership.objects.create(
        user=owner, organization=organization, role=Role.OWNER, created_at=timezone.now()
    )
    Agent.objects.filter(pk=agent.agent_id).update(claim_state="claimed", grants=GRANTS)
    limit(agent, cap_day=20, cap_month=400, approval_threshold=2)
    assert agent.get("/v1/whoami").ok
    return Desk(owner, organization, place, agent)


def text_of(answer: Any) -> str:
    """Return what a page says, without its markup and on one line."""
    said = re.sub(r"<(script|style|head)\b.*?</\1>|<[^>]+>", " ", answer.content.decode(), flags=re.DOTALL)
    return " ".join(html.unescape(said).split())


def buy(agent: Member, credits: int) -> None:
    quote = agent.post("/v1/credit-quotes", {"credits": credits}).data["quote_id"]
    bought = agent.post("/v1/credit-purchases", {"quote_id": quote, "idempotency_key": f"desk-purchase-{credits}"})
    assert bought.ok, bought.body
