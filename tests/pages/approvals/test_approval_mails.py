"""The mail about a plan that waits: once a plan, to those who decide, bounded, without a word of the prompt."""

import re

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import Agent, Membership, Role, User
from creative import approval_mails
from creative.models import Approval
from imageskill.core.models import Outbox
from tests.pages.approvals.desk import Desk
from tests.pages.people import join, make_user, sign_in

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


def mails() -> list[Outbox]:
    return list(Outbox.objects.filter(kind="approval").order_by("pk"))


def test_those_who_decide_get_one_mail_a_plan_and_nobody_else(desk: Desk) -> None:
    join(make_user("bo@example.com"), desk.organization, Role.ADMIN)
    join(make_user("cy@example.com"), desk.organization, Role.VIEWER)
    join(make_user("di@example.com"), desk.organization, Role.ADMIN)
    User.objects.filter(email="di@example.com").update(is_active=False)
    desk.wait()
    desk.wait()
    desk.wait(3, key="the-same-plan-01")
    assert sorted(mail.recipient for mail in mails()) == ["ada@example.com", "bo@example.com"]


def test_it_says_what_is_asked_and_holds_no_word_of_the_prompt(desk: Desk) -> None:
    Agent.objects.filter(pk=desk.agent.agent_id).update(name="atlas\n7 https://evil.example " + "x" * 90)
    secret = "xylophone-orchard"
    job_id = desk.wait(3, f"{secret} in the fog", aspect_ratio="3:2", intent=secret)
    (mail,) = mails()
    assert mail.subject == "A plan of 3 credits waits for your word"
    for told in (
        'An agent of "Studio North" asks before it spends.',
        "create 3 pictures, 1024 x 683 pixels",
        "canvas.draft",
        "at most 3 credits ($0.03)",
        "that is over 2 credits",
        f"{settings.BASE_URL}/w/{desk.organization.pk}/approvals/{job_id}",
        "This mail and its link decide nothing",
    ):
        assert told in mail.text, told
    assert secret not in mail.text + mail.subject
    assert len(re.findall(r"https?://", mail.text)) == 1
    assert re.search(r'"atlas 7 .{0,80}"', mail.text)
    assert re.search(r"until:  \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC", mail.text)


def test_it_names_the_spending_of_the_last_hour_where_that_decided(desk: Desk) -> None:
    assert desk.ask(2).ok
    desk.wait(1)
    (mail,) = mails()
    assert "2 credits were spent without asking in the last 60 minutes" in mail.text
    assert "1 credit ($0.01)" in mail.text


def test_its_link_leads_to_the_page_and_decides_nothing(desk: Desk) -> None:
    job_id = desk.wait()
    (mail,) = mails()
    address = re.search(rf"{settings.BASE_URL}(/\S+)", mail.text)
    assert address
    assert Client().get(address[1])["location"] == f"/account/login/?next={address[1]}"
    assert sign_in().get(address[1]).status_code == 200
    assert Approval.objects.get(pk=job_id).state == "waiting"


def test_a_workspace_gets_a_few_mails_an_hour_and_the_last_one_says_so(desk: Desk) -> None:
    for number in range(approval_mails.MOST_AN_HOUR + 3):
        job_id = desk.wait(3, f"Boat {number}")
        assert desk.agent.post(f"/v1/jobs/{job_id}/cancel").ok
    sent = mails()
    assert len(sent) == approval_mails.MOST_AN_HOUR
    assert ["last mail of this kind before" in mail.text for mail in sent] == [False] * 5 + [True]


def test_it_counts_the_other_plans_that_wait(desk: Desk) -> None:
    desk.wait(3, "One")
    desk.wait(3, "Two")
    desk.wait(3, "Three")
    told = ["other plan" in mail.text and re.findall(r"(\d) other plans? of this", mail.text) for mail in mails()]
    assert told == [False, ["1"], ["2"]]
    assert "1 other plan of this workspace waits too." in mails()[1].text
    assert "2 other plans of this workspace wait too." in mails()[2].text


def test_a_plan_that_nobody_can_decide_mails_nobody_and_a_refused_one_too(desk: Desk) -> None:
    for number in range(5):
        desk.wait(3, f"Boat {number}")
    before = len(mails())
    assert desk.ask(3, "One too many").code == "RATE_LIMITED"
    assert len(mails()) == before
    Approval.objects.all().update(state="expired")
    Membership.objects.all().delete()
    desk.wait(3, "Nobody is here")
    assert len(mails()) == before


def test_the_mail_adds_few_queries_to_the_agent_s_call(desk: Desk) -> None:
    def asked(prompt: str) -> int:
        with CaptureQueriesContext(connection) as queries:
            desk.wait(3, prompt)
        return len(queries)

    asked("To warm up")
    mailed = asked("With a mail")
    Membership.objects.all().delete()
    assert mailed - asked("Without") <= 8
