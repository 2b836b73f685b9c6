"""Cheaper ways to what a waiting plan asks for, each a plan that can be made today. Nothing is read or written.

A way changes one thing: fewer pictures, a cheaper parameter of the same model, or another model, which then takes
its own defaults beside the shape and the format that were asked for.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from creative import inputs, planning
from creative.catalogue.entries import ModelEntry
from creative.catalogue.frozen import thaw
from creative.catalogue.selection import Row
from creative.catalogue.sizes import Size, expected_size
from creative.inputs import Inputs
from creative.models import Job
from creative.planning import Plan, Wanted
from imageskill.core.errors import ApiError

MOST_OF_A_KIND: Final = 2
_SAME_SHAPE: Final = 0.02
"""By how much two ratios of width to height may differ and still be the same shape."""


@dataclass(frozen=True, slots=True)
class Alternative:
    """A cheaper plan, what it changes in a few words, and the flags with which its agent asks for it."""

    plan: Plan
    change: str
    flags: str

    @property
    def credits(self) -> int:
        """The most that it can cost."""
        return self.plan.credits_required


def wanted_of(job: Job, entry: ModelEntry) -> Wanted:
    """Return the request that makes a job's plan again; `inputs.of_job` tells the pictures that belong to it.

    What only a default filled is left out, so that another model fills in its own.
    """
    filled = set(job.selection.get("defaults_applied", ()))
    return Wanted(
        operation=job.operation,
        prompt=job.prompt,
        model=entry.id,
        output_count=job.output_count,
        model_parameters={name: value for name, value in job.parameters.items() if name not in filled},
        # The price was accepted when the plan was made: only ceilings below it are looked for.
        accept_unknown_cost=True,
    )


def cheaper(
    job: Job,
    pictures: Inputs,
    *,
    entry: ModelEntry,
    rows: Sequence[Row],
    fits: Callable[[Plan], bool],
    unasked_credits: int,
) -> list[Alternative]:
    """Return the cheaper ways, the nearest to what was asked first; at most two of a kind.

    `rows` are the models as they stand today, `fits` says whether limits and balance allow a plan, and
    `unasked_credits` is how much the agent may spend now without asking: one way stays within it, if any can.
    """
    wanted = _with_pictures(wanted_of(job, entry), pictures)
    available = {row.entry.id for row in rows if row.available}
    found: list[Alternative] = []
    if entry.id in available:
        found += _nearest_and_cheapest(_other_parameters(job, entry, wanted, pictures), job, fits)
        found += _fewer(job, entry, wanted, pictures, fits, unasked_credits)
    others = (_on_another(job, row.entry, entry, wanted, pictures) for row in rows if row.available)
    models = [way for way in others if way is not None and _is_cheaper(way, job, fits)]
    return found + sorted(models, key=lambda way: way.credits)[:MOST_OF_A_KIND]


def _with_pictures(wanted: Wanted, pictures: Inputs) -> Wanted:
    return replace(
        wanted,
        input_asset=pictures.picture.pk if pictures.picture is not None else None,
        mask_asset=pictures.mask.pk if pictures.mask is not None else None,
        references=tuple(asset.pk for asset in pictures.references),
    )


def _planned(wanted: Wanted, entry: ModelEntry, pictures: Inputs) -> Plan | None:
    """Return the plan of a request on a model; None where the model does not take it."""
    try:
        applied = planning.draft(wanted, entry)
        inputs.check(entry, pictures)
        return planning.plan(wanted, entry, applied, reason="requested", pictures=pictures)
    except ApiError:
        return None


def _is_cheaper(way: Alternative, job: Job, fits: Callable[[Plan], bool]) -> bool:
    return way.credits < job.credits_required and fits(way.plan)


def _nearest_and_cheapest(
    ways: Iterable[Alternative], job: Job, fits: Callable[[Plan], bool]
) -> list[Alternative]:
    """Return the dearest of the cheaper ways and the cheapest; of those that cost the same the largest picture."""
    by_price: dict[int, Alternative] = {}
    for way in sorted(ways, key=lambda way: _pixels(way.plan), reverse=True):
        if _is_cheaper(way, job, fits):
            by_price.setdefault(way.credits, way)
    prices = sorted(by_price, reverse=True)
    return [by_price[price] for price in dict.fromkeys((*prices[:1], *prices[-1:]))]


def _pixels(plan: Plan) -> int:
    return plan.size.width * plan.size.height if plan.size is not None else 0


def _fewer(
    job: Job,
    entry: ModelEntry,
    wanted: Wanted,
    pictures: Inputs,
    fits: Callable[[Plan], bool],
    unasked_credits: int,
) -> list[Alternative]:
    """Return the same with as many pictures as need no word, and with one."""
    within = min(unasked_credits // max(1, job.credits_per_output), job.output_count - 1)
    found = []
    for number in dict.fromkeys(number for number in (within, 1) if 1 <= number < job.output_count):
        made = _planned(replace(wanted, output_count=number), entry, pictures)
        if made is not None:
            words = "1 picture" if number == 1 else f"{number} pictures"
            flags = f"--model {entry.id} --output-count {number}"
            found.append(Alternative(made, f"{words} instead of {job.output_count}", flags))
    return [way for way in found if _is_cheaper(way, job, fits)]


def _other_parameters(job: Job, entry: ModelEntry, wanted: Wanted, pictures: Inputs) -> Iterator[Alternative]:
    """Yield the same on the same model with one priced parameter changed, in the same shape."""
    before = expected_size(entry, job.parameters)
    for name, value in _priced_values(entry, job.parameters):
        after = expected_size(entry, {**job.parameters, name: value})
        if not _same_shape(before, after):
            continue
        changed = {**wanted.model_parameters, name: value}
        made = _planned(replace(wanted, model_parameters=changed), entry, pictures)
        if made is None:
            continue
        if before is not None and after is not None and before != after:
            change = f"{after.width} x {after.height} pixels instead of {before.width} x {before.height}"
        else:
            change = f"{name} {value} instead of {job.parameters.get(name)}"
        yield Alternative(made, change, f"--model {entry.id} --model-parameters-json {_json(name, value)}")


def _priced_values(entry: ModelEntry, parameters: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield each other value of a parameter on which the model's price or size depends."""
    named = [pair for row in entry.price.table for pair in row.when.items()]
    named += [(name, entry.defaults.get(name)) for extra in entry.price.surcharges for name in extra.when]
    named += [(entry.size.parameter, name) for name in entry.size.sizes or ()]
    control = entry.controls.aspect_ratio
    if control is not None and control.parameter == entry.size.parameter:
        named += [(control.parameter, value) for value in control.values.values()]
    told: list[tuple[str, Any]] = []
    for name, frozen in named:
        value = thaw(frozen)
        if value is not None and value != parameters.get(name) and (name, value) not in told:
            told.append((name, value))
            yield name, value


def _same_shape(before: Size | None, after: Size | None) -> bool:
    """Say whether one is no larger than the other, and as wide for its height; unknown sizes are alike."""
    if before is None or after is None:
        return before is after
    return after.width * after.height <= before.width * before.height and _alike(before, after)


def _alike(size: Size, other: Size) -> bool:
    return abs(size.width * other.height - size.height * other.width) <= _SAME_SHAPE * size.width * other.height


def _on_another(
    job: Job, entry: ModelEntry, asked: ModelEntry, wanted: Wanted, pictures: Inputs
) -> Alternative | None:
    """Return the same number of pictures of the same shape on another model; None where it cannot."""
    if entry.id == asked.id or job.operation not in entry.supports:
        return None
    ratio, word = _ratio(asked, job), _format(asked, wanted)
    if ratio is not None and entry.controls.aspect_ratio is None:
        return None
    moved = replace(wanted, model=entry.id, model_parameters={}, aspect_ratio=ratio, output_format=word)
    made = _planned(moved, entry, pictures)
    if made is None or not _is_of_the_shape(job, made, named=ratio is not None):
        return None
    flags = [f"--model {entry.id}"]
    flags += [f"--aspect-ratio {ratio}"] if ratio is not None else []
    flags += [f"--format {word}"] if word is not None else []
    flags += ["--accept-unknown-cost"] if made.cost.micros_per_image is None else []
    return Alternative(made, f"on {entry.id}", " ".join(flags))


def _is_of_the_shape(job: Job, made: Plan, *, named: bool) -> bool:
    """Say whether a plan on another model has the shape of a job: by its size, else by the wire's word."""
    if job.expected_width is None or job.expected_height is None:
        return True
    if made.size is None:
        return named
    return _alike(Size(job.expected_width, job.expected_height), made.size)


def _format(entry: ModelEntry, wanted: Wanted) -> str | None:
    """Return the format that was asked for; None: the model's own."""
    parameter = entry.controls.output_format.parameter
    word = wanted.model_parameters.get(parameter) if parameter is not None else None
    return word if isinstance(word, str) else None


def _ratio(entry: ModelEntry, job: Job) -> str | None:
    """Return the wire's word for a plan's shape; None where its model has no such control, or no such word."""
    control = entry.controls.aspect_ratio
    if control is None:
        return None
    value = job.parameters.get(control.parameter)
    return next((ratio for ratio, known in control.values.items() if thaw(known) == value), None)


def _json(name: str, value: Any) -> str:  # noqa: ANN401 - any JSON value
    """Return one parameter as a shell word."""
    told = json.dumps({name: value}, separators=(",", ":"))
    return f"'{told}'"
