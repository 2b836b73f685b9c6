"""`POST /v1/cli`: a command line becomes one call of its caller, and nothing of the service's machine."""

import logging
from typing import Any

import pytest
import time_machine
from django.conf import LazySettings
from django.core.cache import cache
from django.utils import timezone

from billing.models import Hold
from creative.models import Asset, Job
from imageskill.cli.commands import COMMANDS
from imageskill.site import cli_calls
from tests.cast import Answer, Caller, Member

pytestmark = pytest.mark.django_db


def run(caller: Caller, *argv: str, **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return caller.post("/v1/cli", {"argv": list(argv)}, headers=named)


def test_an_answer_is_that_of_the_call_behind_the_line(agent: Member) -> None:
    told = run(agent, "image-skill", "usage", "quota", "--json")
    plain = agent.get("/v1/quota")
    assert (told.status, told.exit_code, told.body["command"]) == (200, 0, "image-skill usage quota")
    assert (told.data, told.body["actor"]) == (plain.data, plain.body["actor"])
    assert told.response["x-trace-id"] == told.body["trace_id"]


@pytest.mark.usefixtures("provider")
def test_a_picture_is_made_once_under_its_key_and_the_calls_trace(agent: Member) -> None:
    line = ("create", "--prompt", "A red boat", "--idempotency-key", "boat-1")
    first, second = run(agent, *line), run(agent, *line)
    assert first.data["job_id"] == second.data["job_id"]
    assert Job.objects.get().trace_id == first.body["trace_id"]
    assert Hold.objects.count() == 1
    assert run(agent, "assets", "show", first.data["asset_ids"][0]).data["asset"]["kind"] == "generated"
    deleted = run(agent, "assets", "delete", first.data["asset_ids"][0])
    assert (deleted.code, deleted.exit_code) == ("CAPABILITY_DENIED", 4)


def test_a_refusal_is_told_as_the_call_itself_tells_it(agent: Member, stranger: Member) -> None:
    told = run(agent, "create", "--prompt", "A red boat", "--max-usd", "0.001")
    plain = agent.create("A red boat", max_usd=0.001)
    assert (told.status, told.exit_code, told.error) == (plain.status, plain.exit_code, plain.error)
    assert told.body["command"] == "image-skill create"
    planned = run(agent, "create", "--prompt", "A red boat", "--dry-run").data["job_id"]
    assert run(stranger, "jobs", "show", planned).code == "JOB_NOT_FOUND"


def test_nobody_gets_what_needs_a_token(anonymous: Caller, agent: Member, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMAGE_SKILL_TOKEN", agent.token or "")
    assert run(anonymous, "whoami").code == "AUTH_REQUIRED"
    assert run(Caller("isk_r_wrong"), "whoami").code == "AUTH_REQUIRED"
    assert run(anonymous, "models", "list").ok
    assert run(anonymous, "doctor").data["service"] == "image-skill"


def test_it_counts_once_against_the_callers_limit(agent: Member, settings: LazySettings) -> None:
    cache.clear()
    settings.TOKEN_REQUESTS_PER_MINUTE = 2
    with time_machine.travel(timezone.now(), tick=False):  # in one minute
        assert [run(agent, "whoami").status for _ in range(3)] == [200, 200, 429]


def test_lines_that_become_no_call_are_limited_too(anonymous: Caller, settings: LazySettings) -> None:
    settings.NETWORK_REQUESTS_PER_MINUTE = 2
    with time_machine.travel(timezone.now(), tick=False):  # in one minute
        told = [run(anonymous, "upload", "a.png") for _ in range(3)]
    assert [answer.code for answer in told] == ["INVALID_ARGUMENTS", "INVALID_ARGUMENTS", "RATE_LIMITED"]
    assert int(told[-1].response["Retry-After"]) > 0


@pytest.mark.parametrize(
    "argv",
    [
        ("upload", "source.png"),
        ("upload", "https://pictures.example/a.png"),
        ("edit", "--input", "source.png", "--prompt", "x"),
        ("edit", "--input", "https://pictures.example/a.png", "--prompt", "x"),
        ("edit", "--input", "image_0", "--mask", "mask.png", "--prompt", "x"),
        ("assets", "show", "https://pictures.example/a.png"),
        ("assets", "get", "image_0", "--output", "a.png"),
        ("auth", "save", "--token-stdin"),
        ("auth", "status"),
        ("auth", "logout"),
        ("auth", "rotate"),
        ("claim", "collect"),
        ("doctor", "--recover"),
        ("jobs", "wait", "job_0", "--timeout-ms", "300000"),
        ("create", "--prompt", "x", "--timeout-ms", "300000"),
        ("whoami", "--api-base-url", "http://169.254.169.254"),
        ("create", "--prompt-file", "/etc/passwd"),
        ("version",),
        ("help",),
        ("completion", "bash"),
        (),
    ],
)
def test_what_needs_the_callers_machine_is_refused_with_the_reason(agent: Member, argv: tuple[str, ...]) -> None:
    told = run(agent, *argv)
    assert (told.status, told.exit_code, told.code) == (400, 2, "INVALID_ARGUMENTS")
    assert told.error["recovery"]["reason"] == "local_only"
    assert all(told.error["recovery"]["fields"].values())
    assert not Asset.objects.exists()
    assert not Job.objects.exists()


REFUSED = {
    *("--api-base-url", "--token-stdin", "--secret-stdin", "--save", "--show-token"),
    *("--output", "--overwrite", "--prompt-file", "--recover"),
}
MEANINGLESS = {"--json", "--help", "--human", "--poll-interval-ms", "--agent", "--no-save"}
ELSEWHERE = {"--input", "--mask", "--timeout-ms", ("credits buy", "--provider")}
"""Flags whose value becomes another field, a header, or what the call says anyway."""
SAMPLES = {"whole": "5", "amount": "0.5", "json": '{"seed":1}', "list": "one,two"}


def lines() -> list[Any]:
    """Each flag of each command that can run here, in an otherwise complete line."""
    found = []
    for command in COMMANDS:
        if command.local:
            continue
        for flag in command.flags:
            alone = command.one_of if flag.name in command.one_of else ()
            given = {one.name: one for one in command.flags if one.required or one.name in command.one_of[:1]}
            given = {name: one for name, one in given.items() if name not in alone} | {flag.name: flag}
            argv = [*command.words.split(), *["image_0"] * len(command.arguments)]
            for one in given.values():
                argv += [one.name] if one.kind == "switch" else [one.name, value_of(one)]
            found.append(pytest.param(command.words, flag, argv, id=f"{command.words} {flag.name}"))
    return found


def value_of(flag: Any) -> str:
    if flag.name in ("--input", "--mask"):
        return "image_0"
    return str(flag.choices[0]) if flag.choices else SAMPLES.get(flag.kind, "word")


@pytest.mark.parametrize(("words", "flag", "argv"), lines())
def test_every_flag_is_passed_on_or_refused(words: str, flag: Any, argv: list[str]) -> None:
    asked = cli_calls.commands.parse(argv)
    if flag.name == "--help":
        assert asked.label == "image-skill help"
        return
    assert isinstance(asked, cli_calls.commands.Request), asked.message
    refused = cli_calls.refusal_of(asked)
    if flag.name in REFUSED:
        assert refused is not None
        assert flag.name in refused.recovery["fields"]
        return
    assert refused is None
    if flag.name in MEANINGLESS:
        return
    sent = [*(asked.body or {}), *asked.query, *cli_calls.headers_of(asked)]
    if flag.name in ELSEWHERE or (words, flag.name) in ELSEWHERE:
        return
    assert flag.field in sent


def test_a_token_is_never_an_argument(agent: Member, anonymous: Caller) -> None:
    for argv in (("whoami", "--token", agent.token or ""), ("whoami", f"--token={agent.token}")):
        told = run(anonymous, *argv)
        assert told.code == "INVALID_ARGUMENTS"
        assert agent.token not in told.response.content.decode()


@pytest.mark.usefixtures("provider")
def test_no_word_of_a_line_is_logged_or_told_back(agent: Member, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    canary = "marmalade-canary-7731"
    lines = [
        ("create", "--prompt", canary),
        ("create", "--prompt", canary, "--no-such-flag", canary),
        ("create", "--prompt", canary, "--output-count", canary),
        (canary, canary),
        ("jobs", "show", canary),
        ("models", "show", canary),
    ]
    told = [run(agent, *line) for line in lines]
    assert told[0].ok
    logged = "\n".join(str(vars(record)) for record in caplog.records)
    assert canary not in logged
    assert all(canary not in answer.response.content.decode() for answer in told)


def test_a_line_never_leads_back_here(agent: Member) -> None:
    assert all(command.path != "/v1/cli" for command in COMMANDS)
    assert run(agent, "cli", "whoami").code == "INVALID_ARGUMENTS"
    assert run(agent, "jobs", "show", "../cli").code in {"JOB_NOT_FOUND", "ROUTE_NOT_FOUND"}


def test_a_body_that_is_no_line_is_refused(agent: Member) -> None:
    for body in ({}, {"argv": "whoami"}, {"argv": [1]}, {"argv": ["whoami"], "token": "x"}, {"argv": ["x"] * 201}):
        refused = agent.post("/v1/cli", body)
        assert (refused.status, refused.code) == (400, "INVALID_ARGUMENTS")


def test_harmless_flags_are_named_in_a_warning(agent: Member) -> None:
    told = run(agent, "whoami", "--human")
    assert told.ok
    assert told.body["warnings"] == ["--human is ignored: the service answers in JSON."]


def test_an_unknown_query_is_named_beside_the_answer(agent: Member) -> None:
    told = agent.post("/v1/cli?verbose=1", {"argv": ["whoami"]})
    assert told.ok
    assert told.body["warnings"] == ["Unknown query fields are ignored: verbose."]


def test_a_token_in_the_address_is_refused(agent: Member) -> None:
    assert agent.post(f"/v1/cli?token={agent.token}", {"argv": ["whoami"]}).code == "INVALID_ARGUMENTS"


def test_a_cookie_is_nobody(agent: Member, anonymous: Caller) -> None:
    refused = run(anonymous, "whoami", cookie=f"sessionid={agent.token}", origin="https://evil.example")
    assert refused.code == "AUTH_REQUIRED"
    assert not [name for name in refused.response.headers if name.lower().startswith("access-control")]
