"""What JSON Schema cannot say about a row: that its parts agree with each other."""

from collections.abc import Iterator, Sequence
from itertools import chain

from creative.catalogue.entries import Confidence, ModelEntry, Operation, SizeKind
from creative.catalogue.frozen import thaw
from creative.catalogue.parameters import accepts, executable_names


def problems(entries: Sequence[ModelEntry]) -> list[str]:
    """Return every contradiction in the rows, each a sentence that begins with the model's id."""
    checks = (_defaults, _aspect_ratio, _output_format, _size, _price, _inputs)
    own = [f"{entry.id}: {text}" for entry in entries for check in checks for text in check(entry)]
    return own + list(_between(entries))


def _between(entries: Sequence[ModelEntry]) -> Iterator[str]:
    owners: dict[str | int, ModelEntry] = {}
    ids = {entry.id for entry in entries}
    for entry in entries:
        names: list[str | int] = [entry.rank, entry.id, *entry.aliases]
        for name in names:
            if owners.setdefault(name, entry) is not entry:
                yield f"{entry.id}: {name} is taken by {owners[name].id}"
        successor = entry.retirement.replaced_by
        if successor is not None and successor not in ids - {entry.id}:
            yield f"{entry.id}: replaced_by {successor} is no other model of the catalogue"


def _defaults(entry: ModelEntry) -> Iterator[str]:
    for name, value in entry.defaults.items():
        if name not in executable_names(entry) or not accepts(entry, name, thaw(value)):
            yield f"the default of {name} is no value that a caller could send"
    for name in set(entry.fixed_controls) & set(entry.properties):
        yield f"{name} is both a parameter and fixed"


def _aspect_ratio(entry: ModelEntry) -> Iterator[str]:
    control = entry.controls.aspect_ratio
    if control is None:
        return
    if control.parameter not in entry.properties:
        yield f"aspect_ratio maps to {control.parameter}, which is no parameter"
        return
    for ratio, value in control.values.items():
        if not accepts(entry, control.parameter, thaw(value)):
            yield f"aspect_ratio {ratio} maps to a value that {control.parameter} does not take"
    if control.values.get(control.default) != entry.defaults.get(control.parameter):
        yield f"the default aspect_ratio {control.default} is not the default of {control.parameter}"


def _output_format(entry: ModelEntry) -> Iterator[str]:
    control = entry.controls.output_format
    if control.default not in control.values:
        yield "the default output_format is none of its values"
    if control.parameter is None:
        return
    if control.parameter not in entry.properties:
        yield f"output_format maps to {control.parameter}, which is no parameter"
        return
    for word in control.values:
        if not accepts(entry, control.parameter, word):
            yield f"output_format {word} is a value that {control.parameter} does not take"
    if entry.defaults.get(control.parameter) != control.default:
        yield f"the default output_format is not the default of {control.parameter}"


def _size(entry: ModelEntry) -> Iterator[str]:
    for name in filter(None, (entry.size.parameter, entry.size.long_side_parameter)):
        if name not in entry.defaults:
            yield f"the size follows from {name}, which has no default"
    for name in entry.size.sizes or {}:
        if not accepts(entry, entry.size.parameter, name):
            yield f"the size {name} is a value that {entry.size.parameter} does not take"


def _price(entry: ModelEntry) -> Iterator[str]:
    price = entry.price
    conditions = [row.when for row in price.table] + [extra.when for extra in price.surcharges]
    for name, value in chain.from_iterable(when.items() for when in conditions):
        if name not in entry.properties or not accepts(entry, name, value):
            yield f"the price names {name} {value}, which no call can have"
    if price.unit == "megapixel" and (price.megapixels is None or entry.size.kind is SizeKind.UNSTATED):
        yield "a price by megapixel needs a size rule and a megapixel rule"
    priced_whole = any(not row.when for row in price.table)
    if (price.confidence is Confidence.UNKNOWN or not priced_whole) and price.ceiling_credits is None:
        yield "options without a price need ceiling_credits"
    if (price.ceiling_credits is None) != (price.ceiling_basis is None):
        yield "ceiling_credits and ceiling_basis go together"


def _inputs(entry: ModelEntry) -> Iterator[str]:
    edits = Operation.EDIT in entry.operations
    if edits != (entry.accepts_input_images > 0):
        yield "an edit needs an input picture, and only an edit takes one"
    if entry.accepts_mask and not edits:
        yield "only an edit takes a mask"
