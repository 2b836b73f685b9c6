"""A plan and the word of a person: every outcome is a state of its own, and nobody decides who may not."""

from datetime import timedelta
from typing import Any

import pytest
from django.conf import LazySettings
from django.test import Client
from django.utils import timezone

from accounts.models import Agent, Membership, Role
from billing.models import Decision, Hold
from creative import approvals, execution
from creative.models import Approval, Job
from imageskill.core.events import System
from tests.pages.approvals.desk import Desk, text_of
from tests.pages.people import join, make_user, make_workspace, sign_in

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]
HTMX = {"HX-Request": "true"}


@pytest.fixture
def job_id(desk: Desk) -> str:
    """The job of a plan of three pictures that waits."""
    return desk.wait()


@pytest.fixture
def plan(desk: Desk, job_id: str) -> str:
    """Where that plan is shown."""
    return desk.path(job_id)


def decide(client: Client, plan: str, word: str, **fields: Any) -> str:
    """Say a word as htmx does, and return the text of the plan as it is shown then."""
    answer = client.post(f"{plan}/{word}", fields, headers=HTMX)
    assert answer.status_code == 200
    return text_of(answer)


def card(job_id: str) -> Approval:
    return Approval.objects.select_related("job").get(pk=job_id)


def test_a_waiting_plan_shows_exactly_what_it_is_and_what_it_would_leave(
    desk: Desk, owner: Client, plan: str, job_id: str
) -> None:
    page = text_of(owner.get(desk.path()))
    for told in (
        "atlas-7 asks to create 3 pictures",
        "Three boats in the fog",
        "canvas.draft",
        "1024 \u00d7 1024",
        "Approve 3 credits",
        "$0.03",
        "This request alone is over the 2 credits that atlas-7 may spend",
        "After it, today 17 of 20 left",
        "After it, this month 397 of 400 left",
        "1 picture instead of 3",
        "needs no word",
    ):
        assert told in page, told
    assert Hold.objects.filter(job_id=job_id).count() == 0


def test_approving_starts_exactly_this_plan_and_shows_its_receipt(
    desk: Desk, owner: Client, plan: str, job_id: str
) -> None:
    page = decide(owner, plan, "approve")
    job = card(job_id).job
    assert (job.state, job.settled_credits, Hold.objects.filter(job_id=job.pk).count()) == ("completed", 3, 1)
    assert "Approved." in page
    assert "approved by you" in page
    assert "Charged" in page
    assert "3 credits" in page
    assert "usage_" in page
    assert card(job_id).decider_id == desk.owner.pk


def test_a_job_that_was_started_tells_how_it_goes_until_its_pictures_are_there(
    desk: Desk, owner: Client, plan: str, job_id: str, settings: LazySettings
) -> None:
    settings.JOB_QUEUE = "tests.doubles.run_never"
    page = decide(owner, plan, "approve")
    assert "Being made" in page
    assert "3 credits on hold" in page
    shown = owner.get(plan, headers=HTMX).content.decode()
    assert 'hx-trigger="every 2s, over"' in shown
    assert shown.count("skeleton print") == 3
    execution.run(job_id)
    shown = owner.get(plan, headers=HTMX).content.decode()
    assert "Made" in shown
    assert "skeleton" not in shown
    assert shown.count('class="thumb') == 3


def test_without_script_a_word_leads_back_to_the_plan(desk: Desk, owner: Client, plan: str, job_id: str) -> None:
    answer = owner.post(f"{plan}/approve", follow=True)
    assert answer.redirect_chain == [(plan, 302)]
    page = text_of(answer)
    assert "Approved. Exactly this plan was started, once." in page
    assert "approved by you" in page


def test_a_plan_that_changed_is_denied_and_says_so(desk: Desk, owner: Client, plan: str, job_id: str) -> None:
    Job.objects.filter(pk=job_id).update(credits_required=2)
    page = decide(owner, plan, "approve")
    assert "Denied: the plan had changed" in page
    assert "Nothing was held or charged." in page
    assert (card(job_id).state, card(job_id).job.state) == ("denied", "canceled")
    assert not Hold.objects.filter(job_id=job_id).exists()


def test_a_cap_that_would_be_passed_names_its_number_and_its_end(
    desk: Desk, owner: Client, plan: str, job_id: str
) -> None:
    desk.limit(approval_threshold=2, cap_day=2)
    waiting = text_of(owner.get(desk.path()))
    assert "It could not start now." in waiting
    assert "2 of 2 credits today are left until" in waiting
    page = decide(owner, plan, "approve")
    assert "Not started: a cap would be passed." in page
    assert "It needs 3 credits, and 2 of 2 today are left until" in page
    assert "SPEND_CAP_EXCEEDED" in page
    assert "Approve 3 credits" in page
    assert card(job_id).state == "waiting"
    assert Decision.objects.filter(job_id=job_id, reason="cap_day", approved=True).count() == 1


def test_a_paused_agent_starts_nothing(desk: Desk, owner: Client, plan: str, job_id: str) -> None:
    Agent.objects.filter(pk=desk.agent.agent_id).update(paused_at=timezone.now())
    assert "atlas-7 is paused." in text_of(owner.get(desk.path()))
    page = decide(owner, plan, "approve")
    assert "Not started: the agent is paused." in page
    assert card(job_id).state == "waiting"


def test_an_agent_without_a_token_starts_nothing(desk: Desk, owner: Client, plan: str, job_id: str) -> None:
    desk.agent.row.tokens.update(revoked_at=timezone.now())
    assert "Not started: the agent has no token" in decide(owner, plan, "approve")
    assert card(job_id).state == "waiting"


def test_credits_that_do_not_reach_start_nothing(desk: Desk, owner: Client, plan: str, job_id: str) -> None:
    lots = desk.organization.credit_lots
    lots.update(available_credits=0)
    assert "It could not start now." in text_of(owner.get(desk.path()))
    assert "Not started: the credits do not reach" in decide(owner, plan, "approve")
    assert card(job_id).state == "waiting"


@pytest.mark.parametrize("word", ["approve", "deny"])
def test_who_comes_second_is_told_who_was_first(
    desk: Desk, owner: Client, plan: str, job_id: str, word: str
) -> None:
    bo = make_user("bo@example.com")
    join(bo, desk.organization, Role.ADMIN)
    assert "Approved." in decide(sign_in("bo@example.com"), plan, "approve")
    page = decide(owner, plan, word)
    assert "Already approved. Somebody was faster." in page
    assert "approved by bo@example.com" in page
    assert Hold.objects.filter(job_id=job_id).count() == 1
    Membership.objects.filter(user=bo).delete()
    page = decide(owner, plan, word)
    assert "approved by a former member" in page
    assert "bo@example.com" not in page


def test_a_plan_whose_time_is_over_cannot_be_approved(desk: Desk, owner: Client, plan: str, job_id: str) -> None:
    Approval.objects.filter(pk=job_id).update(expires_at=timezone.now() - timedelta(seconds=1))
    page = decide(owner, plan, "approve")
    assert "Already over." in page
    assert "Nobody decided in time" in page
    approvals.expire_due()
    page = text_of(owner.get(desk.path()))
    assert "Nobody decided in time" in page
    assert "The agent was told: “Nobody decided within 15 minutes.”" in page


def test_a_plan_that_its_agent_took_back_says_so(desk: Desk, owner: Client, plan: str, job_id: str) -> None:
    assert desk.agent.post(f"/v1/jobs/{job_id}/cancel").ok
    page = decide(owner, plan, "approve")
    assert "Taken back by its agent" in page
    assert "Nothing was held or charged." in page


def test_a_denial_is_told_to_the_agent_in_the_person_s_words(
    desk: Desk, owner: Client, plan: str, job_id: str
) -> None:
    page = decide(owner, plan, "deny", reason="expensive", words="  One boat\tis \u202eenough ")
    told = "It costs too much. One boat is ⟨U+202E⟩enough"
    assert f"The owner denied it: {told}" in page
    assert "denied by you" in page
    job = desk.agent.get(f"/v1/jobs/{job_id}").data["job"]
    assert (job["status"], job["error"]["message"]) == ("canceled", f"The owner denied it: {told}")
    again = desk.agent.create("Three boats in the fog", model="canvas.draft", output_count=3)
    assert (again.code, again.error["recovery"]["owner_message"]) == ("CAPABILITY_DENIED", told)


def test_a_denial_without_a_reason_is_one_too(desk: Desk, owner: Client, plan: str, job_id: str) -> None:
    assert "The agent was told: “The owner denied it.”" in decide(owner, plan, "deny")
    assert card(job_id).reason == ""


def test_too_many_words_deny_nothing(desk: Desk, owner: Client, plan: str, job_id: str) -> None:
    for fields in ({"words": "x" * 161}, {"reason": "made up"}, {"words": "a\x00b"}):
        assert "Not denied." in decide(owner, plan, "deny", **fields)
    assert card(job_id).state == "waiting"


def test_a_cheaper_way_can_be_named_to_the_agent_and_works(
    desk: Desk, owner: Client, plan: str, job_id: str
) -> None:
    flags = "--model canvas.draft --output-count 1"
    assert "Not denied. That cheaper way is not there any more." in decide(owner, plan, "deny", instead="--free")
    page = decide(owner, plan, "deny", instead=flags)
    told = f"Ask for this instead: 1 picture instead of 3, 1 credit ({flags})"
    assert f"The owner denied it: {told}" in page
    assert desk.agent.create("Three boats in the fog", model="canvas.draft", output_count=1).ok


def test_a_viewer_looks_and_decides_nothing(desk: Desk, plan: str, job_id: str) -> None:
    join(make_user("bo@example.com"), desk.organization, Role.VIEWER)
    viewer = sign_in("bo@example.com")
    page = viewer.get(desk.path()).content.decode()
    assert "Three boats in the fog" in page
    assert "Owners and admins decide." in page
    assert "/approve" not in page
    assert "/deny" not in page
    for word in ("approve", "deny"):
        assert viewer.post(f"{plan}/{word}").status_code == 403
    assert card(job_id).state == "waiting"


def test_a_stranger_finds_nothing(desk: Desk, plan: str, job_id: str) -> None:
    other = make_workspace(make_user("eve@example.com"))
    stranger = sign_in("eve@example.com")
    assert stranger.get(desk.path()).status_code == 404
    for org in (desk.organization.pk, other.pk):
        plan = f"/w/{org}/approvals/{job_id}"
        assert stranger.get(plan).status_code == 404
        assert stranger.post(f"{plan}/approve").status_code == 404
        assert stranger.post(f"{plan}/deny").status_code == 404
    assert card(job_id).state == "waiting"
    assert Client().get(plan)["location"].startswith("/account/login/")


def test_a_role_that_was_taken_meanwhile_decides_nothing(desk: Desk, plan: str, job_id: str) -> None:
    place = desk.place
    Membership.objects.filter(pk=place.pk).update(role=Role.VIEWER)
    for decision in (
        lambda: approvals.approve(job_id=job_id, decider=System("usr_x", "human"), place=place),
        lambda: approvals.deny(job_id=job_id, decider=System("usr_x", "human"), reason="", place=place),
    ):
        with pytest.raises(Exception, match="Your role does not allow this"):
            decision()
    assert card(job_id).state == "waiting"


def test_looking_decides_nothing_and_a_forged_post_neither(
    desk: Desk, owner: Client, plan: str, job_id: str
) -> None:
    assert owner.get(f"{plan}/approve").status_code == 405
    assert owner.get(f"{plan}/deny").status_code == 405
    strict = Client(enforce_csrf_checks=True)
    strict.cookies["sessionid"] = owner.cookies["sessionid"].value
    assert strict.post(f"{plan}/approve").status_code == 403
    assert card(job_id).state == "waiting"
