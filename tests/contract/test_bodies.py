"""Bodies: bounded, one JSON object in UTF-8, strict types, and nothing stored of what is refused."""

import json

import pytest
from django.urls import resolve

from accounts.models import Agent
from imageskill.cli.commands import COMMANDS, Command
from imageskill.core.api import ApiView
from imageskill.core.errors import FLAGS
from tests.cast import Answer, Caller, Member

pytestmark = pytest.mark.django_db

SIGNUP = {"agent_name": "atlas", "runtime": "tests"}
SENT_BY_THE_CLIENT = {"input_asset_id": "--input", "claim_secret": "--secret-stdin"}
"""Fields that the client makes of what a flag of another name says."""


def send(caller: Caller, raw: bytes | str, content_type: str = "application/json") -> Answer:
    return caller.send("POST", "/v1/agent-signups", raw=raw, content_type=content_type)


@pytest.mark.parametrize(
    "raw",
    [
        b"{",
        b"[]",
        b'"text"',
        b"null",
        b"12",
        b"{'agent_name': 1}",
        b'{"agent_name": NaN, "runtime": "x"}',
        b'{"agent_name": 1e999, "runtime": "x"}',
        b"\xff\xfe{}",
        '{"agent_name": "ü"}'.encode("latin-1"),
        b'{"a":' * 100 + b"1" + b"}" * 100,
        b"[" * 100_000,
    ],
)
def test_what_is_no_json_object_is_malformed(anonymous: Caller, raw: bytes) -> None:
    refused = send(anonymous, raw)
    assert (refused.code, refused.status, refused.exit_code) == ("MALFORMED_JSON", 400, 2)
    assert not Agent.objects.exists()


@pytest.mark.parametrize(
    "content_type",
    ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/xml", ""],
)
def test_another_content_type_is_refused(anonymous: Caller, content_type: str) -> None:
    refused = send(anonymous, json.dumps(SIGNUP), content_type)
    assert (refused.code, refused.status, refused.exit_code) == ("UNSUPPORTED_MEDIA_TYPE", 415, 2)


def test_a_charset_behind_the_content_type_is_fine(anonymous: Caller) -> None:
    assert send(anonymous, json.dumps(SIGNUP), "application/json; charset=utf-8").ok


def test_a_body_over_the_limit_is_named_with_the_limit(anonymous: Caller) -> None:
    refused = send(anonymous, json.dumps(SIGNUP | {"discovery_source": "x" * 300_000}))
    assert (refused.code, refused.status, refused.exit_code) == ("PAYLOAD_TOO_LARGE", 413, 2)
    assert refused.error["recovery"]["limit_bytes"] == 256 * 1024


@pytest.mark.parametrize(
    ("name", "value"),
    [("agent_name", "a\x00b"), ("runtime", "\ud800"), ("nested", {"a": ["x\x00"]}), ("a\x00", 1)],
)
def test_text_that_no_database_holds_is_refused_at_any_depth(anonymous: Caller, name: str, value: object) -> None:
    refused = anonymous.post("/v1/agent-signups", SIGNUP | {name: value})
    assert (refused.code, refused.status) == ("INVALID_ARGUMENTS", 400)
    assert "NUL" in refused.error["message"]
    assert not Agent.objects.exists()


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("agent_name", 7, "must be a string"),
        ("agent_name", None, "must not be null"),
        ("agent_name", "", "must not be empty"),
        ("agent_name", "x" * 121, "must be at most 120 characters long"),
        ("runtime", ["tests"], "must be a string"),
        ("return_token", "yes", "must be true or false"),
        ("return_token", 1, "must be true or false"),
    ],
)
def test_types_are_strict_and_each_problem_is_named(
    anonymous: Caller, name: str, value: object, problem: str
) -> None:
    refused = anonymous.post("/v1/agent-signups", SIGNUP | {name: value})
    assert refused.error["recovery"]["fields"] == {name: [problem]}
    assert refused.error["message"] == f"{name} {problem}"


def test_a_missing_field_is_told_as_the_flag_that_gives_it(anonymous: Caller) -> None:
    one = anonymous.post("/v1/agent-signups", {"agent_name": "atlas"})
    assert one.error["recovery"]["required_flag"] == "--runtime"
    both = anonymous.post("/v1/agent-signups", {})
    assert both.error["recovery"]["required_flags"] == ["--agent-name", "--runtime"]


@pytest.mark.parametrize(
    ("path", "flags"),
    [
        ("/v1/edit", ["--input", "--prompt"]),
        ("/v1/agent-claims/collect", ["--claim-id", "--secret-stdin"]),
        ("/v1/upload", []),
        ("/v1/cli", []),
    ],
)
def test_only_flags_that_the_client_has_are_told(agent: Member, path: str, flags: list[str]) -> None:
    told = agent.post(path, {}).error["recovery"]
    one = [told["required_flag"]] if "required_flag" in told else []
    assert sorted(told.get("required_flags", one)) == flags
    assert told["fields"]


def views(base: type[ApiView]) -> list[type[ApiView]]:
    return [base, *(view for one in base.__subclasses__() for view in views(one))]


@pytest.mark.parametrize("command", [row for row in COMMANDS if row.method == "POST"], ids=lambda row: row.words)
def test_each_field_that_a_command_must_send_is_told_as_its_own_flag(command: Command) -> None:
    resolve("/v1/whoami")  # every view is known once the addresses are
    (view,) = [view for view in views(ApiView) if view.command == command.label and hasattr(view, "post")]
    missing = [name for name, field in view.Input().fields.items() if field.required]
    own = {flag.field: flag.name for flag in command.flags} | SENT_BY_THE_CLIENT
    names = {flag.name for flag in command.flags}
    assert {name: FLAGS.get(name) for name in missing} == {
        name: own[name] if own.get(name) in names else None for name in missing
    }


def test_no_flag_is_told_that_no_command_takes() -> None:
    taken = {(flag.field, flag.name) for command in COMMANDS for flag in command.flags}
    assert set(FLAGS.items()) <= taken | set(SENT_BY_THE_CLIENT.items())
    assert set(SENT_BY_THE_CLIENT.values()) <= {name for _, name in taken}


def test_unknown_fields_of_a_signup_are_ignored_with_a_warning(anonymous: Caller) -> None:
    answer = anonymous.post("/v1/agent-signups", SIGNUP | {"favourite_colour": "teal"})
    assert answer.ok
    assert "Unknown fields are ignored: favourite_colour." in answer.body["warnings"]


def test_a_misspelt_cap_is_no_cap_and_is_refused(agent: Member) -> None:
    refused = agent.create(max_uds=0.01)
    assert refused.code == "INVALID_ARGUMENTS"
    assert refused.error["recovery"]["fields"] == {"max_uds": ["is not a known field"]}


def test_a_token_in_the_address_is_refused_unread(agent: Member) -> None:
    refused = Caller().get(f"/v1/whoami?token={agent.token}")
    assert (refused.code, refused.error["recovery"]["reason"]) == ("INVALID_ARGUMENTS", "token_in_query")
    assert str(agent.token) not in str(refused.body)
