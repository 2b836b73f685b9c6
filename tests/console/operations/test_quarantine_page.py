"""Staff's quarantine: what goes is shown first, what was kept out is counted, a mistake is released."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from creative.models import Asset, Quarantine
from imageskill.core.models import ActivityEvent
from tests.cast import Member
from tests.console.desk import STAFF, desk
from tests.creative.evidence import assert_refused
from tests.creative.pictures import encoded, send
from tests.pages.people import make_old, said

pytestmark = pytest.mark.django_db

JPEG = encoded("JPEG", quality=50)


@pytest.fixture
def pictures(agent: Member, stranger: Member) -> list[dict[str, Any]]:
    return [send(member, JPEG).data["asset"] for member in (agent, stranger)]


def put(client: Client, sha256: str, reason: str = "Reported by the person in it") -> Any:
    return client.post("/console/quarantine/new", {"sha256": sha256, "reason": reason})


def release(client: Client, sha256: str, reason: str = "The wrong picture") -> Any:
    return client.post(f"/console/quarantine/{sha256}/release", {"sha256": sha256, "reason": reason})


def test_what_goes_is_shown_before_and_by_either_name(pictures: list[dict[str, Any]]) -> None:
    client = desk()
    for named in (pictures[0]["asset_id"], pictures[0]["sha256"], f" {pictures[0]['sha256'].upper()} "):
        page = client.get("/console/quarantine/new", {"what": named}).content.decode()
        assert "2, of 2 workspaces" in page
        assert pictures[0]["sha256"] in page
    assert not Quarantine.objects.exists()
    assert Asset.objects.filter(deleted_at=None).count() == 2
    for nothing in ("", "job_1", "image_nobody", "f" * 63):
        assert said(client.get("/console/quarantine/new", {"what": nothing}))[0].startswith("That is neither")


def test_a_ban_takes_all_away_and_counts_what_is_brought_again(
    agent: Member, stranger: Member, pictures: list[dict[str, Any]]
) -> None:
    client = desk()
    sha256 = pictures[0]["sha256"]
    assert said(put(client, sha256))[0].startswith("In quarantine: 2 pictures are gone")
    assert not Asset.objects.filter(deleted_at=None).exists()
    for member in (agent, stranger, agent):
        assert assert_refused(send(member, JPEG), "INPUT_POLICY_DENIED", 6, 422)["reason"] == "quarantined"
    row = Quarantine.objects.get()
    assert (row.blocked, row.blocked_at is not None) == (3, True)
    page = client.get("/console/quarantine").content.decode()
    for told in (
        sha256,
        "Reported by the person in it",
        STAFF,
        "2 pictures of 2 workspaces went",
        "kept out 3 times",
    ):
        assert told in page
    owners = ActivityEvent.objects.filter(type="asset.deleted", status="quarantined")
    assert {event.organization_id for event in owners} == {agent.row.organization_id, stranger.row.organization_id}
    assert said(put(client, sha256)) == ["These bytes are in quarantine already."]


def test_a_release_lets_them_be_brought_again_and_tells_who_lost_some(
    agent: Member, stranger: Member, pictures: list[dict[str, Any]]
) -> None:
    client = desk()
    sha256 = pictures[0]["sha256"]
    put(client, sha256)
    assert said(release(client, sha256)) == ["Released. The bytes may be brought again; 2 workspaces told."]
    told = ActivityEvent.objects.filter(type="picture.let_back").order_by("pk")
    assert {event.organization_id for event in told} == {agent.row.organization_id, stranger.row.organization_id}
    assert send(agent, JPEG).ok
    assert "The wrong picture" not in str(list(told.values())), "the reason is for staff"
    row = Quarantine.objects.get()
    assert (row.blocked, row.release_reason, row.released_by) == (0, "The wrong picture", person(client))
    assert release(client, sha256).url == "/console/quarantine"
    assert ActivityEvent.objects.filter(type="picture.let_back").count() == 2
    assert said(put(client, sha256))[0].startswith("In quarantine: 1 picture is gone")
    assert Quarantine.objects.get().released_at is None


def person(client: Client) -> str:
    return str(client.get("/console/search").wsgi_request.user.pk)


def test_nothing_is_done_without_a_reason_a_fresh_sign_in_or_staff(pictures: list[dict[str, Any]]) -> None:
    client = desk()
    sha256 = pictures[0]["sha256"]
    assert "This field is required" in put(client, sha256, " ").content.decode()
    make_old(client)
    assert put(client, sha256).url.startswith("/account/confirm/?next=")
    assert put(Client(), sha256).status_code == 404
    assert not Quarantine.objects.exists()
    assert client.get("/console/quarantine").status_code == 200


def test_more_rows_are_no_more_queries(pictures: list[dict[str, Any]]) -> None:
    client = desk()

    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert client.get("/console/quarantine").status_code == 200
        return len(queries)

    put(client, pictures[0]["sha256"])
    before = asked()
    for number in range(12):
        put(client, f"{number:064x}")
    assert asked() == before
