"""Kill switches: they hold from the next call on, spare what runs, and only what the service closed it reopens."""

import io
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.conf import settings as project
from django.core.management import CommandError, call_command
from django.utils import timezone

from billing.models import Hold
from creative import execution, offers, sweeping, switches
from creative.models import Job, KillSwitch
from creative.providers.base import Failure, ProviderCall, ProviderError, ProviderResult
from imageskill.core.events import System
from tests.cast import Member
from tests.doubles import FakeProvider, pictures, run_never
from tests.environment import REPOSITORY, for_tests
from tests.queue.conftest import database_url

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]

CANVAS, DRAFT = switches.target("provider:canvas"), switches.target("model:canvas.draft")
STAFF = System("staff")


@pytest.fixture
def job(agent: Member, provider: FakeProvider, settings: LazySettings) -> Job:
    """A queued job."""
    settings.JOB_QUEUE = "tests.doubles.run_never"
    run_never.job_ids.clear()
    agent.post("/v1/create", {"prompt": "A boat"}, headers={"prefer": "respond-async"})
    return Job.objects.get()


def stop(where: switches.Target = CANVAS) -> None:
    switches.move(where, stopped=True, reason="Under repair", actor=STAFF)


def ended() -> tuple[str, str, str]:
    row = Job.objects.select_related("hold").get()
    assert row.hold is not None
    return row.state, row.error_code, row.hold.state


def unusable(_: ProviderCall) -> ProviderResult:
    raise ProviderError(Failure.UNUSABLE, "The provider does not take the service's key.")


@pytest.mark.parametrize("where", [CANVAS, DRAFT], ids=str)
def test_a_queued_job_calls_nobody_and_gives_its_credits_back(
    agent: Member, job: Job, provider: FakeProvider, where: switches.Target
) -> None:
    stop(where)
    execution.run(job.pk)
    assert provider.calls == []
    assert ended() == ("failed", "PROVIDER_UNAVAILABLE", "released")
    told = agent.get(f"/v1/jobs/{job.pk}").data["job"]["error"]["message"]
    assert told == "canvas.draft is switched off for now: Under repair. Nothing is charged."


def test_queued_jobs_end_without_waiting_for_their_turn(job: Job, provider: FakeProvider) -> None:
    assert sweeping.end_stopped() == 0
    stop()
    assert sweeping.end_stopped() == 1
    assert ended() == ("failed", "PROVIDER_UNAVAILABLE", "released")


def test_a_job_that_runs_already_finishes_and_settles(job: Job, provider: FakeProvider) -> None:
    def stopped_meanwhile(call: ProviderCall) -> ProviderResult:
        stop()
        return pictures(call)

    provider.behaviour = stopped_meanwhile
    execution.run(job.pk)
    assert ended() == ("completed", "", "settled")


def test_another_process_heeds_it_at_its_next_call(job: Job, provider: FakeProvider, tmp_path: Path) -> None:
    """The operator's command is that other process."""
    environment = for_tests(
        tmp_path,
        SECRET_KEY=project.SECRET_KEY,
        DATABASE_URL=database_url(),
        DJANGO_SETTINGS_MODULE="imageskill.settings",
    )
    words = ["manage.py", "switch", "provider:canvas", "off", "--reason", "Invoice open"]
    subprocess.run([sys.executable, *words], cwd=REPOSITORY, env=environment, check=True, capture_output=True)  # noqa: S603
    execution.run(job.pk)
    assert provider.calls == []
    assert Job.objects.get().error_message.startswith("canvas.draft is switched off for now: Invoice open.")


def test_a_key_that_is_refused_switches_the_provider_off_within_one_call(
    agent: Member, job: Job, provider: FakeProvider
) -> None:
    agent.post("/v1/create", {"prompt": "Another"}, headers={"prefer": "respond-async"})
    provider.behaviour = unusable
    for job_id in Job.objects.values_list("pk", flat=True):
        execution.run(job_id)
    assert len(provider.calls) == 1
    assert set(Job.objects.values_list("state", "error_code")) == {("failed", "PROVIDER_UNAVAILABLE")}
    assert set(Hold.objects.values_list("state", flat=True)) == {"released"}
    row = KillSwitch.objects.get()
    assert (row.target, row.is_on, row.kind) == ("provider:canvas", True, "automatic")
    assert row.reason == "The provider does not take the service's key."


@pytest.mark.parametrize("failure", [failure for failure in Failure if failure is not Failure.UNUSABLE])
def test_no_other_failure_switches_anything(job: Job, provider: FakeProvider, failure: Failure) -> None:
    def fail(_: ProviderCall) -> ProviderResult:
        raise ProviderError(failure, "No.")

    provider.behaviour = fail
    execution.run(job.pk)
    assert not KillSwitch.objects.exists()


def test_the_models_of_a_stopped_provider_are_listed_as_unavailable_with_the_reason() -> None:
    before = offers.rows()
    stop()
    after = offers.rows()
    told = {row.entry.provider_id: row.availability.availability_reason for row in after if not row.available}
    assert told["canvas"] == "Switched off for now: Under repair"
    assert [row for row in after if row.entry.provider_id != "canvas"] == [
        row for row in before if row.entry.provider_id != "canvas"
    ]


def make_due(strikes: int = 0) -> None:
    KillSwitch.objects.update(strikes=strikes, changed_at=timezone.now() - timedelta(hours=1, seconds=1))


def test_a_probe_that_succeeds_switches_on_what_the_service_had_switched_off(
    job: Job, provider: FakeProvider
) -> None:
    provider.behaviour = unusable
    execution.run(job.pk)
    assert switches.probe() == []
    make_due()
    assert switches.probe() == ["provider:canvas"]
    assert switches.stopped_models().get("canvas.draft") is None


def test_probes_that_fail_come_less_and_less_often(
    job: Job, provider: FakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def refuse() -> None:
        asked.append("asked")
        raise ProviderError(Failure.UNUSABLE, "No.")

    monkeypatch.setattr(provider, "probe", refuse)
    provider.behaviour = unusable
    execution.run(job.pk)
    for strikes in range(3):
        KillSwitch.objects.update(changed_at=timezone.now() - timedelta(seconds=30 * 2**strikes - 5))
        assert switches.probe() == []
        assert len(asked) == strikes
        KillSwitch.objects.update(changed_at=timezone.now() - timedelta(seconds=30 * 2**strikes))
        assert switches.probe() == []
        assert (len(asked), KillSwitch.objects.get().strikes) == (strikes + 1, strikes + 1)
    make_due(strikes=40)
    switches.probe()
    assert len(asked) == 4
    assert KillSwitch.objects.get().is_on


def test_a_probe_never_undoes_what_a_person_switched(
    job: Job, provider: FakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop()
    make_due()
    assert switches.probe() == []
    assert switches.stopped_models().get("canvas.draft") == "Under repair"
    provider.behaviour = unusable
    switches.move(CANVAS, stopped=False, reason="", actor=STAFF)
    execution.run(job.pk)
    make_due()
    monkeypatch.setattr(provider, "probe", stop)  # a person stops it while the provider is asked
    assert switches.probe() == []
    assert (KillSwitch.objects.get().kind, KillSwitch.objects.get().is_on) == ("manual", True)


def test_a_person_who_saw_an_older_state_moves_nothing() -> None:
    seen = switches.move(CANVAS, stopped=True, reason="One", actor=STAFF).version
    switches.move(CANVAS, stopped=True, reason="Two", actor=STAFF, version=seen)
    with pytest.raises(switches.SwitchMovedError):
        switches.move(CANVAS, stopped=False, reason="", actor=STAFF, version=seen)
    assert KillSwitch.objects.get().reason == "Two"


def test_three_results_over_the_ceiling_stop_the_model_and_nothing_else(job: Job) -> None:
    job.pricing_confidence = "unknown"
    job.credits_per_output = 2
    within: Callable[[], None] = lambda: switches.judge(job, cost_micros=1000, made=1)  # noqa: E731
    over: Callable[[], None] = lambda: switches.judge(job, cost_micros=1_000_000, made=1)  # noqa: E731
    for act in (over, within, over, within):
        act()
        assert switches.stopped_models().get("canvas.draft") is None
    over()
    assert switches.stopped_models() == {"canvas.draft": KillSwitch.objects.get().reason}
    make_due()
    assert switches.probe() == []
    switches.move(DRAFT, stopped=False, reason="", actor=STAFF)
    over()
    assert switches.stopped_models() == {}


def test_a_dear_result_counts_when_it_is_delivered(job: Job, provider: FakeProvider) -> None:
    Job.objects.update(pricing_confidence="unknown")
    provider.behaviour = lambda call: ProviderResult(pictures(call).pictures, cost_micros=1_000_000)
    execution.run(job.pk)
    assert ended() == ("completed", "", "settled")
    assert (KillSwitch.objects.get().target, KillSwitch.objects.get().strikes) == ("model:canvas.draft", 1)
    assert Job.objects.get().settled_credits == 1


def test_the_operators_command_says_what_it_did_and_refuses_what_is_not_there() -> None:
    shown = io.StringIO()
    call_command("switch", "model:canvas.draft", "off", "--reason", "Too dear", stdout=shown)
    assert shown.getvalue().startswith("model:canvas.draft off (manual, operator, ")
    assert shown.getvalue().endswith("Too dear\n")
    for words in (["provider:nobody", "off", "--reason", "x"], ["provider:canvas", "off"], ["provider:canvas"]):
        with pytest.raises(CommandError):
            call_command("switch", *words)
    call_command("switch", "model:canvas.draft", "on", stdout=io.StringIO())
    assert switches.stopped_models() == {}
