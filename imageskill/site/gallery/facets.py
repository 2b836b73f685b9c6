"""The facets of the gallery: what a query narrows the wall to, and the form that shows it."""

from typing import Any, Final
from urllib.parse import urlencode

from django import forms
from django.http import QueryDict

from accounts import members
from accounts.models import Organization
from creative import offers
from creative.gallery import UNMADE, UNRATED, UPLOAD, Wanted

_LONGEST_WORDS: Final = 80
_OPERATIONS: Final = [("", "Any kind"), ("create", "Created"), ("edit", "Edited"), (UPLOAD, "Uploaded")]
_SIZES: Final = [
    ("", "Any size"),
    ("square", "Square"),
    ("wide", "Wide"),
    ("tall", "Tall"),
    ("large", "1024 px and more"),
    ("small", "Under 1024 px"),
]
_STATES: Final = [
    ("", "Rated or not"),
    ("keep", "Kept"),
    ("star", "Starred"),
    ("reject", "Rejected"),
    (UNRATED, "Not rated"),
    (UNMADE, "Not made"),
]


class Facets(forms.Form):
    """What can be asked of the wall; anything it does not know is left out."""

    q = forms.CharField(label="Words of the prompt", max_length=_LONGEST_WORDS, required=False)
    agent = forms.ChoiceField(label="Agent", required=False)
    model = forms.ChoiceField(label="Model", required=False)
    operation = forms.ChoiceField(label="Kind", choices=_OPERATIONS, required=False)
    size = forms.ChoiceField(label="Size", choices=_SIZES, required=False)
    state = forms.ChoiceField(label="Rating", choices=_STATES, required=False)
    since = forms.DateField(
        label="From", required=False, widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d")
    )
    until = forms.DateField(
        label="To", required=False, widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d")
    )
    group = forms.BooleanField(label="One tile a job", required=False)

    def __init__(self, query: QueryDict, workspace: Organization) -> None:
        """Take the query and the workspace whose agents can be chosen."""
        super().__init__(query, auto_id="facet-%s")
        agents = [(agent.pk, agent.name) for agent in members.agents_of(workspace)]
        models = sorted(row.entry.id for row in offers.rows())
        self._choose("agent", [("", "Every agent"), *agents])
        self._choose("model", [("", "Every model"), *((name, name) for name in models)])
        self.fields["q"].widget.attrs |= {"placeholder": "Words of the prompt", "type": "search"}
        self.is_valid()

    def _choose(self, name: str, choices: list[tuple[str, str]]) -> None:
        field = self.fields[name]
        if isinstance(field, forms.ChoiceField):
            field.choices = choices

    @property
    def told(self) -> dict[str, Any]:
        """What was asked for, without what is empty."""
        return {name: value for name, value in self.cleaned_data.items() if value}

    @property
    def is_narrowed(self) -> bool:
        """Whether anything is left out of the wall."""
        return bool(set(self.told) - {"group"})

    @property
    def wanted(self) -> Wanted:
        """What the wall is narrowed to."""
        told = self.cleaned_data
        return Wanted(
            agent=told.get("agent", ""),
            model=told.get("model", ""),
            operation=told.get("operation", ""),
            size=told.get("size", ""),
            state=told.get("state", ""),
            words=told.get("q", ""),
            since=told.get("since"),
            until=told.get("until"),
            grouped=bool(told.get("group")),
        )

    def query(self, **more: str) -> str:
        """Return the query of another page of the same wall."""
        told = {name: "on" if value is True else str(value) for name, value in self.told.items()}
        return urlencode({**told, **more})
