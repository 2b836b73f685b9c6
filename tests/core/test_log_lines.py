"""Log lines: JSON, under their trace, told by classes and places, never by an error's own words."""

import json
import logging
import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection

from imageskill.core import trace
from imageskill.logging import JsonFormatter, logging_config
from tests.cast import Caller, Member

SECRET = "isk_r_canary of a garden"
PICTURE = "image_" + "0" * 36


def line(error: BaseException | None = None, **fields: Any) -> dict[str, Any]:
    """Return what the formatter makes of a record."""
    told = (type(error), error, error.__traceback__) if error is not None else None
    record = logging.LogRecord("imageskill.test", logging.WARNING, __file__, 1, "it %s", ("failed",), told)
    record.fields = fields
    parsed: dict[str, Any] = json.loads(JsonFormatter().format(record))
    return parsed


def raised(error: BaseException, cause: BaseException | None = None) -> BaseException:
    try:
        raise error from cause
    except type(error) as caught:
        return caught


@pytest.fixture
def access(caplog: pytest.LogCaptureFixture) -> Iterator[list[dict[str, Any]]]:
    """The access lines of a test, as fields."""
    found: list[dict[str, Any]] = []

    class Reader(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            found.append(record.__dict__["fields"])

    reader = Reader()
    caplog.set_level(logging.INFO, "imageskill.access")
    logging.getLogger("imageskill.access").addHandler(reader)
    yield found
    logging.getLogger("imageskill.access").removeHandler(reader)


def test_a_line_is_one_object_with_its_trace_and_fields() -> None:
    trace.enter("trace_of_this")
    told = line(kind="a\nb", count=3)
    trace.enter("")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00", told.pop("at"))
    assert told == {
        "level": "warning",
        "logger": "imageskill.test",
        "message": "it failed",
        "trace_id": "trace_of_this",
        "kind": "a\nb",
        "count": 3,
    }
    assert "\n" not in JsonFormatter().format(logging.makeLogRecord({"msg": "a\nb"}))


@pytest.mark.parametrize(
    "error",
    [
        ValueError(SECRET),
        DatabaseError(f"DETAIL: Key (prompt)=({SECRET})"),
        OSError(28, SECRET, "/data/isk_r_canary"),
        KeyError(SECRET),
    ],
)
def test_an_error_is_told_by_its_class_and_places_only(error: Exception) -> None:
    told = line(raised(error, raised(RuntimeError(SECRET))))
    assert "canary" not in json.dumps(told)
    assert told["error"]["class"].endswith(type(error).__name__)
    assert told["error"]["cause"] == "RuntimeError"
    assert re.fullmatch(r"tests\.core\.test_log_lines:\d+:raised", told["error"]["frames"][-1])


def test_a_system_error_adds_its_name() -> None:
    assert line(raised(OSError(28, SECRET)))["error"]["errno"] == "ENOSPC"


@pytest.mark.django_db
@pytest.mark.both_databases
def test_an_error_of_the_database_adds_its_number_where_there_is_one(agent: Member) -> None:
    with pytest.raises(IntegrityError) as caught, connection.cursor() as cursor:
        cursor.execute("INSERT INTO accounts_organization (id, name, created_at) VALUES (NULL, 'canary', NULL)")
    told = line(caught.value)
    assert "canary" not in json.dumps(told)
    assert told["error"].get("sqlstate") == ("23502" if connection.vendor == "postgresql" else None)


def test_the_frameworks_own_lines_stay_out() -> None:
    loggers = logging_config()["loggers"]
    assert {name for name, rule in loggers.items() if rule.get("level") == "CRITICAL"} == {
        "django.request",
        "django.security",
        "django.server",
        # What a server said may quote what it was asked; addresses name ids.
        "stripe",
        "urllib3",
        "httpx",
        "botocore",
        "boto3",
        "opentelemetry",
        "sentry_sdk",
    }


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("path", "told"),
    [
        (f"/v1/assets/{PICTURE}", "/v1/assets/image_-"),
        (f"/v1/activity/{PICTURE}", "/v1/activity/image_-"),
        ("/v1/jobs/isk_r_" + "a" * 36, "/v1/jobs/isk_r_-"),
        ("/v1/jobs/job_0hod1r617mc3htpzfv3cuso56", "/v1/jobs/job_0hod1r617mc3htpzfv3cuso56"),
        ("/v1/" + "x" * 500, "/v1/" + "x" * 196),
        ("/v1/jobs/somebody@example.com", "/v1/jobs/-"),
        ("/v1/jobs/4242 4242-42424242", "/v1/jobs/-"),
        ("/v1/" + "x" * 5000 + "@", "/v1/" + "x" * 196),
    ],
)
def test_the_access_line_cuts_what_is_a_key(
    agent: Member, access: list[dict[str, Any]], path: str, told: str
) -> None:
    agent.get(path)
    assert access[-1]["path"] == told


@pytest.mark.django_db
@pytest.mark.parametrize(
    "path", [f"/a/{PICTURE}.png", f"/a/{PICTURE}%0A.png", "/pay/payatt_1", "/s/x/1", "/claim/ABCDE"]
)
def test_no_key_of_a_page_or_picture_is_told(access: list[dict[str, Any]], path: str) -> None:
    with pytest.raises(ValueError, match="Expecting value"):
        Caller().get(path)
    assert access[-1]["path"] == "/" + path.split("/")[1] + "/-"


@pytest.mark.django_db
def test_a_client_that_names_itself_by_a_token_is_cut_too(agent: Member, access: list[dict[str, Any]]) -> None:
    agent.get("/v1/whoami", headers={"user-agent": f"bot/1 {agent.token}"})
    assert access[-1]["client"] == "bot/1 isk_r_-"


@pytest.mark.django_db
def test_each_refusal_has_its_line_with_code_and_trace(agent: Member, access: list[dict[str, Any]]) -> None:
    answers = [
        agent.get("/v1/nothing"),
        agent.get("/v1/create"),
        Caller().get("/v1/quota"),
        agent.post("/v1/create", raw="{"),
        agent.get("/v1/jobs/job_1"),
        agent.create(model="no.such"),
    ]
    assert [entry["error_code"] for entry in access[-6:]] == [answer.code for answer in answers]
    assert [entry["trace_id"] for entry in access[-6:]] == [answer.body["trace_id"] for answer in answers]
    assert [entry["status"] for entry in access[-6:]] == [answer.status for answer in answers]
    assert len({entry["trace_id"] for entry in access}) == len(access)
    assert trace.current() == ""


def test_the_pool_of_connections_says_what_happened_and_not_where() -> None:
    said = ("error connecting in %r: %s", ("default", 'connection to server at "db.internal", user "shop" failed'))
    record = logging.LogRecord("psycopg.pool", logging.WARNING, __file__, 1, *said, None)
    told = JsonFormatter().format(record)
    assert json.loads(told)["message"] == "error connecting in %r: %s"
    assert "db.internal" not in told
