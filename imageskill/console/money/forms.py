"""The forms of staff's money pages."""

from typing import Final

from django import forms

from billing.adjustments import LONGEST_REASON, LONGEST_TICKET, MOST_CREDITS
from imageskill.core.ids import MAX_LENGTH, new_id, prefix_of

_SIGNS: Final = (("add", "Add credits"), ("take", "Take credits"))


def _new_key() -> str:
    return new_id("adj")


class ReasonForm(forms.Form):
    """Why something is done; staff alone reads it."""

    reason = forms.CharField(max_length=LONGEST_REASON, label="Reason", help_text="Staff alone reads this.")
    ticket = forms.CharField(max_length=LONGEST_TICKET, label="Ticket", required=False)


class AdjustmentForm(forms.Form):
    """Whose credits, how many, which way, why. `key` makes a form that is sent twice adjust once."""

    key = forms.CharField(widget=forms.HiddenInput, initial=_new_key, max_length=MAX_LENGTH)
    feedback_id = forms.CharField(widget=forms.HiddenInput, required=False, max_length=MAX_LENGTH)
    organization_id = forms.CharField(max_length=MAX_LENGTH, label="Workspace or organization", help_text="org_…")
    direction = forms.ChoiceField(choices=_SIGNS, initial="add", widget=forms.RadioSelect, label="What to do")
    credits = forms.IntegerField(min_value=1, max_value=MOST_CREDITS, label="Credits")
    reason = forms.CharField(
        max_length=LONGEST_REASON, label="Reason", help_text="The owner reads this, word for word."
    )
    ticket = forms.CharField(max_length=LONGEST_TICKET, label="Ticket", help_text="Staff alone reads this.")

    def clean(self) -> None:
        """Refuse a form whose key this service did not make, where no field can say so."""
        if prefix_of(str(self.cleaned_data.get("key", ""))) != "adj":
            raise forms.ValidationError("This form is damaged. Open it anew.")

    def clean_organization_id(self) -> str:
        """Return the organization's id."""
        told = str(self.cleaned_data["organization_id"]).strip()
        if prefix_of(told) != "org":
            raise forms.ValidationError("This is no id of an organization.")
        return told

    @property
    def signed_credits(self) -> int:
        """The credits of a valid form; below zero where they are taken."""
        credits = int(self.cleaned_data["credits"])
        return credits if self.cleaned_data["direction"] == "add" else -credits
