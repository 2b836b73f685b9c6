"""Answers held against the description: their status, code, headers, and every field, with none too many."""

import copy
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker

from imageskill.site.openapi.document import described

_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
_FORMATS = FormatChecker(())


@_FORMATS.checks("date-time")
def is_instant(value: object) -> bool:
    return not isinstance(value, str) or _INSTANT.fullmatch(value) is not None


@cache
def closed() -> dict[str, Any]:
    """The description, in which an object holds no field that it does not name."""
    document = copy.deepcopy(described())
    for name, schema in document["components"]["schemas"].items():
        if name != "Recovery" and "properties" in schema:
            schema.setdefault("additionalProperties", False)
    return document


@cache
def _paths() -> list[tuple[re.Pattern[str], str]]:
    found = [(re.compile(path.replace("{reference}", "[^/]+")), path) for path in closed()["paths"]]
    return sorted(found, key=lambda pair: "{" in pair[1])


def template_of(path: str) -> str | None:
    """The path as the description has it; None: it has none."""
    return next((told for shape, told in _paths() if shape.fullmatch(path.partition("?")[0])), None)


@cache
def _validator(path: str, method: str, status: str) -> Draft202012Validator:
    response = closed()["paths"][path][method]["responses"][status]
    schema = response["content"]["application/json"]["schema"]
    return Draft202012Validator(schema | {"components": closed()["components"]}, format_checker=_FORMATS)


def faults(method: str, path: str, status: int, headers: Mapping[str, str], body: Any) -> list[str]:
    """What of an answer the description does not say; nothing where it says all."""
    template = template_of(path)
    told = closed()["paths"].get(template, {}).get(method.lower())
    if template is None or told is None:
        return [] if body["error"]["code"] in ("ROUTE_NOT_FOUND", "METHOD_NOT_ALLOWED") else ["no such operation"]
    if str(status) not in told["responses"]:
        return [f"{method} {template} answers {status} {(body['error'] or {}).get('code')}"]
    found = [
        f"{method} {template} {status}: {error.json_path} {error.message[:300]}"
        for error in _validator(template, method.lower(), str(status)).iter_errors(body)
    ]
    missing = set(told["responses"][str(status)]["headers"]) - {"Retry-After"} - {*headers}
    return found + [f"{method} {template} {status}: no header {name}" for name in missing]


class Seen:
    """The fields that answers had, by component, to find those that the description makes up."""

    def __init__(self) -> None:
        self.fields: dict[str, set[str]] = defaultdict(set)

    def add(self, method: str, path: str, status: int, body: Any) -> None:
        template = template_of(path)
        told = closed()["paths"][template][method.lower()]["responses"][str(status)]
        self._walk(told["content"]["application/json"]["schema"], body)

    def _walk(self, schema: dict[str, Any], value: Any) -> None:
        for part in _parts(schema):
            name = part.get("$ref", "").rpartition("/")[2]
            whole = closed()["components"]["schemas"][name] if name else part
            if isinstance(value, list) and "items" in whole:
                for item in value:
                    self._walk(whole["items"], item)
            if isinstance(value, dict):
                for field, inner in whole.get("properties", {}).items():
                    if field in value:
                        self.fields[name].add(field)
                        self._walk(inner, value[field])

    def missing(self) -> set[str]:
        """`Component.field` of what no answer had."""
        reachable = {name for name in closed()["components"]["schemas"] if not name.endswith("Body")}
        return {
            f"{name}.{field}"
            for name in reachable
            for field in closed()["components"]["schemas"][name].get("properties", {})
            if field not in self.fields[name]
        }


def _parts(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield schema
    for word in ("anyOf", "allOf"):
        yield from schema.get(word, [])
