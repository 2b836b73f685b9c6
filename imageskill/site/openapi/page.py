"""The description as a page for people: what the template of `/v1/docs` shows."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.utils.html import format_html, format_html_join

from imageskill.core.errors import ErrorCode
from imageskill.site.openapi.document import described
from imageskill.site.openapi.typed import Schema


@dataclass(frozen=True, slots=True)
class Field:
    """A field as a row of a table; `name` is its path, such as `assets[].url`."""

    name: str
    kind: str
    required: bool
    words: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """An error that an operation knows."""

    code: str
    status: str
    exit_code: int
    meaning: str


@dataclass(frozen=True, slots=True)
class Shown:
    """An operation as a section; examples are JSON, empty where there is none."""

    identifier: str
    method: str
    path: str
    summary: str
    words: str
    token: str
    parameters: list[Field]
    body: list[Field]
    data: list[Field]
    refusals: list[Refusal]
    request: str
    answer: str


@dataclass(frozen=True, slots=True)
class Chapter:
    """The operations of one tag."""

    name: str
    words: str
    operations: list[Shown]


@cache
def chapters() -> list[Chapter]:
    """Return the page's chapters, in the order of the tags."""
    document = described()
    found: dict[str, list[Shown]] = {tag["name"]: [] for tag in document["tags"]}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            found[operation["tags"][0]].append(_shown(document, method.upper(), path, operation))
    return [Chapter(tag["name"], tag["description"], found[tag["name"]]) for tag in document["tags"]]


def _shown(document: Schema, method: str, path: str, operation: Schema) -> Shown:
    body = _content(operation["requestBody"]) if "requestBody" in operation else {}
    answer = _content(operation["responses"]["200"])
    envelope = resolved(document, answer["schema"])
    return Shown(
        identifier=operation["operationId"],
        method=method,
        path=path,
        summary=operation["summary"],
        words=prose(operation["description"]),
        token=_token(operation["security"]),
        parameters=[_parameter(told) for told in operation.get("parameters", [])],
        body=list(fields(document, body.get("schema", {}))),
        data=list(fields(document, envelope["properties"]["data"])),
        refusals=list(_refusals(operation["responses"])),
        request=_pretty(body.get("example")),
        answer=_pretty(answer.get("example")),
    )


def _content(told: Schema) -> Schema:
    content: Schema = told["content"]["application/json"]
    return content


def _token(security: list[Schema]) -> str:
    if not security:
        return "It needs no token."
    return "It takes a token, or none." if {} in security else "It needs a token."


def _parameter(told: Schema) -> Field:
    place = {"path": "in the path", "query": "in the query", "header": "a header"}[told["in"]]
    return Field(
        told["name"], f"{kind_of(told['schema'])}, {place}", told.get("required", False), told["description"]
    )


def _refusals(responses: Schema) -> Iterator[Refusal]:
    for status, told in responses.items():
        for part in _content(told)["schema"].get("allOf", [])[1:]:
            for name in part["properties"]["error"]["properties"]["code"]["enum"]:
                spec = ErrorCode[name].spec
                yield Refusal(name, status, spec.exit_code, spec.meaning)


def resolved(document: Schema, schema: Schema) -> Schema:
    """Return the schema behind a reference."""
    while "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return schema


def fields(document: Schema, schema: Schema, path: str = "", above: tuple[str, ...] = ()) -> Iterator[Field]:
    """Yield every field below a schema, in depth; a shape within itself is told once."""
    for part in [schema, *schema.get("anyOf", [])]:
        name = part.get("$ref", "")
        if name in above:
            continue
        told = resolved(document, part)
        if "items" in told:
            yield from fields(document, told["items"], f"{path}[]", above)
        for field, inner in told.get("properties", {}).items():
            whole = f"{path}.{field}" if path else field
            words = inner.get("description") or resolved(document, inner).get("description", "")
            yield Field(whole, kind_of(resolved(document, inner)), field in told.get("required", ()), prose(words))
            yield from fields(document, inner, whole, (*above, name) if name else above)


def kind_of(schema: Schema) -> str:
    """Return a schema's type in a few words."""
    if "enum" in schema:
        return " | ".join(json.dumps(value) for value in schema["enum"])
    if "const" in schema:
        return json.dumps(schema["const"])
    if "anyOf" in schema:
        return " | ".join(kind_of(part) for part in schema["anyOf"])
    kinds = schema.get("type", "object" if "$ref" in schema else "any")
    return " | ".join(kinds) if isinstance(kinds, list) else str(kinds)


def prose(text: str) -> str:
    """Return the text as HTML, in which what stands between backticks is code."""
    parts = enumerate(text.split("`"))
    return format_html_join(
        "", "{}", ((format_html("<code>{}</code>", part) if odd % 2 else part,) for odd, part in parts)
    )


def _pretty(example: Any) -> str:  # noqa: ANN401 - any JSON
    return json.dumps(example, indent=2, ensure_ascii=False) if example is not None else ""
