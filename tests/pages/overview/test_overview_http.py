"""The overview over HTTP: what it shows to whom, that reading writes nothing, and that its size costs nothing."""

import re
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts import visits
from accounts.models import Agent, ClaimState, Membership, Role
from billing import daily, standing
from billing.models import Decision, SpendBucket
from creative.models import Asset, Feedback, Job
from imageskill.core import ids
from imageskill.core.events import EventType
from imageskill.core.models import ActivityEvent
from imageskill.site.overview import chart, refusals
from tests.cast import sign_up
from tests.feedback.reports import report
from tests.pages.overview.scenes import at_work, busy_studio, finish, queued
from tests.pages.people import join, make_user, make_workspace, sign_in
from tests.pages.studio import Studio, make_studio

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


def page_of(client: Client, studio: Studio, path: str = "") -> Any:
    answer = client.get(f"/w/{studio.organization.pk}/{path}")
    assert answer.status_code == 200
    return answer


def text_of(answer: Any) -> str:
    return re.sub("</?bdi>", "", " ".join(answer.content.decode().split()))


def test_a_new_workspace_teaches_the_first_steps_and_a_studio_does_not() -> None:
    user = make_user()
    organization = make_workspace(user)
    client = sign_in()
    text = text_of(client.get(f"/w/{organization.pk}/"))
    assert "/v1/agent-signups" in text
    assert "&quot;human_email&quot;:&quot;ada@example.com&quot;" in text
    assert "You claim it" in text
    assert '<h2 id="spending-title">' not in text
    sign_up("ada@example.com", name="atlas-9")
    text = text_of(client.get(f"/w/{organization.pk}/"))
    assert "<strong>atlas-9</strong> named your address" in text
    assert "/v1/agent-signups" not in text


def test_an_agent_of_another_mailbox_is_told_to_nobody() -> None:
    organization = make_workspace(make_user())
    sign_up("cy@example.com", name="atlas-of-cy")
    assert "atlas-of-cy" not in text_of(sign_in().get(f"/w/{organization.pk}/"))


def test_a_claimed_agent_without_a_picture_leaves_one_step() -> None:
    organization = make_workspace(make_user())
    Agent.objects.create(
        organization=organization,
        name="atlas-7",
        runtime="python",
        claim_state=ClaimState.CLAIMED,
        signup_network="loopback",
        created_at=timezone.now(),
    )
    text = text_of(sign_in().get(f"/w/{organization.pk}/"))
    assert "One step is left" in text
    assert "image-skill create" in text
    # Without a credit that step cannot be made: the one next act is to buy some.
    assert "None are left, so no job can begin." in text
    assert re.search(r'class="button next" href="[^"]*/credits#buy">Buy credits<', text)
    assert "The first credits are free." not in text


def test_it_shows_what_was_made_what_it_cost_what_waits_and_what_was_refused() -> None:
    studio = busy_studio()
    text = text_of(page_of(sign_in(), studio))
    assert "4 pictures, 4 credits spent, 1 report answered." in text
    assert text.count('class="thumb"') == 4
    assert 'alt="A camera on a wooden table"' in text
    assert "atlas-7 wants 3 pictures by canvas.draft" in text
    assert "Three boats in the fog" in text
    assert "4 credits in 30 days, $0.04" in text
    assert "atlas-7 asked for 4 credits; its cap for one job is 3" in text
    assert "SPEND_CAP_EXCEEDED" in text
    assert "We can see it, and mend it." in text
    assert "No agent works here yet" not in text


def test_the_plans_that_wait_are_counted_in_words() -> None:
    studio = make_studio()
    client = sign_in()
    assert ">Decide on 1 plan</a>" in page_of(client, studio).content.decode()
    assert studio.agent.create("Four boats in the fog", output_count=3).code == "APPROVAL_REQUIRED"
    assert ">Decide on 2 plans</a>" in page_of(client, studio).content.decode()


def test_what_agents_wrote_is_text() -> None:
    studio = busy_studio()
    text = text_of(page_of(sign_in(), studio))
    assert "Edit loses the &lt;b&gt;transparent&lt;/b&gt; background" in text
    assert "<b>transparent" not in text


def test_a_visit_ends_after_half_an_hour_and_then_only_what_came_since_is_new() -> None:
    studio = make_studio()
    client = sign_in()
    seen = f"/w/{studio.organization.pk}/seen"
    assert "So far" in text_of(page_of(client, studio))
    assert client.post(seen, headers={"hx-request": "true"}).status_code == 204
    assert "So far" in text_of(page_of(client, studio))
    with time_machine.travel(timezone.now() + timedelta(hours=2)):
        text = text_of(page_of(client, studio))
        assert "Since your last visit" in text
        assert "Nothing new. These are the latest pictures." in text
        assert client.post(seen).url == f"/w/{studio.organization.pk}/"
    with time_machine.travel(timezone.now() + timedelta(hours=2, minutes=10)):
        made = studio.agent.create("A red kite", model="canvas.draft")
        assert made.ok, made.body
        text = text_of(page_of(client, studio))
        assert "1 picture, 1 credit spent, since" in text
        assert text.count('class="thumb wanted"') == 1
        assert 'class="thumb"' not in text
    with time_machine.travel(timezone.now() + timedelta(hours=3)):
        assert "1 picture, 1 credit spent, since" in text_of(page_of(client, studio))


def test_a_look_is_noted_at_most_once_a_minute_and_never_by_reading() -> None:
    organization = make_workspace(make_user())
    client = sign_in()
    client.get(f"/w/{organization.pk}/")
    place = Membership.objects.get()
    assert (place.seen_at, place.new_since) == (None, None)
    assert [visits.note(place), visits.note(place)] == [True, False]
    with time_machine.travel(timezone.now() + timedelta(minutes=2)):
        assert visits.note(place)
        place.refresh_from_db()
        assert place.new_since is None
        assert visits.is_first(place)


def test_a_long_absence_looks_back_thirty_days() -> None:
    place = Membership.objects.get(organization=make_workspace(make_user()))
    now = timezone.now()
    place.seen_at = now - timedelta(days=300)
    assert visits.new_since(place, at=now) == now - timedelta(days=30)


def test_a_viewer_is_noted_too_and_a_stranger_finds_nothing() -> None:
    organization = make_workspace(make_user("bo@example.com"))
    place = join(make_user(), organization, Role.VIEWER)
    assert sign_in().post(f"/w/{organization.pk}/seen", headers={"hx-request": "true"}).status_code == 204
    place.refresh_from_db()
    assert place.seen_at is not None
    make_user("cy@example.com")
    assert sign_in("cy@example.com").post(f"/w/{organization.pk}/seen").status_code == 404
    assert Client().post(f"/w/{organization.pk}/seen").url.startswith("/account/login/")


def test_jobs_at_work_are_told_with_how_far_they_are_and_polled_while_there_are_any() -> None:
    studio = make_studio()
    client = sign_in()
    assert "every 3s" not in text_of(page_of(client, studio))
    job = queued(studio)
    text = text_of(page_of(client, studio))
    assert "waiting for its turn at canvas, canvas.draft" in text
    newest = studio.assets[-1].pk
    assert f'hx-get="/w/{studio.organization.pk}/running?after={newest}" hx-trigger="every 3s"' in text
    polled = text_of(page_of(client, studio, f"running?after={newest}"))
    assert 'id="running"' in polled
    assert 'id="news"' not in polled
    finish(job)
    ended = text_of(page_of(client, studio, f"running?after={newest}"))
    assert "every 3s" not in ended
    assert 'id="news" aria-labelledby="news-title" hx-swap-oob="true"' in ended
    assert ended.count("<li>") == 5


def test_a_job_at_its_provider_says_so() -> None:
    studio = make_studio()
    at_work(studio)
    text = text_of(page_of(sign_in(), studio))
    assert "asking canvas, canvas.draft" in text
    assert "1 credit held" in text


def test_the_part_that_asks_by_itself_ends_with_the_session() -> None:
    organization = make_workspace(make_user())
    headers = {"hx-request": "true"}
    assert Client().get(f"/w/{organization.pk}/running", headers=headers).status_code == 401
    make_user("cy@example.com")
    assert sign_in("cy@example.com").get(f"/w/{organization.pk}/running", headers=headers).status_code == 404


def test_the_days_of_a_month_sum_to_the_number_that_every_page_shows() -> None:
    studio = make_studio()
    at_work(studio)
    inside = [studio.organization.pk, *studio.organization.shells.values_list("pk", flat=True)]
    assert len(inside) == 2
    numbers = standing.of_workspace(studio.organization.pk)
    days = daily.spending(inside, days=31)
    in_month = [day for day in days if day.on >= numbers.month.start.date()]
    assert sum(day.spent for day in in_month) == numbers.spent == 4
    assert sum(day.held for day in days) == numbers.held == 1


def test_days_without_spending_are_there_and_the_oldest_comes_first() -> None:
    studio = make_studio()
    now = timezone.now()
    start = now.replace(minute=0, second=0, microsecond=0) - timedelta(days=29)
    SpendBucket.objects.create(
        organization=studio.organization, agent=studio.agent.row, start=start, settled_credits=7, held_credits=2
    )
    shown = chart.of_days(daily.spending([studio.organization.pk], days=30, at=now))
    assert len(shown.bars) == 30
    assert (shown.bars[0].day.spent, shown.bars[0].day.held, shown.most) == (7, 2, 9)
    assert (shown.bars[0].spent_height, shown.bars[0].held_height) == ("77.78%", "22.22%")
    assert (shown.bars[0].held_y, shown.bars[1].spent_height) == ("0.00%", "0.00%")


def test_a_chart_of_nothing_has_no_bar_and_a_little_is_seen() -> None:
    today = timezone.now().date()
    assert chart.of_days([daily.Day(today, 0, 0)]).most == 0
    little = chart.of_days([daily.Day(today, 1, 0), daily.Day(today, 100_000, 0)])
    assert little.bars[0].spent_height == "1.50%"


def test_refusals_say_which_number_decided_and_until_when() -> None:
    studio = make_studio()
    until = timezone.now() + timedelta(hours=3)
    decision = Decision.objects.filter(outcome="denied").latest("pk")
    decision.pk = None
    decision.reason = "cap_day"
    decision.needed_credits = 3
    decision.counters = {"day": {"cap": 20, "used": 17, "held": 1, "resets_at": until.isoformat()}}
    decision.last_at = timezone.now()
    decision.save()
    first = refusals.latest([studio.organization.pk], timezone.now())[0]
    assert first.words == "asked for 3 credits; its cap for a day is 20, and 17 were spent and 1 held"
    assert first.until == until
    assert first.code == "SPEND_CAP_EXCEEDED"


def test_a_failed_job_is_a_refusal_that_cost_nothing() -> None:
    studio = make_studio()
    job = queued(studio)
    Job.objects.filter(pk=job.pk).update(
        state=Job.State.FAILED,
        error_code="PROVIDER_UNAVAILABLE",
        error_message="It is away.",
        finished_at=timezone.now(),
    )
    text = text_of(page_of(sign_in(), studio))
    assert "atlas-7 was told: It is away." in text
    assert "PROVIDER_UNAVAILABLE" in text


def grow(studio: Studio, times: int) -> None:
    """Have more of everything: agents, pictures, events, refusals, cards, jobs at work."""
    job = studio.jobs[-1]
    asset = studio.assets[-1]
    decision = Decision.objects.filter(outcome="denied").latest("pk")
    for number in range(times):
        agent = Agent.objects.create(
            organization=studio.organization,
            name=f"agent-{number}",
            runtime="tests",
            claim_state=ClaimState.CLAIMED,
            signup_network="loopback",
            created_at=timezone.now(),
        )
        job.pk, job.hold, job.agent, job.organization = ids.new_id("job"), None, agent, studio.organization
        job.save(force_insert=True)
        asset.pk, asset.job, asset.agent, asset.organization = ids.new_id("image"), job, agent, studio.organization
        asset.save(force_insert=True)
        decision.pk, decision.hold, decision.agent = None, None, agent
        decision.save(force_insert=True)


def test_a_larger_workspace_costs_no_more_queries() -> None:
    studio = busy_studio()
    at_work(studio)
    client = sign_in()
    counts = []
    for times in (3, 30):
        grow(studio, times)
        page_of(client, studio)
        with CaptureQueriesContext(connection) as queries:
            page_of(client, studio)
        counts.append(len(queries))
    assert counts[0] == counts[1]
    assert counts[1] <= 26
    assert Asset.objects.count() == 37


def test_more_events_than_are_counted_are_told_as_more() -> None:
    studio = make_studio()
    ActivityEvent.objects.bulk_create(
        ActivityEvent(
            type=EventType.ASSET_CREATED.value.name,
            organization_id=studio.organization.pk,
            agent_id=studio.agent.agent_id,
            actor_type="system",
            actor_id="tests",
            subject_type="asset",
            subject_id="image_1",
            operation="create",
            status="created",
            summary="Picture created",
            links={},
            trace_id="trace_1",
            occurred_at=timezone.now(),
        )
        for _ in range(1_001)
    )
    assert "More than 1,000 pictures" in text_of(page_of(sign_in(), studio))


def test_an_answer_to_feedback_is_told_in_the_words_of_its_own_page() -> None:
    studio = make_studio()
    sent = Feedback.objects.get(pk=report(studio.agent).data["feedback_id"])
    Feedback.objects.filter(pk=sent.pk).update(
        title="Blue\u202eder",
        state=Feedback.State.NEEDS_PROOF,
        answer="Name a job.",
        state_changed_at=timezone.now(),
    )
    page = sign_in().get(f"/w/{studio.organization.pk}/").content.decode()
    told = page[page.index("Answers to feedback") :]
    assert f'<a href="/w/{studio.organization.pk}/feedback/{sent.pk}">“Blue⟨U+202E⟩der”</a>' in told
    assert "Name a job." in told
    assert '<span class="badge">needs proof</span>' in told
