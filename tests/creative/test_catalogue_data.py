import json
from collections.abc import Iterator
from dataclasses import FrozenInstanceError
from datetime import date
from types import MappingProxyType

import pytest

from creative.catalogue import loader, parameters, sizes
from creative.catalogue.entries import Confidence, ModelEntry, Operation
from creative.catalogue.frozen import thaw

ORDER = loader.current().order
IDS = [entry.id for entry in ORDER]
every_model = pytest.mark.parametrize("entry", ORDER, ids=IDS)


def scalars(value: object) -> Iterator[object]:
    """Walk a frozen value and yield each container and leaf."""
    yield value
    if isinstance(value, MappingProxyType):
        for item in value.values():
            yield from scalars(item)
    if isinstance(value, tuple):
        for item in value:
            yield from scalars(item)


def test_the_catalogue_holds_the_models_of_the_contract_in_the_order_of_rank() -> None:
    assert IDS == [
        "fal.flux-dev",
        "xai.grok-imagine-image",
        "openai.gpt-image-2",
        "openai.gpt-image-2-edit",
        "fal.nano-banana-2-edit",
        "xai.grok-imagine-image-edit",
        "canvas.draft",
        "canvas.edit",
    ]
    assert [entry.rank for entry in ORDER] == sorted({entry.rank for entry in ORDER})


def test_each_data_file_keeps_the_schema_and_carries_its_model_id() -> None:
    files = list(loader.DATA.glob("*.json"))
    assert {path.stem for path in files} == set(IDS)
    for path in files:
        document = json.loads(path.read_text(encoding="utf-8"))
        assert loader.faults_of(document) == []
        assert document["id"] == path.stem


@every_model
def test_a_call_with_nothing_but_defaults_is_valid_and_complete(entry: ModelEntry) -> None:
    completed = parameters.complete(entry, {})
    assert completed.parameters == thaw(entry.defaults)
    assert set(completed.defaults_applied) == set(entry.defaults)
    for name, value in completed.parameters.items():
        assert name in parameters.executable_names(entry)
        assert parameters.accepts(entry, name, value), name


@every_model
def test_every_aspect_ratio_maps_to_a_value_that_the_model_takes(entry: ModelEntry) -> None:
    control = entry.controls.aspect_ratio
    assert control is not None
    assert control.default == ("auto" if Operation.EDIT in entry.operations else "1:1")
    for value in control.values.values():
        assert parameters.validate(entry, {control.parameter: thaw(value)}) == {}


@every_model
def test_every_output_format_maps_to_a_value_that_the_model_takes(entry: ModelEntry) -> None:
    control = entry.controls.output_format
    assert control.default in control.values
    for word in control.values:
        supplied: dict[str, object] = {control.parameter: word} if control.parameter else {}
        assert parameters.validate(entry, supplied) == {}
    assert {f"image/{word}" for word in control.values} == set(thaw(entry.media["output"])["mime_types"])


@every_model
def test_an_aspect_ratio_gives_a_size_of_that_shape_where_the_size_is_known(entry: ModelEntry) -> None:
    control = entry.controls.aspect_ratio
    assert control is not None
    for ratio, value in control.values.items():
        size = sizes.expected_size(entry, {**entry.defaults, control.parameter: thaw(value)})
        if ratio == "auto" or size is None:
            assert entry.size.kind in {"unstated", "text"}
            continue
        across, down = (float(side) for side in ratio.split(":"))
        assert size.width / size.height == pytest.approx(across / down, rel=0.01)


@pytest.mark.parametrize(
    ("ratio", "long_side", "size"),
    [
        ("1:1", 1024, (1024, 1024)),
        ("16:9", 1024, (1024, 576)),
        ("9:16", 2048, (1152, 2048)),
        ("21:9", 1000, (1000, 429)),
        ("3:2", 257, (257, 171)),
        ("4:3", 258, (258, 194)),
        ("3:4", 262, (196, 262)),
    ],
)
def test_canvas_keeps_the_long_side_and_rounds_the_short_one(
    ratio: str, long_side: int, size: tuple[int, int]
) -> None:
    canvas = loader.current().find("canvas.draft")
    assert canvas is not None
    assert sizes.expected_size(canvas, {"aspect_ratio": ratio, "long_side": long_side}) == size


@every_model
def test_every_parameter_says_what_it_is_and_whether_it_can_be_sent(entry: ModelEntry) -> None:
    assert entry.parameters["additionalProperties"] is False
    for schema in entry.properties.values():
        assert isinstance(schema["x-executable"], bool)
        assert str(schema["description"]).endswith(".")
    assert not set(entry.fixed_controls) & set(entry.properties)


@pytest.mark.parametrize("model_id", ["fal.flux-dev", "fal.nano-banana-2-edit", "canvas.draft"])
def test_the_models_that_promise_a_seed_execute_it(model_id: str) -> None:
    entry = loader.current().find(model_id)
    assert entry is not None
    assert parameters.validate(entry, {"seed": 1234}) == {}


def test_an_edit_model_takes_pictures_and_a_create_model_takes_none() -> None:
    for entry in ORDER:
        assert (entry.accepts_input_images > 0) == ("edit" in entry.supports)
        # An edit by rules has one result; every other model gives up to four pictures.
        assert entry.max_outputs == (1 if entry.id == "canvas.edit" else 4)
    assert [entry.id for entry in ORDER if entry.accepts_mask] == ["openai.gpt-image-2-edit", "canvas.edit"]


def test_canvas_needs_no_key_and_admits_what_it_is() -> None:
    draft, edit = ORDER[-2:]
    for canvas, name in ((draft, "canvas.draft"), (edit, "canvas.edit")):
        assert (canvas.id, canvas.requires_key, canvas.latency_class) == (name, False, "fast")
        assert "no diffusion model" in canvas.description
    assert "offline draft renderer" in draft.description
    assert all(entry.requires_key and entry.latency_class != "fast" for entry in ORDER[:-2])


@every_model
def test_every_price_is_dated_sourced_and_bounded(entry: ModelEntry) -> None:
    price = entry.price
    assert price.as_of == date(2026, 11, 21)
    assert price.version == f"{entry.id}/{price.as_of.isoformat()}"
    assert price.source
    if price.confidence is Confidence.UNKNOWN:
        assert price.ceiling_credits is not None
        assert "(1 - 0.40)" in str(price.ceiling_basis)


@every_model
def test_nothing_of_a_row_can_be_changed(entry: ModelEntry) -> None:
    with pytest.raises(FrozenInstanceError):
        entry.rank = 1  # type: ignore[misc]
    for mapping in (entry.parameters, entry.defaults, entry.fixed_controls, entry.media, entry.safety):
        assert all(not isinstance(value, dict | list) for value in scalars(mapping))
        with pytest.raises(TypeError):
            mapping["new"] = 1  # type: ignore[index]
