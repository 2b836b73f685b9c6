import pytest

from tests.cast import Caller, Member
from tests.creative.evidence import assert_refused

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("provider")]

CAPABILITY = {
    "id",
    "display_name",
    "description",
    "status",
    "operation",
    "method",
    "path",
    "command",
    "controls",
    "models",
    "auth",
    "deprecation_notices",
    "notes",
    "show_command",
}
MODEL = {
    "model_id",
    "status",
    "model_execution_status",
    "accepts_input_images",
    "accepts_mask",
    "max_outputs",
    "controls",
    "parameters",
    "defaults",
    "fixed_controls",
    "show_command",
}
IDS = ["is.image.generate.preview.v1", "is.image.edit.preview.v1", "is.asset.upload.v1"]


def test_the_list_answers_anybody_with_the_capabilities_of_the_contract(anonymous: Caller) -> None:
    listed = anonymous.get("/v1/capabilities")
    assert (listed.status, listed.exit_code, listed.body["actor"]) == (200, 0, None)
    assert listed.body["command"] == "image-skill capabilities list"
    assert [row["id"] for row in listed.data["capabilities"]] == IDS
    available = [row for row in listed.data["capabilities"] if row["status"] == "available"]
    assert listed.data["summary"] == {"total": 3, "available": len(available)}
    assert IDS[0] in [row["id"] for row in available]


@pytest.mark.parametrize("capability_id", IDS)
def test_a_capability_answers_with_exactly_the_fields_of_the_contract(
    anonymous: Caller, capability_id: str
) -> None:
    shown = anonymous.get(f"/v1/capabilities/{capability_id}")
    assert (shown.status, shown.body["command"]) == (200, "image-skill capabilities show")
    detail = shown.data["capability"]
    assert set(detail) == CAPABILITY
    assert {name: shown.data[name] for name in detail} == detail
    assert detail["status"] in {"available", "unavailable"}
    assert (detail["method"], detail["path"].startswith("/v1/")) == ("POST", True)
    assert detail["command"].startswith("image-skill ")
    assert set(detail["auth"]) == {"required", "scheme", "grants_any_of"}
    assert all(set(model) == MODEL for model in detail["models"])


def test_the_schemas_of_a_capability_are_those_of_its_models(anonymous: Caller) -> None:
    for capability_id in IDS[:2]:
        for model in anonymous.get(f"/v1/capabilities/{capability_id}").data["models"]:
            shown = anonymous.get(f"/v1/models/{model['model_id']}").data
            for name in ("parameters", "defaults", "fixed_controls", "controls", "status", "show_command"):
                assert model[name] == shown[name]


def test_a_create_is_made_under_a_capability_that_is_listed_and_granted(agent: Member) -> None:
    made = agent.create()
    shown = agent.get(f"/v1/capabilities/{made.data['capability']['id']}").data
    assert (shown["operation"], shown["path"]) == ("image.generate", "/v1/create")
    assert set(shown["auth"]["grants_any_of"]) & set(agent.row.grants)


def test_the_controls_of_creating_are_the_fields_that_a_create_takes(agent: Member) -> None:
    controls = agent.get(f"/v1/capabilities/{IDS[0]}").data["controls"]
    sent = {name: {} for name in controls if name != "idempotency_key"}
    empty = agent.post("/v1/create", sent)
    assert set(empty.error["recovery"]["fields"]) == set(sent) - {"model_parameters"}
    assert "is not a known field" not in str(empty.error)
    required = [name for name, control in controls.items() if control["required"]]
    assert list(agent.post("/v1/create").error["recovery"]["fields"]) == required == ["prompt"]
    defaults = {name: control["default"] for name, control in controls.items() if not control["required"]}
    assert agent.create(**defaults).status == 200


@pytest.mark.parametrize("reference", ["is.image.generate", "IS.ASSET.UPLOAD.V1", "x" * 500, "%20", "default"])
def test_an_unknown_capability_is_answered_with_the_list(anonymous: Caller, reference: str) -> None:
    told = assert_refused(anonymous.get(f"/v1/capabilities/{reference}"), "CAPABILITY_NOT_FOUND", 1, 404)
    assert told["suggested_command"] == "image-skill capabilities list --json"
