import json

import pytest

from creative.catalogue import controls, loader
from creative.catalogue.entries import ModelEntry


def model(model_id: str) -> ModelEntry:
    entry = loader.current().find(model_id)
    assert entry is not None
    return entry


FLUX, GROK, GPT, CANVAS = map(
    model, ("fal.flux-dev", "xai.grok-imagine-image", "openai.gpt-image-2", "canvas.draft")
)
EDITS = [model("openai.gpt-image-2-edit"), model("fal.nano-banana-2-edit")]


def test_a_request_without_controls_gets_the_defaults_of_the_model() -> None:
    applied = controls.apply(FLUX, model_parameters={"seed": 7})
    assert applied.parameters == {"image_size": "square_hd", "output_format": "jpeg", "seed": 7}
    assert applied.defaults_applied == ("image_size", "output_format")
    assert (applied.errors, applied.warnings) == ({}, ())


def test_the_common_controls_become_the_parameters_of_the_model() -> None:
    applied = controls.apply(GPT, model_parameters={}, aspect_ratio="2:3", output_format="webp", output_count=4)
    assert applied.parameters == {"size": "1024x1536", "quality": "medium", "output_format": "webp"}
    assert applied.defaults_applied == ("quality",)
    assert applied.errors == {}


def test_jpg_is_another_spelling_of_jpeg() -> None:
    assert controls.apply(CANVAS, model_parameters={}, output_format="jpg").parameters["output_format"] == "jpeg"


def test_mapped_values_are_plain_json() -> None:
    applied = controls.apply(FLUX, model_parameters={}, aspect_ratio="3:2")
    assert json.loads(json.dumps(applied.parameters))["image_size"] == {"width": 1152, "height": 768}


@pytest.mark.parametrize("entry", EDITS, ids=lambda entry: str(entry.id))
def test_an_edit_follows_its_input_unless_told_otherwise(entry: ModelEntry) -> None:
    unsaid = controls.apply(entry, model_parameters={})
    assert unsaid.parameters == controls.apply(entry, model_parameters={}, aspect_ratio="auto").parameters
    assert "auto" in unsaid.parameters.values()
    assert "auto" not in controls.apply(entry, model_parameters={}, aspect_ratio="1:1").parameters.values()


@pytest.mark.parametrize(
    ("entry", "ratio"), [(GPT, "4:5"), (GPT, "auto"), (CANVAS, "auto"), (FLUX, "7:5"), (FLUX, "")]
)
def test_an_aspect_ratio_that_the_model_lacks_is_refused_with_those_it_has(entry: ModelEntry, ratio: str) -> None:
    errors = controls.apply(entry, model_parameters={}, aspect_ratio=ratio).errors
    assert errors == {"aspect_ratio": [f"must be one of {', '.join(entry.aspect_ratios)} for {entry.id}"]}


def test_a_format_that_the_model_lacks_is_refused_with_those_it_has() -> None:
    assert controls.apply(FLUX, model_parameters={}, output_format="webp").errors == {
        "output_format": ["must be one of jpeg, png for fal.flux-dev"]
    }
    assert controls.apply(GROK, model_parameters={}, output_format="png").errors == {
        "output_format": ["must be one of jpeg for xai.grok-imagine-image"]
    }
    assert controls.apply(GROK, model_parameters={}, output_format="jpeg").errors == {}


def test_model_parameters_win_over_controls_with_a_warning() -> None:
    applied = controls.apply(
        CANVAS,
        model_parameters={"aspect_ratio": "16:9", "output_format": "webp"},
        aspect_ratio="1:1",
        output_format="png",
    )
    assert applied.errors == {}
    assert (applied.parameters["aspect_ratio"], applied.parameters["output_format"]) == ("16:9", "webp")
    assert applied.warnings == (
        "model_parameters.aspect_ratio is used; aspect_ratio is ignored.",
        "model_parameters.output_format is used; output_format is ignored.",
    )


def test_model_parameters_that_agree_with_controls_warn_of_nothing() -> None:
    applied = controls.apply(FLUX, model_parameters={"image_size": "square_hd"}, aspect_ratio="1:1")
    assert (applied.errors, applied.warnings) == ({}, ())


def test_a_parameter_that_contradicts_a_control_is_refused() -> None:
    wrong = controls.apply(GPT, model_parameters={"background": "transparent"}, output_format="jpeg")
    assert wrong.errors == {"model_parameters.background": ["transparent needs output_format to be png or webp"]}
    right = controls.apply(CANVAS, model_parameters={"quality": 40}, output_format="jpeg")
    assert right.errors == {}


@pytest.mark.parametrize("count", [0, -1, 5, True, 1.0, "1", None])
def test_a_number_of_pictures_outside_the_limit_is_refused(count: int) -> None:
    errors = controls.apply(FLUX, model_parameters={}, output_count=count).errors
    assert errors == {"output_count": ["must be an integer between 1 and 4 for fal.flux-dev"]}


def test_faults_of_controls_and_parameters_are_told_together() -> None:
    applied = controls.apply(
        FLUX, model_parameters={"seed": True}, aspect_ratio="x", output_format="gif", output_count=9
    )
    assert set(applied.errors) == {"aspect_ratio", "output_format", "output_count", "model_parameters.seed"}
