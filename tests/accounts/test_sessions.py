"""Sessions that are over leave nothing behind, and those that last stay."""

from datetime import timedelta

import pytest
import time_machine
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.utils import timezone

from accounts import sessions
from imageskill.flows import clock
from tests.pages.people import make_user, sign_in

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


def test_a_session_that_ended_goes_with_its_note_and_the_others_stay() -> None:
    make_user()
    sign_in()
    assert (Session.objects.count(), UserSession.objects.count()) == (1, 1)
    assert sessions.clear() == 0
    with time_machine.travel(timezone.now() + timedelta(days=10)):
        later = sign_in()
        assert sessions.clear() == 0
    with time_machine.travel(timezone.now() + timedelta(days=15)):
        assert sessions.clear() == 2
        assert [row.session_key for row in UserSession.objects.all()] == [later.session.session_key]
        assert later.get("/home").url == "/workspaces/new"


def test_a_note_whose_session_was_ended_elsewhere_goes_after_an_hour() -> None:
    make_user()
    sign_in()
    Session.objects.all().delete()
    assert sessions.clear() == 0
    with time_machine.travel(timezone.now() + timedelta(hours=2)):
        assert sessions.clear() == 1
    assert not UserSession.objects.exists()


def test_one_run_takes_a_bounded_number(monkeypatch: pytest.MonkeyPatch) -> None:
    over = timezone.now() - timedelta(days=1)
    Session.objects.bulk_create(
        Session(session_key=f"key-{n}", session_data="", expire_date=over) for n in range(5)
    )
    monkeypatch.setattr(sessions, "BATCH", 3)
    assert [sessions.clear(), sessions.clear(), sessions.clear()] == [3, 2, 0]


def test_the_clock_clears_them() -> None:
    assert [work.seconds for work in clock.WORKS if work.path == "accounts.sessions.clear"] == [3600]
