"""The forms of prices: an amount for each row of the data file, and why. What a row is about stays the file's."""

from decimal import Decimal
from typing import Any, Final

from django import forms

from creative import prices
from creative.catalogue.entries import JSONObject, ModelEntry
from creative.prices import LONGEST_REASON

_LONGEST_SOURCE: Final = 300
_MOST_USD: Final = Decimal(100)
_MOST_CREDITS: Final = 100_000
_TEXT: Final = {"autocomplete": "off"}


class Draft(forms.Form):
    """Another price of a model; it is shown with what it would do before anybody saves it."""

    def __init__(self, entry: ModelEntry, sent: Any = None) -> None:  # noqa: ANN401 - a QueryDict or None
        """Make a field for each amount of the price in force."""
        super().__init__(sent)
        price = entry.price
        for number, row in enumerate(price.table):
            self.fields[f"usd_{number}"] = _usd(f"USD for {_named(row.when, price.unit)}", row.usd)
        for number, extra in enumerate(price.surcharges):
            self.fields[f"extra_{number}"] = _usd(f"USD more for {_named(extra.when, price.unit)}", extra.usd)
        if price.ceiling_credits is not None:
            self.fields["ceiling"] = forms.IntegerField(
                label="Ceiling of an unknown price",
                min_value=1,
                max_value=_MOST_CREDITS,
                initial=price.ceiling_credits,
                help_text="Credits an image, held and never exceeded.",
            )
        self.fields["source"] = forms.CharField(
            label="Source",
            max_length=_LONGEST_SOURCE,
            initial=price.source[:_LONGEST_SOURCE],
            help_text="Where the price was read, for staff.",
            widget=forms.TextInput(_TEXT),
        )


class Reason(forms.Form):
    """Why the price changes; who used the model reads it.

    `seen` is the change that was shown, `base` the version that it was drafted from: after a release the rows of
    the data file may be others.
    """

    seen = forms.IntegerField(widget=forms.HiddenInput, min_value=0)
    base = forms.CharField(widget=forms.HiddenInput, required=False, max_length=64)
    reason = forms.CharField(
        label="Reason",
        max_length=LONGEST_REASON,
        help_text="Workspaces that used the model in the last 30 days read it.",
        widget=forms.TextInput(_TEXT),
    )


def changes_of(entry: ModelEntry, form: Draft) -> dict[str, Any]:
    """Return the parts of a price's document that a valid form changes."""
    sent, document = form.cleaned_data, prices.document_of(entry.price)
    for number, row in enumerate(document["table"]):
        row["usd"] = _text(sent[f"usd_{number}"])
    for number, extra in enumerate(document["surcharges"]):
        extra["usd"] = _text(sent[f"extra_{number}"])
    told = {"table": document["table"], "surcharges": document["surcharges"], "source": sent["source"]}
    return told if "ceiling" not in sent else {**told, "ceiling_credits": sent["ceiling"]}


def _usd(label: str, usd: Decimal) -> forms.DecimalField:
    return forms.DecimalField(
        label=label, min_value=0, max_value=_MOST_USD, decimal_places=6, max_digits=9, initial=_text(usd)
    )


def _named(when: JSONObject, unit: str) -> str:
    told = ", ".join(f"{name} {value}" for name, value in when.items())
    each = "an image" if unit == "image" else "a megapixel"
    return f"{each}: {told}" if told else each


def _text(usd: Decimal) -> str:
    """Return an amount as a data file has it: no power of ten, no needless noughts."""
    plain = format(usd, "f")
    return plain.rstrip("0").rstrip(".") if "." in plain else plain
