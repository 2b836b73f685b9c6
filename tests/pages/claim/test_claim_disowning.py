"""`I did not ask for this`: mail ends, the claim is void, and nobody gets a stop button for another's agent."""

import re
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.core import mail
from django.test import Client

from accounts import contacts, emails, grants, silence
from accounts.models import Agent, SilencedMailbox, User
from billing import ledger
from billing.models import LotKind
from imageskill.core import ids, outbox
from imageskill.core.models import ActivityEvent, Outbox
from tests.billing.books import TESTS
from tests.cast import Member, sign_up
from tests.pages.claim.claimants import asking, claim_of, collect, opened, person, request_claim, terms
from tests.pages.people import PERSON, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases, pytest.mark.usefixtures("provider")]


def stop_link() -> str:
    """Return the path of the newest mail's stop link."""
    text = Outbox.objects.filter(kind="claim_requested").latest("pk").text
    found = re.search(r"http://testserver(/claim/stop/\S+)", text)
    assert found, text
    return found[1]


def say_no(link: str) -> Any:
    """Press the button of the page behind a stop link."""
    page = Client().get(link)
    assert page.status_code == 200
    return Client().post(f"{link}/now")


def claim_mails(address: str = PERSON) -> int:
    return Outbox.objects.filter(kind="claim_requested", recipient=address).count()


def test_it_voids_the_claim_pauses_the_agent_and_tells_staff_but_not_who() -> None:
    staff = make_user("staff@example.com")
    User.objects.filter(pk=staff.pk).update(is_staff=True)
    agent = asking()
    told = request_claim(agent)
    claim = claim_of(agent)
    assert say_no(f"/claim/stop/{emails.stop_word(claim, agent.row)}").url == "/claim/stopped"
    assert (claim_of(agent).state, claim_of(agent).void_reason) == ("void", "disowned")
    refused = agent.create()
    assert (refused.code, refused.error["recovery"]["reason"]) == ("CAPABILITY_DENIED", "claim_reported")
    assert "owner_message" not in refused.error["recovery"]
    assert refused.error["message"] == grants.REPORTED
    assert PERSON not in str(refused.body)
    assert collect(told) == {"claim_id": told["claim_id"], "state": "expired"}
    [letter] = Outbox.objects.filter(recipient="staff@example.com")
    assert agent.agent_id in letter.text
    assert PERSON not in letter.text
    [event] = ActivityEvent.objects.filter(type="claim.disowned")
    assert (event.actor_type, event.actor_id) == ("system", "claim_page")


def test_looking_at_the_link_changes_nothing() -> None:
    agent = asking()
    for _ in range(3):
        Client().get(stop_link())
        Client().head(stop_link())
    assert claim_of(agent).state == "requested"
    assert agent.create().ok
    assert not SilencedMailbox.objects.exists()


def test_an_agent_with_bought_credits_or_an_owner_works_on() -> None:
    paid = asking(name="paid")
    ledger.grant(
        organization_id=paid.row.organization_id,
        kind=LotKind.PAID,
        credits=10,
        source="purchase",
        actor=TESTS,
        receipt_id=ids.new_id("receipt"),
        live_money=True,
    )
    say_no(stop_link())
    assert claim_of(paid).state == "void"
    assert paid.create().ok
    owned, client = asking("bo@example.com", name="owned"), person("bo@example.com")
    link = stop_link()
    client.post(f"{opened(client, owned)}/allow", terms())
    say_no(link)
    assert Agent.objects.get(pk=owned.agent_id).paused_at is None
    assert claim_of(owned).state == "approved"


def test_no_more_mail_comes_by_signup_or_claim_to_that_mailbox() -> None:
    agent = asking()
    say_no(stop_link())
    before = claim_mails()
    for number in range(3):
        sign_up(PERSON, name=f"again {number}")
        sign_up("ada+more@example.com", name=f"tagged {number}")
        asked = agent.post("/v1/agent-claims", {"contact": PERSON})
        assert asked.data["mailed"] is False
    assert claim_mails() == before
    assert claim_mails("ada+more@example.com") == 0
    sign_up("bo@example.com")
    assert claim_mails("bo@example.com") == 1


def test_its_owner_lets_mail_come_again() -> None:
    asking()
    say_no(stop_link())
    client = person()
    assert b"Let it come again" in client.get("/claim").content
    client.post("/claim/mail/resume")
    before = claim_mails()
    sign_up(PERSON, name="welcome")
    assert claim_mails() == before + 1


def test_the_link_of_one_claim_voids_no_later_one_and_none_of_another_mailbox() -> None:
    agent = asking()
    old = stop_link()
    request_claim(agent, "bo@example.com")
    say_no(old)
    assert claim_of(agent).state == "requested"
    assert agent.create().ok
    assert silence.holds_back(PERSON)
    assert not silence.holds_back("bo@example.com")


@pytest.mark.parametrize("path", ["stop", "unsubscribe", "contact"])
def test_a_word_that_is_not_ours_does_nothing(path: str) -> None:
    agent = asking()
    forged = f"/claim/{path}/{'x' * 40}"
    assert Client().get(forged).status_code == 404
    tail = {"stop": "/now", "unsubscribe": "", "contact": "/allow"}[path]
    assert Client().post(f"{forged}{tail}").status_code == 404
    other = f"/claim/stop/{emails.headers_for(PERSON)['List-Unsubscribe'].rpartition('/')[2].rstrip('>')}/now"
    assert Client().post(other).status_code == 404
    assert claim_of(agent).state == "requested"


def test_the_mail_has_the_header_by_which_a_mail_program_ends_it() -> None:
    agent = asking()
    outbox.send_waiting()
    [sent] = mail.outbox
    assert sent.extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    path = urlsplit(sent.extra_headers["List-Unsubscribe"].strip("<>")).path
    strict = Client(enforce_csrf_checks=True)
    assert strict.get(path).status_code == 200
    assert not silence.holds_back(PERSON)
    assert strict.post(path, {"List-Unsubscribe": "One-Click"}).status_code == 302
    assert silence.holds_back(PERSON)
    # A mail program's click is no word about the agent.
    assert claim_of(agent).state == "requested"
    assert agent.create().ok


def test_the_mail_has_one_link_that_opens_nothing_and_neither_code_nor_claim_id() -> None:
    agent = asking(name="see http://evil.example now")
    claim = claim_of(agent)
    [letter] = Outbox.objects.all()
    assert f"http://testserver/claim/{claim.link}" in letter.text
    assert "http://evil" not in letter.text
    assert claim.code_handle not in letter.text
    assert claim.pk not in letter.text.replace(stop_link(), "")


def test_a_plus_tag_makes_no_other_mailbox_for_the_limit_of_a_day() -> None:
    for number in range(30):
        sign_up(f"ada+{number}@example.com", name=f"atlas {number}")
    assert Outbox.objects.filter(kind="claim_requested").count() == 3


def test_signed_in_it_is_said_by_the_contact_alone() -> None:
    agent = asking()
    client, stranger = person(), person("bo@example.com")
    path = f"/claim/{claim_of(agent).link}"
    assert stranger.post(f"{path}/disown").status_code == 404
    assert claim_of(agent).state == "requested"
    assert client.post(f"{path}/disown").url == path
    page = client.get(path).content.decode()
    assert "You did not ask for this agent" in page
    assert "Let it come again" in page
    assert SilencedMailbox.objects.get().digest == contacts.digest(PERSON)


def test_staff_get_twenty_such_mails_a_day_at_most() -> None:
    staff = make_user("staff@example.com")
    User.objects.filter(pk=staff.pk).update(is_staff=True)
    for number in range(22):
        agent: Member = sign_up(f"p{number}@example.com", name="spam")
        say_no(f"/claim/stop/{emails.stop_word(claim_of(agent), agent.row)}")
    assert Outbox.objects.filter(recipient="staff@example.com").count() == 20
