"""Serializer fields with strict types: a number is no string, `true` is no number, 1.0 is no integer.

Their messages are predicates ("must be a string"), so that a sentence can be made with the field's name.
"""

from typing import Any

from rest_framework import serializers

_COMMON = {"required": "is required", "null": "must not be null"}


class TextField(serializers.CharField):
    """A string; nothing else is turned into one."""

    default_error_messages = {
        **_COMMON,
        "invalid": "must be a string",
        "blank": "must not be empty",
        "max_length": "must be at most {max_length} characters long",
        "min_length": "must be at least {min_length} characters long",
    }

    def to_internal_value(self, data: object) -> str:
        """Return the text as it is, trimmed where the field says so."""
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class WholeField(serializers.IntegerField):
    """An integer."""

    default_error_messages = {
        **_COMMON,
        "invalid": "must be an integer",
        "max_value": "must be at most {max_value}",
        "min_value": "must be at least {min_value}",
    }

    def to_internal_value(self, data: object) -> int:
        """Return the integer."""
        if isinstance(data, bool) or not isinstance(data, int):
            self.fail("invalid")
        return data


class AmountField(serializers.DecimalField):
    """A non-negative number of USD, read into a Decimal."""

    default_error_messages = {
        **_COMMON,
        "invalid": "must be a number",
        "max_value": "must be at most {max_value}",
        "min_value": "must be at least {min_value}",
        "max_digits": "has too many digits",
        "max_decimal_places": "must have at most {max_decimal_places} decimal places",
        "max_whole_digits": "is too large",
    }

    def to_internal_value(self, data: object) -> Any:  # noqa: ANN401 - Decimal, as DRF types it
        """Return the Decimal of a JSON number."""
        if isinstance(data, bool) or not isinstance(data, int | float):
            self.fail("invalid")
        return super().to_internal_value(repr(data))


class FlagField(serializers.BooleanField):
    """True or false."""

    default_error_messages = {**_COMMON, "invalid": "must be true or false"}

    def to_internal_value(self, data: object) -> bool:
        """Return the flag."""
        if not isinstance(data, bool):
            self.fail("invalid")
        return data


class ChoiceField(serializers.ChoiceField):
    """One of a few words."""

    default_error_messages = {**_COMMON, "invalid_choice": "must be one of the allowed values"}

    def fail(self, key: str, **kwargs: Any) -> Any:  # noqa: ANN401 - DRF's signature
        """Name the allowed words."""
        if key == "invalid_choice":
            raise serializers.ValidationError("must be one of " + ", ".join(map(str, self.choices)))
        return super().fail(key, **kwargs)


class ObjectField(serializers.DictField):
    """A JSON object of anything."""

    default_error_messages = {**_COMMON, "not_a_dict": "must be an object"}


class ListField(serializers.ListField):
    """A JSON list."""

    default_error_messages = {
        **_COMMON,
        "not_a_list": "must be a list",
        "max_length": "must hold at most {max_length} items",
    }
