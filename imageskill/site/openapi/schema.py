"""One operation of the description: read from its view, and completed from the table of operations."""

import inspect
from typing import Any, Final, cast

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ComponentRegistry

from creative.views.uploading import BytesField
from imageskill.core.api import ApiView
from imageskill.core.fields import AmountField
from imageskill.site.openapi import answers, examples
from imageskill.site.openapi.operations import OPERATIONS, by_status, refusals_of
from imageskill.site.openapi.parameters import HEADERS, PAGED, REFERENCES
from imageskill.site.openapi.typed import Components, Schema
from imageskill.site.openapi.words import of_body

_BEARER: Final[dict[str, list[str]]] = {"agentToken": []}


class OperationSchema(AutoSchema):
    """Describes an `ApiView`; `components` collects the shapes of one document."""

    components: Components

    def get_operation(
        self, path: str, path_regex: str, path_prefix: str, method: str, registry: ComponentRegistry
    ) -> Schema:
        """Return the operation. KeyError: the table of operations does not know it."""
        self.registry, self.path, self.path_regex, self.method = registry, path, path_regex, method
        view = cast("ApiView", self.view)
        known = OPERATIONS[f"{method} {path}"]
        name = "".join(word.title() for word in identifier(view).split("_"))
        told: Schema = {
            "operationId": identifier(view),
            "tags": [known.tag],
            "summary": known.summary
            or inspect.cleandoc(getattr(view, method.lower()).__doc__ or "").split("\n")[0],
            "description": self._description(view, known.also),
            "parameters": self._parameters(view, path, known),
            "security": security_of(view),
            "responses": {},
            "x-command": view.command,
        }
        if not told["parameters"]:
            del told["parameters"]
        if method == "POST":
            told["requestBody"] = self._body(view, name)
        for status in [200, 202] if known.running else [200]:
            told["responses"][str(status)] = answers.success(
                self.components, view.command, known.data, name, status
            )
        refusals = by_status(
            refusals_of(
                known,
                granted=view.grant is not None,
                token=view.authentication_classes != [],
                body=method == "POST",
                limited=view.throttle_classes != [],
            )
        )
        for status, codes in refusals.items():
            told["responses"][str(status)] = answers.failure(self.components, view.command, codes, status)
        examples.add_to(told, f"{method} {path}")
        return told

    def _description(self, view: ApiView, also: str) -> str:
        parts = [also] if also else []
        if view.grant is not None:
            parts.append(f"Needs the grant `{view.grant}`.")
        parts.append(f"The command `{view.command}`.")
        return " ".join(parts)

    def _parameters(self, view: ApiView, path: str, known: Any) -> list[Schema]:  # noqa: ANN401 - an Operation
        found: list[Schema] = []
        if "{reference}" in path:
            words = REFERENCES[known.tag]
            schema = {"type": "string", "minLength": 1}
            found.append(
                {"name": "reference", "in": "path", "required": True, "schema": schema, "description": words}
            )
        queries = {**PAGED, **known.query}
        found += [{"name": name, "in": "query", **queries[name]} for name in sorted(view.query_fields)]
        found += [{"name": name, "in": "header", **HEADERS[name]} for name in known.headers]
        return found

    def _body(self, view: ApiView, name: str) -> Schema:
        fields = self._map_basic_serializer(view.Input(), "request") or {}  # type: ignore[no-untyped-call]
        schema = {"type": "object", "properties": {}} | fields
        for field, inner in schema["properties"].items():
            inner["description"] = of_body(view.command, field)
        if view.strict_body:
            schema["additionalProperties"] = False
        reference = self.components.named(f"{name}Body", type(view).Input, lambda: schema)
        required = bool(schema.get("required"))
        return {"required": required, "content": {"application/json": {"schema": reference}}}

    def _map_serializer_field(self, field: Any, direction: Any, bypass_extensions: bool = False) -> Schema:  # noqa: ANN401, FBT001, FBT002 - the library's signature
        """Return a field's schema; two of the house's fields are no types of the library."""
        if isinstance(field, AmountField):
            kinds = ["number", "null"] if field.allow_null else "number"
            return {"type": kinds, "minimum": 0}
        if isinstance(field, BytesField):
            return {"type": "string", "contentEncoding": "base64", "minLength": 1}
        mapped: Schema = super()._map_serializer_field(field, direction, bypass_extensions)  # type: ignore[no-untyped-call]
        return mapped


def identifier(view: ApiView) -> str:
    """Return the operation's id: its command in one word."""
    return view.command.removeprefix("image-skill").strip().replace(" ", "_").replace("-", "_") or "command_line"


def security_of(view: ApiView) -> list[dict[str, list[str]]]:
    """Return how the caller proves who it is: not at all, if it likes, or by its token."""
    if view.authentication_classes == [] and identifier(view) != "command_line":
        return []
    return [{}, _BEARER] if view.anonymous else [_BEARER]
