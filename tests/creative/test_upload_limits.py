"""What an unclaimed agent may upload: so many and so much a day for one mailbox, and so much in all."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from accounts.models import Agent
from creative import upload_limits
from creative.models import Asset
from imageskill.core.models import ActivityEvent, Tally
from tests.cast import Member, sign_up
from tests.creative.evidence import assert_refused
from tests.creative.pictures import body_of, encoded, send

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
PNG = encoded("PNG")


def use_up(member: Member, *, uploads: int = 0, length: int = 0, network: str = "loopback") -> None:
    """Count uploads of today as if they had been made."""
    for number in range(uploads):
        upload_limits.count(
            agent=member.row, network=network, length=length // uploads if number else length % uploads, added=0
        )


def count_of(scope: str) -> list[int]:
    return sorted(Tally.objects.filter(scope=scope).values_list("count", flat=True))


def assert_limited(answer: Any, reason: str) -> dict[str, Any]:
    assert (answer.code, answer.status, answer.exit_code) == ("RATE_LIMITED", 429, 5), answer.body
    recovery: dict[str, Any] = answer.error["recovery"]
    assert recovery["reason"] == reason
    return recovery


def test_the_thirty_first_upload_of_a_day_is_refused_until_midnight() -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        agent = sign_up("many@gmail.com")
        use_up(agent, uploads=29)
        assert send(agent, PNG).ok
        answer = send(agent, PNG)
        recovery = assert_limited(answer, "uploads_a_day")
        assert (recovery["cap"], recovery["used"]) == (30, 30)
        assert recovery["resets_at"] == "2026-03-05T00:00:00.000Z"
        assert recovery["retry_after_seconds"] == 12 * 3600
        assert answer.response["Retry-After"] == str(12 * 3600)
        assert "30 pictures a day" in answer.error["message"]
        assert recovery["suggested_command"] == "image-skill whoami --json"
        assert Asset.objects.count() == 1
        clock.move_to(NOON + timedelta(hours=12))
        assert send(agent, PNG).ok


def test_more_than_a_hundred_megabytes_a_day_are_refused_with_the_numbers(agent: Member) -> None:
    use_up(agent, uploads=1, length=0)
    upload_limits.count(agent=agent.row, network="loopback", length=100_000_000 - len(PNG), added=0)
    assert send(agent, PNG).ok
    recovery = assert_limited(send(agent, PNG), "upload_bytes_a_day")
    assert (recovery["cap"], recovery["used"], recovery["needed"]) == (100_000_000, 100_000_000, len(PNG))


def test_agents_of_one_mailbox_share_the_day() -> None:
    first, second = sign_up("One.Box+a@gmail.com"), sign_up("onebox+b@gmail.com")
    other = sign_up("another@gmail.com")
    use_up(first, uploads=30)
    assert_limited(send(second, PNG), "uploads_a_day")
    assert send(other, PNG).ok


def test_agents_without_a_contact_share_their_network() -> None:
    first, second = sign_up(None), sign_up(None)
    use_up(first, uploads=30, network="192.0.2.0/24")
    assert_limited(second.post("/v1/upload", body_of(PNG), remote="192.0.2.77"), "uploads_a_day")
    assert second.post("/v1/upload", body_of(PNG), remote="198.51.100.7").ok
    assert first.post("/v1/upload", body_of(PNG), remote="127.0.0.1").ok


def test_what_is_refused_as_no_picture_does_not_count(agent: Member) -> None:
    for data in (b"<svg/>", PNG[:60]):
        assert_refused(send(agent, data), "INPUT_POLICY_DENIED", 6, 422)
    assert count_of("upload_count") == []
    assert send(agent, PNG).ok
    assert (count_of("upload_count"), count_of("upload_bytes")) == ([1], [len(PNG)])


def test_a_claimed_agent_has_no_such_limit(agent: Member) -> None:
    use_up(agent, uploads=30, length=100_000_000)
    assert_limited(send(agent, PNG), "uploads_a_day")
    Agent.objects.filter(pk=agent.agent_id).update(claim_state="claimed")
    assert send(agent, PNG).ok


def stored(member: Member, length: int, key: str = "uploads/aa/old.png", **fields: Any) -> Asset:
    """A row of an earlier upload."""
    return Asset.objects.create(
        organization=member.row.organization,
        agent=member.row,
        kind="uploaded",
        position=0,
        storage_key=key,
        mime_type="image/png",
        content_length=length,
        width=1,
        height=1,
        sha256="0" * 64,
        created_at=timezone.now(),
        **fields,
    )


def test_an_unclaimed_organization_stores_five_hundred_megabytes_at_most(agent: Member, stranger: Member) -> None:
    stored(agent, 499_999_990)
    answer = send(agent, PNG)
    recovery = assert_refused(answer, "CAPABILITY_DENIED", 4, 403)
    assert (recovery["reason"], recovery["cap"]) == ("unclaimed_storage_limit", 500_000_000)
    assert recovery["used"] == 499_999_990
    assert recovery["needed"] > 10
    assert not ActivityEvent.objects.filter(type="asset.uploaded").exists()
    # The refusal took back what it had counted.
    assert (count_of("upload_count"), count_of("upload_bytes")) == ([], [])
    assert send(stranger, PNG).ok
    Asset.objects.filter(agent_id=agent.agent_id).update(deleted_at=timezone.now())
    assert send(agent, PNG).ok


def test_bytes_that_several_rows_share_count_once(agent: Member) -> None:
    for _ in range(3):
        stored(agent, 300_000_000)
    assert send(agent, PNG).ok


def test_bytes_that_the_organization_has_already_add_nothing(agent: Member) -> None:
    assert send(agent, PNG).ok
    stored(agent, 500_000_000)
    assert send(agent, PNG).ok
    assert_refused(send(agent, encoded("WEBP")), "CAPABILITY_DENIED", 4, 403)
