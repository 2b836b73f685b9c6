"""The columns that hold prompts. Behind the veil they read as hidden, are not searched and are not written."""

from typing import TYPE_CHECKING, Any, Final

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper

from imageskill.core import veil

_OF_PROMPTS: Final = "prompt"
"""A parameter with this in its name holds words of the same kind: system_prompt, negative_prompt."""

if TYPE_CHECKING:
    TextColumn = models.TextField[str, str]
    JSONColumn = models.JSONField[Any, Any]
else:
    TextColumn = models.TextField
    JSONColumn = models.JSONField


class PromptField(TextColumn):
    """A text that only members of its workspace read; in migrations it is a plain TextField."""

    def from_db_value(self, value: str | None, *_: object) -> str | None:
        """Return the text, or what stands in its place; one that is empty hides nothing."""
        return veil.HIDDEN if value and veil.is_drawn() else value

    def get_db_prep_save(self, value: Any, connection: BaseDatabaseWrapper) -> Any:  # noqa: ANN401 - Django's own
        """Refuse to write: what was read may be what stands in a prompt's place."""
        veil.refuse("Nothing with a prompt is written while prompts are hidden.")
        return super().get_db_prep_save(value, connection)

    def get_lookup(self, lookup_name: str) -> Any:  # noqa: ANN401 - Django's own
        """Refuse to search: what is found by its words tells them."""
        veil.refuse("Prompts are hidden, and so nothing is looked up by their words.")
        return super().get_lookup(lookup_name)

    def deconstruct(self) -> tuple[str, str, Any, dict[str, Any]]:
        """Describe the column without this class, so that migrations import nothing of the house."""
        name, _path, args, kwargs = super().deconstruct()
        return name or "", "django.db.models.TextField", args, kwargs


class ParametersField(JSONColumn):
    """Parameters of a model, of which some may hold prompts; in migrations it is a plain JSONField."""

    def from_db_value(self, value: Any, *args: Any) -> Any:  # noqa: ANN401 - any JSON value
        """Return the parameters, with what stands in the place of those that hold prompts."""
        told = super().from_db_value(value, *args)
        if not isinstance(told, dict) or not veil.is_drawn():
            return told
        return {name: veil.HIDDEN if _OF_PROMPTS in name else kept for name, kept in told.items()}

    def get_db_prep_save(self, value: Any, connection: BaseDatabaseWrapper) -> Any:  # noqa: ANN401 - Django's own
        """Refuse to write, as a prompt's column does."""
        veil.refuse("Nothing with a prompt is written while prompts are hidden.")
        return super().get_db_prep_save(value, connection)

    def deconstruct(self) -> tuple[str, str, Any, dict[str, Any]]:
        """Describe the column without this class."""
        name, _path, args, kwargs = super().deconstruct()
        return name or "", "django.db.models.JSONField", args, kwargs
