"""The forms of the approvals."""

from typing import Final

from django import forms

from imageskill.core.plain_text import one_line

REASONS: Final = {
    "expensive": "It costs too much.",
    "not_needed": "It is not needed.",
    "prompt": "Change the prompt first.",
    "later": "Not today.",
}
LONGEST: Final = 160


class Denial(forms.Form):
    """Why a plan is denied: a usual reason, own words, or a cheaper way (by its flags) to ask for instead."""

    reason = forms.ChoiceField(choices=list(REASONS.items()), required=False)
    words = forms.CharField(max_length=LONGEST, required=False)
    instead = forms.CharField(max_length=500, required=False)

    def said(self) -> str:
        """Return the reason as the agent is told it, at most 200 characters; empty where none was given."""
        usual = REASONS.get(self.cleaned_data["reason"], "")
        return " ".join(filter(None, [usual, one_line(self.cleaned_data["words"])]))[:200]
