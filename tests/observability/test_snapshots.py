"""The numbers of several processes are one sum, which no restart, no crash and no broken file lowers."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from imageskill.core import metrics, snapshots
from tests.environment import REPOSITORY

PROCESS = """
import sys, django
from django.conf import settings
settings.configure()
from pathlib import Path
from imageskill.core import metrics, snapshots
for _ in range(int(sys.argv[2])):
    metrics.job_ended("completed", "of_this_test")
snapshots.Publisher(Path(sys.argv[1])).publish()
"""
ENDED = ("imageskill_jobs_ended_total", (("provider", "of_this_test"), ("state", "completed")))


def publish(folder: Path, count: int) -> None:
    """Let a process of its own count and publish."""
    subprocess.run([sys.executable, "-c", PROCESS, folder, str(count)], cwd=REPOSITORY, check=True, timeout=120)  # noqa: S603 - our own words


def make_old(folder: Path) -> None:
    """Let every file be one that nobody has renewed for long."""
    then = time.time() - 2 * snapshots.GONE_AFTER_SECONDS
    for path in folder.glob("*.json"):
        os.utime(path, (then, then))


def test_processes_add_up_and_those_that_are_gone_stay_counted(tmp_path: Path) -> None:
    publish(tmp_path, 3)
    publish(tmp_path, 4)
    assert snapshots.sums(tmp_path)[ENDED] == 7
    make_old(tmp_path)
    publish(tmp_path, 5)
    assert [snapshots.sums(tmp_path)[ENDED] for _ in range(3)] == [12, 12, 12]
    assert (tmp_path / "gone.json").exists()
    assert len(list(tmp_path.glob("*.json"))) == 2


def test_a_process_that_stood_still_is_not_counted_twice(tmp_path: Path) -> None:
    publisher = snapshots.Publisher(tmp_path)
    metrics.job_ended("completed", "of_this_test")
    publisher.publish()
    before = snapshots.sums(tmp_path)[ENDED]
    make_old(tmp_path)
    assert snapshots.sums(tmp_path)[ENDED] == before
    metrics.job_ended("completed", "of_this_test")
    publisher.publish()
    assert snapshots.sums(tmp_path)[ENDED] == before + 1
    publisher.publish()
    assert snapshots.sums(tmp_path)[ENDED] == before + 1


@pytest.mark.parametrize("content", ["", "{", "[[1]]", "null", '[["a", [["b"]], 1]]'])
def test_a_broken_file_counts_nothing_and_breaks_nothing(tmp_path: Path, content: str) -> None:
    publish(tmp_path, 2)
    (tmp_path / "1-broken.json").write_text(content)
    assert snapshots.sums(tmp_path)[ENDED] == 2


def test_the_files_are_the_services_own(tmp_path: Path) -> None:
    folder = tmp_path / "metrics"
    snapshots.Publisher(folder).publish()
    assert folder.stat().st_mode & 0o777 == 0o700


def test_a_reading_is_what_prometheus_reads(tmp_path: Path) -> None:
    publish(tmp_path, 2)
    metrics.work_done("sweep_jobs", failed=False)
    registry = CollectorRegistry()
    registry.register(snapshots.Totals(snapshots.sums(tmp_path)))
    told = generate_latest(registry).decode()
    assert "# TYPE imageskill_jobs_ended_total counter" in told
    assert 'imageskill_jobs_ended_total{provider="of_this_test",state="completed"} 2.0' in told
    assert "_created" not in told


def test_the_buckets_of_a_histogram_stand_in_their_order() -> None:
    metrics.webhook_done(3)
    registry = CollectorRegistry()
    registry.register(snapshots.Totals(None))
    lines = [line for line in generate_latest(registry).decode().splitlines() if "webhook_seconds_bucket" in line]
    counts = [float(line.split()[-1]) for line in lines]
    assert lines[-1].startswith('imageskill_webhook_seconds_bucket{le="+Inf"}')
    assert counts == sorted(counts)
    assert counts[-1] > counts[0]


def test_a_folder_that_cannot_be_written_is_said_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")

    class EndError(Exception):
        pass

    class Pause:
        calls = 0

        def wait(self, _: float) -> None:
            self.calls += 1
            if self.calls == 3:
                raise EndError

    monkeypatch.setattr(snapshots.threading, "Event", Pause)
    with pytest.raises(EndError):
        snapshots.publish_for_ever(tmp_path / "file")
    assert [record.getMessage() for record in caplog.records] == ["metrics not published"]
