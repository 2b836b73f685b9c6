"""A threshold that cannot be stepped around: many small requests, many plans, and the same plan twice."""

import pytest

from creative import approvals
from creative.models import Approval, Job
from tests.pages.approvals.desk import SETTER, Desk, text_of
from tests.pages.people import sign_in

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


def test_of_twenty_requests_of_one_below_the_threshold_only_the_first_needs_no_word(desk: Desk) -> None:
    """Each is allowed alone; together with what was spent in the hour the second one is over it already."""
    desk.limit(approval_threshold=4)
    answers = [desk.ask(3, f"Boat {number}") for number in range(20)]
    codes = ["ok" if answer.ok else answer.code for answer in answers]
    assert codes == ["ok"] + ["APPROVAL_REQUIRED"] * 5 + ["RATE_LIMITED"] * 14
    assert {answer.error["recovery"]["reason"] for answer in answers[6:]} == {"approvals_waiting"}
    assert sum(job.settled_credits for job in Job.objects.all()) == 3
    assert Approval.objects.filter(state="waiting").count() == 5


def test_the_page_says_which_rule_decided(desk: Desk) -> None:
    alone = desk.wait(3)
    assert desk.ask(2).ok
    together = desk.wait(1)
    owner = sign_in()
    assert "This request alone is over the 2 credits" in text_of(owner.get(desk.path(alone)))
    page = text_of(owner.get(desk.path(together)))
    assert "With the 2 credits that atlas-7 spent unasked in the last 60 minutes it is over the 2 credits" in page


def test_what_was_approved_opens_no_way_around_and_counts_as_asked(desk: Desk) -> None:
    approvals.approve(job_id=desk.wait(4), decider=SETTER)
    assert desk.ask(2).ok
    assert desk.ask(1).code == "APPROVAL_REQUIRED"


def test_the_same_plan_twice_is_one_card_and_another_one_a_second(desk: Desk) -> None:
    first = desk.wait(3)
    assert desk.wait(3) == first
    assert desk.wait(3, key="with-a-key-0001") == first
    assert desk.wait(3, "Another prompt") != first
    assert desk.wait(4) != first
    assert Approval.objects.count() == 3
