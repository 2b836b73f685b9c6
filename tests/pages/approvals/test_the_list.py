"""The list of plans: true without a reload, silent while nothing changes, and no dearer with many plans."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models import F
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Agent, Membership
from billing import mandates
from billing.models import Hold, SpendBucket
from creative import approvals, thumbnails
from creative.models import Approval, Job
from imageskill.core.models import ActivityEvent
from imageskill.site.approvals import limits
from tests.cast import sign_up
from tests.pages.approvals.desk import SETTER, Desk, limit, text_of

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]
HTMX = {"HX-Request": "true"}


def etag_of(answer: Any) -> str:
    return str(answer.context["now"].etag)


def again(owner: Client, desk: Desk, etag: str) -> Any:
    return owner.get(desk.path(), headers=HTMX | {"If-None-Match": etag})


def test_an_empty_page_teaches_how_a_plan_comes_to_wait(desk: Desk, owner: Client) -> None:
    page = text_of(owner.get(desk.path()))
    assert "Nothing waits for a word" in page
    assert "image-skill create --prompt" in page


def test_nothing_new_is_told_in_no_words_and_what_is_new_at_once(desk: Desk, owner: Client) -> None:
    first = owner.get(desk.path())
    assert again(owner, desk, etag_of(first)).status_code == 304
    job_id = desk.wait()
    second = again(owner, desk, etag_of(first))
    assert second.status_code == 200
    assert b"<html" not in second.content
    assert f'id="plan-{job_id}"'.encode() in second.content
    assert again(owner, desk, etag_of(second)).status_code == 304
    for change in (
        lambda: desk.limit(cap_day=3, approval_threshold=2),
        lambda: Agent.objects.filter(pk=desk.agent.agent_id).update(paused_at=timezone.now()),
        lambda: approvals.deny(job_id=job_id, decider=SETTER, reason="No"),
        lambda: Approval.objects.update(decided_at=timezone.now() - timedelta(minutes=6)),
    ):
        before = etag_of(owner.get(desk.path()))
        change()
        assert again(owner, desk, before).status_code == 200


def test_each_asking_is_authorised_anew(desk: Desk, owner: Client) -> None:
    etag = etag_of(owner.get(desk.path()))
    Membership.objects.all().delete()
    assert again(owner, desk, etag).status_code == 404
    owner.post("/account/logout/")
    assert again(owner, desk, etag).status_code == 401


def test_looking_writes_nothing_and_holds_nothing(desk: Desk, owner: Client) -> None:
    desk.wait()
    owner.get(desk.path())
    before = (ActivityEvent.objects.count(), Job.objects.count(), Hold.objects.count(), Approval.objects.count())
    with CaptureQueriesContext(connection) as asked:
        owner.get(desk.path())
    assert not [one["sql"] for one in asked if one["sql"].startswith(("INSERT", "UPDATE", "DELETE"))]
    after = (ActivityEvent.objects.count(), Job.objects.count(), Hold.objects.count(), Approval.objects.count())
    assert after == before


def colleague(desk: Desk, number: int) -> Desk:
    """Let another agent of the same workspace ask, too."""
    agent = sign_up(f"agent-{number}@example.com", name=f"agent-{number}")
    Agent.objects.filter(pk=agent.agent_id).update(
        organization=desk.organization, claim_state="claimed", grants=desk.agent.row.grants
    )
    limit(agent, cap_day=20, cap_month=400, approval_threshold=2)
    assert agent.get("/v1/whoami").ok
    return Desk(desk.owner, desk.organization, desk.place, agent)


def test_thirty_waiting_plans_of_six_agents_cost_as_many_queries_as_three(desk: Desk, owner: Client) -> None:
    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert owner.get(desk.path()).status_code == 200
        return len(queries)

    def fill(one: Desk, number: int) -> None:
        for place in range(number):
            one.wait(3, f"Boat {place}")

    fill(desk, 3)
    owner.get(desk.path())
    few = asked()
    fill_more = [colleague(desk, number) for number in range(5)]
    for place in range(3, 5):
        desk.wait(3, f"Boat {place}")
    for one in fill_more:
        fill(one, 5)
    assert Approval.objects.filter(state="waiting").count() == 30
    assert asked() == few


def test_earlier_decisions_come_in_pages_at_the_price_of_few(desk: Desk, owner: Client) -> None:
    def decided(number: int) -> None:
        job_id = desk.wait(3, f"Boat {number}")
        if number % 2:
            approvals.approve(job_id=job_id, decider=SETTER)
        else:
            approvals.deny(job_id=job_id, decider=SETTER, reason="No")
        Approval.objects.update(decided_at=timezone.now() - timedelta(minutes=6))

    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert owner.get(desk.path()).status_code == 200
        return len(queries)

    desk.limit(approval_threshold=2)
    for number in range(3):
        decided(number)
    owner.get(desk.path())
    few = asked()
    for number in range(3, 25):
        decided(number)
    assert asked() == few
    first = owner.get(desk.path())
    assert "Earlier decisions" in text_of(first)
    second = owner.get(f"{desk.path()}?before={first.context['cursor']}")
    shown = [card.approval.pk for answer in (first, second) for card in answer.context["past"]]
    assert shown == sorted(shown, reverse=True)
    assert (len(shown), second.context["cursor"]) == (25, None)
    page = text_of(first)
    assert "3 credits $0.03" in page
    assert "by a former member" in page
    assert "nothing charged" in page
    for wrong in ("?before=sig_1", "?before=%00"):
        assert owner.get(desk.path() + wrong).status_code == 404


def test_what_the_page_says_of_limits_is_what_the_ledger_decides_by(desk: Desk) -> None:
    others = [colleague(desk, number) for number in range(2)]
    for one in (desk, others[0]):
        assert one.ask(2).ok
    approvals.approve(job_id=others[0].wait(4), decider=SETTER)
    Hold.objects.filter(agent_id=desk.agent.agent_id).update(
        authorised_at=F("authorised_at") - timedelta(minutes=61)
    )
    assert SpendBucket.objects.exists()
    at = timezone.now()
    rows = [one.agent.row for one in (desk, *others)]
    told = limits.standing(desk.organization.pk, rows, at)
    for row in rows:
        mandate = mandates.current(agent_id=row.pk, organization_id=desk.organization.pk)
        assert mandate is not None
        standing = told.limits(row.pk)
        assert list(standing.counters) == mandates.counters(mandate, at)
    assert [told.limits(row.pk).recent for row in rows] == [0, 2, 0]


def test_an_agent_that_has_previews_only_is_weighed_by_the_day_s_free_jobs(desk: Desk, owner: Client) -> None:
    """Without bought credits four free jobs a day are all there is; the fifth could not start."""
    Agent.objects.filter(pk=desk.agent.agent_id).update(grants=["create.preview", "job.read"])
    desk.organization.credit_lots.exclude(kind="free").update(available_credits=0)
    for number in range(4):
        desk.limit()
        assert desk.ask(1, f"Boat {number}").ok
    desk.limit(approval_threshold=2)
    desk.wait(3, "One more")
    answer = owner.get(desk.path())
    assert "It could not start now. All 4 free jobs of the day are used" in text_of(answer)
    # What would be refused is no next act.
    assert b'<button class="button wide">Approve 3 credits</button>' in answer.content
    assert b'class="button next' not in answer.content


def test_the_pictures_that_go_in_are_shown_with_what_they_are_for(desk: Desk, owner: Client) -> None:
    source = desk.agent.create("A boat", model="canvas.draft").data["asset_ids"][0]
    while thumbnails.make_missing():
        pass
    desk.limit(approval_threshold=0)
    asked = {"prompt": "Rotate by 90 degrees", "input_asset_id": source, "model": "canvas.edit"}
    refused = desk.agent.post("/v1/edit", asked)
    assert refused.code == "APPROVAL_REQUIRED", refused.body
    answer = owner.get(desk.path())
    assert "atlas-7 asks to edit 1 picture" in text_of(answer)
    assert "to edit" in text_of(answer)
    assert f"/a/{source}-320.webp".encode() in answer.content
