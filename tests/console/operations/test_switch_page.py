"""Staff's kill switches: they hold in another thread from its next call on, and who is touched reads of it."""

from threading import Thread
from typing import Any

import pytest
from django.conf import LazySettings
from django.db import connection
from django.test import Client

from creative import execution, switches
from creative.models import Job, KillSwitch
from creative.switches import SwitchMovedError
from imageskill.core.models import ActivityEvent
from imageskill.flows import invariants, switching
from tests.cast import Member, sign_up
from tests.console.desk import desk
from tests.doubles import FakeProvider
from tests.pages.people import make_old, said

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]

WAITING = {"prefer": "respond-async"}
EVENT = "provider.switched"


@pytest.fixture
def job(agent: Member, provider: FakeProvider, settings: LazySettings) -> Job:
    settings.JOB_QUEUE = "tests.doubles.run_never"
    assert agent.post("/v1/create", {"prompt": "A boat"}, headers=WAITING).ok
    return Job.objects.get()


def move(client: Client, to: str, target: str = "provider:canvas", **fields: Any) -> Any:
    row = KillSwitch.objects.filter(pk=target).first()
    sent = {"target": target, "to": to, "version": row.version if row else 0, "reason": "Invoice open", **fields}
    return client.post("/console/providers/switch", sent)


def elsewhere(work: Any) -> None:
    """Do it in a thread with a connection of its own."""

    def begin() -> None:
        try:
            work()
        finally:
            connection.close()

    thread = Thread(target=begin)
    thread.start()
    thread.join(60)


def test_another_thread_heeds_it_at_its_next_call(job: Job, provider: FakeProvider) -> None:
    client = desk()
    page = client.get("/console/providers/switch?target=provider:canvas&to=stop").content.decode()
    assert "1, of 1 workspace; nothing is charged" in page
    answer = move(client, "stop")
    assert said(answer) == ["Calls of canvas are stopped, in every process from its next call on."]
    elsewhere(lambda: execution.run(job.pk))
    job.refresh_from_db()
    assert provider.calls == []
    assert (job.state, job.error_code) == ("failed", "PROVIDER_UNAVAILABLE")
    assert job.error_message == "canvas.draft is switched off for now: Invoice open. Nothing is charged."
    assert invariants.reconcile() == []
    move(client, "open")
    assert switches.stopped_models().get("canvas.draft") is None


def test_who_waits_is_told_of_the_stop_and_of_its_end(job: Job) -> None:
    sign_up("other@example.com", name="idle")
    client = desk()
    move(client, "stop")
    move(client, "open", reason="Paid")
    told = ActivityEvent.objects.filter(type=EVENT).order_by("pk")
    assert [(one.organization_id, one.status, one.subject_id, one.actor_type) for one in told] == [
        ("", "stopped", "provider:canvas", "session"),
        (job.organization_id, "stopped", "provider:canvas", "session"),
        ("", "open", "provider:canvas", "session"),
        (job.organization_id, "open", "provider:canvas", "session"),
    ]
    assert set(told.values_list("agent_id", flat=True)) == {""}
    assert told[0].summary == "Calls of canvas stopped: Invoice open"


def test_a_model_alone_can_be_stopped(job: Job, agent: Member) -> None:
    client = desk()
    move(client, "stop", "model:canvas.edit")
    assert ActivityEvent.objects.filter(type=EVENT).count() == 1
    assert agent.post("/v1/create", {"prompt": "B", "model": "canvas.draft"}, headers=WAITING).ok
    page = client.get("/console/providers").content.decode()
    assert page.count('<span class="badge held">stopped</span>') == 1


def test_everything_is_stopped_at_once_and_goes_on_at_once(job: Job, agent: Member) -> None:
    client = desk()
    move(client, "stop", "provider:fal", reason="Its own reason")
    assert said(move(client, "stop", "everything"))[0].startswith("Calls of every provider are stopped")
    rows = dict(KillSwitch.objects.filter(is_on=True).values_list("target", "reason"))
    assert set(rows) == {str(where) for where in switching.providers()}
    assert rows.pop("provider:fal") == "Its own reason"
    assert set(rows.values()) == {"Invoice open"}
    assert agent.create().code == "PROVIDER_UNAVAILABLE"
    assert "Let everything go on" in client.get("/console/providers").content.decode()
    move(client, "open", "everything")
    assert not KillSwitch.objects.filter(is_on=True).exists()


def test_a_switch_that_moved_meanwhile_stays(job: Job) -> None:
    client = desk()
    move(client, "stop")
    answer = move(client, "open", version=0)
    assert said(answer) == ["The switch of canvas moved meanwhile. It is shown as it stands now."]
    assert KillSwitch.objects.get().is_on
    assert ActivityEvent.objects.filter(type=EVENT, status="open").count() == 0
    with pytest.raises(SwitchMovedError):
        switching.move(
            [switches.target("provider:canvas")], stopped=False, reason="", actor=switches.SERVICE, version=9
        )


@pytest.mark.parametrize("target", ["provider:nobody", "model:canvas", "canvas", "", "everything:x"])
def test_what_the_catalogue_does_not_know_moves_nothing(target: str) -> None:
    client = desk()
    assert move(client, "stop", target).url == "/console/providers"
    assert client.get(f"/console/providers/switch?target={target}&to=stop").url == "/console/providers"
    assert not KillSwitch.objects.exists()


def test_it_needs_a_reason_and_a_fresh_sign_in() -> None:
    client = desk()
    assert b"This field is required" in move(client, "stop", reason=" ").content
    make_old(client)
    assert move(client, "stop").url.startswith("/account/confirm/")
    assert client.get("/console/providers/switch?target=provider:canvas&to=stop").url.startswith(
        "/account/confirm/"
    )
    assert not KillSwitch.objects.exists()
