"""JSON Schemas of what the service answers, made from TypedDicts; each becomes a named component."""

import inspect
import types
from collections.abc import Callable
from dataclasses import dataclass
from typing import (
    Annotated,
    Any,
    Final,
    Literal,
    NotRequired,
    Required,
    Union,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)

from imageskill.site.openapi.words import WORDS

Schema = dict[str, Any]

_PLAIN: Final[dict[object, Schema]] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    float: {"type": "number"},
    bool: {"type": "boolean"},
    type(None): {"type": "null"},
    object: {},
    Any: {},
}


@dataclass(frozen=True, slots=True)
class Told:
    """What a type says beyond itself: its format, or the words it may be."""

    format: str | None = None
    choices: tuple[str, ...] = ()

    def added_to(self, schema: Schema) -> Schema:
        """Return the schema with what is said."""
        told: Schema = {"format": self.format} if self.format else {}
        return schema | told | ({"enum": list(self.choices)} if self.choices else {})


Instant = Annotated[str, Told(format="date-time")]
"""A point in time as the wire has it."""


class Components:
    """The named schemas of one document, each made at its first use."""

    def __init__(self) -> None:
        """Begin with none."""
        self.schemas: dict[str, Schema] = {}
        self._sources: dict[str, object] = {}

    def of(self, kind: Any) -> Schema:  # noqa: ANN401 - any type hint
        """Return the schema of a type hint. TypeError: the wire has no such type."""
        origin, arguments = get_origin(kind), get_args(kind)
        if kind in _PLAIN:
            schema = dict(_PLAIN[kind])
        elif is_typeddict(kind):
            schema = self.named(kind.__name__.removesuffix("JSON"), kind, lambda: self._object(kind))
        elif origin in (Required, NotRequired):
            schema = self.of(arguments[0])
        elif origin is Annotated:
            schema = arguments[1].added_to(self.of(arguments[0]))
        elif origin is Literal:
            schema = {"const": arguments[0]} if len(arguments) == 1 else {"enum": list(arguments)}
        elif origin in (Union, types.UnionType):
            schema = _union([self.of(argument) for argument in arguments])
        elif origin is list:
            schema = {"type": "array", "items": self.of(arguments[0])}
        elif origin is dict:
            schema = {"type": "object", "additionalProperties": self.of(arguments[1])}
        else:
            raise TypeError(f"{kind!r} is no type of the wire")
        return schema

    def named(self, name: str, source: object, make: Callable[[], Schema]) -> Schema:
        """Return a reference to the component `name`, which `make` makes where it is not there yet.

        ValueError: the name stands for something else already; `source` tells the two apart.
        """
        if self._sources.setdefault(name, source) is not source:
            raise ValueError(f"two shapes are called {name}")
        if name not in self.schemas:
            self.schemas[name] = {}  # a shape may hold itself
            self.schemas[name] = make()
        return {"$ref": f"#/components/schemas/{name}"}

    def _object(self, kind: Any) -> Schema:  # noqa: ANN401 - the same
        hints = get_type_hints(kind, include_extras=True)
        shape = kind.__name__.removesuffix("JSON")
        properties = {}
        for name, hint in hints.items():
            properties[name] = self.of(hint)
            words = WORDS.get(f"{shape}.{name}", WORDS.get(name))
            if words is not None:
                properties[name].setdefault("description", words)
        required = [name for name in hints if name in kind.__required_keys__]
        made: Schema = {"type": "object", "description": inspect.cleandoc(kind.__doc__), "properties": properties}
        return made | ({"required": required} if required else {})


def _union(schemas: list[Schema]) -> Schema:
    """Return the schema of what one of several matches; a plain type and null become a list of types."""
    plain = [schema for schema in schemas if set(schema) - {"description", "format"} == {"type"}]
    if len(schemas) == 2 and len(plain) == 2:  # noqa: PLR2004 - a type and null
        first, second = schemas
        return first | {"type": [first["type"], second["type"]]}
    return {"anyOf": schemas}
