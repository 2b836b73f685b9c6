from dataclasses import replace
from datetime import date

import pytest

from creative.catalogue import loader, selection
from creative.catalogue.entries import Operation, Retirement
from creative.catalogue.loader import Catalogue
from creative.catalogue.selection import ExecutionStatus, Row, Status

TODAY = date(2026, 11, 21)
ALL = frozenset({"fal", "xai", "openai", "canvas"})
CANVAS_ONLY = frozenset({"canvas"})
NONE: frozenset[str] = frozenset()
CATALOGUE = loader.current()
FLUX = CATALOGUE.order[0]


def rows(wired: frozenset[str] = ALL, configured: frozenset[str] = ALL, today: date = TODAY) -> tuple[Row, ...]:
    return selection.rows(CATALOGUE, wired=wired, configured=configured, today=today)


def ids(some: tuple[Row, ...]) -> list[str]:
    return [row.entry.id for row in some]


def ending(retires_on: date | None, replaced_by: str | None = None) -> Catalogue:
    """The catalogue with an end for its first model."""
    first = replace(FLUX, retirement=Retirement(retires_on, replaced_by, None, None))
    return Catalogue.of([first, *CATALOGUE.order[1:]], CATALOGUE.capabilities)


def test_a_model_without_an_adapter_is_catalogued_whatever_key_is_set() -> None:
    standing = selection.availability(FLUX, CANVAS_ONLY, ALL, TODAY)
    assert standing.status is Status.UNAVAILABLE
    assert standing.execution_status is ExecutionStatus.CATALOGED_NOT_WIRED
    assert "no adapter" in str(standing.availability_reason)
    assert not CATALOGUE.executable("fal.flux-dev", CANVAS_ONLY)
    assert CATALOGUE.executable("fal.flux-dev", ALL)
    assert not CATALOGUE.executable("fal.flux-pro", ALL)


def test_a_model_with_an_adapter_and_no_key_is_executable_and_unavailable() -> None:
    standing = selection.availability(FLUX, ALL, NONE, TODAY)
    assert standing == (
        Status.UNAVAILABLE,
        "The operator of this service has not configured fal.",
        ExecutionStatus.EXECUTABLE,
    )


def test_canvas_is_available_without_any_key() -> None:
    some = rows(CANVAS_ONLY, NONE)
    assert ids(tuple(row for row in some if row.available)) == ["canvas.draft", "canvas.edit"]
    assert some[-1].availability == (Status.AVAILABLE, None, ExecutionStatus.EXECUTABLE)


@pytest.mark.parametrize(
    ("today", "status"),
    [
        (date(2026, 11, 30), Status.DEPRECATED),
        (date(2026, 12, 1), Status.RETIRED),
        (date(2027, 6, 1), Status.RETIRED),
    ],
)
def test_a_model_retires_on_its_day_and_is_deprecated_before(today: date, status: Status) -> None:
    catalogue = ending(date(2026, 12, 1), "xai.grok-imagine-image")
    row = selection.rows(catalogue, wired=ALL, configured=ALL, today=today)[0]
    assert row.availability.status is status
    assert row.available is row.executable is (status is Status.DEPRECATED)
    if status is Status.RETIRED:
        assert row.availability.availability_reason == "Retired on 2026-12-01. Use xai.grok-imagine-image."


def test_a_model_with_a_successor_is_deprecated_and_works() -> None:
    row = selection.rows(ending(None, "canvas.draft"), wired=ALL, configured=ALL, today=TODAY)[0]
    assert (row.availability.status, row.available) == (Status.DEPRECATED, True)


def test_default_is_the_first_model_that_can_be_called() -> None:
    found = [
        selection.find(rows(), "default"),
        selection.find(rows(configured=frozenset({"openai"})), "default"),
        selection.find(rows(CANVAS_ONLY), "default"),
        selection.find(selection.rows(ending(TODAY), wired=ALL, configured=ALL, today=TODAY), "default"),
    ]
    assert ids(tuple(row for row in found if row)) == [
        "fal.flux-dev",
        "openai.gpt-image-2",
        "canvas.draft",
        "xai.grok-imagine-image",
    ]
    assert selection.find(rows(NONE), "default") is None


def test_default_looks_at_the_operation_that_is_asked_for() -> None:
    edit = selection.find(rows(), "default", Operation.EDIT)
    assert edit is not None
    assert edit.entry.id == "openai.gpt-image-2-edit"
    offline = selection.find(rows(CANVAS_ONLY), "default", Operation.EDIT)
    assert offline is not None
    assert offline.entry.id == "canvas.edit"
    assert selection.find(rows(NONE), "default", Operation.EDIT) is None


def test_a_model_is_found_by_its_id_and_by_each_alias() -> None:
    for entry in CATALOGUE.order:
        for name in (entry.id, *entry.aliases):
            row = selection.find(rows(), name)
            assert row is not None
            assert row.entry is entry is CATALOGUE.find(name)


@pytest.mark.parametrize("name", ["", "fal", "fal.flux", "FAL.FLUX-DEV", "../data", "fal.flux-dev "])
def test_another_name_finds_nothing(name: str) -> None:
    assert selection.find(rows(), name) is None
    assert CATALOGUE.find(name) is None


def test_the_list_is_filtered_by_standing() -> None:
    some = rows(frozenset({"canvas", "fal"}), NONE)
    assert ids(selection.filter_models(some)) == ids(some)
    assert ids(selection.filter_models(some, available=True)) == ["canvas.draft", "canvas.edit"]
    assert len(selection.filter_models(some, available=False)) == 6
    executable = ["fal.flux-dev", "fal.nano-banana-2-edit", "canvas.draft", "canvas.edit"]
    assert ids(selection.filter_models(some, executable=True)) == executable
    uncoded = [name for name in ids(some) if name not in executable]
    assert ids(selection.filter_models(some, executable=False)) == uncoded
    assert ids(selection.filter_models(some, catalog_only=True)) == uncoded


def test_the_list_is_filtered_by_what_a_model_does_and_who_runs_it() -> None:
    some = rows()
    edits = ["openai.gpt-image-2-edit", "fal.nano-banana-2-edit", "xai.grok-imagine-image-edit", "canvas.edit"]
    assert ids(selection.filter_models(some, operation="edit")) == edits
    assert ids(selection.filter_models(some, operation="image.edit")) == edits
    assert len(selection.filter_models(some, operation="create")) == 4
    assert selection.filter_models(some, operation="image.upscale") == ()
    assert ids(selection.filter_models(some, provider="fal", operation="edit")) == ["fal.nano-banana-2-edit"]
    assert len(selection.filter_models(some, modality="image")) == 8
    assert selection.filter_models(some, modality="video") == ()


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("canvas", ["canvas.draft", "canvas.edit"]),
        ("FLUX", ["fal.flux-dev"]),
        ("banana edit", ["fal.nano-banana-2-edit"]),
        ("edit banana flux", []),
        ("legible text", ["openai.gpt-image-2"]),
        ("safety_tolerance", ["fal.nano-banana-2-edit"]),
        ("offline", ["canvas.draft", "canvas.edit"]),
        ("%", []),
    ],
)
def test_a_search_finds_rows_that_hold_every_word(query: str, found: list[str]) -> None:
    assert ids(selection.filter_models(rows(), query=query)) == found


def test_an_empty_search_finds_everything() -> None:
    assert len(selection.filter_models(rows(), query="  ")) == 8
