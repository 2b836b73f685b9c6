"""Quarantine: banned bytes are gone from every organization, and nobody brings them back."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from threading import Barrier, Thread

import pytest
from django.conf import LazySettings
from django.db import connection
from django.utils import timezone

from creative import quarantine, thumbnails
from creative.models import Asset, Quarantine
from imageskill.core.events import System
from imageskill.core.models import ActivityEvent
from tests.cast import Answer, Member, sign_up
from tests.creative.evidence import assert_refused, content_of, fetch, path_of
from tests.creative.pictures import digest, encoded, scene, send

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

STAFF = System("staff-7")
JPEG = encoded("JPEG", quality=50)
OTHER = encoded("PNG", scene("L"))


purged: list[str] = []


def purge(addresses: list[str]) -> None:
    """What an operator's hook does with addresses that are gone."""
    purged.extend(addresses)


@pytest.fixture
def files(settings: LazySettings) -> Callable[[], int]:
    """Return what counts the files of the storage."""
    root = Path(settings.STORAGES["media"]["OPTIONS"]["location"])
    return lambda: len([path for path in root.rglob("*") if path.is_file()])


def ban(sha256: str, reason: str = "reported") -> int:
    return quarantine.put(sha256=sha256, reason=reason, actor=STAFF)


def test_banned_bytes_are_gone_from_all_organizations_with_their_thumbnails(
    agent: Member, teammate: Member, stranger: Member, files: Callable[[], int]
) -> None:
    told = [send(member, JPEG).data["asset"] for member in (agent, teammate, stranger, agent)]
    kept = send(agent, OTHER).data["asset"]
    thumbnails.make_missing()
    assert files() == 2 + 1 + 2 * 5
    assert ban(told[0]["sha256"]) == 4
    assert files() == 1 + 2
    for one in told:
        assert fetch(path_of(one)).status_code == 410
    assert_refused(agent.get(f"/v1/assets/{told[0]['asset_id']}"), "ASSET_NOT_FOUND", 1, 404)
    assert content_of(fetch(path_of(kept)))
    assert Asset.objects.count() == 5
    assert ban(told[0]["sha256"]) == 0


def test_the_operator_s_cache_is_told_the_addresses(agent: Member, settings: LazySettings) -> None:
    settings.MEDIA_PURGE_HOOK = "tests.creative.test_quarantine.purge"
    told = send(agent, JPEG).data["asset"]
    purged.clear()
    ban(told["sha256"])
    assert told["url"] in purged
    assert len(purged) == 3


def test_the_owners_are_told_who_acted_and_nothing_more(agent: Member, stranger: Member) -> None:
    mine, theirs = send(agent, JPEG).data["asset"], send(stranger, JPEG).data["asset"]
    ban(mine["sha256"], "a word about the reporter")
    for member, asset in ((agent, mine), (stranger, theirs)):
        row = ActivityEvent.objects.get(operation="delete", agent_id=member.agent_id)
        assert (row.type, row.subject_id) == ("asset.deleted", asset["asset_id"])
        assert (row.status, row.actor_id) == ("quarantined", "staff-7")
        assert row.links == {"asset_ids": [asset["asset_id"]]}
        told = str(member.get("/v1/activity", headers={"image-skill-contract": "latest"}).body)
        assert "reporter" not in told
    assert theirs["asset_id"] not in str(agent.get("/v1/activity").body)
    banned = Quarantine.objects.get()
    assert (banned.reason, banned.actor_id) == ("a word about the reporter", "staff-7")


def test_stored_bytes_cannot_be_brought_back_in_any_wrapping(agent: Member, stranger: Member) -> None:
    told = send(agent, JPEG).data["asset"]
    ban(told["sha256"])
    for member in (agent, stranger):
        for data in (JPEG, JPEG + b"tail", encoded("JPEG", quality=50, comment=b"another")):
            recovery = assert_refused(send(member, data, content_length=len(data)), "INPUT_POLICY_DENIED", 6, 422)
            assert recovery["reason"] == "quarantined"
    assert not Asset.objects.filter(deleted_at=None).exists()


def test_received_bytes_are_refused_before_they_are_decoded(agent: Member) -> None:
    ban(digest(b"<svg/>"))
    assert assert_refused(send(agent, b"<svg/>"), "INPUT_POLICY_DENIED", 6, 422)["reason"] == "quarantined"
    ban(digest(JPEG))
    assert assert_refused(send(agent, JPEG), "INPUT_POLICY_DENIED", 6, 422)["reason"] == "quarantined"
    assert send(agent, OTHER).ok


def test_it_says_which_digests_are_banned() -> None:
    ban("a" * 64)
    assert quarantine.holds("a" * 64)
    assert quarantine.holds("b" * 64, "a" * 64)
    assert not quarantine.holds("b" * 64)
    assert not quarantine.holds()


def test_the_clock_finishes_a_ban_whose_process_died(agent: Member, files: Callable[[], int]) -> None:
    told = send(agent, JPEG).data["asset"]
    row = Quarantine.objects.create(
        sha256=told["sha256"], reason="x", actor_id="staff-7", created_at=timezone.now() - timedelta(days=2)
    )
    assert quarantine.sweep() == 0
    Quarantine.objects.filter(pk=row.pk).update(created_at=timezone.now())
    assert quarantine.sweep() == 1
    assert files() == 0
    assert fetch(path_of(told)).status_code == 410


@pytest.mark.django_db(transaction=True)
def test_no_upload_slips_by_a_ban_of_the_same_moment(files: Callable[[], int]) -> None:
    agents = [sign_up(f"slip-{number}@gmail.com") for number in range(6)]
    sha256 = send(agents[0], JPEG).data["asset"]["sha256"]
    barrier, answers = Barrier(7), list[Answer]()

    def act(number: int) -> None:
        barrier.wait(60)
        try:
            if number == 6:
                ban(sha256)
            else:
                answers.append(send(agents[number], JPEG))
        finally:
            connection.close()

    threads = [Thread(target=act, args=(number,)) for number in range(7)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert len(answers) == 6
    assert {answer.status for answer in answers} <= {200, 422}
    assert not Asset.objects.filter(deleted_at=None).exists()
    assert files() == 0
