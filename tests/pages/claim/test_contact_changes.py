"""Another contact for an agent that has bought credits or whose contact has signed in: the present one decides."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from accounts import contacts, silence
from accounts.models import Agent, ContactChange
from imageskill.core.models import ActivityEvent, Outbox
from tests.cast import Answer, Member
from tests.pages.claim.claimants import asking, opened, person

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

OTHER = "other@example.com"


def paid() -> Member:
    agent = asking()
    Agent.objects.filter(pk=agent.agent_id).update(claim_state="payment_backed_unclaimed")
    return agent


def ask(agent: Member, contact: str = OTHER) -> Answer:
    return agent.post("/v1/agent-claims", {"contact": contact})


def link() -> str:
    text = Outbox.objects.filter(kind="contact_change_asked").latest("pk").text
    found = re.search(r"http://testserver(/claim/contact/\S+)", text)
    assert found, text
    return found[1]


def test_the_present_contact_is_told_and_nothing_changes_before_three_days() -> None:
    agent = paid()
    before = agent.row.contact
    refused = ask(agent)
    assert (refused.code, refused.error["recovery"]["reason"]) == ("CAPABILITY_DENIED", "contact_is_fixed")
    assert refused.error["recovery"]["until"] == ask(agent).error["recovery"]["until"]
    assert agent.row.contact == before
    [letter] = Outbox.objects.filter(kind="contact_change_asked")
    assert letter.recipient == before
    assert OTHER not in letter.text
    assert ActivityEvent.objects.filter(type="contact.change_asked").count() == 1
    with time_machine.travel(timezone.now() + timedelta(hours=71, minutes=59)):
        assert not ask(agent).ok
    with time_machine.travel(timezone.now() + timedelta(hours=72, minutes=1)):
        assert ask(agent).ok
        assert agent.row.contact == OTHER
    assert ContactChange.objects.get().state == "done"


def test_the_present_contact_confirms_and_it_may_change_at_once() -> None:
    agent = paid()
    ask(agent)
    page = Client().get(link())
    assert page.status_code == 200
    assert not ask(agent).ok
    Client().post(f"{link()}/allow")
    assert ask(agent).ok
    assert agent.row.contact == OTHER


def test_the_present_contact_refuses_and_it_stays_for_good() -> None:
    agent = paid()
    ask(agent)
    Client().post(f"{link()}/refuse")
    with time_machine.travel(timezone.now() + timedelta(days=10)):
        refused = ask(agent)
        assert "until" not in refused.error["recovery"]
    assert agent.row.contact != OTHER
    assert b"The contact stays" in Client().get(link()).content


def test_a_contact_that_has_opened_the_claim_is_fixed_too() -> None:
    agent, client = asking(), person()
    assert ask(agent, "ada2@example.com").ok
    ask(agent, "ada@example.com")
    opened(client, agent)
    refused = ask(agent, OTHER)
    assert refused.error["recovery"]["reason"] == "contact_is_fixed"
    assert agent.row.contact == "ada@example.com"


def test_one_change_opens_the_way_for_one_address_and_once() -> None:
    agent = paid()
    ask(agent)
    Client().post(f"{link()}/allow")
    assert not ask(agent, "third@example.com").ok
    assert ask(agent).ok
    assert not ask(agent, "third@example.com").ok
    assert agent.row.contact == OTHER


def test_a_notice_that_could_not_be_written_starts_no_clock() -> None:
    agent = paid()
    ask(agent)
    refused = ask(agent, "third@example.com")
    assert "until" not in refused.error["recovery"]
    assert ContactChange.objects.count() == 1


def test_a_contact_that_wants_no_mail_is_not_told_so_no_clock_starts() -> None:
    agent = paid()
    silence.begin(contacts.digest(agent.row.contact), reason="unsubscribed")
    for contact in (OTHER, "third@example.com"):
        refused = ask(agent, contact)
        assert refused.error["recovery"]["reason"] == "contact_is_fixed"
        assert "until" not in refused.error["recovery"]
    assert ContactChange.objects.count() == 0
    with time_machine.travel(timezone.now() + timedelta(hours=73)):
        assert not ask(agent).ok
    assert agent.row.contact != OTHER


def test_once_the_contact_has_changed_what_else_the_earlier_one_was_asked_for_is_void() -> None:
    agent, third = paid(), "third@example.com"
    start = timezone.now()
    with time_machine.travel(start - timedelta(minutes=11)):
        ask(agent, third)
    stale = link()
    ask(agent)
    Client().post(f"{link()}/allow")
    assert ask(agent).ok
    Client().post(f"{stale}/allow")
    with time_machine.travel(start + timedelta(hours=73)):
        refused = ask(agent, third)
    assert not refused.ok
    assert agent.row.contact == OTHER
    assert Outbox.objects.filter(kind="contact_change_asked", recipient=OTHER).count() == 1
