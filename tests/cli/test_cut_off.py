"""Calls that are cut off: one key for each, kept until the end is known, so that nothing is paid twice."""

import json
import signal
import subprocess
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.cli.front import DROP, HOLD, PASS, Front, Reply
from tests.cli.terminal import Terminal

CREATE = ("create", "--prompt", "A boat", "--json")


@pytest.fixture(autouse=True)
def _heeds_ctrl_c() -> Iterator[None]:
    """Have what is started heed Ctrl-C, also where the run itself stands in a background that ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def used(terminal: Terminal) -> int:
    """How many jobs the agent has had made."""
    return int(terminal.run("usage", "quota").data["daily_jobs"]["used"])


def cut_off(terminal: Terminal, front: Front, how: Callable[["subprocess.Popen[str]"], None], *words: str) -> str:
    """Begin a command whose answer does not come, cut it off, and return what it told."""
    front.disturb([HOLD])
    begun = terminal.begin(*words)
    assert front.held.wait(60)
    how(begun)
    out, err = begun.communicate(timeout=60)
    assert "Traceback" not in err
    return out


def test_a_lost_answer_is_asked_for_again_with_the_same_key(fronted: Terminal, front: Front) -> None:
    front.disturb([DROP, DROP, PASS])
    data = fronted.run(*CREATE).data
    assert data["job"]["status"] == "completed"
    keys = {call.body["idempotency_key"] for call in front.calls}
    assert (len(front.calls), len(keys)) == (3, 1)
    assert used(fronted) == 1
    assert fronted.notes == []


def test_an_answer_that_never_comes_leaves_a_note_that_recovers_it(fronted: Terminal, front: Front) -> None:
    front.disturb([DROP] * 3)
    said = fronted.run(*CREATE, "--output", "out.png")
    assert (said.code, said.error["retryable"], len(fronted.notes)) == (7, True, 1)
    assert fronted.run("doctor").data["unfinished_calls"][0]["state"] == "open"
    (recovered,) = fronted.run("doctor", "--recover", "--json").data["recovered"]
    assert recovered["data"]["job"]["status"] == "completed"
    assert (fronted.home / "out.png").stat().st_size == recovered["data"]["assets"][0]["content_length"]
    assert (used(fronted), fronted.notes) == (1, [])
    assert fronted.run("doctor", "--recover").data["recovered"] == []


def test_a_killed_client_leaves_a_note_that_recovers_it(fronted: Terminal, front: Front) -> None:
    out = cut_off(fronted, front, lambda begun: begun.kill(), *CREATE)
    assert out == ""
    (note,) = fronted.notes
    assert note.stat().st_mode & 0o777 == 0o600
    (recovered,) = fronted.run("doctor", "--recover").data["recovered"]
    assert recovered["data"]["job"]["status"] == "completed"
    assert recovered["idempotency_key"] == front.calls[0].body["idempotency_key"]
    assert (used(fronted), fronted.notes) == (1, [])


def test_a_killed_purchase_is_paid_once(fronted: Terminal, front: Front) -> None:
    quote = fronted.run("credits", "quote", "--credits", "10", "--payment-method", "fake").data
    words = ("credits", "fake-purchase", "--quote-id", quote["quote_id"], "--idempotency-key", "buy-1")
    cut_off(fronted, front, lambda begun: begun.kill(), *words)
    (recovered,) = fronted.run("doctor", "--recover").data["recovered"]
    assert recovered["data"]["replayed"]
    assert fronted.run("credits", "status").data["limits"]["payment_backed_remaining_credits"] == 10


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_is_told_in_an_envelope_with_the_way_on(fronted: Terminal, front: Front, number: int) -> None:
    told: dict[str, Any] = json.loads(cut_off(fronted, front, lambda begun: begun.send_signal(number), *CREATE))
    assert (told["ok"], told["error"]["code"]) == (False, "INTERRUPTED")
    assert told["error"]["recovery"] == {
        "suggested_command": "image-skill doctor --recover --json",
        "idempotency_key": front.calls[0].body["idempotency_key"],
    }
    assert fronted.run("doctor", "--recover").data["recovered"][0]["data"]["job"]["status"] == "completed"
    assert used(fronted) == 1


def test_ctrl_c_ends_with_exit_code_1(fronted: Terminal, front: Front) -> None:
    front.disturb([HOLD])
    begun = fronted.begin("whoami")
    assert front.held.wait(60)
    begun.send_signal(signal.SIGINT)
    out, _ = begun.communicate(timeout=60)
    assert begun.returncode == 1
    assert "recovery" not in json.loads(out)["error"]


def test_a_call_that_still_runs_elsewhere_is_left_alone(fronted: Terminal, front: Front) -> None:
    front.disturb([HOLD])
    begun = fronted.begin(*CREATE)
    assert front.held.wait(60)
    (found,) = fronted.run("doctor", "--recover").data["recovered"]
    assert (found["state"], found["data"], len(fronted.notes)) == ("running", None, 1)
    begun.kill()
    begun.communicate()


def test_a_key_that_is_too_old_is_forgotten_and_not_repeated(fronted: Terminal, front: Front) -> None:
    front.disturb([DROP] * 3)
    fronted.run(*CREATE)
    rewrite(fronted, at=0)
    (found,) = fronted.run("doctor", "--recover").data["recovered"]
    assert (found["state"], fronted.notes, used(fronted)) == ("expired", [], 1)


def test_a_call_of_another_token_is_neither_repeated_nor_forgotten(fronted: Terminal, front: Front) -> None:
    front.disturb([DROP] * 3)
    fronted.run(*CREATE)
    rewrite(fronted, token="0" * 16)
    (found,) = fronted.run("doctor", "--recover").data["recovered"]
    assert (found["state"], len(fronted.notes)) == ("other_token", 1)


def test_a_call_of_another_service_is_not_repeated_here(fronted: Terminal, front: Front, service: int) -> None:
    front.disturb([DROP] * 3)
    fronted.run(*CREATE)
    token = fronted.record["token"]
    elsewhere = {"IMAGE_SKILL_API_BASE_URL": f"http://127.0.0.1:{service}", "IMAGE_SKILL_TOKEN": token}
    assert fronted.run("doctor", "--recover", **elsewhere).data["recovered"] == []
    assert len(fronted.notes) == 1


def rewrite(terminal: Terminal, **values: object) -> None:
    (note,) = terminal.notes
    note.write_text(json.dumps({**json.loads(note.read_text()), **values}))


def test_a_refusal_is_an_end(fronted: Terminal) -> None:
    assert fronted.run(*CREATE, "--max-usd", "0.001").code == 5
    assert fronted.notes == []


def test_a_call_without_a_key_is_not_sent_twice(fronted: Terminal, front: Front) -> None:
    front.disturb([DROP])
    words = ("signup", "--agent", "--agent-name", "n", "--runtime", "r")
    said = fronted.run(*words)
    assert (said.code, said.error["retryable"], len(front.calls)) == (7, False, 1)


def test_reading_is_repeated(fronted: Terminal, front: Front) -> None:
    busy = {
        "code": "SERVICE_UNAVAILABLE",
        "message": "m",
        "retryable": True,
        "recovery": {"retry_after_seconds": 1},
    }
    envelope = {"ok": False, "command": "c", "trace_id": "t", "actor": None, "data": None, "warnings": []}
    reply = Reply(503, json.dumps({**envelope, "error": busy}).encode(), (("x-image-skill-exit-code", "7"),))
    front.disturb([DROP, reply, PASS])
    assert fronted.run("whoami").code == 0
    assert len(front.calls) == 3


def test_a_long_pause_is_left_to_the_caller(fronted: Terminal, front: Front) -> None:
    limit = {"code": "RATE_LIMITED", "message": "m", "retryable": True, "recovery": {"retry_after_seconds": 3600}}
    envelope = {"ok": False, "command": "c", "trace_id": "t", "actor": None, "data": None, "warnings": []}
    front.disturb(
        [Reply(429, json.dumps({**envelope, "error": limit}).encode(), (("x-image-skill-exit-code", "5"),))]
    )
    said = fronted.run("whoami")
    assert (said.code, said.recovery["retry_after_seconds"], len(front.calls)) == (5, 3600, 1)


def test_a_create_that_still_runs_is_joined_until_it_ends(fronted: Terminal, front: Front) -> None:
    done = fronted.run(*CREATE)
    front.calls.clear()
    running = done.out.replace('"completed"', '"running"').encode()
    accepted = Reply(202, running, (("x-image-skill-exit-code", "0"),))
    front.disturb([accepted, accepted, Reply(200, done.out.encode(), (("x-image-skill-exit-code", "0"),))])
    said = fronted.run(*CREATE, "--poll-interval-ms", "100", "--timeout-ms", "60000")
    assert said.data["job"]["status"] == "completed"
    assert len({call.body["idempotency_key"] for call in front.calls}) == 1
    assert front.calls[0].headers["prefer"].startswith("wait=")
    front.disturb([accepted])
    front.calls.clear()
    assert fronted.run(*CREATE, "--no-wait").data["job"]["status"] == "running"
    assert (len(front.calls), front.calls[0].headers["prefer"]) == (1, "respond-async")


def test_a_key_of_the_callers_own_is_kept(fronted: Terminal, front: Front) -> None:
    first = fronted.run(*CREATE, "--idempotency-key", "run-1").data
    assert fronted.run(*CREATE, "--idempotency-key", "run-1").data["job_id"] == first["job_id"]
    assert {call.body["idempotency_key"] for call in front.calls} == {"run-1"}
    said = fronted.run("create", "--prompt", "Another", "--idempotency-key", "run-1")
    assert (said.code, said.error_code) == (2, "IDEMPOTENCY_CONFLICT")


def test_a_call_is_made_where_it_cannot_be_noted(fronted: Terminal) -> None:
    (fronted.home / "file").write_text("")
    said = fronted.run(*CREATE, XDG_STATE_HOME=str(fronted.home / "file"))
    assert said.code == 0
    assert any("could not be noted" in warning for warning in said.envelope["warnings"])
