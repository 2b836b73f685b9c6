"""What the tests of the claim page share: an agent that asks, a person signed in, and the form as it is sent."""

import re
from datetime import timedelta
from typing import Any

from django.test import Client
from django.utils import timezone

from accounts import claims
from accounts.models import Claim
from tests.cast import Caller, Member, sign_up
from tests.pages.people import PERSON, make_user, sign_in

HARMLESS = ["read", "feedback", "upload", "preview", "edit_preview"]


def asking(address: str | None = PERSON, *, name: str = "atlas-7") -> Member:
    """Return an agent that has signed up, with an address asking to be claimed."""
    return sign_up(address, name=name)


def claim_of(agent: Member) -> Claim:
    """Return the agent's newest claim."""
    return Claim.objects.select_related("agent").filter(agent_id=agent.agent_id).latest("pk")


def code_of(agent: Member) -> str:
    """Return the code that the agent shows now."""
    return claims.code(claim_of(agent))


def person(address: str = PERSON) -> Client:
    """Return somebody signed in who owns an address."""
    make_user(address)
    return sign_in(address)


def opened(client: Client, agent: Member) -> str:
    """Type the agent's code and return the path of its claim."""
    answer = client.post("/claim/code", {"code": code_of(agent)})
    assert answer.status_code == 302, answer.content
    return str(answer.url)


def terms(**changes: Any) -> dict[str, Any]:
    """Return the form as the page sends it when nothing is changed, but for `changes`."""
    return {
        "rights": HARMLESS,
        "cap_per_job": 25,
        "cap_day": 100,
        "cap_month": 500,
        "cap_lifetime": 1_000,
        "approval_threshold": 25,
        "ends_on": (timezone.now() + timedelta(days=30)).date().isoformat(),
        "time_zone": "UTC",
        "workspace": "new",
        "workspace_name": "Studio North",
    } | changes


def request_claim(agent: Member, contact: str = PERSON, **more: Any) -> dict[str, str]:
    """Ask to be claimed; return the claim's id and secret."""
    body = {"contact": contact, "return_claim_secret": True, **more}
    told: dict[str, str] = agent.post("/v1/agent-claims", body).data["claim"]
    return told


def collect(told: dict[str, str]) -> dict[str, Any]:
    """Return what the collector is told."""
    body = {"claim_id": told["claim_id"], "claim_secret": told["claim_secret"]}
    return Caller().post("/v1/agent-claims/collect", body).data


def text_of(client: Client, path: str) -> str:
    """Return a page's words in one line."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", client.get(path).content.decode()))
