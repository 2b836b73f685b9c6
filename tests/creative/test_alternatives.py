"""Cheaper ways to a plan: each is a plan that can be made as it is told, changes one thing, and costs less."""

import json
import shlex
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from creative import alternatives, planning
from creative.alternatives import Alternative
from creative.catalogue import loader, selection
from creative.catalogue.selection import Row
from creative.inputs import NONE, Inputs
from creative.models import Asset, Job
from creative.planning import Plan, Wanted

CATALOGUE = loader.current()
ALL = frozenset({"fal", "xai", "openai", "canvas"})
ROWS = selection.rows(CATALOGUE, wired=ALL, configured=ALL, today=date(2026, 11, 21))
PHOTO = Asset(id="image_1", mime_type="image/png", width=640, height=480)


def plan_of(model: str, *, pictures: Inputs = NONE, **asked: Any) -> Plan:
    entry = CATALOGUE.find(model)
    assert entry is not None
    wanted = Wanted(operation=entry.supports[0], prompt="Rotate by 90", model=model, accept_unknown_cost=True)
    wanted = replace(wanted, input_asset=pictures.picture.pk if pictures.picture else None, **asked)
    return planning.plan(wanted, entry, planning.draft(wanted, entry), reason="requested", pictures=pictures)


def job_of(made: Plan) -> Job:
    width, height = made.size or (None, None)
    return Job(
        operation=made.wanted.operation,
        prompt=made.wanted.prompt,
        model_id=made.entry.id,
        parameters=made.parameters,
        selection={"defaults_applied": list(made.defaults_applied)},
        output_count=made.wanted.output_count,
        expected_width=width,
        expected_height=height,
        credits_required=made.credits_required,
        credits_per_output=made.credits_per_output,
    )


def ways(
    made: Plan,
    *,
    rows: tuple[Row, ...] = ROWS,
    unasked: int = 0,
    most: int | None = None,
    pictures: Inputs = NONE,
) -> list[Alternative]:
    return alternatives.cheaper(
        job_of(made),
        pictures,
        entry=made.entry,
        rows=rows,
        fits=lambda plan: most is None or plan.credits_required <= most,
        unasked_credits=unasked,
    )


def by_flags(made: Plan, flags: str) -> Plan:
    """Plan what an agent asks for that repeats its request with these flags."""
    words = iter(shlex.split(flags))
    asked: dict[str, Any] = {}
    model = made.entry.id
    for word in words:
        if word == "--accept-unknown-cost":
            continue
        value = next(words)
        if word == "--model":
            model = value
        elif word == "--output-count":
            asked["output_count"] = int(value)
        elif word == "--model-parameters-json":
            asked["model_parameters"] = {**made.wanted.model_parameters, **json.loads(value)}
        else:
            asked[{"--aspect-ratio": "aspect_ratio", "--format": "output_format"}[word]] = value
    keep: dict[str, Any] = {"output_count": made.wanted.output_count, "aspect_ratio": made.wanted.aspect_ratio}
    if model == made.entry.id:
        keep["model_parameters"] = made.wanted.model_parameters
    return plan_of(model, pictures=made.inputs, **keep | asked)


PLANS: list[tuple[str, dict[str, Any]]] = [
    ("openai.gpt-image-2", {"output_count": 4, "model_parameters": {"quality": "high"}}),
    ("openai.gpt-image-2", {"output_count": 1, "aspect_ratio": "16:9"}),
    ("openai.gpt-image-2", {"output_count": 3, "model_parameters": {"size": "3840x2160", "quality": "high"}}),
    ("fal.flux-dev", {"output_count": 2, "model_parameters": {"image_size": {"width": 1536, "height": 1536}}}),
    ("fal.flux-dev", {"output_count": 4, "aspect_ratio": "3:2", "output_format": "png"}),
    ("xai.grok-imagine-image", {"output_count": 4, "aspect_ratio": "19.5:9"}),
    ("xai.grok-imagine-image", {"output_count": 2, "model_parameters": {"resolution": "2k"}}),
    ("canvas.draft", {"output_count": 4}),
]


@pytest.mark.parametrize(("model", "asked"), PLANS)
def test_a_job_tells_the_very_request_that_made_it(model: str, asked: dict[str, Any]) -> None:
    made = plan_of(model, **asked)
    again = alternatives.wanted_of(job_of(made), made.entry)
    repeated = planning.plan(
        again, made.entry, planning.draft(again, made.entry), reason="requested", pictures=NONE
    )
    assert (repeated.parameters, repeated.credits_required, repeated.size) == (
        made.parameters,
        made.credits_required,
        made.size,
    )


@pytest.mark.parametrize(("model", "asked"), PLANS)
@pytest.mark.parametrize("unasked", [0, 5, 1_000])
def test_each_way_costs_less_and_is_what_its_flags_make(model: str, asked: dict[str, Any], unasked: int) -> None:
    made = plan_of(model, **asked)
    for way in ways(made, unasked=unasked):
        assert way.credits < made.credits_required
        repeated = by_flags(made, way.flags)
        assert (repeated.credits_required, repeated.entry.id) == (way.credits, way.plan.entry.id), way.flags
        if made.size is not None and way.plan.size is not None:
            before, after = made.size.width / made.size.height, way.plan.size.width / way.plan.size.height
            assert abs(before - after) < 0.03 * before, way.flags


def test_a_dear_plan_has_a_lower_quality_fewer_pictures_and_other_models() -> None:
    made = plan_of("openai.gpt-image-2", output_count=4, model_parameters={"quality": "high"})
    assert made.credits_required == 144
    told = {way.change: way.credits for way in ways(made, unasked=80)}
    assert told == {
        "quality medium instead of high": 36,
        "quality low instead of high": 4,
        "2 pictures instead of 4": 72,
        "1 picture instead of 4": 36,
        "on canvas.draft": 4,
        "on xai.grok-imagine-image": 16,
    }


def test_a_large_picture_can_be_smaller_in_the_same_shape() -> None:
    made = plan_of("fal.flux-dev", model_parameters={"image_size": {"width": 1536, "height": 1536}})
    changes = {way.change: way.credits for way in ways(made)}
    assert made.credits_required == 13
    assert changes["1024 x 1024 pixels instead of 1536 x 1536"] == 5
    assert not [change for change in changes if "768 x 1024" in change]


def test_only_what_can_be_called_and_paid_is_told() -> None:
    made = plan_of("openai.gpt-image-2", output_count=4, model_parameters={"quality": "high"})
    here = selection.rows(CATALOGUE, wired=ALL, configured=frozenset({"openai"}), today=date(2026, 11, 21))
    assert {way.plan.entry.id for way in ways(made, rows=here)} == {"openai.gpt-image-2", "canvas.draft"}
    assert max(way.credits for way in ways(made, most=20)) <= 20
    assert ways(made, most=0) == []
    gone = selection.rows(CATALOGUE, wired=frozenset({"canvas"}), configured=ALL, today=date(2026, 11, 21))
    assert {way.plan.entry.id for way in ways(made, rows=gone)} == {"canvas.draft"}


def test_an_edit_keeps_its_pictures_and_goes_only_where_they_are_taken() -> None:
    pictures = Inputs(picture=PHOTO)
    made = plan_of("openai.gpt-image-2-edit", pictures=pictures)
    told = ways(made, pictures=pictures)
    assert [(way.plan.entry.id, way.credits) for way in told] == [
        ("canvas.edit", 1),
        ("xai.grok-imagine-image-edit", 24),
    ]
    assert "--accept-unknown-cost" in told[1].flags
    assert all(way.plan.inputs.picture is PHOTO for way in told)
    masked = Inputs(picture=PHOTO, mask=PHOTO)
    made = plan_of("openai.gpt-image-2-edit", pictures=masked)
    assert {way.plan.entry.id for way in ways(made, pictures=masked)} == {"canvas.edit"}
    unwilling = replace(made, wanted=replace(made.wanted, prompt="Make it sing"))
    assert ways(unwilling, pictures=masked) == []


def test_the_cheapest_plan_has_no_cheaper_way() -> None:
    assert ways(plan_of("canvas.draft")) == []
