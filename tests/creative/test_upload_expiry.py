"""An unclaimed agent's upload that no job uses goes after 30 days; what is used or claimed stays."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.utils import timezone

from accounts.models import Agent
from creative import takedowns, thumbnails, upload
from creative.models import Asset, Job, JobInput
from imageskill.core.events import System
from imageskill.core.models import ActivityEvent
from tests.cast import Member
from tests.creative.evidence import content_of, fetch, path_of
from tests.creative.pictures import encoded, scene, send

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

LONG_AGO = timedelta(days=31)


@pytest.fixture
def files(settings: LazySettings) -> Callable[[], int]:
    """Return what counts the files of the storage."""
    root = Path(settings.STORAGES["media"]["OPTIONS"]["location"])
    return lambda: len([path for path in root.rglob("*") if path.is_file()])


def uploaded(member: Member, width: int = 40, ago: timedelta = LONG_AGO) -> str:
    told = send(member, encoded("PNG", scene(size=(width, 30)))).data["asset"]
    Asset.objects.filter(pk=told["asset_id"]).update(created_at=timezone.now() - ago)
    return str(told["asset_id"])


def used_by_a_job(asset_id: str, ago: timedelta) -> None:
    asset = Asset.objects.get(pk=asset_id)
    job = Job.objects.create(
        organization=asset.organization,
        agent=asset.agent,
        token_id="tok_x",
        operation="edit",
        state="planned",
        capability_id="is.image.edit.preview.v1",
        model_id="canvas.draft",
        prompt="",
        parameters={},
        selection={},
        output_count=1,
        credits_required=1,
        credits_per_output=1,
        cost_micros=0,
        pricing_confidence="known",
        price_version="x",
        trace_id="trace_x",
        created_at=timezone.now() - ago,
    )
    JobInput.objects.create(job=job, asset=asset, role="input")


def is_live(asset_id: str) -> bool:
    return Asset.objects.filter(pk=asset_id, deleted_at=None).exists()


def test_what_nothing_used_for_thirty_days_is_gone_and_its_row_stays(
    agent: Member, files: Callable[[], int]
) -> None:
    old, fresh = uploaded(agent), uploaded(agent, 41, timedelta(days=29))
    path = path_of(agent.get(f"/v1/assets/{old}").data["asset"])
    thumbnails.make_missing()
    assert files() == 2 + 4
    assert upload.expire_unused() == 1
    assert (is_live(old), is_live(fresh)) == (False, True)
    assert Asset.objects.count() == 2
    assert files() == 1 + 2
    assert fetch(path).status_code == 410
    assert upload.expire_unused() == 0


def test_a_job_of_the_same_moment_keeps_its_picture(agent: Member) -> None:
    old = uploaded(agent)
    found = list(Asset.objects.all())
    used_by_a_job(old, timedelta())  # committed after the clock had looked
    gone = takedowns.take_away(
        found, actor=System("clock"), status="expired", unused_since=timezone.now() - upload.KEPT_UNUSED
    )
    assert (gone, is_live(old)) == (0, True)
    assert not ActivityEvent.objects.filter(type="asset.deleted").exists()


def test_its_agent_is_told(agent: Member) -> None:
    old = uploaded(agent)
    upload.expire_unused()
    events = agent.get(f"/v1/activity/{old}", headers={"image-skill-contract": "latest"}).data["events"]
    assert [(event["operation"], event["status"]) for event in events] == [
        ("delete", "expired"),
        ("upload", "uploaded"),
    ]
    row = ActivityEvent.objects.get(operation="delete")
    assert (row.actor_type, row.actor_id, row.agent_id) == ("system", "clock", agent.agent_id)


def test_what_a_job_used_lately_stays(agent: Member) -> None:
    used, long_unused = uploaded(agent), uploaded(agent, 41)
    used_by_a_job(used, timedelta(days=3))
    used_by_a_job(long_unused, LONG_AGO)
    assert upload.expire_unused() == 1
    assert (is_live(used), is_live(long_unused)) == (True, False)


@pytest.mark.parametrize(
    ("state", "stays"),
    [("unclaimed", False), ("payment_backed_unclaimed", False), ("claimed", True), ("revoked", True)],
)
def test_the_uploads_of_a_claimed_agent_stay(agent: Member, state: str, *, stays: bool) -> None:
    old = uploaded(agent)
    Agent.objects.filter(pk=agent.agent_id).update(claim_state=state)
    upload.expire_unused()
    assert is_live(old) == stays


def test_bytes_that_a_live_picture_shares_stay(agent: Member, files: Callable[[], int]) -> None:
    old = uploaded(agent)
    shared = uploaded(agent, ago=timedelta(days=1))
    assert files() == 1
    assert upload.expire_unused() == 1
    assert (is_live(old), is_live(shared), files()) == (False, True, 1)
    assert content_of(fetch(path_of(agent.get(f"/v1/assets/{shared}").data["asset"])))
    Asset.objects.update(created_at=timezone.now() - LONG_AGO)
    assert (upload.expire_unused(), files()) == (1, 0)
