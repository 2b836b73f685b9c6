"""Reads the catalogue: one JSON file a model, all of it validated before any of it is used."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from jsonschema import Draft202012Validator, SchemaError

from creative.catalogue import building, integrity
from creative.catalogue.capabilities import Capability, capability
from creative.catalogue.entries import ModelEntry, Operation

HERE = Path(__file__).resolve().parent
DATA = HERE / "data"


class CatalogueError(Exception):
    """The data files are not fit for use; the message lists every fault with its file or model."""


@dataclass(frozen=True, slots=True, eq=False)
class Catalogue:
    """All models and capabilities, immutable."""

    order: tuple[ModelEntry, ...]
    """By rank, lowest first: the order of lists and of the default."""
    capabilities: tuple[Capability, ...]
    _names: MappingProxyType[str, ModelEntry]

    @classmethod
    def of(cls, entries: Sequence[ModelEntry], capabilities: Sequence[Capability]) -> "Catalogue":
        """Put rows in order and index them, or raise `CatalogueError` where they contradict each other."""
        found = integrity.problems(entries)
        if found:
            raise CatalogueError("\n".join(found))
        order = tuple(sorted(entries, key=lambda entry: entry.rank))
        names = {name: entry for entry in order for name in (entry.id, *entry.aliases)}
        return cls(order, tuple(capabilities), MappingProxyType(names))

    def find(self, reference: str) -> ModelEntry | None:
        """Return the model of that id or alias; `default` depends on the day and is `selection.find`'s."""
        return self._names.get(reference)

    def executable(self, model_id: str, wired: frozenset[str]) -> bool:
        """Return whether the model exists and the code has an adapter for its provider."""
        entry = self.find(model_id)
        return entry is not None and entry.provider_id in wired

    def capability(self, capability_id: str) -> Capability | None:
        """Return the capability of that id."""
        return next((item for item in self.capabilities if item.id == capability_id), None)

    def capability_for(self, operation: Operation) -> Capability:
        """Return the capability under which models perform the operation."""
        return next(item for item in self.capabilities if item.model_operation is operation)


@lru_cache(maxsize=1)
def current() -> Catalogue:
    """Return the service's catalogue, read on first use and never again in this process."""
    return load(DATA)


def load(folder: Path) -> Catalogue:
    """Read the data files of a folder; raise `CatalogueError` naming every file that breaks the schema."""
    documents = {path.name: _read(path) for path in sorted(folder.glob("*.json"))}
    faults = [] if documents else [f"{folder}: holds no data files"]
    faults += [f"{name}: {fault}" for name, document in documents.items() for fault in faults_of(document)]
    shared = _read(HERE / "capabilities.json")
    faults += [f"capabilities.json: {fault}" for item in shared for fault in faults_of(item, "capability")]
    if faults:
        raise CatalogueError("\n".join(faults))
    entries = [building.entry(document) for document in documents.values()]
    return Catalogue.of(entries, [capability(item) for item in shared])


def faults_of(document: object, definition: str | None = None) -> list[str]:
    """Return what breaks schema.json, or one of its definitions, in a parsed data file."""
    faults = [
        f"{'/'.join(map(str, error.absolute_path)) or 'document'}: {error.message}"
        for error in _validator(definition).iter_errors(document)
    ]
    if definition is None and not faults and isinstance(document, dict):
        faults = _schema_faults(document["parameters"])
    return faults


def _schema_faults(parameters: dict[str, Any]) -> list[str]:
    try:
        Draft202012Validator.check_schema(parameters)
    except SchemaError as error:
        return [f"parameters: {error.message}"]
    return []


@lru_cache(maxsize=2)
def _validator(definition: str | None) -> Draft202012Validator:
    schema = _read(HERE / "schema.json")
    if definition is not None:
        schema = {"$ref": f"#/$defs/{definition}", "$defs": schema["$defs"]}
    return Draft202012Validator(schema)


def _read(path: Path) -> Any:  # noqa: ANN401 - any JSON value
    return json.loads(path.read_text(encoding="utf-8"))
