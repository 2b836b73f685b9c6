import hashlib
import re

import pytest

from creative.models import Asset
from tests.cast import Member
from tests.creative.evidence import assert_refused, content_of, fetch, path_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("provider")]

ASSET = {
    "asset_id",
    "job_id",
    "kind",
    "url",
    "mime_type",
    "content_length",
    "width",
    "height",
    "sha256",
    "created_at",
    "source",
}


def test_an_asset_answers_with_exactly_the_fields_of_the_contract(agent: Member) -> None:
    made = agent.create()
    first = made.data["assets"][0]
    shown = agent.get(f"/v1/assets/{first['asset_id']}")
    assert (shown.status, shown.exit_code, shown.body["command"]) == (200, 0, "image-skill assets show")
    assert set(shown.data) == {"request", "asset"}
    assert shown.data["request"] == {"reference": first["asset_id"], "reference_type": "asset_id"}
    asset = shown.data["asset"]
    assert set(asset) == ASSET
    shared = set(first) & ASSET
    assert {name: asset[name] for name in shared} == {name: first[name] for name in shared}
    assert (asset["job_id"], asset["kind"], asset["source"]) == (
        made.data["job_id"],
        "generated",
        "hosted_metadata",
    )
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", asset["created_at"])


def test_what_an_asset_says_of_its_bytes_is_true(agent: Member) -> None:
    for asset in agent.create(output_count=2).data["assets"]:
        data = content_of(fetch(path_of(asset)))
        assert hashlib.sha256(data).hexdigest() == asset["sha256"]
        assert len(data) == asset["content_length"]
        assert asset["path"] == asset["url"]


def test_an_asset_tells_no_prompt_and_no_place(agent: Member) -> None:
    made = agent.create("An unmistakable zebra")
    shown = agent.get(f"/v1/assets/{made.data['asset_ids'][0]}").response.content.decode()
    assert not re.search("zebra|canvas|draft|pictures/|storage", shown)
    assert Asset.objects.get().organization_id not in shown.partition('"data"')[2]


def test_ids_of_pictures_cannot_be_guessed_from_one_another(agent: Member) -> None:
    ids = agent.create(output_count=4).data["asset_ids"]
    tails = [asset_id[-25:] for asset_id in ids]
    assert len({tail[:6] for tail in tails}) == len({tail[-6:] for tail in tails}) == 4


def test_a_deleted_asset_answers_as_a_missing_one(agent: Member) -> None:
    asset_id = agent.create().data["asset_ids"][0]
    Asset.objects.update(deleted_at=Asset.objects.get().created_at)
    gone = agent.get(f"/v1/assets/{asset_id}")
    never = agent.get(f"/v1/assets/{asset_id[:-6]}000000")
    assert_refused(gone, "ASSET_NOT_FOUND", 1, 404)
    assert gone.error == never.error
