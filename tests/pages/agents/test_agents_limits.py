"""Setting what an agent may spend and do: lower at once, higher by a fresh sign-in, with a way back."""

import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.core import signing
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Membership, Role
from billing import backtest, mandates
from billing.mandates import Terms
from billing.models import Hold, Mandate
from imageskill.core.events import Human
from imageskill.core.models import ActivityEvent, Outbox
from imageskill.flows import limiting
from imageskill.site.agents import history
from tests.pages.agents.acts import path, text
from tests.pages.people import last_code, make_old, make_user, said, sign_in
from tests.pages.studio import GRANTS, TERMS, Studio

pytestmark = pytest.mark.django_db


def asked(**changed: Any) -> dict[str, Any]:
    """Return what the form sends as it is filled, with changes."""
    filled: dict[str, Any] = {"cap_per_job": 3, "cap_day": 20, "cap_month": 400, "approval_threshold": 2}
    filled |= {"time_zone": "UTC", "every_model": "on", "grants": list(GRANTS), "version": 1}
    return {name: value for name, value in (filled | changed).items() if value is not None}


def in_force(studio: Studio) -> Mandate:
    mandate = mandates.current(agent_id=studio.agent.agent_id, organization_id=studio.organization.pk)
    assert mandate is not None
    return mandate


def test_the_form_is_filled_with_what_is_in_force_and_says_what_it_means(studio: Studio, owner: Client) -> None:
    page = owner.get(path(studio, "limits")).content.decode()
    assert re.search(r'name="cap_day" value="20"', page)
    assert re.search(r'name="cap_week"(?![^>]*value=)', page)
    assert "checked" in page
    told = text(owner.get(path(studio, "limits")))
    assert (
        "At most 3 credits a job, 20 credits a day and 400 credits a month; 400 credits are about 400 jobs" in told
    )
    assert "It asks you before a job above 2 credits" in told


def test_a_lower_limit_is_in_force_at_once(studio: Studio, owner: Client) -> None:
    make_old(owner)
    answer = owner.post(path(studio, "limits/set"), asked(cap_day=1, cap_per_job=1, approval_threshold=0))
    assert (answer.status_code, answer.url) == (302, path(studio))
    mandate = in_force(studio)
    assert (mandate.version, mandate.cap_day, mandate.actor_id) == (2, 1, studio.owner.pk)
    refused = studio.agent.create(model="canvas.draft")
    assert (refused.code, refused.error["recovery"]["window"]) == ("SPEND_CAP_EXCEEDED", "day")
    assert not Outbox.objects.filter(kind="limits_raised").exists()


def test_what_was_not_changed_stays_as_it_was(studio: Studio, owner: Client) -> None:
    ends = timezone.now() + timedelta(days=9)
    terms = replace(TERMS, time_zone="Europe/Berlin", ends_at=ends, allowed_models=("canvas.draft",))
    mandates.set_terms(agent=studio.agent.row, terms=terms, actor=Human("usr_1"))
    form = owner.get(path(studio, "limits")).content.decode()
    day = re.search(r'name="last_day" value="([\d-]+)"', form)
    assert day
    sent = asked(version=2, time_zone="Europe/Berlin", last_day=day[1], every_model=None, models=["canvas.draft"])
    assert said(owner.post(path(studio, "limits/set"), sent)) == ["Nothing differs from what is in force."]
    owner.post(path(studio, "limits/set"), sent | {"cap_day": 10})
    mandate = in_force(studio)
    assert (mandate.version, mandate.cap_day, mandate.ends_at) == (3, 10, ends)
    assert (mandate.time_zone, mandate.allowed_models) == ("Europe/Berlin", ["canvas.draft"])


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        (
            {"cap_day": 500},
            "400 for a month is less than the 500 for a day. The longer time needs at least as much.",
        ),
        ({"cap_per_job": 21}, "20 for a day is less than the 21 for one job."),
        ({"cap_lifetime": 10}, "10 for all time is less than the 400 for a month."),
        ({"cap_day": -1}, "Credits are counted from 0. Without a limit leave it empty."),
        ({"time_zone": "Mars/North"}, "Mars/North is not one of the available choices."),
        ({"last_day": "2020-01-01"}, "This day is over. To stop the agent now, pause it."),
        ({"grants": ["staff"]}, "staff is not one of the available choices."),
        ({"every_model": None, "models": ["no.such"]}, "no.such is not one of the available choices."),
    ],
)
def test_impossible_limits_are_refused_in_exact_words(
    studio: Studio, owner: Client, sent: dict[str, Any], told: str
) -> None:
    for address in ("limits/set", "limits/preview"):
        page = owner.post(path(studio, address), asked(**sent))
        assert page.status_code == 200
        assert told in text(page), text(page)
    assert in_force(studio).version == 1


def test_limits_that_somebody_else_has_set_meanwhile_are_not_overwritten(studio: Studio, owner: Client) -> None:
    owner.post(path(studio, "limits/set"), asked(cap_day=10))
    answer = owner.post(path(studio, "limits/set"), asked(cap_day=5))
    assert said(answer)[0].startswith("Somebody has set other limits meanwhile.")
    assert in_force(studio).cap_day == 10


@pytest.mark.parametrize(
    "wider",
    [
        {"cap_day": 21},
        {"cap_month": None},
        {"approval_threshold": 3},
        {"approval_threshold": None},
        {"time_zone": "Asia/Tokyo"},
    ],
)
def test_whatever_is_wider_is_set_by_nobody_without_a_fresh_sign_in(
    studio: Studio, owner: Client, wider: dict[str, Any]
) -> None:
    make_old(owner)
    answer = owner.post(path(studio, "limits/set"), asked(**wider))
    assert answer.url.startswith(path(studio, "limits/raise?"))
    assert owner.get(answer.url).url.startswith("/account/confirm/?next=")
    assert owner.post(path(studio, "limits/raise/now"), asked(**wider)).url.startswith("/account/confirm/")
    assert in_force(studio).version == 1


def test_a_new_grant_is_a_raise_and_one_less_is_none(studio: Studio, owner: Client) -> None:
    fewer = [grant for grant in GRANTS if grant != "workspace.read"]
    owner.post(path(studio, "limits/set"), asked(grants=fewer))
    assert studio.agent.row.grants == sorted(fewer)
    answer = owner.post(path(studio, "limits/set"), asked(version=2))
    assert "/limits/raise?" in answer.url
    assert studio.agent.row.grants == sorted(fewer)
    assert ActivityEvent.objects.filter(type="agent.grants_set").count() == 1


def test_a_raise_survives_the_sign_in_is_mailed_to_each_owner_and_can_be_undone(
    studio: Studio, owner: Client
) -> None:
    bo = make_user("bo@example.com")
    Membership.objects.create(
        user=bo, organization=studio.organization, role=Role.OWNER, created_at=timezone.now()
    )
    fewer = [grant for grant in GRANTS if grant != "workspace.read"]
    owner.post(path(studio, "limits/set"), asked(grants=fewer, cap_day=10))
    make_old(owner)
    confirm = owner.post(path(studio, "limits/set"), asked(version=2, cap_day=30)).url
    challenged = owner.get(confirm).url
    owner.post("/account/confirm/send", {"next": confirm})
    passed = owner.post("/account/confirm/check", {"code": last_code("ada@example.com"), "next": confirm})
    assert challenged.startswith("/account/confirm/")
    page = owner.get(passed.url)
    told = text(page)
    assert "Cap: a day wider 10 credits 30 credits" in told
    assert "Grants wider" in told
    hidden = re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page.content.decode())
    sent: dict[str, list[str]] = {}
    for name, value in hidden:
        sent.setdefault(name, []).append(value)
    answer = owner.post(path(studio, "limits/raise/now"), sent)
    assert said(answer)[0].startswith("The limits of atlas-7 are raised.")
    assert (in_force(studio).cap_day, in_force(studio).version) == (30, 3)
    assert "workspace.read" in studio.agent.row.grants
    mails = Outbox.objects.filter(kind="limits_raised")
    assert sorted(mails.values_list("recipient", flat=True)) == ["ada@example.com", "bo@example.com"]
    link = re.search(r"(/w/\S+/undo\?of=\S+)", mails[0].text)
    assert link
    assert Client().get(link[1]).url.startswith("/account/login/")
    make_old(owner)
    shown = text(owner.get(link[1]))
    assert "Cap: a day 30 credits 10 credits" in shown
    assert in_force(studio).version == 3
    owner.post(path(studio, "undo/now"), {"of": link[1].partition("of=")[2]})
    assert (in_force(studio).cap_day, in_force(studio).version) == (10, 4)
    assert "workspace.read" not in studio.agent.row.grants
    assert "They are in force already." in text(owner.get(link[1]))
    summaries = ActivityEvent.objects.filter(type="mandate.set").order_by("pk").values_list("summary", flat=True)
    assert list(summaries) == ["Limits set", "Limits set", "Limits raised", "Limits set"]


def test_an_undo_that_would_raise_is_confirmed_like_any_raise(studio: Studio, owner: Client) -> None:
    owner.post(path(studio, "limits/set"), asked(cap_day=10))
    owner.post(path(studio, "limits/raise/now"), asked(version=2, cap_day=15))
    link = re.search(r"undo\?of=(\S+)", Outbox.objects.filter(kind="limits_raised").get().text)
    assert link
    owner.post(path(studio, "limits/set"), asked(version=3, cap_day=5))
    answer = owner.post(path(studio, "undo/now"), {"of": link[1]})
    assert answer.url.startswith(path(studio, "limits/raise?"))
    assert in_force(studio).cap_day == 5


@pytest.mark.parametrize(
    "kept",
    ["", "x", signing.dumps(["agt_other", 1, []], salt="limits.undo")],
    ids=["none", "made up", "another's"],
)
def test_a_way_back_that_is_made_up_or_another_agent_s_leads_nowhere(
    studio: Studio, owner: Client, kept: str
) -> None:
    assert owner.get(path(studio, "undo"), {"of": kept}).url == path(studio)
    owner.post(path(studio, "undo/now"), {"of": kept})
    assert in_force(studio).version == 1


def test_an_admin_sets_limits_and_one_who_was_made_a_viewer_meanwhile_does_not(studio: Studio) -> None:
    bo = make_user("bo@example.com")
    place = Membership.objects.create(
        user=bo, organization=studio.organization, role=Role.ADMIN, created_at=timezone.now()
    )
    sign_in("bo@example.com").post(path(studio, "limits/set"), asked(cap_day=10))
    assert in_force(studio).cap_day == 10
    Membership.objects.filter(pk=place.pk).update(role=Role.VIEWER)
    terms = limiting.Allowed(Terms(cap_day=1), tuple(sorted(GRANTS)))
    with pytest.raises(limiting.CannotError, match="role"):
        limiting.change(by=place, agent_id=studio.agent.agent_id, after=terms, based_on=2, is_confirmed=True)


def test_the_backtest_says_what_would_have_been_stopped_and_shows_those_pictures(
    studio: Studio, owner: Client
) -> None:
    page = owner.post(path(studio, "limits/preview"), asked(cap_per_job=1, cap_day=2), HTTP_HX_REQUEST="true")
    told = text(page)
    spent = sum(Hold.objects.filter(agent_id=studio.agent.agent_id).values_list("settled_credits", flat=True))
    assert "<html" not in page.content.decode()
    assert "These limits would have stopped 2 of 4 jobs and kept 2 credits" in told, (told, spent)
    assert told.count("the cap is 2 credits a day: 2 spent, 0 held") == 2
    assert page.content.count(b'class="thumb"') == 2
    assert in_force(studio).version == 1
    whole = owner.post(path(studio, "limits/preview"), asked(cap_per_job=1, cap_day=2))
    assert "These limits would have stopped 2 of 4 jobs" in text(whole)
    assert re.search(r'name="cap_day" value="2"', whole.content.decode())


def test_the_backtest_says_what_is_wider_and_what_would_have_waited(studio: Studio, owner: Client) -> None:
    told = text(owner.post(path(studio, "limits/preview"), asked(cap_day=50, approval_threshold=0)))
    assert "Wider than now: a day." in told
    assert "4 more would have waited for your word." in told


def test_the_backtest_asks_a_fixed_number_of_questions_and_says_where_it_was_cut(
    studio: Studio, owner: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def count() -> int:
        with CaptureQueriesContext(connection) as captured:
            owner.post(path(studio, "limits/preview"), asked(cap_day=3), HTTP_HX_REQUEST="true")
        return len(captured)

    count()
    few = count()
    terms = replace(TERMS, approval_threshold=None)
    mandates.set_terms(agent=studio.agent.row, terms=terms, actor=Human("usr_1"))
    for _ in range(4):
        assert studio.agent.create(model="canvas.draft").ok
    assert count() == few
    monkeypatch.setattr(history, "MOST", 5)
    told = text(owner.post(path(studio, "limits/preview"), asked(cap_day=3), HTTP_HX_REQUEST="true"))
    assert "2 of 5 jobs" in told
    assert "jobs only, since" in told


def test_what_the_lifetime_held_before_the_cut_counts(studio: Studio) -> None:
    agent = studio.agent.row
    mandate = in_force(studio)
    replayed = history.replay(agent, Terms(cap_lifetime=3), mandate)
    assert [one.verdict.reason for one in replayed.stopped] == ["cap_lifetime"]
    holds = Hold.objects.filter(agent=agent).order_by("authorised_at")
    third = holds[2].authorised_at
    start = third - timedelta(days=40)
    assert history._spent_between(agent, start, third) == 2
    assert history._spent_between(agent, start, timezone.now()) == 4
    assert history._spent_between(agent, third, third) == 0
    assert isinstance(replayed.outcome, backtest.Outcome)


@pytest.mark.parametrize("day", ["9999-12-31", "9999-12-30"])
def test_a_last_day_beyond_every_calendar_is_refused_in_words(studio: Studio, owner: Client, day: str) -> None:
    for act in ("limits/set", "limits/preview"):
        answer = owner.post(path(studio, act), asked(last_day=day, time_zone="America/New_York"))
        assert answer.status_code == 200
        assert "too far away" in text(answer)
    assert in_force(studio).version == 1


def test_a_zone_that_the_form_does_not_offer_stays_and_limits_can_be_lowered_in_it(
    studio: Studio, owner: Client
) -> None:
    terms = replace(TERMS, time_zone="Japan")
    mandates.set_terms(agent=studio.agent.row, terms=terms, actor=Human(studio.owner.pk))
    make_old(owner)
    owner.post(path(studio, "limits/set"), asked(cap_per_job=1, cap_day=1, time_zone="Japan", version=2))
    mandate = in_force(studio)
    assert (mandate.cap_day, mandate.time_zone) == (1, "Japan")
