"""The processes that decode: two at most, bounded in memory and time, replaced when they die, gone in the end."""

import contextlib
import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from threading import Barrier, Event, Thread
from typing import Any

import pytest
from PIL import Image

from creative import images
from creative.images import Busy, NotAPicture
from creative.images.workshop import Workshop, _Bench, workshop
from tests.creative.pictures import encoded
from tests.environment import REPOSITORY, for_tests

ORDER = {"task": "upload"}
SMALL = encoded("PNG")
LARGE = encoded("PNG", Image.new("RGBA", (5000, 5000), (9, 9, 9, 200)))
PATIENCE = 60.0


@pytest.fixture
def bench() -> Iterator[Workshop]:
    """A workshop of one place, with its process started."""
    one = Workshop(places=1)
    one.do(ORDER, SMALL, patience=PATIENCE)
    yield one
    one.close()


def is_gone(pid: int, seconds: float = 30) -> bool:
    """Wait until a process has ended."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([handle], [], [], seconds)[0])
    finally:
        os.close(handle)


def peak_kilobytes(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))


def in_thread(work: Thread) -> Thread:
    work.start()
    return work


def test_a_process_lives_on_for_the_next_picture(bench: Workshop) -> None:
    (pid,) = bench.pids()
    told, made = bench.do(ORDER, SMALL, patience=PATIENCE)
    assert (told["mime_type"], told["width"]) == ("image/png", 48)
    assert made
    assert bench.pids() == [pid]


def test_a_picture_that_is_none_ends_no_process(bench: Workshop) -> None:
    (pid,) = bench.pids()
    with pytest.raises(NotAPicture):
        bench.do(ORDER, SMALL[:60], patience=PATIENCE)
    assert bench.pids() == [pid]


def test_eight_large_pictures_at_once_are_decoded_by_two_processes_of_bounded_memory() -> None:
    workshop.close()
    barrier, sizes = Barrier(8), list[int]()

    def decode() -> None:
        barrier.wait(30)
        sizes.append(images.clean_upload(LARGE).width)

    threads = [in_thread(Thread(target=decode)) for _ in range(8)]
    for thread in threads:
        thread.join(120)
    assert sizes == [5000] * 8
    pids = workshop.pids()
    assert 1 <= len(pids) <= 2
    # 100 MB of pixels, once while they are decoded and once as they are encoded: never eight times that.
    assert all(peak_kilobytes(pid) < 400_000 for pid in pids)


def test_a_picture_beyond_the_memory_is_refused_and_the_process_goes_on() -> None:
    poor = Workshop(places=1, memory_bytes=160 * 1024 * 1024)
    try:
        with pytest.raises(NotAPicture, match="memory") as refused:
            poor.do(ORDER, LARGE, patience=PATIENCE)
        assert refused.value.reason == "too_dear"
        assert poor.do(ORDER, SMALL, patience=PATIENCE)[0]["width"] == 48
    finally:
        poor.close()


def test_a_picture_that_takes_too_long_is_refused_and_its_process_killed() -> None:
    hasty = Workshop(places=1, seconds=0.0)
    with pytest.raises(NotAPicture, match="time") as refused:
        hasty.do(ORDER, SMALL, patience=PATIENCE)
    assert refused.value.reason == "too_dear"
    assert hasty.pids() == []


@pytest.mark.parametrize("data", [SMALL, bytes(1_000_000)], ids=["and answers nothing", "and hears nothing"])
def test_a_process_that_hangs_is_killed_when_its_time_is_over(bench: Workshop, data: bytes) -> None:
    (pid,) = bench.pids()
    os.kill(pid, signal.SIGSTOP)
    bench._seconds = 0.2
    with pytest.raises(NotAPicture, match="time") as refused:
        bench.do(ORDER, data, patience=PATIENCE)
    assert refused.value.reason == "too_dear"
    assert is_gone(pid)
    assert bench.pids() == []


def test_a_process_that_died_in_its_idle_time_is_replaced(bench: Workshop) -> None:
    (pid,) = bench.pids()
    os.kill(pid, signal.SIGKILL)
    assert is_gone(pid)
    assert bench.do(ORDER, SMALL, patience=PATIENCE)[0]["width"] == 48
    assert bench.pids() != [pid]


@pytest.fixture
def working(bench: Workshop, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[int, Thread, list[object]]]:
    """A stopped process at work: its number, the thread that waits for it, and what that thread gets."""
    (pid,) = bench.pids()
    os.kill(pid, signal.SIGSTOP)
    ends: list[object] = []
    # From here on it counts as one that died at work, and not in its idle time.
    begun, exchange = Event(), _Bench._exchange

    def watched(self: _Bench, *given: Any) -> Any:
        begun.set()
        return exchange(self, *given)

    monkeypatch.setattr(_Bench, "_exchange", watched)

    def work() -> None:
        try:
            ends.append(bench.do(ORDER, SMALL, patience=PATIENCE)[0]["width"])
        except NotAPicture as refused:
            ends.append(refused.reason)

    thread = Thread(target=work)
    thread.start()
    assert begun.wait(PATIENCE)
    yield pid, thread, ends
    thread.join(60)


def test_a_picture_whose_process_is_killed_is_tried_once_more(working: tuple[int, Thread, list[object]]) -> None:
    pid, thread, ends = working
    os.kill(pid, signal.SIGKILL)
    thread.join(60)
    assert ends == [48]


def test_a_picture_that_takes_too_much_of_the_processor_is_not_tried_again(
    working: tuple[int, Thread, list[object]], bench: Workshop
) -> None:
    pid, thread, ends = working
    os.kill(pid, signal.SIGXCPU)  # what the kernel sends
    os.kill(pid, signal.SIGCONT)
    thread.join(60)
    assert ends == ["too_dear"]
    assert bench.pids() == []


def test_who_finds_every_place_taken_is_told_so(
    working: tuple[int, Thread, list[object]], bench: Workshop
) -> None:
    pid, thread, ends = working
    with pytest.raises(Busy):
        bench.do(ORDER, SMALL, patience=0.01)
    os.kill(pid, signal.SIGCONT)
    thread.join(60)
    assert ends == [48]
    assert bench.do(ORDER, SMALL, patience=PATIENCE)[0]["width"] == 48


def test_a_forked_process_begins_with_none_of_its_parent_s(bench: Workshop) -> None:
    (pid,) = bench.pids()
    bench.forget()
    assert bench.pids() == []
    assert bench.do(ORDER, SMALL, patience=PATIENCE)[0]["width"] == 48
    assert is_gone(pid)  # here its last pipe was this one
    bench._abandoned.pop().end()


def test_a_process_gets_no_setting_of_the_service(bench: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    (pid,) = bench.pids()
    names = {entry.partition(b"=")[0] for entry in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")}
    assert names - {b""} == {b"LC_ALL", b"MALLOC_ARENA_MAX"}


SERVICE = """
import io, sys
from PIL import Image
from creative import images
from creative.images.workshop import workshop
file = io.BytesIO()
Image.new("RGB", (9, 9)).save(file, "PNG")
images.clean_upload(file.getvalue())
print(workshop.pids()[0], flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, None])
def test_its_processes_end_with_the_service_however_that_ends(
    tmp_path: Path, number: signal.Signals | None
) -> None:
    with subprocess.Popen(  # noqa: S603 - a script of our own
        [sys.executable, "-c", SERVICE],
        cwd=REPOSITORY,
        env=for_tests(tmp_path),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as service:
        assert service.stdout is not None
        pid = int(service.stdout.readline())
        if number is not None:
            service.send_signal(number)
        with contextlib.suppress(BrokenPipeError):
            service.communicate(timeout=60)
    assert is_gone(pid)
