"""What the service can do, apart from which model does it: the three public capabilities."""

from dataclasses import dataclass
from typing import Any

from creative.catalogue.entries import JSONObject, Operation
from creative.catalogue.frozen import freeze


@dataclass(frozen=True, slots=True, eq=False)
class Capability:
    """One capability of the wire, with its normalized controls and what a caller needs to use it."""

    id: str
    display_name: str
    description: str
    operation: str
    """`image.generate`, `image.edit` or `asset.upload`."""
    method: str
    path: str
    command: str
    grants: tuple[str, ...]
    """Any one of them is enough."""
    controls: JSONObject
    """Field of the request -> its type, whether it is required, its default and its limits."""
    notes: tuple[str, ...]

    @property
    def model_operation(self) -> Operation | None:
        """The operation that models of this capability perform; None where no model is needed."""
        return next((operation for operation in Operation if operation == self.operation), None)


def capability(document: dict[str, Any]) -> Capability:
    """Build a capability from an item of capabilities.json that has passed the schema."""
    return Capability(**freeze(document))
