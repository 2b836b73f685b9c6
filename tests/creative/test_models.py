from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.utils import timezone
from pytest_django.fixtures import DjangoAssertNumQueries

from billing import pricing
from creative.catalogue import loader
from tests.cast import Caller
from tests.creative.evidence import assert_refused

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("provider")]

IDS = [entry.id for entry in loader.current().order]
SEED_IDS = {
    "xai.grok-imagine-image",
    "openai.gpt-image-2",
    "openai.gpt-image-2-edit",
    "fal.nano-banana-2-edit",
    "fal.flux-dev",
    "canvas.draft",
    "canvas.edit",
}
ROW = {
    "id",
    "display_name",
    "provider_id",
    "status",
    "availability_reason",
    "default",
    "modality",
    "operations",
    "supports",
    "accepts_input_images",
    "aspect_ratios",
    "credits_required",
    "estimated_usd_per_image",
    "pricing_confidence",
    "latency_class",
    "execution",
    "show_command",
}
DETAIL = {
    "media",
    "parameters",
    "defaults",
    "fixed_controls",
    "economics",
    "safety",
    "migration",
    "aliases",
    "description",
    "max_outputs",
    "accepts_mask",
    "controls",
}


def assert_row(row: dict[str, Any]) -> None:
    """Check that a row's values are those that the wire knows."""
    assert row["status"] in {"available", "unavailable", "deprecated", "retired"}
    assert (row["availability_reason"] is None) is (row["status"] in {"available", "deprecated"})
    assert row["modality"] == "image"
    assert row["operations"]
    assert set(row["operations"]) <= {"image.generate", "image.edit"}
    assert set(row["supports"]) <= {"create", "edit"}
    assert row["pricing_confidence"] in {"known", "estimated", "unknown"}
    assert (row["credits_required"] is None) is (row["pricing_confidence"] == "unknown")
    assert row["latency_class"] in {"fast", "standard", "slow"}
    assert row["execution"]["model_execution_status"] in {"executable", "cataloged_not_wired"}
    assert row["show_command"] == f"image-skill models show {row['id']} --json"


def test_the_list_answers_anybody_with_exactly_the_fields_of_the_contract(anonymous: Caller) -> None:
    listed = anonymous.get("/v1/models")
    assert (listed.status, listed.exit_code, listed.body["actor"]) == (200, 0, None)
    assert listed.body["command"] == "image-skill models list"
    assert set(listed.data) == {"models", "summary"}
    assert {row["id"] for row in listed.data["models"]} >= SEED_IDS
    for row in listed.data["models"]:
        assert set(row) == ROW
        assert_row(row)
    assert sum(row["default"] for row in listed.data["models"]) == 1
    count = len(listed.data["models"])
    assert listed.data["summary"] == {
        "result_shape": "compact_model_summary",
        "total": count,
        "returned": count,
        "available": 2,
        "executable": 2,
        "cataloged_not_wired": count - 2,
        "unavailable": count - 2,
    }


@pytest.mark.parametrize("model_id", IDS)
def test_every_model_of_the_catalogue_answers_with_a_valid_entry(anonymous: Caller, model_id: str) -> None:
    shown = anonymous.get(f"/v1/models/{model_id}")
    assert (shown.status, shown.body["command"]) == (200, "image-skill models show")
    model = shown.data["model"]
    assert set(model) == ROW | DETAIL
    assert {name: shown.data[name] for name in model} == model
    assert_row(model)
    assert set(model["media"]) == {"input", "output"}
    assert model["parameters"]["$schema"].endswith("2020-12/schema")
    assert model["parameters"]["additionalProperties"] is False
    assert all(type(one["x-executable"]) is bool for one in model["parameters"]["properties"].values())
    assert set(model["defaults"]) <= set(model["parameters"]["properties"])
    assert set(model["migration"]) == {"replaced_by", "retires_on", "notes", "how"}


@pytest.mark.parametrize("model_id", IDS)
def test_every_price_has_its_day_its_source_and_the_credits_that_follow(anonymous: Caller, model_id: str) -> None:
    model = anonymous.get(f"/v1/models/{model_id}").data["model"]
    prices = model["economics"]
    day = date.fromisoformat(prices["as_of"])
    assert day <= timezone.now().date()
    assert prices["price_version"] == f"{model_id}/{prices['as_of']}"
    assert (prices["currency"], prices["credit_unit_usd"]) == ("USD", 0.01)
    assert prices["source"]
    assert prices["credits_required"] == model["credits_required"]
    told = [(prices["estimated_usd_per_image"], prices["credits_required"])]
    told += [(option["estimated_usd"], option["credits_required"]) for option in prices["options"]]
    for usd, credits in told:
        assert credits == (None if usd is None else pricing.credits_per_image(round(usd * 1_000_000)))
        assert usd is not None or prices["ceiling_credits"] > 0


@pytest.mark.parametrize(("reference", "model_id"), [("default", "canvas.draft"), ("grok-imagine", IDS[1])])
def test_default_and_aliases_lead_to_a_model(anonymous: Caller, reference: str, model_id: str) -> None:
    assert anonymous.get(f"/v1/models/{reference}").data["id"] == model_id


@pytest.mark.parametrize(
    "reference", ["no.such-model", "CANVAS.DRAFT", "%20", "x" * 500, "canvas.draft%00", "null"]
)
def test_an_unknown_model_is_answered_with_the_list(anonymous: Caller, reference: str) -> None:
    told = assert_refused(anonymous.get(f"/v1/models/{reference}"), "MODEL_NOT_FOUND", 1, 404)
    assert told["suggested_command"] == "image-skill models list --json"


@pytest.mark.parametrize(
    ("query", "keeps"),
    [
        ("available=true", lambda row: row["status"] == "available"),
        ("available=false", lambda row: row["status"] != "available"),
        ("executable", lambda row: row["provider_id"] == "canvas"),
        ("operation=image.edit", lambda row: "image.edit" in row["operations"]),
        ("operation=create", lambda row: "create" in row["supports"]),
        ("provider=openai", lambda row: row["provider_id"] == "openai"),
        ("modality=image", lambda row: row["modality"] == "image"),
        ("modality=video", lambda row: row["modality"] == "video"),
        ("catalog_only=true", lambda row: row["provider_id"] != "canvas"),
        ("query=GROK", lambda row: row["id"].startswith("xai.grok-imagine-image")),
        ("query=no-such-word", lambda row: "no-such-word" in row["id"]),
        ("operation=create&provider=openai", lambda row: row["id"] == "openai.gpt-image-2"),
    ],
)
def test_a_filter_keeps_what_it_names(
    anonymous: Caller, query: str, keeps: Callable[[dict[str, Any]], bool]
) -> None:
    everything = anonymous.get("/v1/models").data["models"]
    listed = anonymous.get(f"/v1/models?{query}").data
    assert [row["id"] for row in listed["models"]] == [row["id"] for row in everything if keeps(row)]
    assert listed["summary"]["returned"] == len(listed["models"])
    assert listed["summary"]["total"] == len(everything)


@pytest.mark.parametrize("name", ["available", "executable", "details", "catalog_only"])
def test_a_flag_that_is_neither_true_nor_false_is_refused_by_name(anonymous: Caller, name: str) -> None:
    told = assert_refused(anonymous.get(f"/v1/models?{name}=perhaps"), "INVALID_ARGUMENTS", 2, 400)
    assert list(told["fields"]) == [name]


def test_details_are_the_rows_of_the_single_models(anonymous: Caller) -> None:
    listed = anonymous.get("/v1/models?details=true").data
    assert listed["summary"]["result_shape"] == "model_details"
    assert listed["models"] == [anonymous.get(f"/v1/models/{name}").data["model"] for name in IDS]


@pytest.mark.parametrize("path", ["/v1/models?details=true", "/v1/models/default", "/v1/capabilities"])
def test_the_catalogue_asks_the_database_only_what_is_switched_off_and_repriced(
    anonymous: Caller, django_assert_max_num_queries: DjangoAssertNumQueries, path: str
) -> None:
    with django_assert_max_num_queries(2):
        assert anonymous.get(path).status == 200
