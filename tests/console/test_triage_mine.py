"""One's own reports alone, and credits given for a report: linked to it, told to its owner."""

import re

import pytest
from django.test import Client

from accounts.models import User
from billing.models import Adjustment
from creative.feedback import triage
from creative.models import Feedback
from imageskill.core.ids import new_id
from imageskill.core.models import ActivityEvent
from tests.billing.books import give
from tests.console.desk import STAFF, act, desk, make_agent, make_report
from tests.pages.people import said

pytestmark = pytest.mark.django_db


def me() -> str:
    return User.objects.get(email=STAFF).pk


@pytest.fixture
def client() -> Client:
    return desk()


def listed(page: str) -> set[str]:
    return set(re.findall(r'data-row="(\w+)"', page))


def test_only_what_is_assigned_to_one_is_shown_on_every_tab_with_its_counts(client: Client) -> None:
    agent = make_agent()
    mine = make_report(agent, "Mine and new", assignee_id=me())
    others = [make_report(agent, "Somebody's", assignee_id="usr_other"), make_report(agent, "Nobody's")]
    done = make_report(agent, "Mine and fixed", assignee_id=me(), state="fixed")
    page = client.get("/console/feedback?mine=1").content.decode()
    assert listed(page) == {mine.pk}
    assert 'New <span class="count">1</span>' in page
    assert 'Done <span class="count">1</span>' in page
    assert 'All <span class="count">2</span>' in page
    everything = client.get("/console/feedback?tab=all&mine=1").content.decode()
    assert listed(everything) == {mine.pk, done.pk}
    assert listed(client.get("/console/feedback").content.decode()) == {mine.pk, *(row.pk for row in others)}
    assert 'New <span class="count">3</span>' in client.get("/console/feedback").content.decode()


def test_the_filter_stays_after_an_act_and_bounds_what_many_means(client: Client) -> None:
    agent = make_agent()
    first = make_report(agent, "First", assignee_id=me())
    other = make_report(agent, "Other")
    answer = act(client, first, "assign", before=me(), assignee="", mine="1")
    assert "mine=1" in answer.url
    assert Feedback.objects.get(pk=first.pk).assignee_id == ""
    act(client, first, "assign", before="", assignee=me(), mine="1")
    preview = client.get("/console/feedback/many?act=accept&tab=new&mine=1&all=1").content.decode()
    assert first.pk in preview
    assert other.pk not in preview


def test_pages_of_one_s_own_follow_each_other(client: Client) -> None:
    agent = make_agent()
    rows = [make_report(agent, f"Report {number}", assignee_id=me()) for number in range(5)]
    first = triage.page("new", limit=3, assignee_id=me())
    rest = triage.page("new", limit=3, after=first[-1], assignee_id=me())
    assert sorted(row.pk for row in [*first, *rest]) == sorted(row.pk for row in rows)


def give_for(client: Client, row: Feedback, organization_id: str, credits: int = 20) -> str:
    key = new_id("adj")
    told = {"key": key, "feedback_id": row.pk, "organization_id": organization_id, "direction": "add"}
    words = {"credits": credits, "reason": "For the pictures that were grey", "ticket": "T-7"}
    answer = client.post("/console/money/adjustments/new", {**told, **words})
    return said(answer)[0]


def test_credits_for_a_report_are_linked_to_it_and_the_owner_reads_it(client: Client) -> None:
    row = make_report(make_agent())
    give(row.agent, 10)
    form = client.get(f"/console/money/adjustments/new?feedback={row.pk}").content.decode()
    assert row.organization_id in form
    assert row.title in form
    assert give_for(client, row, row.organization_id) == "20 credits added. The owner sees it, with the reason."
    made = Adjustment.objects.get()
    assert made.feedback_id == row.pk
    event = ActivityEvent.objects.get(type="credits.adjusted")
    assert (event.links, event.organization_id) == ({"feedback_id": row.pk}, row.organization_id)
    page = client.get(f"/console/feedback/{row.pk}").content.decode()
    assert "Credits given for it" in page
    assert "For the pictures that were grey" in page
    assert row.pk in client.get("/console/money/adjustments").content.decode()


def test_above_the_threshold_it_waits_for_a_second_person_and_the_report_shows_that(
    client: Client, settings: object
) -> None:
    row = make_report(make_agent())
    assert give_for(client, row, row.organization_id, 900_000).startswith("It waits")
    assert Adjustment.objects.get().state == Adjustment.State.WAITING
    assert '<span class="badge held">waiting</span>' in client.get(f"/console/feedback/{row.pk}").content.decode()


def test_a_report_of_another_workspace_is_no_reason(client: Client) -> None:
    row, other = make_report(make_agent()), make_agent("other")
    assert (
        give_for(client, row, other.organization_id) == "The report is not this workspace's. Nothing was adjusted."
    )
    row.pk = "sig_nobody"
    assert give_for(client, row, other.organization_id).startswith("The report is not")
    assert not Adjustment.objects.exists()
