"""Canaries: through everything that people and agents do, nothing secret reaches whoever watches the service."""

import io
import json
import logging
import re
from collections.abc import Callable

import pytest
from django.conf import LazySettings
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.test import Client

from accounts.models import Organization, Role
from creative.models import Job
from creative.providers.base import Failure, ProviderCall, ProviderError, ProviderResult
from imageskill.flows import gauges
from imageskill.site import health, metrics
from tests.cast import Caller, Member, sign_up
from tests.doubles import FakeProvider
from tests.local_stripe import LocalStripe
from tests.observability.conftest import Told
from tests.pages.people import join, make_user, sign_in
from tests.payments.conftest import Checkout, stripe  # noqa: F401 - a fixture

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

PROMPT = "canaryprompt of a secret garden"
CARD = "4242424242424242"
ADDRESS = "canary.address@example.com"
SECRETS = re.compile(rf"canaryprompt|{CARD}|canary\.address|isk_[a-z]_[0-9A-Za-z]|Bearer")
HOMES = {
    "canaryprompt": {"creative_job": {"prompt"}},
    CARD: {},
    "canary.address": {
        "accounts_agent": {"contact"},
        "accounts_user": {"email"},
        "account_emailaddress": {"email"},
        "core_outbox": {"recipient", "text"},
        "django_session": set(),
        "usersessions_usersession": set(),
    },
    "isk_r_": {"accounts_agenttoken": {"prefix"}},
    "isk_c_": {},
}
"""Where each of them may stand in the database: its home, and nowhere else."""


def broken(call: ProviderCall) -> ProviderResult:
    raise RuntimeError(f"{PROMPT} {CARD}")


def refusing(call: ProviderCall) -> ProviderResult:
    raise ProviderError(Failure.REFUSED, "The provider refuses this.")


def fail(_: object, request: HttpRequest) -> HttpResponse:
    told = {"prompt": PROMPT, "card": CARD, "token": request.headers.get("authorization")}
    raise RuntimeError(f"{told} {ADDRESS}")


def paint(agent: Member, provider: FakeProvider) -> None:
    """Create well, be refused, and meet faults of the provider."""
    assert agent.create(PROMPT, key="run-001").ok
    agent.create(PROMPT, key="run-001", output_count=2)
    agent.create(PROMPT, model="no.such")
    agent.create(PROMPT, max_usd=0)
    agent.create(PROMPT, idempotency_key=CARD)
    agent.get(f"/v1/activity?token={agent.token}&prompt={PROMPT.replace(' ', '+')}")
    agent.get(f"/v1/jobs/{agent.token}", headers={"user-agent": f"bot/1 {agent.token} {ADDRESS} {CARD}"})
    for behaviour in (broken, refusing):
        provider.behaviour = behaviour
        agent.create(PROMPT)


def pay(agent: Member, stripe: LocalStripe) -> None:  # noqa: F811 - the fixture's value
    """Buy, be credited by a webhook, and send one that is forged."""
    agent.post("/v1/credit-quotes", {"credits": 100, "card_number": CARD})
    checkout = Checkout(agent)
    checkout.begin()
    stripe.pay(checkout.session_id)
    assert 200 in stripe.deliver_all()
    forged = json.dumps({"id": "evt_1", "card": CARD, "email": ADDRESS})
    Client().generic("POST", "/webhooks/stripe", forged, headers={"stripe-signature": f"t=1,v1={agent.token}"})


def look(organization: Organization) -> None:
    """Sign in by a mailed code, look at every kind of page, search, and try a wrong code."""
    join(make_user(ADDRESS), organization, Role.OWNER)
    wrong = Client()
    wrong.post("/account/login/code/", {"email": ADDRESS})
    wrong.post("/account/login/code/confirm/", {"code": "AAAA-AAAA"})
    person = sign_in(ADDRESS)
    inside = f"/w/{organization.pk}"
    assert PROMPT in person.get(f"{inside}/gallery").content.decode()
    for path in ("/", "/activity", "/agents", "/approvals", "/credits", "/feedback", "/find", "/gallery"):
        assert person.get(f"{inside}{path}", {"q": PROMPT, "card": CARD}, follow=True).status_code == 200, path
    for path in (
        "/",
        "/claim",
        f"/claim?code={CARD}",
        f"/nowhere/{ADDRESS}",
        f"/{CARD}",
        "/console",
        f"/s/{CARD}",
    ):
        person.get(path)


@pytest.fixture
def lived(
    provider: FakeProvider,
    stripe: LocalStripe,  # noqa: F811 - the fixture
    settings: LazySettings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Let an agent and its owner do everything, well and badly, and the service fail."""
    agent = sign_up(ADDRESS)
    agent.post("/v1/agent-claims", {"contact": ADDRESS, "return_claim_secret": True})
    paint(agent, provider)
    pay(agent, stripe)
    look(agent.row.organization)
    monkeypatch.setattr("accounts.views.Whoami.get", fail)
    assert agent.get("/v1/whoami").status == 500
    monkeypatch.setattr("imageskill.site.home.Home.get", fail)
    assert Client(raise_request_exception=False).get("/", headers={"accept": "text/html"}).status_code == 500
    Caller().post("/v1/agent-claims/collect", {"claim_id": "claim_1", "claim_secret": str(agent.token)})


def test_nothing_secret_reaches_whoever_watches(
    traced: Callable[[], list[Told]],
    reported: Callable[[], str],
    logged: io.StringIO,
    caplog: pytest.LogCaptureFixture,
    request: pytest.FixtureRequest,
) -> None:
    with caplog.at_level(logging.DEBUG):
        request.getfixturevalue("lived")
    names = {one.name for one in traced()}
    told = {
        "log": logged.getvalue(),
        "sent to Sentry and the collector": reported(),
        "metrics": metrics.text(gauges.read(), dict.fromkeys(health.PARTS, True)).decode(),
    }
    assert told["log"].count("uncaught fault") == 3
    assert told["sent to Sentry and the collector"].count('"RuntimeError"') == 3
    assert names >= {"provider call", "INSERT", "POST /v1/create", "POST /webhooks/stripe", "job"}
    assert 'imageskill_refusals_total{code="INTERNAL_ERROR"}' in told["metrics"]
    for place, text in told.items():
        assert [text[max(0, at.start() - 200) : at.end()] for at in SECRETS.finditer(text)] == [], place


@pytest.mark.usefixtures("lived")
def test_each_secret_is_stored_at_home_and_nowhere_else() -> None:
    assert Job.objects.filter(prompt=PROMPT).exists()
    found = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names():
            for column in connection.introspection.get_table_description(cursor, table):
                cursor.execute(f'SELECT CAST("{column.name}" AS TEXT) FROM "{table}"')  # noqa: S608 - our own names
                text = str(cursor.fetchall())
                found += [
                    (secret, table, column.name)
                    for secret, homes in HOMES.items()
                    if secret in text and column.name not in homes.get(table, set())
                ]
    assert found == []
