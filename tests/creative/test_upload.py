"""`POST /v1/upload`: what it takes, what it answers, what it refuses; it never charges."""

import base64
import errno
from typing import Any

import pytest
from django.conf import LazySettings
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts import tokens
from accounts.models import Agent, AgentToken
from billing.models import Hold, LedgerEntry
from creative import upload
from creative.images.workshop import workshop
from creative.models import Asset, Job
from imageskill.core.models import ActivityEvent
from tests.cast import Caller, Member
from tests.creative.disks import FullDisk
from tests.creative.evidence import assert_refused, balance, content_of, fetch, path_of
from tests.creative.pictures import (
    SECRET,
    animated,
    body_of,
    digest,
    encoded,
    full_of_secrets,
    opened,
    png_header,
    send,
)

pytestmark = pytest.mark.django_db

PNG = encoded("PNG")


def test_an_upload_answers_with_exactly_the_fields_of_the_contract(agent: Member) -> None:
    data = encoded("JPEG", quality=60)
    answer = send(agent, data, mime_type="image/jpeg", filename="source.jpg")
    assert (answer.status, answer.exit_code, answer.body["command"]) == (200, 0, "image-skill upload")
    assert answer.body["warnings"] == []
    assert set(answer.data) == {"request", "asset", "upload"}
    assert answer.data["request"] == {
        "source_kind": "local_path",
        "filename": "source.jpg",
        "remote_origin": None,
    }
    assert answer.data["upload"] == {
        "bytes": len(data),
        "mime_type": "image/jpeg",
        "sha256": digest(data),
        "policy": {"status": "allowed"},
    }
    row = Asset.objects.get()
    told = answer.data["asset"]
    assert (told["asset_id"], told["job_id"], told["kind"]) == (row.pk, None, "uploaded")
    assert told == agent.get(f"/v1/assets/{row.pk}").data["asset"]
    assert (told["mime_type"], told["width"], told["height"]) == ("image/jpeg", 48, 32)


def test_the_bytes_that_are_served_are_those_of_the_asset_and_not_the_sender_s(agent: Member) -> None:
    data = full_of_secrets("PNG")
    told = send(agent, data).data["asset"]
    response = fetch(path_of(told))
    stored = content_of(response)
    assert (response.status_code, response["Content-Type"]) == (200, "image/png")
    assert (len(stored), digest(stored)) == (told["content_length"], told["sha256"])
    assert told["sha256"] != digest(data)
    assert SECRET not in stored
    assert opened(stored).size == opened(data).size


def test_an_upload_costs_nothing_and_is_no_job(agent: Member) -> None:
    before = balance(agent)
    daily = agent.get("/v1/quota").data["daily_jobs"]
    entries = LedgerEntry.objects.count()
    assert send(agent, PNG).ok
    assert balance(agent) == before
    assert agent.get("/v1/quota").data["daily_jobs"] == daily
    assert LedgerEntry.objects.count() == entries
    assert not Job.objects.exists()
    assert not Hold.objects.exists()


def test_it_stands_in_the_activity_of_its_agent_alone(agent: Member, teammate: Member, stranger: Member) -> None:
    asset_id = send(agent, PNG).data["asset"]["asset_id"]
    (event,) = agent.get(f"/v1/activity/{asset_id}").data["events"]
    assert (event["type"], event["operation"], event["status"]) == ("asset.uploaded", "upload", "uploaded")
    assert event["subject"] == {"type": "asset", "id": asset_id}
    assert event["links"]["asset_ids"] == [asset_id]
    for other in (teammate, stranger):
        assert_refused(other.get(f"/v1/assets/{asset_id}"), "ASSET_NOT_FOUND", 1, 404)
        assert_refused(other.get(f"/v1/activity/{asset_id}"), "ACTIVITY_NOT_FOUND", 1, 404)


@pytest.mark.parametrize(
    ("declared", "warned"),
    [
        ("image/jpeg", True),
        ("text/html", True),
        ("nonsense <b>", True),
        ("image/png", False),
        ("IMAGE/PNG; a=b", False),
        ("image/x-png", False),
        (None, False),
    ],
)
def test_the_sniffed_type_decides_and_a_lie_is_a_warning(
    agent: Member, declared: str | None, *, warned: bool
) -> None:
    answer = send(agent, PNG, mime_type=declared)
    assert answer.data["upload"]["mime_type"] == "image/png"
    warning = "The declared mime_type is ignored: the bytes are image/png."
    assert answer.body["warnings"] == ([warning] if warned else [])


def test_what_becomes_of_an_animated_gif_is_told(agent: Member) -> None:
    answer = send(agent, animated("GIF"), mime_type="image/gif")
    assert (answer.data["upload"]["mime_type"], answer.data["asset"]["mime_type"]) == ("image/gif", "image/png")
    assert answer.body["warnings"] == [
        "image/gif is kept as image/png.",
        "Only the first frame is kept.",
    ]


def test_only_the_bytes_are_required(agent: Member) -> None:
    answer = agent.post("/v1/upload", {"content_base64": base64.b64encode(PNG).decode(), "colour": "red"})
    assert answer.ok
    assert answer.data["request"] == {"source_kind": "local_path", "filename": None, "remote_origin": None}
    assert answer.body["warnings"] == ["Unknown fields are ignored: colour."]


@pytest.mark.parametrize(
    ("filename", "told"),
    [
        ("/home/somebody/private/cat.png", "cat.png"),
        ("C:\\Users\\somebody\\cat.png", "cat.png"),
        ("a\x1b[31m\u202eb.png", "a[31mb.png"),
        ("folder/", "folder"),
        ("isk_r_" + "a" * 36 + ".png", None),
        ("", None),
        ("x" * 400, "x" * 255),
    ],
)
def test_a_file_s_name_is_told_without_its_path(agent: Member, filename: str, told: str | None) -> None:
    assert send(agent, PNG, filename=filename).data["request"]["filename"] == told


@pytest.mark.parametrize(
    ("origin", "told"),
    [
        ("https://example.com", "https://example.com"),
        ("https://user:word@Example.com:8443/private/cat.png?token=abc#x", "https://example.com:8443"),
        ("http://[::1]:80/x", "http://[::1]:80"),
        ("file:///etc/passwd", None),
        ("javascript:alert(1)", None),
        ("https://example.com:notaport/", None),
        ("https://[broken", None),
        ("cat.png", None),
    ],
)
def test_of_an_address_only_the_origin_is_told(agent: Member, origin: str, told: str | None) -> None:
    answer = send(agent, PNG, source_kind="remote_url", remote_origin=origin)
    assert answer.data["request"]["source_kind"] == "remote_url"
    assert answer.data["request"]["remote_origin"] == told
    assert not {"private", "token=abc", "word"} & set(str(answer.body).split("/"))


@pytest.mark.parametrize(
    ("field", "value", "problem"),
    [
        ("content_length", len(PNG) + 1, "must be the number of the bytes that were sent"),
        ("sha256", "0" * 64, "must be the SHA-256"),
        ("content_length", "12", "must be an integer"),
        ("content_base64", "", "must not be empty"),
        ("content_base64", 12, "must be a string"),
        ("content_base64", None, "must not be null"),
        ("content_base64", "QQ==\n", "must be base64"),
        ("content_base64", "QQ==QQ==", "must be base64"),
        ("content_base64", "data:image/png;base64,QQ==", "must be base64"),
        ("content_base64", "Q-_=", "must be base64"),
        ("content_base64", "é", "must be base64"),
    ],
)
def test_bytes_that_are_not_what_was_declared_are_refused(
    agent: Member, field: str, value: Any, problem: str
) -> None:
    recovery = assert_refused(send(agent, PNG, **{field: value}), "INVALID_ARGUMENTS", 2, 400)
    assert problem in recovery["fields"][field][0]
    assert not Asset.objects.exists()


def test_a_digest_in_capital_letters_is_the_same(agent: Member) -> None:
    assert send(agent, PNG, sha256=digest(PNG).upper()).ok


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"<svg onload='alert(1)'/>", "unknown_kind"),
        (b"%PDF-1.7", "unknown_kind"),
        (b"II*\x00", "unknown_kind"),
        (PNG[:60], "broken"),
        (png_header(30_000, 30_000), "too_large"),
    ],
)
def test_what_is_no_allowed_picture_is_refused_with_what_would_be(agent: Member, data: bytes, reason: str) -> None:
    recovery = assert_refused(send(agent, data), "INPUT_POLICY_DENIED", 6, 422)
    assert recovery["reason"] == reason
    assert recovery["allowed_mime_types"] == ["image/png", "image/jpeg", "image/webp", "image/gif", "image/avif"]
    assert (recovery["max_bytes"], recovery["max_pixels"], recovery["max_side_pixels"]) == (
        20 * 1024 * 1024,
        50_000_000,
        12_000,
    )
    assert not Asset.objects.exists()
    assert not ActivityEvent.objects.filter(type="asset.uploaded").exists()


def test_twenty_megabytes_pass_the_door_and_more_does_not(agent: Member) -> None:
    filled = PNG + b"\x00" * (20 * 1024 * 1024 - len(PNG))
    assert send(agent, filled).ok  # what stands behind a picture is dropped
    assert_refused(send(agent, filled + b"\x00"), "INPUT_POLICY_DENIED", 6, 422)
    recovery = assert_refused(
        agent.post("/v1/upload", raw=b"[" * 28_000_000 + b"]" * 2_000_000), "PAYLOAD_TOO_LARGE", 2, 413
    )
    assert recovery["limit_bytes"] == 28 * 1024 * 1024


def test_no_other_path_takes_so_long_a_body(agent: Member) -> None:
    for path in ("/v1/create", "/v1/credit-quotes", "/v1/agent-claims"):
        assert_refused(agent.post(path, body_of(b"\x00" * 300_000)), "PAYLOAD_TOO_LARGE", 2, 413)


def test_it_needs_a_token_and_the_grant(agent: Member, anonymous: Caller) -> None:
    answer = anonymous.post("/v1/upload", body_of(PNG))
    assert (answer.code, answer.status) == ("AUTH_REQUIRED", 401)
    Agent.objects.filter(pk=agent.agent_id).update(grants=["create.preview"])
    recovery = assert_refused(send(agent, PNG), "CAPABILITY_DENIED", 4, 403)
    assert recovery["required_grant"] == "asset.upload"
    assert not Asset.objects.exists()


def test_a_paused_agent_uploads_nothing(agent: Member) -> None:
    row = agent.row
    Agent.objects.filter(pk=row.pk).update(paused_at=row.created_at)
    assert assert_refused(send(agent, PNG), "CAPABILITY_DENIED", 4, 403)["reason"] == "paused_by_owner"


def test_a_token_that_ended_while_its_picture_was_decoded_keeps_nothing(
    agent: Member, settings: LazySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Slow(FullDisk):
        def _save(self, name: str, content: Any) -> str:
            tokens.revoke(token=AgentToken.objects.get(agent_id=agent.agent_id))
            return super()._save(name, content)

    disk = Slow(settings.STORAGES["media"]["OPTIONS"]["location"], room=9)
    monkeypatch.setattr("creative.storage._media", lambda: disk)
    answer = send(agent, PNG)
    assert (answer.code, answer.status) == ("AUTH_REQUIRED", 401)
    assert not Asset.objects.exists()


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS])
def test_a_storage_that_refuses_keeps_nothing_and_the_call_may_be_repeated(
    agent: Member, settings: LazySettings, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    location = settings.STORAGES["media"]["OPTIONS"]["location"]
    monkeypatch.setattr("creative.storage._media", lambda: FullDisk(location, room=0, number=number))
    answer = send(agent, PNG)
    assert (answer.code, answer.status, answer.exit_code) == ("ARTIFACT_STORAGE_WRITE_FAILED", 507, 9)
    assert answer.error["retryable"] is True
    assert location not in str(answer.body)
    assert not Asset.objects.exists()


def test_who_finds_every_place_taken_is_asked_to_come_again(
    agent: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    places = [workshop._places.acquire(blocking=False) for _ in range(2)]
    monkeypatch.setattr("creative.images._UPLOAD_PATIENCE", 0.01)
    try:
        answer = send(agent, PNG)
    finally:
        for taken in places:
            if taken:
                workshop._places.release()
    assert (answer.code, answer.status, answer.error["retryable"]) == ("SERVICE_UNAVAILABLE", 503, True)
    assert answer.response["Retry-After"] == "5"
    assert send(agent, PNG).ok


def test_uploads_leave_half_of_the_threads_to_everybody_else(agent: Member) -> None:
    room = upload._inside
    taken = [room.acquire(blocking=False) for _ in range(8)]
    try:
        answer = send(agent, PNG)
        assert taken == [True] * 8
        assert (answer.code, answer.status, answer.exit_code) == ("SERVICE_UNAVAILABLE", 503, 7)
        assert answer.error["recovery"]["reason"] == "uploads_busy"
        assert agent.get("/v1/whoami").ok
    finally:
        for _ in filter(None, taken):
            room.release()
    assert send(agent, PNG).ok


def test_an_upload_asks_the_database_a_bounded_number_of_questions(agent: Member) -> None:
    send(agent, PNG)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert send(agent, encoded("WEBP")).ok
    assert len(queries) <= 30, [query["sql"] for query in queries]


def test_nothing_of_the_picture_or_its_name_is_logged(agent: Member, caplog: pytest.LogCaptureFixture) -> None:
    data = full_of_secrets("JPEG")
    with caplog.at_level("DEBUG"):
        send(agent, data, filename="unmistakable-zebra.jpg")
        send(agent, b"<svg>" + SECRET, filename="unmistakable-zebra.svg")
    told = caplog.text + str([record.__dict__ for record in caplog.records])
    for hidden in ("unmistakable-zebra", SECRET.decode(), base64.b64encode(SECRET)[:16].decode()):
        assert hidden not in told


@pytest.mark.parametrize("name", ["image", "content", "file_base64"])
def test_bytes_under_another_name_are_understood_while_nothing_else_can_be_them(agent: Member, name: str) -> None:
    sent = base64.b64encode(PNG).decode()
    answer = agent.post("/v1/upload", {name: sent, "filename": "boat.png"})
    assert answer.ok, answer.body
    assert answer.body["warnings"] == []
    two = agent.post("/v1/upload", {name: sent, "other": sent})
    assert (two.code, set(two.error["recovery"]["fields"])) == ("INVALID_ARGUMENTS", {"content_base64"})
