"""`POST /v1/edit` over the wire: inputs, masks, references, refusals, and what an approval binds."""

import base64
import io
from typing import Any

import pytest
from django.conf import LazySettings
from PIL import Image

from accounts.models import Agent
from billing import mandates
from billing.mandates import Terms
from billing.models import Hold
from creative import approvals, execution, storage
from creative.models import Approval, Asset, Job, JobInput
from imageskill.core.errors import ApiError
from imageskill.core.events import System
from tests.cast import Answer, Caller, Member
from tests.doubles import FakeProvider, png

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

OWNER = System("owner")
SIZE = (64, 48)


def mask(size: tuple[int, int] = SIZE) -> bytes:
    file = io.BytesIO()
    Image.new("RGBA", size, (0, 0, 0, 0)).save(file, "PNG")
    return file.getvalue()


def upload(member: Member, data: bytes) -> str:
    answer = member.post("/v1/upload", {"content_base64": base64.b64encode(data).decode()})
    assert answer.ok, answer.body
    return str(answer.data["asset"]["asset_id"])


def edit(member: Caller, asset_id: str, prompt: str = "Make it black and white", **fields: Any) -> Answer:
    return member.post("/v1/edit", {"prompt": prompt, "input_asset_id": asset_id, **fields})


@pytest.fixture
def picture(agent: Member) -> str:
    """A picture of the agent's own, in colour."""
    return upload(agent, png("teal"))


def test_an_edit_changes_the_picture_and_tells_what_went_in(agent: Member, picture: str) -> None:
    answer = edit(agent, picture)
    assert answer.ok, answer.body
    assert answer.body["command"] == "image-skill edit"
    source = Asset.objects.get(pk=picture)
    assert answer.data["input_asset"] == {
        "asset_id": picture,
        "mime_type": "image/png",
        "content_length": source.content_length,
        "width": 64,
        "height": 48,
    }
    assert "mask_asset" not in answer.data
    assert answer.data["capability"]["id"] == "is.image.edit.preview.v1"
    made = Asset.objects.get(pk=answer.data["asset_ids"][0])
    file = storage.open_read(made.storage_key)
    assert file is not None
    with file, Image.open(file) as seen:
        red, green, blue = seen.convert("RGB").getpixel((5, 5))  # type: ignore[misc]
    assert red == green == blue
    assert answer.data["quota"]["consumed_credits"] == 1
    events = agent.get(f"/v1/activity/{answer.data['job_id']}").data["events"]
    assert {event["operation"] for event in events} == {"edit", "usage"}


def test_what_was_made_can_be_edited_again(agent: Member, picture: str) -> None:
    first = edit(agent, picture).data
    assert first["next_actions"]["iterate_edit"].startswith(f"image-skill edit --input {first['asset_ids'][0]} ")
    assert edit(agent, first["asset_ids"][0], "Rotate it 90 degrees").ok


def test_the_provider_gets_the_picture_the_mask_and_nothing_else(
    agent: Member, picture: str, provider: FakeProvider
) -> None:
    mask_id = upload(agent, mask())
    answer = edit(agent, picture, mask_asset_id=mask_id)
    assert answer.data["mask_asset"]["asset_id"] == mask_id
    call = provider.calls[0]
    assert (call.operation, len(call.inputs)) == ("edit", 1)
    assert Image.open(io.BytesIO(call.inputs[0].data)).size == SIZE
    assert call.mask is not None
    assert (call.mask.width, call.mask.height, call.mask.mime_type) == (*SIZE, "image/png")


@pytest.mark.usefixtures("provider")
def test_a_dry_run_of_an_edit_holds_and_calls_nothing(agent: Member, picture: str, provider: FakeProvider) -> None:
    answer = edit(agent, picture, dry_run=True)
    assert answer.data["job"]["status"] == "planned"
    assert answer.data["input_asset"]["asset_id"] == picture
    assert not Hold.objects.exists()
    assert provider.calls == []
    assert JobInput.objects.get().asset_id == picture


def test_nobody_plans_an_edit_without_a_token(anonymous: Caller, picture: str) -> None:
    for dry_run in (True, False):
        refused = edit(anonymous, picture, dry_run=dry_run)
        assert (refused.code, refused.status) == ("AUTH_REQUIRED", 401)


@pytest.mark.parametrize("whose", ["teammate", "stranger", "nobody"])
def test_pictures_of_others_are_as_missing_ones(
    agent: Member, teammate: Member, stranger: Member, picture: str, whose: str
) -> None:
    caller = {"teammate": teammate, "stranger": stranger, "nobody": agent}[whose]
    asset_id = picture if whose != "nobody" else "image_" + "0" * 36
    for answer in (edit(caller, asset_id), edit(caller, asset_id, dry_run=True)):
        assert (answer.code, answer.exit_code) == ("ASSET_NOT_FOUND", 1)
    assert not Job.objects.exists()


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"input_asset_id": None}, "input_asset_id"),
        ({"input_asset_id": 7}, "input_asset_id"),
        ({"input_url": "https://example.com/boat.png"}, "input_url"),
        ({"model": "canvas.draft"}, "model"),
        ({"references": ["image_" + "0" * 36]}, "references"),
        ({"output_count": 3}, "output_count"),
        ({"model_parameters": {"sparkle": True}}, "model_parameters.sparkle"),
    ],
)
def test_what_cannot_be_is_refused_by_field_and_before_any_hold(
    agent: Member, picture: str, fields: dict[str, Any], field: str
) -> None:
    refused = agent.post("/v1/edit", {"prompt": "Blur it", "input_asset_id": picture} | fields)
    assert (refused.code, refused.exit_code) == ("INVALID_ARGUMENTS", 2)
    assert field in refused.error["recovery"]["fields"]
    assert not Job.objects.exists()


def test_a_model_that_edits_does_not_create(agent: Member) -> None:
    refused = agent.create(model="canvas.edit")
    assert refused.error["recovery"]["fields"]["model"] == ["canvas.edit does not create"]


def test_a_mask_is_a_png_as_large_as_the_picture(agent: Member, picture: str) -> None:
    file = io.BytesIO()
    Image.new("RGB", SIZE).save(file, "JPEG")
    for data, said in (
        (mask((32, 32)), "must be as large as the input (64x48)"),
        (file.getvalue(), "must be a PNG"),
    ):
        refused = edit(agent, picture, mask_asset_id=upload(agent, data))
        assert refused.error["recovery"]["fields"]["mask_asset_id"][0].startswith(said)


def test_a_picture_that_goes_between_the_plan_and_the_call_ends_the_job_uncharged(
    agent: Member, picture: str, settings: LazySettings
) -> None:
    settings.JOB_QUEUE = "tests.doubles.run_never"
    agent.post("/v1/edit", {"prompt": "Blur it", "input_asset_id": picture}, headers={"prefer": "respond-async"})
    job = Job.objects.get()
    storage.remove(Asset.objects.get(pk=picture).storage_key)
    execution.run(job.pk)
    job.refresh_from_db()
    assert (job.state, job.error_code) == ("failed", "PROVIDER_FAILURE")
    assert Hold.objects.get().state == "released"
    assert agent.get("/v1/quota").data["limits"]["remaining_credits"] == 50


def test_the_same_words_on_another_picture_are_another_plan(agent: Member, picture: str) -> None:
    """An approval binds the picture, and a key does too."""
    row = agent.row
    mandates.set_terms(agent=row, terms=Terms(approval_threshold=0), actor=OWNER)
    Agent.objects.filter(pk=row.pk).update(claim_state="claimed")
    other = upload(agent, png("red"))
    first, second = edit(agent, picture), edit(agent, other)
    assert {first.code, second.code} == {"APPROVAL_REQUIRED"}
    assert Approval.objects.values("plan_sha256").distinct().count() == 2
    assert edit(agent, picture).error["recovery"]["job_id"] == first.error["recovery"]["job_id"]
    approvals.approve(job_id=first.error["recovery"]["job_id"], decider=OWNER)
    shown = agent.get(f"/v1/jobs/{first.error['recovery']['job_id']}").data
    assert shown["status"] == "completed"


def test_a_plan_whose_picture_was_deleted_is_not_approved(agent: Member, picture: str) -> None:
    mandates.set_terms(agent=agent.row, terms=Terms(approval_threshold=0), actor=OWNER)
    job_id = edit(agent, picture).error["recovery"]["job_id"]
    Asset.objects.filter(pk=picture).update(deleted_at=Asset.objects.get(pk=picture).created_at)
    with pytest.raises(ApiError) as refused:
        approvals.approve(job_id=job_id, decider=OWNER)
    assert refused.value.recovery["reason"] == "plan_changed"
    assert Job.objects.get(pk=job_id).state == "canceled"
    assert not Hold.objects.exists()


def test_free_credits_that_buy_no_edit_are_told_of_no_model(agent: Member, picture: str, settings: Any) -> None:
    settings.PREVIEW_MODELS = ["canvas.draft"]
    refused = edit(agent, picture)
    assert (refused.code, refused.error["recovery"].get("free_model")) == ("QUOTA_EXCEEDED", None)


@pytest.mark.parametrize("dry_run", [True, False])
def test_words_that_ask_for_nothing_it_can_do_are_refused_before_any_hold(
    agent: Member, picture: str, *, dry_run: bool
) -> None:
    refused = edit(agent, picture, "Put a hat on the cat", dry_run=dry_run, model="canvas.edit")
    assert refused.code == "INVALID_ARGUMENTS"
    assert "it can crop" in refused.error["recovery"]["fields"]["prompt"][0]
    assert " hat " not in refused.response.content.decode()
    assert not Job.objects.exists()


def test_the_plan_foretells_the_size_of_what_is_made(agent: Member, picture: str) -> None:
    for prompt in ("Rotate it 90 degrees", "Half size", "Blur it"):
        planned = edit(agent, picture, prompt, dry_run=True).data["request"]["selection"]["output"]
        made = edit(agent, picture, prompt).data["assets"][0]
        assert (planned["expected_width"], planned["expected_height"]) == (made["width"], made["height"])
