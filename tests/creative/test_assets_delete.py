from pathlib import Path

import pytest
from django.conf import LazySettings
from django.utils import timezone

from accounts.models import AgentToken
from billing import ledger
from billing.models import LedgerEntry
from creative import thumbnails
from creative.models import Asset, Job, JobInput
from imageskill.core import ids
from imageskill.core.models import ActivityEvent
from tests.cast import Member
from tests.creative import purges
from tests.creative.evidence import assert_refused, content_of, fetch, path_of
from tests.creative.pictures import encoded, send

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases, pytest.mark.usefixtures("provider")]


def status_of(path: str) -> int:
    response = fetch(path)
    content_of(response)
    return int(response.status_code)


def allow(member: Member, grant: str) -> Member:
    """Let an agent do more, as its owner would."""
    row = member.row
    row.grants = [*row.grants, grant]
    row.save()
    return member


@pytest.fixture
def owner(agent: Member) -> Member:
    """An agent whose owner lets it delete."""
    return allow(agent, "asset.delete")


def stored(settings: LazySettings) -> list[str]:
    root = Path(settings.STORAGES["media"]["OPTIONS"]["location"])
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


def use_in_a_job(asset_id: str, state: str) -> str:
    """Let a job of this state need a picture; what runs takes over the hold of the job that made it."""
    job = Job.objects.get()
    hold = job.hold
    Job.objects.update(hold=None)
    job.pk, job.state, job.hold = ids.new_id("job"), state, hold if state in ("queued", "running") else None
    job.save(force_insert=True)
    JobInput.objects.create(job=job, asset_id=asset_id, role="input")
    return str(job.pk)


def test_bytes_and_thumbnails_go_and_the_rows_stay(owner: Member, settings: LazySettings) -> None:
    made = owner.create().data
    asset_id = made["asset_ids"][0]
    assert thumbnails.make(Asset.objects.get())
    assert len(stored(settings)) == 3
    entries = LedgerEntry.objects.count()
    answer = owner.send("DELETE", f"/v1/assets/{asset_id}")
    assert (answer.status, answer.exit_code, answer.body["command"]) == (200, 0, "image-skill assets delete")
    assert set(answer.data["asset"]) == {"asset_id", "job_id", "kind", "deleted_at"}
    assert answer.data["request"] == {"reference": asset_id, "reference_type": "asset_id"}
    assert stored(settings) == []
    row = Asset.objects.get()
    assert (row.pk, row.deleted_at is not None) == (asset_id, True)
    assert (LedgerEntry.objects.count(), ledger.verify()) == (entries, [])
    shown = owner.get(f"/v1/jobs/{made['job_id']}").data
    assert (shown["status"], shown["assets"], shown["cost"]["consumed_credits"]) == ("completed", [], 1)


def test_a_deleted_picture_is_gone_everywhere(owner: Member) -> None:
    asset = owner.create().data["assets"][0]
    assert owner.send("DELETE", f"/v1/assets/{asset['asset_id']}").ok
    assert status_of(path_of(asset)) == 410
    assert status_of(path_of(asset).replace(".png", "-320.webp")) == 410
    assert_refused(owner.get(f"/v1/assets/{asset['asset_id']}"), "ASSET_NOT_FOUND", 1, 404)
    assert owner.get("/v1/assets").data["assets"] == []


def test_a_repeat_answers_the_same_and_tells_one_event(owner: Member) -> None:
    asset_id = owner.create().data["asset_ids"][0]
    first = owner.send("DELETE", f"/v1/assets/{asset_id}")
    again = owner.send("DELETE", f"/v1/assets/{asset_id}")
    assert again.data == first.data
    event = ActivityEvent.objects.get(type="asset.deleted")
    assert (event.subject_id, event.status, event.actor_id) == (asset_id, "deleted", owner.agent_id)
    assert event.links["job_id"] == Asset.objects.get().job_id


def test_a_repeat_removes_what_a_crash_left(owner: Member, settings: LazySettings) -> None:
    asset_id = owner.create().data["asset_ids"][0]
    Asset.objects.update(deleted_at=timezone.now())
    assert len(stored(settings)) == 1
    assert owner.send("DELETE", f"/v1/assets/{asset_id}").ok
    assert stored(settings) == []


def test_older_clients_hear_nothing_of_the_new_event(owner: Member) -> None:
    asset_id = owner.create().data["asset_ids"][0]
    owner.send("DELETE", f"/v1/assets/{asset_id}")
    types = {event["type"] for event in owner.get(f"/v1/activity/{asset_id}").data["events"]}
    assert "asset.deleted" not in types
    latest = owner.get(f"/v1/activity/{asset_id}", headers={"image-skill-contract": "latest"})
    assert "asset.deleted" in {event["type"] for event in latest.data["events"]}


def test_a_made_picture_needs_the_grant_and_an_own_upload_does_not(agent: Member) -> None:
    made = agent.create().data["asset_ids"][0]
    recovery = assert_refused(agent.send("DELETE", f"/v1/assets/{made}"), "CAPABILITY_DENIED", 4, 403)
    assert recovery["required_grant"] == "asset.delete"
    assert Asset.objects.get(pk=made).deleted_at is None
    uploaded = send(agent, encoded()).data["asset"]["asset_id"]
    assert agent.send("DELETE", f"/v1/assets/{uploaded}").ok


def test_nobody_deletes_what_another_agent_has(agent: Member, teammate: Member, stranger: Member) -> None:
    asset = agent.create().data["assets"][0]
    for other in (teammate, stranger):
        allow(other, "asset.delete")
        refused = other.send("DELETE", f"/v1/assets/{asset['asset_id']}")
        never = other.send("DELETE", f"/v1/assets/{asset['asset_id'][:-6]}000000")
        assert_refused(refused, "ASSET_NOT_FOUND", 1, 404)
        assert refused.error == never.error
    assert status_of(path_of(asset)) == 200


def test_a_paused_agent_deletes_nothing(owner: Member) -> None:
    asset_id = owner.create().data["asset_ids"][0]
    row = owner.row
    row.paused_at = timezone.now()
    row.save()
    recovery = assert_refused(owner.send("DELETE", f"/v1/assets/{asset_id}"), "CAPABILITY_DENIED", 4, 403)
    assert recovery["reason"] == "paused_by_owner"


def test_a_token_from_before_the_claim_deletes_nothing(agent: Member) -> None:
    asset = send(agent, encoded()).data["asset"]
    AgentToken.objects.update(narrowed_at=timezone.now())
    recovery = assert_refused(agent.send("DELETE", f"/v1/assets/{asset['asset_id']}"), "CAPABILITY_DENIED", 4, 403)
    assert recovery["reason"] == "claimed_collect_new_token"
    assert status_of(path_of(asset)) == 200


@pytest.mark.parametrize("state", ["awaiting_approval", "queued", "running"])
def test_a_picture_that_a_job_needs_stays_until_the_job_ends(owner: Member, state: str) -> None:
    asset = owner.create().data["assets"][0]
    job_id = use_in_a_job(asset["asset_id"], state)
    refused = owner.send("DELETE", f"/v1/assets/{asset['asset_id']}")
    recovery = assert_refused(refused, "ASSET_IN_USE", 1, 409)
    assert recovery["job_id"] == job_id
    assert recovery["suggested_command"] == f"image-skill jobs wait {job_id} --json"
    assert status_of(path_of(asset)) == 200
    assert not ActivityEvent.objects.filter(type="asset.deleted").exists()
    Job.objects.filter(pk=job_id).update(state="failed", hold=None)
    assert owner.send("DELETE", f"/v1/assets/{asset['asset_id']}").ok


def test_shared_bytes_stay_while_a_live_picture_names_them(agent: Member, settings: LazySettings) -> None:
    first, second = (send(agent, encoded()).data["asset"] for _ in range(2))
    assert len(stored(settings)) == 1
    assert agent.send("DELETE", f"/v1/assets/{first['asset_id']}").ok
    assert status_of(path_of(first)) == 410
    assert len(content_of(fetch(path_of(second)))) == second["content_length"]
    assert agent.send("DELETE", f"/v1/assets/{second['asset_id']}").ok
    assert stored(settings) == []


def test_bytes_that_a_teammate_shares_stay(agent: Member, teammate: Member) -> None:
    mine, theirs = (send(member, encoded()).data["asset"] for member in (agent, teammate))
    assert agent.send("DELETE", f"/v1/assets/{mine['asset_id']}").ok
    assert (status_of(path_of(mine)), status_of(path_of(theirs))) == (410, 200)


def test_bytes_that_were_uploaded_again_are_other_bytes(agent: Member, settings: LazySettings) -> None:
    first = send(agent, encoded()).data["asset"]
    agent.send("DELETE", f"/v1/assets/{first['asset_id']}")
    again = send(agent, encoded()).data["asset"]
    agent.send("DELETE", f"/v1/assets/{first['asset_id']}")
    assert status_of(path_of(again)) == 200
    assert len(stored(settings)) == 1


def test_the_purge_hook_hears_every_address(owner: Member, settings: LazySettings) -> None:
    purges.heard.clear()
    settings.MEDIA_PURGE_HOOK = "tests.creative.purges.hear"
    asset = owner.create().data["assets"][0]
    owner.send("DELETE", f"/v1/assets/{asset['asset_id']}")
    base = asset["url"].removesuffix(".png")
    assert purges.heard == [[asset["url"], f"{base}-320.webp", f"{base}-960.webp"]]


def test_a_purge_hook_that_fails_undoes_nothing(owner: Member, settings: LazySettings) -> None:
    settings.MEDIA_PURGE_HOOK = "tests.creative.purges.refuse"
    asset = owner.create().data["assets"][0]
    assert owner.send("DELETE", f"/v1/assets/{asset['asset_id']}").ok
    assert status_of(path_of(asset)) == 410


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
def test_other_methods_are_refused_by_name(agent: Member, method: str) -> None:
    refused = agent.send(method, "/v1/assets/image_0", {})
    assert (refused.code, refused.response["Allow"]) == ("METHOD_NOT_ALLOWED", "GET, DELETE")
