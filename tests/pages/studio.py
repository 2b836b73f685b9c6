"""A workspace in the middle of its life, made over the wire: pictures, a purchase, a refusal, a waiting plan."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Final
from unittest import mock

from django.conf import settings

from accounts import grants
from accounts.models import Membership, Organization, Role, User
from billing import rails
from billing.mandates import Terms
from creative import images, registry, thumbnails
from creative.models import Asset, Job
from creative.providers.base import ProviderCall
from imageskill.flows import claiming
from imageskill.flows.claiming import Person
from tests import copies
from tests.cast import Caller, Member, sign_up
from tests.doubles import FakeProvider
from tests.pages.people import PERSON, make_user, make_workspace

PROMPTS: Final = [
    ("A lighthouse at dusk", "1:1"),
    ("Mountains under a red moon", "3:2"),
    ("A paper boat on a quiet sea", "2:3"),
]
TERMS: Final = Terms(cap_per_job=3, cap_day=20, cap_month=400, approval_threshold=2)
GRANTS: Final = (*grants.UNCLAIMED, *grants.CLAIM_MAY_ADD)


@dataclass(frozen=True)
class Studio:
    """What `make_studio` made."""

    owner: User
    organization: Organization
    place: Membership
    agent: Member
    """Claimed, under TERMS, with its new token."""
    jobs: list[Job]
    assets: list[Asset]
    """Three pictures of before the claim and one of after it, with thumbnails, oldest first."""
    refused: dict[str, Any]
    """The error of a create that was over the cap of a job."""
    waiting_job_id: str
    """A plan of three credits that waits for the owner."""


def make_studio(address: str = PERSON, *, name: str = "atlas-7") -> Studio:
    """Make a workspace whose owner is `address` (not signed in), with one agent that has worked.

    Pictures are real ones of `canvas.draft`, drawn once a process; the purchase is of play money.
    """
    settings.FAKE_RAIL = True  # the test's own settings: pytest-django puts them back
    rails.rail.cache_clear()
    told = copies.laid_down((address, name), partial(_made, address, name))
    owner = User.objects.get(email=address)
    organization = Organization.objects.get(pk=told["organization_id"])
    return Studio(
        owner=owner,
        organization=organization,
        place=Membership.objects.get(user=owner, organization=organization),
        agent=Member(told["token"], told["agent_id"]),
        jobs=list(Job.objects.filter(agent_id=told["agent_id"], state="completed").order_by("pk")),
        assets=list(Asset.objects.filter(agent_id=told["agent_id"]).order_by("pk")),
        refused=told["refused"],
        waiting_job_id=told["waiting_job_id"],
    )


def _made(address: str, name: str) -> copies.Told:
    """Make it over the wire, and return what the database does not tell."""
    with drawn_once():
        return _work(address, name)


def _work(address: str, name: str) -> copies.Told:
    agent = sign_up(address, name=name)
    for prompt, ratio in PROMPTS:
        made = agent.create(prompt, aspect_ratio=ratio)
        assert made.ok, made.body
    _buy(agent)
    owner = User.objects.filter(email=address).first() or make_user(address)
    organization = make_workspace(owner)
    agent = _claim(agent, owner, organization)
    made = agent.create("A camera on a wooden table", model="canvas.draft")
    assert made.ok, made.body
    refused = agent.create("Ten thousand boats", model="canvas.draft", output_count=4)
    assert refused.code == "SPEND_CAP_EXCEEDED", refused.body
    waiting = agent.create("Three boats in the fog", model="canvas.draft", output_count=3)
    assert waiting.code == "APPROVAL_REQUIRED", waiting.body
    while thumbnails.make_missing():
        pass
    return {
        "token": agent.token,
        "agent_id": agent.agent_id,
        "organization_id": organization.pk,
        "refused": refused.error,
        "waiting_job_id": str(waiting.error["recovery"]["job_id"]),
    }


_known: dict[tuple[str, object], Any] = {}


def _once(name: str, work: Callable[..., Any], key: Callable[..., object]) -> Callable[..., Any]:
    """Return work that is done at its first call with a key, and remembered."""

    def known(*args: Any) -> Any:
        place = (name, key(*args))
        if place not in _known:
            _known[place] = work(*args)
        return _known[place]

    return known


@contextmanager
def drawn_once() -> Iterator[None]:
    """Draw, check and shrink each of the studio's pictures once in this process: hundreds of tests have them."""
    canvas = registry.provider("canvas")
    if isinstance(canvas, FakeProvider):
        # What a test's own provider draws is that test's alone.
        yield
        return

    def order(call: ProviderCall) -> object:
        asked = json.dumps(dict(call.parameters), sort_keys=True, default=str)
        return (call.operation, call.model, call.prompt, asked, call.output_count)

    with (
        mock.patch.object(canvas, "generate", _once("generate", canvas.generate, order)),
        mock.patch.object(images, "check_output", _once("check", images.check_output, hash)),
        mock.patch.object(images, "thumbnails", _once("shrink", images.thumbnails, lambda *args: args)),
    ):
        yield


def add_viewer(studio: Studio, address: str = "bo@example.com") -> User:
    """Let somebody look at the studio, and do nothing in it."""
    user = make_user(address)
    created_at = studio.place.created_at
    Membership.objects.create(user=user, organization=studio.organization, role=Role.VIEWER, created_at=created_at)
    return user


def _buy(agent: Member) -> None:
    quote = agent.post("/v1/credit-quotes", {"credits": 500}).data["quote_id"]
    bought = agent.post("/v1/credit-purchases", {"quote_id": quote, "idempotency_key": "studio-purchase-001"})
    assert bought.ok, bought.body


def _claim(agent: Member, owner: User, organization: Organization) -> Member:
    asked = agent.post("/v1/agent-claims", {"contact": owner.email, "return_claim_secret": True}).data["claim"]
    claiming.approve(
        claim_id=asked["claim_id"],
        person=Person(owner, frozenset({owner.email})),
        organization_id=organization.pk,
        workspace_name="",
        terms=TERMS,
        granted=GRANTS,
    )
    body = {"claim_id": asked["claim_id"], "claim_secret": asked["claim_secret"]}
    collected = Caller().post("/v1/agent-claims/collect", body).data
    return Member(collected["token"], agent.agent_id)
