"""Whoever moves a switch, the service and the command line too: who waits for it is told, and when it ends."""

import pytest
from django.core.management import call_command

from creative import switches
from creative.models import Job, KillSwitch
from creative.providers.base import Failure, ProviderError
from imageskill.core.models import ActivityEvent
from imageskill.site.activity import sentences
from imageskill.site.activity.sentences import Known
from tests.console.desk import make_agent
from tests.console.operations.test_provider_page import queue_up

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

UNUSABLE = ProviderError(Failure.UNUSABLE, "The provider takes no key of ours")


def told() -> list[tuple[str, str, str]]:
    rows = ActivityEvent.objects.filter(type="provider.switched").order_by("pk")
    return [(row.organization_id, row.status, row.actor_id) for row in rows]


def test_the_command_line_tells_like_staff() -> None:
    queue_up(2)
    job = Job.objects.filter(state=Job.State.QUEUED).first()
    assert job is not None
    provider = job.model_id.partition(".")[0]
    places = sorted(set(Job.objects.filter(state=Job.State.QUEUED).values_list("organization_id", flat=True)))
    call_command("switch", f"provider:{provider}", "off", reason="Invoice open")
    assert told() == [("", "stopped", "operator"), *((place, "stopped", "operator") for place in places)]
    call_command("switch", f"provider:{provider}", "on")
    assert told()[len(places) + 1 :] == [
        ("", "open", "operator"),
        *((place, "open", "operator") for place in places),
    ]


def test_a_switch_that_closes_by_itself_tells_once_and_of_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    queue_up(1)
    place = Job.objects.filter(state=Job.State.QUEUED).values_list("organization_id", flat=True)[0]
    switches.heed(UNUSABLE, "canvas")
    switches.heed(UNUSABLE, "canvas")
    assert told() == [("", "stopped", "switches"), (place, "stopped", "switches")]
    row = ActivityEvent.objects.filter(type="provider.switched").latest("pk")
    assert sentences.of_event(row, Known()).startswith("The service stopped all calls of canvas")
    KillSwitch.objects.update(changed_at="2020-01-01T00:00:00Z")
    assert switches.probe() == ["provider:canvas"]
    assert told()[2:] == [("", "open", "switches"), (place, "open", "switches")]


def test_the_third_strike_tells_and_the_first_two_do_not() -> None:
    assert [switches.strike("canvas.draft") for _ in range(3)] == [False, False, True]
    assert told() == [("", "stopped", "switches")]


def test_who_was_told_of_an_earlier_stop_is_not_told_of_a_later_end() -> None:
    make_agent()
    queue_up(1)
    switches.move(switches.target("provider:canvas"), stopped=True, reason="x", actor=switches.SERVICE)
    switches.move(switches.target("provider:canvas"), stopped=False, reason="", actor=switches.SERVICE)
    Job.objects.filter(state=Job.State.QUEUED).update(model_id="fal.flux-dev")
    before = len(told())
    switches.move(switches.target("provider:canvas"), stopped=True, reason="x", actor=switches.SERVICE)
    switches.move(switches.target("provider:canvas"), stopped=False, reason="", actor=switches.SERVICE)
    assert [place for place, _, _ in told()[before:]] == ["", ""]
