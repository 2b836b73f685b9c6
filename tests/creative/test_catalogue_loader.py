import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from creative.catalogue import loader
from creative.catalogue.loader import CatalogueError

Change = Callable[[dict[str, Any]], object]


@pytest.fixture
def broken(tmp_path: Path) -> Callable[[str, Change], Path]:
    """Copies the data files, changes one, and returns the folder."""

    def copy(model_id: str, change: Change) -> Path:
        for path in loader.DATA.glob("*.json"):
            document = json.loads(path.read_text(encoding="utf-8"))
            if path.stem == model_id:
                change(document)
            (tmp_path / path.name).write_text(json.dumps(document), encoding="utf-8")
        return tmp_path

    return copy


def test_the_catalogue_is_read_once() -> None:
    assert loader.current() is loader.current()


def test_an_unchanged_copy_loads(broken: Callable[[str, Change], Path]) -> None:
    catalogue = loader.load(broken("none", lambda _: None))
    assert [entry.id for entry in catalogue.order] == [entry.id for entry in loader.current().order]


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda d: d.pop("price"), "canvas.draft.json: document: 'price' is a required property"),
        (lambda d: d.update(note="x"), "Additional properties are not allowed"),
        (
            lambda d: d["price"]["table"][0].update(usd=0.02),
            "price/table/0/usd: 0.02 is not of type 'string'",
        ),
        (lambda d: d["price"]["table"][0].update(usd="2e-2"), "price/table/0/usd"),
        (lambda d: d["parameters"].update(additionalProperties=True), "parameters/additionalProperties"),
        (
            lambda d: d["parameters"]["properties"]["seed"].pop("x-executable"),
            "'x-executable' is a required property",
        ),
        (lambda d: d["parameters"]["properties"]["seed"].update(type="integr"), "parameters:"),
        (lambda d: d["aliases"].append("default"), "aliases"),
        (lambda d: d.update(operations=["image.dream"]), "operations/0"),
    ],
)
def test_a_file_that_breaks_the_schema_is_refused_by_name(
    broken: Callable[[str, Change], Path], change: Change, fault: str
) -> None:
    folder = broken("canvas.draft", change)
    with pytest.raises(CatalogueError) as refusal:
        loader.load(folder)
    assert fault in str(refusal.value)
    assert "canvas.draft.json" in str(refusal.value)


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda d: d["aliases"].append("flux-dev"), "flux-dev is taken by canvas.draft"),
        (lambda d: d.update(rank=10), "10 is taken by canvas.draft"),
        (lambda d: d["defaults"].update(seed=-1), "the default of seed is no value that a caller could send"),
        (
            lambda d: d["defaults"].update(steps=3),
            "the default of steps is no value that a caller could send",
        ),
        (lambda d: d["fixed_controls"].update(seed=1), "seed is both a parameter and fixed"),
        (
            lambda d: d["controls"]["aspect_ratio"]["values"].update({"7:5": "7:5"}),
            "aspect_ratio 7:5 maps to a value",
        ),
        (
            lambda d: d["controls"]["aspect_ratio"].update(default="3:2"),
            "the default aspect_ratio 3:2 is not",
        ),
        (
            lambda d: d["controls"]["aspect_ratio"].update(parameter="shape"),
            "maps to shape, which is no parameter",
        ),
        (lambda d: d["controls"]["output_format"].update(default="jpeg"), "the default output_format is not"),
        (
            lambda d: d["size"].update(long_side_parameter="seed"),
            "the size follows from seed, which has no default",
        ),
        (lambda d: d["price"]["table"][0].update(when={"style": "oil"}), "the price names style oil"),
        (
            lambda d: d["price"]["table"][0].update(when={"style": "scene"}),
            "without a price need ceiling_credits",
        ),
        (lambda d: d["price"].update(confidence="unknown"), "without a price need ceiling_credits"),
        (lambda d: d["price"].update(ceiling_credits=9), "ceiling_credits and ceiling_basis go together"),
        (lambda d: d["price"].update(unit="megapixel"), "needs a size rule and a megapixel rule"),
        (lambda d: d["retirement"].update(replaced_by="canvas.final"), "canvas.final is no other model"),
        (lambda d: d["retirement"].update(replaced_by="canvas.draft"), "canvas.draft is no other model"),
        (lambda d: d.update(operations=["image.edit"]), "an edit needs an input picture"),
        (lambda d: d.update(accepts_mask=True), "only an edit takes a mask"),
    ],
)
def test_a_row_that_contradicts_itself_or_another_is_refused(
    broken: Callable[[str, Change], Path], change: Change, fault: str
) -> None:
    folder = broken("canvas.draft", change)
    with pytest.raises(CatalogueError) as refusal:
        loader.load(folder)
    assert fault in str(refusal.value)
    assert "canvas.draft" in str(refusal.value)


def test_two_files_of_one_model_are_refused(broken: Callable[[str, Change], Path]) -> None:
    folder = broken("canvas.draft", lambda _: None)
    document = json.loads((folder / "canvas.draft.json").read_text(encoding="utf-8"))
    document.update(rank=91, aliases=[])
    (folder / "twin.json").write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(CatalogueError, match=r"canvas\.draft is taken by canvas\.draft"):
        loader.load(folder)


def test_a_folder_without_data_files_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match="holds no data files"):
        loader.load(tmp_path)
