"""Turns the wire's common controls and `model_parameters` into the complete parameters of one call."""

from collections.abc import Mapping
from dataclasses import dataclass

from creative.catalogue.entries import ModelEntry
from creative.catalogue.frozen import thaw
from creative.catalogue.parameters import PREFIX, Errors, complete, validate
from creative.catalogue.wording import listed

_FORMAT_SPELLINGS = {"jpg": "jpeg"}


@dataclass(frozen=True, slots=True)
class Applied:
    """What a call will send, or what is wrong with it.

    `errors` maps a field of the request to messages (`recovery.fields`); where it is not empty the rest
    must not be used.
    """

    parameters: dict[str, object]
    """Complete: supplied, mapped from controls, and defaults. Plain JSON, without `fixed_controls`."""
    defaults_applied: tuple[str, ...]
    """Names of the parameters that only a default filled."""
    errors: Errors
    warnings: tuple[str, ...]


@dataclass(slots=True)
class _Mapped:
    """The parameters that the controls stand for, and what was said about them on the way."""

    parameters: dict[str, object]
    errors: Errors
    warnings: list[str]


def apply(
    entry: ModelEntry,
    *,
    model_parameters: Mapping[str, object],
    aspect_ratio: str | None = None,
    output_format: str | None = None,
    output_count: int = 1,
) -> Applied:
    """Check and complete a request's controls for this model.

    A control that the caller did not send is None: the model's default stands then. `model_parameters`
    win over a control that maps to the same parameter, with a warning where the two differ.
    """
    mapped = _Mapped({}, {}, [])
    if aspect_ratio is not None:
        _map_aspect_ratio(entry, aspect_ratio, model_parameters, mapped)
    if output_format is not None:
        _map_output_format(entry, output_format, model_parameters, mapped)
    if type(output_count) is not int or not 1 <= output_count <= entry.max_outputs:
        mapped.errors["output_count"] = [f"must be an integer between 1 and {entry.max_outputs} for {entry.id}"]
    completed = complete(entry, {**mapped.parameters, **model_parameters})
    faults = validate(entry, model_parameters, complete=completed.parameters)
    return Applied(
        parameters=completed.parameters,
        defaults_applied=completed.defaults_applied,
        errors={**mapped.errors, **faults},
        warnings=tuple(mapped.warnings),
    )


def _map_aspect_ratio(entry: ModelEntry, ratio: str, supplied: Mapping[str, object], mapped: _Mapped) -> None:
    control = entry.controls.aspect_ratio
    if control is None:
        mapped.warnings.append(f"{entry.id} has no aspect ratios: aspect_ratio is ignored.")
    elif control.parameter in supplied:
        _note_override("aspect_ratio", control.parameter, control.values.get(ratio), supplied, mapped)
    elif ratio in control.values:
        mapped.parameters[control.parameter] = thaw(control.values[ratio])
    else:
        mapped.errors["aspect_ratio"] = [f"must be one of {listed(list(control.values))} for {entry.id}"]


def _map_output_format(entry: ModelEntry, word: str, supplied: Mapping[str, object], mapped: _Mapped) -> None:
    control = entry.controls.output_format
    name = _FORMAT_SPELLINGS.get(word, word)
    if control.parameter is not None and control.parameter in supplied:
        _note_override("output_format", control.parameter, name, supplied, mapped)
    elif name not in control.values:
        mapped.errors["output_format"] = [f"must be one of {listed(control.values)} for {entry.id}"]
    elif control.parameter is not None:
        mapped.parameters[control.parameter] = name


def _note_override(
    control: str, parameter: str, value: object, supplied: Mapping[str, object], mapped: _Mapped
) -> None:
    if thaw(value) != supplied[parameter]:
        mapped.warnings.append(f"{PREFIX}.{parameter} is used; {control} is ignored.")
