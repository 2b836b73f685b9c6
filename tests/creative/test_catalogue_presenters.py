import json
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from creative.catalogue import loader, parameters, selection
from creative.catalogue.entries import Operation, Retirement, Surcharge
from creative.catalogue.loader import Catalogue
from creative.catalogue.selection import Row
from creative.presenters import capabilities, models

TODAY = date(2026, 11, 21)
ALL = frozenset({"fal", "xai", "openai", "canvas"})
CATALOGUE = loader.current()
COMPACT = {
    "id", "display_name", "provider_id", "status", "availability_reason", "default", "modality", "operations",
    "supports", "accepts_input_images", "aspect_ratios", "credits_required", "estimated_usd_per_image",
    "pricing_confidence", "latency_class", "execution", "show_command",
}  # fmt: skip
FULL = {"media", "parameters", "defaults", "fixed_controls", "economics", "safety", "migration"}


def rows(catalogue: Catalogue = CATALOGUE, wired: frozenset[str] = ALL) -> tuple[Row, ...]:
    return selection.rows(catalogue, wired=wired, configured=frozenset({"fal", "openai"}), today=TODAY)


def row_of(model_id: str) -> Row:
    row = selection.find(rows(), model_id)
    assert row is not None
    return row


def test_a_compact_row_has_exactly_the_fields_of_the_wire() -> None:
    row = models.model_json(row_of("fal.flux-dev"), default_id="fal.flux-dev")
    assert set(row) == COMPACT
    assert row == {
        "id": "fal.flux-dev",
        "display_name": "FLUX.1 [dev]",
        "provider_id": "fal",
        "status": "available",
        "availability_reason": None,
        "default": True,
        "modality": "image",
        "operations": ["image.generate"],
        "supports": ["create"],
        "accepts_input_images": 0,
        "aspect_ratios": ["1:1", "3:2", "2:3", "4:3", "3:4", "5:4", "4:5", "16:9", "9:16", "21:9"],
        "credits_required": 5,
        "estimated_usd_per_image": 0.025,
        "pricing_confidence": "known",
        "latency_class": "standard",
        "execution": {"model_execution_status": "executable"},
        "show_command": "image-skill models show fal.flux-dev --json",
    }


def test_an_unknown_price_is_null_and_a_free_provider_still_costs_a_credit() -> None:
    edit = models.model_json(row_of("fal.nano-banana-2-edit"), default_id=None)
    assert (edit["credits_required"], edit["estimated_usd_per_image"]) == (None, None)
    assert (edit["pricing_confidence"], edit["supports"]) == ("unknown", ["edit"])
    canvas = models.model_json(row_of("canvas.draft"), default_id=None)
    assert (canvas["credits_required"], canvas["estimated_usd_per_image"]) == (1, 0.0)


def test_the_summary_counts_the_catalogue_and_what_was_returned() -> None:
    some = rows(wired=frozenset({"canvas", "fal", "xai"}))
    answer = models.models_json(some, selection.filter_models(some, operation="edit"))
    assert answer["summary"] == {
        "result_shape": "compact_model_summary",
        "total": 8,
        "returned": 4,
        "available": 4,
        "executable": 6,
        "cataloged_not_wired": 2,
        "unavailable": 4,
    }
    edits = ["openai.gpt-image-2-edit", "fal.nano-banana-2-edit", "xai.grok-imagine-image-edit", "canvas.edit"]
    assert [row["id"] for row in answer["models"]] == edits
    assert all(set(row) == COMPACT for row in answer["models"])


def test_exactly_one_row_is_the_default() -> None:
    some = rows()
    assert [row["id"] for row in models.models_json(some, some)["models"] if row["default"]] == ["fal.flux-dev"]
    offline = rows(wired=frozenset({"canvas"}))
    listed = models.models_json(offline, offline)["models"]
    assert [row["id"] for row in listed if row["default"]] == ["canvas.draft"]


def test_details_give_every_row_whole() -> None:
    some = rows()
    answer = models.models_json(some, some, details=True)
    assert answer["summary"]["result_shape"] == "model_details"
    assert all(set(row) >= COMPACT | FULL for row in answer["models"])
    assert json.loads(json.dumps(answer)) == answer


def test_a_shown_model_carries_its_schema_defaults_and_price_list() -> None:
    shown = models.model_detail_json(row_of("openai.gpt-image-2"), default_id=None)
    assert shown["parameters"]["additionalProperties"] is False
    assert shown["defaults"] == {"size": "1024x1024", "quality": "medium", "output_format": "png"}
    economics = shown["economics"]
    assert (economics["price_version"], economics["as_of"]) == ("openai.gpt-image-2/2026-11-21", "2026-11-21")
    assert (economics["credits_required"], economics["ceiling_credits"]) == (9, 110)
    assert economics["options"][2] == {
        "options": {"quality": "high", "size": "1024x1024"},
        "width": 1024,
        "height": 1024,
        "estimated_usd": 0.211,
        "credits_required": 36,
        "pricing_confidence": "known",
    }


def test_a_price_by_megapixel_is_listed_for_each_aspect_ratio() -> None:
    economics = models.economics_json(row_of("fal.flux-dev").entry)
    assert economics["unit"] == "megapixel"
    assert economics["megapixels"] == {"pixels": 1048576, "rounding": "up"}
    assert len(economics["options"]) == 10
    assert {option["credits_required"] for option in economics["options"]} == {5}
    assert economics["options"][1]["options"] == {"image_size": {"width": 1152, "height": 768}}


def test_a_surcharge_is_listed_with_its_options() -> None:
    entry = row_of("canvas.draft").entry
    extra = Surcharge({"detail": "high"}, Decimal("0.002"))
    dearer = replace(entry, price=replace(entry.price, surcharges=(extra,)))
    assert models.economics_json(dearer)["surcharges"] == [{"options": {"detail": "high"}, "estimated_usd": 0.002}]


def test_an_answer_may_be_changed_without_changing_the_catalogue() -> None:
    shown = models.model_detail_json(row_of("canvas.draft"), default_id=None)
    shown["defaults"]["long_side"] = 99999
    shown["parameters"]["properties"] = {}
    again = models.model_detail_json(row_of("canvas.draft"), default_id=None)
    assert again["defaults"]["long_side"] == 1024
    assert again["parameters"]["properties"]


@pytest.mark.parametrize("operation", list(Operation))
def test_a_capability_covers_every_model_of_its_operation(operation: Operation) -> None:
    shown = capabilities.capability_json(CATALOGUE.capability_for(operation), rows())
    expected = [entry for entry in CATALOGUE.order if operation in entry.operations]
    assert [model["model_id"] for model in shown["models"]] == [entry.id for entry in expected]
    for model, entry in zip(shown["models"], expected, strict=True):
        assert list(model["parameters"]["properties"]) == list(entry.properties)  # type: ignore[call-overload]
        assert model["defaults"] == parameters.complete(entry, {}).parameters


def test_the_capabilities_are_those_of_the_wire_with_their_grants() -> None:
    answer = capabilities.capabilities_json(CATALOGUE.capabilities, rows())
    assert {item["id"]: item["auth"]["grants_any_of"] for item in answer["capabilities"]} == {
        "is.image.generate.preview.v1": ["create.preview", "create"],
        "is.image.edit.preview.v1": ["edit.preview", "edit"],
        "is.asset.upload.v1": ["asset.upload"],
    }
    assert answer["summary"] == {"total": 3, "available": 3}
    assert json.loads(json.dumps(answer)) == answer


def test_a_capability_is_unavailable_while_nothing_can_be_called_for_it() -> None:
    unwired = rows(wired=frozenset())
    standing = {
        item["id"]: item["status"]
        for item in capabilities.capabilities_json(CATALOGUE.capabilities, unwired)["capabilities"]
    }
    assert standing == {
        "is.image.generate.preview.v1": "unavailable",
        "is.image.edit.preview.v1": "unavailable",
        "is.asset.upload.v1": "available",
    }


def test_the_normalized_controls_are_the_fields_of_the_requests() -> None:
    create = CATALOGUE.capability("is.image.generate.preview.v1")
    edit = CATALOGUE.capability("is.image.edit.preview.v1")
    assert create is not None
    assert edit is not None
    assert set(edit.controls) - set(create.controls) == {"input_asset_id", "mask_asset_id"}
    assert set(create.controls) == {
        "prompt", "model", "provider", "intent", "aspect_ratio", "output_count", "output_format",
        "model_parameters", "references", "max_estimated_usd_per_image", "max_usd", "dry_run",
        "accept_unknown_cost", "idempotency_key",
    }  # fmt: skip
    assert CATALOGUE.capability("is.image.dream.v1") is None


def test_a_model_that_ends_is_told_in_its_row_and_in_its_capability() -> None:
    first = replace(
        CATALOGUE.order[0],
        retirement=Retirement(date(2026, 12, 1), "canvas.draft", "It ends.", "Send no image_size."),
    )
    catalogue = Catalogue.of([first, *CATALOGUE.order[1:]], CATALOGUE.capabilities)
    some = rows(catalogue)
    shown = models.model_detail_json(some[0], default_id=None)
    assert shown["status"] == "deprecated"
    assert shown["migration"] == {
        "replaced_by": "canvas.draft",
        "retires_on": "2026-12-01",
        "notes": "It ends.",
        "how": "Send no image_size.",
    }
    notices = capabilities.capability_json(catalogue.capability_for(Operation.GENERATE), some)
    assert [notice["model_id"] for notice in notices["deprecation_notices"]] == ["fal.flux-dev"]
    assert (
        capabilities.capability_json(CATALOGUE.capability_for(Operation.EDIT), rows())["deprecation_notices"] == []
    )
