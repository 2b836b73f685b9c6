"""Every exit code of the contract, and the envelope beside it."""

import json

import pytest

from tests.cli.front import SILENCE, Front, Reply
from tests.cli.terminal import Terminal
from tests.on_postgres import free_port


def test_0_success(terminal: Terminal) -> None:
    assert terminal.run("models", "--json").code == 0


def test_1_what_is_not_there(agent_terminal: Terminal) -> None:
    said = agent_terminal.run("jobs", "show", "job_0000000000000000000000000", "--json")
    assert (said.code, said.error_code) == (1, "JOB_NOT_FOUND")


def test_2_arguments_found_wrong_here_and_there(agent_terminal: Terminal) -> None:
    here = agent_terminal.run("create", "--json")
    assert (here.code, here.error_code, here.recovery["required_flag"]) == (2, "INVALID_ARGUMENTS", "--prompt")
    there = agent_terminal.run("credits", "quote", "--credits", "999999", "--json")
    assert (there.code, there.error_code) == (2, "INVALID_ARGUMENTS")


def test_3_no_token_and_a_token_that_is_none(terminal: Terminal) -> None:
    for settings in ({}, {"IMAGE_SKILL_TOKEN": "isk_r_" + "0" * 36}, {"IMAGE_SKILL_TOKEN": "a b"}):
        said = terminal.run("whoami", "--json", **settings)
        assert (said.code, said.error_code) == (3, "AUTH_REQUIRED")


def test_4_what_the_grants_do_not_allow(agent_terminal: Terminal) -> None:
    asset = agent_terminal.run("create", "--prompt", "A boat").data["assets"][0]
    said = agent_terminal.run("assets", "delete", asset["asset_id"], "--json")
    assert (said.code, said.error_code) == (4, "CAPABILITY_DENIED")


def test_5_the_callers_own_cap(agent_terminal: Terminal) -> None:
    said = agent_terminal.run("create", "--prompt", "A boat", "--max-usd", "0.001", "--json")
    assert (said.code, said.error_code) == (5, "BUDGET_CAP_EXCEEDED")


def test_6_what_is_no_picture_is_not_even_sent(agent_terminal: Terminal) -> None:
    (agent_terminal.home / "secrets.png").write_text("aws_secret_access_key = ...")
    said = agent_terminal.run(
        "upload",
        "secrets.png",
        "--json",
        IMAGE_SKILL_API_BASE_URL="http://127.0.0.1:9",
        IMAGE_SKILL_TOKEN="isk_r_" + "0" * 36,
    )
    assert (said.code, said.error_code) == (6, "INPUT_POLICY_DENIED")


def test_7_a_dead_network(agent_terminal: Terminal) -> None:
    dead = {
        "IMAGE_SKILL_API_BASE_URL": f"http://127.0.0.1:{free_port()}",
        "IMAGE_SKILL_TOKEN": "isk_r_" + "0" * 36,
    }
    said = agent_terminal.run("usage", "quota", "--json", **dead)
    assert (said.code, said.error_code, said.error["retryable"]) == (7, "SERVICE_UNAVAILABLE", True)
    doctor = agent_terminal.run("doctor", "--json", **dead)
    assert (doctor.code, doctor.envelope["data"]["service"]["reachable"]) == (7, False)


def test_7_a_name_that_has_no_address(terminal: Terminal) -> None:
    said = terminal.run("models", "--json", IMAGE_SKILL_API_BASE_URL=f"http://{'a' * 64}.invalid")
    assert (said.code, said.error_code) == (7, "SERVICE_UNAVAILABLE")


def test_8_no_answer_in_time(front: Front, fronted: Terminal) -> None:
    front.disturb([SILENCE])
    said = fronted.run("usage", "quota", "--json", IMAGE_SKILL_TIMEOUT_SECONDS="1")
    assert (said.code, said.error_code) == (8, "TIMEOUT")


def test_8_a_job_that_does_not_end(front: Front, fronted: Terminal) -> None:
    running = {"job": {"job_id": "job_1", "status": "running"}, "status": "running"}
    front.disturb([answer(running)] * 50)
    said = fronted.run("jobs", "wait", "job_1", "--timeout-ms", "250", "--poll-interval-ms", "100", "--json")
    assert (said.code, said.error_code) == (8, "TIMEOUT")
    assert 2 <= len(front.calls) <= 4
    assert said.envelope["data"]["status"] == "running"


def test_9_folders_and_files_that_cannot_be(agent_terminal: Terminal) -> None:
    home = agent_terminal.home
    (home / "file").write_text("")
    for words in (
        ["create", "--prompt", "A boat", "--output", "file/out.png"],
        ["create", "--prompt", "A boat", "--output", "file"],
        ["create", "--prompt", "A boat", "--output", "none/out.png"],
        ["create", "--prompt-file", "none.md"],
        ["create", "--prompt-file", "."],
        ["upload", "none.png"],
        ["upload", "."],
        ["edit", "--input", "none.png", "--prompt", "p"],
        ["doctor", "--output", "file"],
    ):
        said = agent_terminal.run(*words, "--json")
        assert (said.code, said.error_code) == (9, "FILESYSTEM_FAILURE"), words
    assert agent_terminal.run("usage", "quota").data["daily_jobs"]["used"] == 0


def answer(data: object, *, status: int = 200, error: object = None, exit_code: str | None = "0") -> Reply:
    envelope = {"ok": error is None, "command": "image-skill", "trace_id": "trace_1", "actor": None}
    body = json.dumps({**envelope, "data": data, "warnings": [], "error": error}).encode()
    return Reply(status, body, (("x-image-skill-exit-code", exit_code),) if exit_code is not None else ())


def test_the_exit_code_is_the_headers(front: Front, fronted: Terminal) -> None:
    denied = {"code": "SOMETHING_NEW", "message": "m", "retryable": False}
    for header, code in (("6", 6), ("4", 4), ("0", 1), ("", 5), ("junk", 5), ("77", 5), (None, 5)):
        front.disturb([answer(None, status=402, error=denied, exit_code=header)])
        assert fronted.run("whoami").code == code


def test_a_job_that_failed_fails_its_wait(front: Front, fronted: Terminal) -> None:
    error = {"code": "PROVIDER_FAILURE", "message": "m", "exit_code": 7}
    front.disturb([answer({"status": "failed", "job": {"job_id": "job_1", "status": "failed", "error": error}})])
    said = fronted.run("jobs", "wait", "job_1")
    assert (said.code, said.error_code) == (7, "PROVIDER_FAILURE")
    front.disturb(
        [answer({"status": "canceled", "job": {"job_id": "job_1", "status": "canceled", "error": None}})]
    )
    assert fronted.run("jobs", "wait", "job_1").error_code == "JOB_CANCELED"


@pytest.mark.parametrize(
    ("reply", "code", "name"),
    [
        (Reply(502, b"<html>Bad gateway</html>"), 7, "SERVICE_UNAVAILABLE"),
        (Reply(200, b"<html>A captive portal</html>"), 1, "UNEXPECTED_ANSWER"),
        (Reply(200, b"[]"), 1, "UNEXPECTED_ANSWER"),
        (Reply(302, b"", (("Location", "http://127.0.0.1:9/"),)), 1, "UNEXPECTED_ANSWER"),
    ],
)
def test_what_is_no_envelope_is_told_as_one(
    front: Front, fronted: Terminal, reply: Reply, code: int, name: str
) -> None:
    front.disturb([reply] * 3)
    said = fronted.run("whoami", "--json")
    assert (said.code, said.error_code) == (code, name)


def test_an_answer_on_a_closed_pipe_is_no_traceback(terminal: Terminal) -> None:
    begun = terminal.begin("models", "--json")
    assert begun.stdout is not None
    assert begun.stderr is not None
    begun.stdout.close()
    assert begun.wait(60) == 1
    assert begun.stderr.read() == ""
    begun.stderr.close()
