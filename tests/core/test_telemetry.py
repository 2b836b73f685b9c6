import logging
from typing import Any

import pytest

from tests.cast import Caller, Member

pytestmark = pytest.mark.django_db


def line_of(caplog: pytest.LogCaptureFixture) -> dict[str, Any]:
    """Return the fields of the last access line."""
    fields: dict[str, Any] = [record for record in caplog.records if record.name == "imageskill.access"][-1].fields
    return fields


@pytest.fixture(autouse=True)
def _access_lines(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "imageskill.access")


@pytest.mark.usefixtures("provider")
def test_a_create_is_recorded_by_its_numbers(agent: Member, caplog: pytest.LogCaptureFixture) -> None:
    made = agent.post("/v1/create", {"prompt": "A red boat"}, headers={"user-agent": "image-skill/0.1.70"})
    line = line_of(caplog)
    assert line.pop("milliseconds") >= 0
    assert line == {
        "method": "POST",
        "path": "/v1/create",
        "status": 200,
        "exit_code": "0",
        "trace_id": made.body["trace_id"],
        "trace_parent": None,
        "client": "image-skill/0.1.70",
        "command": "image-skill create",
        "actor_type": "agent",
        "claim_state": "unclaimed",
        "capability": "is.image.generate.preview.v1",
        "credits": 1,
        "error_code": None,
    }


def test_a_refusal_is_recorded_by_its_code(anonymous: Caller, caplog: pytest.LogCaptureFixture) -> None:
    anonymous.get("/v1/whoami")
    line = line_of(caplog)
    assert (line["command"], line["actor_type"], line["error_code"], line["exit_code"]) == (
        "image-skill whoami",
        None,
        "AUTH_REQUIRED",
        "3",
    )


def test_a_caller_that_says_off_leaves_only_the_http(agent: Member, caplog: pytest.LogCaptureFixture) -> None:
    agent.get("/v1/whoami", headers={"image-skill-telemetry": "off", "user-agent": "image-skill/0.1.70"})
    assert set(line_of(caplog)) == {
        "method",
        "path",
        "status",
        "exit_code",
        "milliseconds",
        "trace_id",
        "trace_parent",
    }


def test_neither_token_nor_prompt_nor_query_is_recorded(agent: Member, caplog: pytest.LogCaptureFixture) -> None:
    agent.create("A very secret canary")
    agent.get("/v1/activity?limit=7")
    agent.get(f"/v1/activity?token={agent.token}")
    told = str([record.__dict__ for record in caplog.records])
    assert "canary" not in told
    assert str(agent.token) not in told
    assert "limit=7" not in told


def test_a_picture_is_recorded_without_its_key(anonymous: Caller, caplog: pytest.LogCaptureFixture) -> None:
    anonymous.send("GET", "/v1/nothing")
    assert line_of(caplog)["path"] == "/v1/nothing"
    with pytest.raises(ValueError, match="Expecting value"):
        anonymous.get("/a/image_0000000000000000000000000000000000.png")
    assert line_of(caplog)["path"] == "/a/-"
