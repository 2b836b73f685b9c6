"""The search by anything: an exact hit leads on, several are listed, and strangers' text stays text."""

from typing import Any
from urllib.parse import quote

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts import contacts
from accounts.models import Agent, AgentToken, Role
from billing.models import PaymentAttempt, Quote, StripeEvent
from creative.models import Job
from imageskill.core import ids
from imageskill.core.models import ActivityEvent
from tests.cast import Member, sign_up
from tests.console.desk import desk, make_agent, make_report
from tests.pages.people import join, make_user, make_workspace
from tests.pages.studio import drawn_once

pytestmark = pytest.mark.django_db


@pytest.fixture
def client() -> Client:
    return desk()


@pytest.fixture
def agent() -> Member:
    made = sign_up("ada@example.com", name="atlas-7")
    with drawn_once():
        assert made.create("A red boat on a secret lake").ok
    return made


def ask(client: Client, text: str) -> Any:
    return client.get(f"/console/search?q={quote(text)}")


def page_of(agent: Member, about: str = "") -> str:
    return f"/console/people/{agent.agent_id}" + (f"?about={about}" if about else "")


def attempt_of(seller: Agent, session_id: str, **fields: Any) -> PaymentAttempt:
    now = timezone.now()
    terms = {"credits": 500, "amount_cents": 500, "live_money": False, "created_at": now, "expires_at": now}
    buyer = {"organization": seller.organization, "agent": seller, **fields}
    quoted = Quote.objects.create(payment_method="stripe_checkout", idempotency_key="k", **buyer, **terms)
    return PaymentAttempt.objects.create(
        quote=quoted, session_id=session_id, payment_intent="pi_1", idempotency_key="k", **buyer, **terms
    )


def test_every_id_of_an_agent_leads_to_its_page(client: Client, agent: Member) -> None:
    job = Job.objects.get()
    event = ActivityEvent.objects.filter(agent_id=agent.agent_id).latest("pk")
    attempt = attempt_of(agent.row, "cs_test_a1")
    token = AgentToken.objects.get()
    assert job.hold is not None
    asset = job.assets.get()
    assert ask(client, agent.agent_id).url == page_of(agent)
    assert ask(client, "atlas-7").url == page_of(agent)
    assert ask(client, token.prefix).url == page_of(agent)
    assert ask(client, agent.token or "").url == page_of(agent)
    assert ask(client, "ada@example.com").url == page_of(agent)
    for reference in (
        job.pk,
        asset.pk,
        job.hold.pk,
        event.pk,
        job.trace_id,
        token.pk,
        attempt.pk,
        attempt.quote_id,
    ):
        assert ask(client, f" {reference} ").url == page_of(agent, reference)
    for reference in ("cs_test_a1", "pi_1"):
        assert ask(client, reference).url == page_of(agent, reference)


def test_what_was_looked_for_stands_on_the_page_without_the_prompt(client: Client, agent: Member) -> None:
    job = Job.objects.get()
    page = client.get(page_of(agent, job.pk)).content.decode()
    assert "What you looked for" in page
    assert "canvas.draft: completed" in page
    assert "secret lake" not in page
    other = sign_up("b@example.com", name="other")
    assert "No event names it." in client.get(page_of(other, job.pk)).content.decode()


def test_an_address_finds_who_signs_in_and_whose_contact_it_is(client: Client, agent: Member) -> None:
    user = make_user("Ada@Example.com".lower())
    place = make_workspace(user, name="Studio North")
    page = ask(client, "ADA@example.com").content.decode()
    assert "Studio North" in page
    assert "owner is ada@example.com" in page
    assert "atlas-7" in page
    join(make_user("bo@example.com"), place, Role.VIEWER)
    listed = ask(client, place.pk).content.decode()
    assert "bo@example.com" in listed
    assert "viewer" in listed
    assert f"/console/workspaces/{place.pk}" in listed


def test_a_workspace_lists_its_agents_and_those_that_came_out_of_a_shell(client: Client) -> None:
    first, second = make_agent("one"), make_agent("two")
    Agent.objects.filter(pk=second.pk).update(organization=first.organization, shell=second.organization)
    page = ask(client, first.organization_id).content.decode()
    assert ("one" in page, "two" in page) == (True, True)
    assert ask(client, second.organization_id).url == f"/console/people/{second.pk}"


def test_money_of_a_person_leads_to_the_workspace(client: Client) -> None:
    user = make_user("payer@example.com")
    place = make_workspace(user, name="Studio South")
    buyer: dict[str, Any] = {"organization": place, "agent": None, "user": user}
    attempt_of(make_agent(), "cs_test_person", **buyer)
    assert ask(client, "cs_test_person").url == f"/console/workspaces/{place.pk}"


def test_reports_and_webhooks_are_found_too(client: Client) -> None:
    row = make_report(make_agent())
    assert ask(client, row.pk).url == f"/console/feedback/{row.pk}"
    StripeEvent.objects.create(
        event_id="evt_1Qabc", type="charge.refunded", object_id="ch_1", livemode=True, received_at=timezone.now()
    )
    answer = ask(client, "evt_1Qabc")
    assert answer.status_code == 302 or "charge.refunded, received" in answer.content.decode()


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "nobody",
            "nobody@example.com",
            "agt_0",
            "job_0",
            "image_0",
            "cs_none",
            "evt_0",
            "trace_0",
            "receipt_0",
        ),
        *("isk_r_000000", "org_0", "usr_0", "sig_0", "reversal_0", "credit_event_0", "%_", "x" * 5000, "\x00"),
    ],
)
def test_what_names_nothing_is_told_so(client: Client, agent: Member, text: str) -> None:
    page = ask(client, text).content.decode()
    assert ("Nothing has this name" in page) == bool(text.strip())


def test_the_words_are_text_and_a_token_is_not_written_back(client: Client) -> None:
    make_agent("<b>bold</b>")
    make_agent("<b>bold</b>")
    page = ask(client, "<b>bold</b>").content.decode()
    assert "<b>bold" not in page
    assert page.count("&lt;b&gt;bold&lt;/b&gt;") == 3
    raw = "isk_r_" + "A" * 36
    assert raw not in ask(client, raw).content.decode()


def queries_of(client: Client, text: str) -> int:
    with CaptureQueriesContext(connection) as queries:
        assert ask(client, text).status_code == 200
    return len(queries)


def test_thirty_hits_take_as_many_queries_as_three(client: Client) -> None:
    address = "many@example.com"
    digest = contacts.digest(address)

    def more(number: int) -> None:
        for _ in range(number):
            made = make_agent("same")
            Agent.objects.filter(pk=made.pk).update(contact=address, contact_digest=digest)

    more(3)
    few = {text: queries_of(client, text) for text in ("same", address)}
    more(27)
    assert {text: queries_of(client, text) for text in ("same", address)} == few
    assert ask(client, "same").content.decode().count('<span class="badge">Agent</span>') == 20
    assert ids.prefix_of(Agent.objects.latest("pk").pk) == "agt"
