"""A walk over every operation, as agents and their owners would make it; what is said on it is kept."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import LazySettings
from django.utils import timezone

from accounts.models import Agent
from billing import mandates, rails
from billing.mandates import Terms
from billing.models import PaymentAttempt
from creative.feedback import merging, reading
from creative.providers.base import Failure, ProviderError
from imageskill.core.events import System
from imageskill.flows import claiming
from tests import doubles
from tests.cast import Answer, Caller, Member, sign_up
from tests.claims.people import live_claim, owner_of, request_claim, take_over
from tests.creative.pictures import body_of, encoded
from tests.documents import description
from tests.doubles import FakeProvider, RunNever
from tests.local_stripe import LocalStripe
from tests.payments.conftest import deliver

PROMPT = "A compact field camera on a stainless workbench"
OWNER = System("usr_owner", "human")


@dataclass(frozen=True)
class Said:
    """A call and its answer."""

    method: str
    path: str
    request: Any
    answer: Answer

    @property
    def operation(self) -> str:
        return f"{self.method} {description.template_of(self.path)}"


class Walk:
    """The calls of one walk, in their order."""

    def __init__(self, settings: LazySettings) -> None:
        self.settings = settings
        self.said: list[Said] = []

    def call(self, caller: Caller, method: str, path: str, body: Any = None, **headers: str) -> dict[str, Any]:
        """Make a call that must be refused or not; return its data, or nothing."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        answer = caller.send(method, path, body, headers=named)
        self.said.append(Said(method, path, body, answer))
        return answer.data if answer.ok else {}

    def done(self, caller: Caller, method: str, path: str, body: Any = None, **headers: str) -> dict[str, Any]:
        """Make a call that must succeed; return its data."""
        data = self.call(caller, method, path, body, **headers)
        assert self.said[-1].answer.ok, self.said[-1].answer.body
        return data

    def refused(self, caller: Caller, method: str, path: str, body: Any = None, **headers: str) -> str:
        """Make a call that must be refused; return the code."""
        self.call(caller, method, path, body, **headers)
        return self.said[-1].answer.code


def over_everything(walk: Walk, provider: FakeProvider) -> None:
    """Call every operation, so that every field of every answer is told at least once."""
    nobody = Caller()
    agents(walk, nobody)
    member = sign_up("walker@example.com", name="first-agent")
    catalogue(walk, nobody)
    pictures(walk, member, nobody)
    unhappy(walk, member, provider)
    play_money(walk, member)
    stripe_money(walk, sign_up(None))
    owned(walk, sign_up("owned@example.com"))
    records(walk, member)
    reports(walk, member)
    commands(walk, member)


def agents(walk: Walk, nobody: Caller) -> None:
    body = {"human_email": "you@example.com", "agent_name": "first-agent", "runtime": "shell"}
    token = walk.done(nobody, "POST", "/v1/agent-signups", body)["token"]
    agent = Caller(token)
    walk.done(agent, "GET", "/v1/whoami")
    walk.done(agent, "GET", "/v1/quota")
    claim = {"contact": "you@example.com", "return_claim_secret": True}
    offered = walk.done(agent, "POST", "/v1/agent-claims", claim)["claim"]
    collecting = {"claim_id": offered["claim_id"], "claim_secret": offered["claim_secret"]}
    walk.done(nobody, "POST", "/v1/agent-claims/collect", collecting)
    wrong = collecting | {"claim_id": "claim_0"}
    assert walk.refused(nobody, "POST", "/v1/agent-claims/collect", wrong) == "CLAIM_NOT_FOUND"
    walk.done(agent, "POST", "/v1/agent-tokens/rotate", {})
    walk.done(nobody, "POST", "/v1/agent-signups", body | {"return_claim_secret": True})
    walk.refused(nobody, "GET", "/v1/whoami")
    walk.refused(nobody, "POST", "/v1/agent-signups", {})
    walk.settings.NETWORK_REQUESTS_PER_MINUTE = 0
    assert walk.refused(nobody, "GET", "/v1/models") == "RATE_LIMITED"
    walk.settings.NETWORK_REQUESTS_PER_MINUTE = 10_000
    walk.done(nobody, "GET", "/healthz")


def catalogue(walk: Walk, nobody: Caller) -> None:
    for name in ("models", "capabilities", "payment-methods", "credit-packs"):
        walk.done(nobody, "GET", f"/v1/{name}")
    walk.done(nobody, "GET", "/v1/models/canvas.draft")
    for path in ("/v1/models?details=true", "/v1/models/openai.gpt-image-2", "/v1/models/fal.flux-dev"):
        walk.done(nobody, "GET", path)
    for name in ("asset.upload.v1", "image.generate.preview.v1", "image.edit.preview.v1"):
        walk.done(nobody, "GET", f"/v1/capabilities/is.{name}")
    assert walk.refused(nobody, "GET", "/v1/models/none") == "MODEL_NOT_FOUND"
    assert walk.refused(nobody, "GET", "/v1/capabilities/none") == "CAPABILITY_NOT_FOUND"


def pictures(walk: Walk, member: Member, nobody: Caller) -> None:
    made = walk.done(member, "POST", "/v1/create", {"prompt": PROMPT, "aspect_ratio": "1:1"})
    job, image = made["job_id"], made["asset_ids"][0]
    walk.done(nobody, "POST", "/v1/create", {"prompt": PROMPT, "dry_run": True})
    upload = body_of(encoded("PNG"), filename="source.png", source_kind="local_path")
    mine = walk.done(member, "POST", "/v1/upload", upload)["asset"]["asset_id"]
    remote = body_of(encoded("JPEG"), source_kind="remote_url", remote_origin="https://pictures.example/a.jpg")
    other = walk.done(member, "POST", "/v1/upload", remote)["asset"]["asset_id"]
    edit = {"input_asset_id": mine, "prompt": "Rotate it 90 degrees clockwise", "model": "canvas.edit"}
    walk.done(member, "POST", "/v1/edit", edit)
    walk.done(member, "POST", "/v1/edit", edit | {"mask_asset_id": mine, "dry_run": True})
    for path in (f"jobs/{job}", "jobs?limit=2", f"assets/{image}", "assets?kind=uploaded"):
        walk.done(member, "GET", f"/v1/{path}")
    walk.done(member, "DELETE", f"/v1/assets/{other}")
    assert walk.refused(member, "DELETE", f"/v1/assets/{image}") == "CAPABILITY_DENIED"
    assert walk.refused(member, "GET", "/v1/assets/image_0") == "ASSET_NOT_FOUND"
    assert (
        walk.refused(member, "POST", "/v1/create", {"prompt": PROMPT, "max_usd": 0.001}) == "BUDGET_CAP_EXCEEDED"
    )


def unhappy(walk: Walk, member: Member, provider: FakeProvider) -> None:
    provider.behaviour = fail
    failed = walk.refused(member, "POST", "/v1/create", {"prompt": PROMPT, "idempotency_key": "failing"})
    assert failed == "PROVIDER_FAILURE"
    provider.behaviour = doubles.pictures
    walk.done(member, "GET", "/v1/jobs?status=failed")
    walk.settings.JOB_QUEUE = "tests.documents.walk.never"
    queued = walk.done(member, "POST", "/v1/create", {"prompt": PROMPT}, prefer="respond-async")["job_id"]
    walk.done(member, "POST", f"/v1/jobs/{queued}/cancel", {})
    assert walk.refused(member, "POST", f"/v1/jobs/{queued}/cancel", {}) == "JOB_NOT_CANCELABLE"
    walk.settings.JOB_QUEUE = "tests.doubles.run_at_once"


never = RunNever()


def fail(_call: Any) -> Any:
    raise ProviderError(Failure.FAILED, "The provider failed.")


def play_money(walk: Walk, member: Member) -> None:
    walk.settings.FAKE_RAIL = True
    rails.rail.cache_clear()
    terms = {"pack_id": "starter-500", "idempotency_key": "quote-run-001"}
    quote = walk.done(member, "POST", "/v1/credit-quotes", terms)["quote_id"]
    buying = {"quote_id": quote, "idempotency_key": "purchase-run-001"}
    walk.done(member, "GET", f"/v1/credit-purchases/status?quote_id={quote}")
    receipt = walk.done(member, "POST", "/v1/credit-purchases", buying)["receipt_id"]
    walk.done(member, "GET", f"/v1/credit-purchases/status?receipt_id={receipt}")
    walk.done(member, "GET", "/v1/credit-purchases/status")
    other = {"credits": 10, "idempotency_key": "quote-run-001"}
    assert walk.refused(member, "POST", "/v1/credit-quotes", other) == "CREDIT_QUOTE_CONFLICT"


def stripe_money(walk: Walk, buyer: Member) -> None:
    """A purchase that is spent from, and then refunded in whole, which leaves a debt."""
    with LocalStripe(receiver=deliver) as local:
        local.delivery = "manual"
        walk.settings.STRIPE_SECRET_KEY = local.secret_key
        walk.settings.STRIPE_WEBHOOK_SECRET = local.webhook_secret
        walk.settings.STRIPE_API_BASE = local.url
        rails.rail.cache_clear()
        assert walk.refused(buyer, "POST", "/v1/create", {"prompt": PROMPT}) == "QUOTA_EXCEEDED"
        terms = {"credits": 500, "payment_method": "stripe_checkout", "idempotency_key": "stripe-quote-001"}
        quote = walk.done(buyer, "POST", "/v1/credit-quotes", terms)["quote_id"]
        buying = {"quote_id": quote, "idempotency_key": "stripe-buy-run-001"}
        path = "/v1/credit-purchases/stripe-checkout-sessions"
        attempt = walk.done(buyer, "POST", path, buying)["payment_attempt_id"]
        asking = f"/v1/credit-purchases/status?payment_attempt_id={attempt}"
        walk.done(buyer, "GET", asking)
        walk.done(buyer, "GET", f"/v1/activity/{attempt}")
        session = PaymentAttempt.objects.get(pk=attempt).session_id or ""
        local.pay(session)
        local.deliver_all()
        walk.done(buyer, "POST", "/v1/create", {"prompt": PROMPT, "model": "canvas.draft"})
        local.refund(local.object(session)["payment_intent"], 500)
        local.deliver_all()
        walk.done(buyer, "GET", asking)
        walk.done(buyer, "POST", "/v1/credit-quotes", terms | {"idempotency_key": "stripe-quote-002"})
        walk.done(buyer, "GET", "/v1/quota")
    walk.settings.STRIPE_SECRET_KEY = ""
    rails.rail.cache_clear()


def owned(walk: Walk, member: Member) -> None:
    """What a claimed agent sees, and one whose claim was denied."""
    claim = request_claim(member)
    take_over(member, owner_of(member), terms=Terms(cap_day=1_000, ends_at=timezone.now() + timedelta(days=9)))
    collecting = {"claim_id": claim["claim_id"], "claim_secret": claim["claim_secret"]}
    claimed = Caller(walk.done(Caller(), "POST", "/v1/agent-claims/collect", collecting)["token"])
    walk.done(claimed, "GET", "/v1/whoami")
    walk.done(claimed, "GET", "/v1/quota")
    mandates.set_terms(agent=Agent.objects.get(pk=member.agent_id), terms=Terms(cap_day=9_000), actor=OWNER)
    buy(walk, claimed)
    shown = {"prompt": PROMPT, "model": "canvas.draft"}
    picture = walk.done(claimed, "POST", "/v1/create?include=provenance", shown)["asset_ids"][0]
    edit = {"prompt": "Flip it", "model": "canvas.edit", "input_asset_id": picture}
    walk.done(claimed, "POST", "/v1/edit?include=provenance", edit)
    walk.settings.JOB_QUEUE = "tests.documents.walk.never"
    for name, body in (("create", shown), ("edit", edit)):
        walk.done(claimed, "POST", f"/v1/{name}", body, prefer="wait=0")
    walk.settings.JOB_QUEUE = "tests.doubles.run_at_once"
    mandates.set_terms(agent=Agent.objects.get(pk=member.agent_id), terms=Terms(approval_threshold=0), actor=OWNER)
    for name, body in (("create", shown), ("edit", edit)):
        walk.done(claimed, "POST", f"/v1/{name}", body | {"dry_run": True})
        assert walk.refused(claimed, "POST", f"/v1/{name}", body) == "APPROVAL_REQUIRED"
    denied(walk, sign_up("denier@example.com"))


def buy(walk: Walk, caller: Caller) -> None:
    quote = walk.done(caller, "POST", "/v1/credit-quotes", {"credits": 100, "payment_method": "fake"})["quote_id"]
    buying = {"quote_id": quote, "idempotency_key": f"buy-{quote}"}
    walk.done(caller, "POST", "/v1/credit-purchases", buying)


def denied(walk: Walk, member: Member) -> None:
    claim = request_claim(member)
    claiming.deny(claim_id=live_claim(member).pk, person=owner_of(member), reason="I do not know this agent.")
    collecting = {"claim_id": claim["claim_id"], "claim_secret": claim["claim_secret"]}
    walk.done(Caller(), "POST", "/v1/agent-claims/collect", collecting)


def records(walk: Walk, member: Member) -> None:
    events = walk.done(member, "GET", "/v1/activity?limit=50")["events"]
    walk.done(member, "GET", f"/v1/activity/{events[0]['event_id']}")
    walk.done(member, "GET", "/v1/activity?limit=1", image_skill_contract="latest")
    assert walk.refused(member, "GET", "/v1/activity/evt_0") == "ACTIVITY_NOT_FOUND"
    assert walk.refused(member, "GET", "/v1/jobs/job_0") == "JOB_NOT_FOUND"


def reports(walk: Walk, member: Member) -> None:
    report: dict[str, Any] = {
        "type": "user_feedback",
        "title": "The export of jobs has no size",
        "body": "I asked for the jobs of a day and had no way to know how large the answer would be.",
        "command": "image-skill jobs list",
        "expected": "A size",
        "actual": "None",
        "surface": ["cli", "docs"],
        "severity": "medium",
        "confidence": "high",
        "next_state": "watch",
        "dedupe_key": "export-size",
    }
    report["evidence"] = [f"trace:{walk.said[0].answer.body['trace_id']}"]
    first = walk.done(member, "POST", "/v1/feedback", report)["feedback_id"]
    second = walk.done(member, "POST", "/v1/feedback", report | {"dedupe_key": "another"})["feedback_id"]
    merging.merge(
        feedback_id=second, from_state="received", canonical_id=first, actor=OWNER, reason="It is known already."
    )
    walk.done(member, "GET", "/v1/feedback?limit=2")
    for one in (first, second):
        walk.done(member, "GET", f"/v1/feedback/{one}")
    assert walk.refused(member, "GET", "/v1/feedback/sig_0") == reading.NOT_FOUND.name


def commands(walk: Walk, member: Member) -> None:
    walk.done(member, "POST", "/v1/cli", {"argv": ["usage", "quota", "--json"]})
    assert walk.refused(member, "POST", "/v1/cli", {"argv": ["upload", "source.png"]}) == "INVALID_ARGUMENTS"
