"""The form of a claim: which rights, which limits, until when, and where the agent will belong."""

from datetime import date, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from django import forms
from django.contrib.humanize.templatetags.humanize import intcomma
from django.utils import timezone

from accounts.models import Membership, Organization, Role, User
from billing import pricing
from billing.mandates import Terms
from creative import offers
from creative.catalogue import selection
from creative.catalogue.costs import default_cost
from creative.catalogue.entries import Operation
from imageskill.core.errors import ApiError
from imageskill.core.instants import zone_names
from imageskill.site.claim import rights
from imageskill.templatetags import look

NEW: Final = "new"
DAYS: Final = 30
MOST_DAYS: Final = 366
LOW: Final = {"cap_per_job": 25, "cap_day": 100, "cap_month": 500, "cap_lifetime": 1_000, "approval_threshold": 25}
"""What the limits are set to unless somebody changes them, in credits; more is given by a fresh sign-in alone."""
_CAPS: Final = ("cap_per_job", "cap_day", "cap_month", "cap_lifetime")
_NAMES: Final = {
    "cap_per_job": "one job",
    "cap_day": "one day",
    "cap_month": "one month",
    "cap_lifetime": "all time",
}
_LARGEST: Final = 1_000_000


def _amount(label: str, *, required: bool = True) -> forms.IntegerField:
    widget = forms.NumberInput(attrs={"inputmode": "numeric"})
    told = {
        "required": "A number is missing here.",
        "invalid": "This is no whole number of credits.",
        "min_value": "Credits are counted from 0.",
        "max_value": f"At most {intcomma(_LARGEST)} credits.",
    }
    return forms.IntegerField(
        min_value=0, max_value=_LARGEST, label=label, required=required, widget=widget, error_messages=told
    )


class ClaimTerms(forms.Form):
    """What a person allows an agent. Amounts are credits; `choices` are the workspaces that may take it in."""

    rights = forms.MultipleChoiceField(
        choices=[(right.key, right.sentence) for right in rights.RIGHTS], required=False
    )
    cap_per_job = _amount("One job")
    cap_day = _amount("One day")
    cap_month = _amount("One month")
    cap_lifetime = _amount("All time")
    approval_threshold = _amount("Ask me above")
    ends_on = forms.DateField(label="Until", widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    time_zone = forms.CharField(max_length=64, label="Days begin at midnight in")
    workspace = forms.ChoiceField(label="Workspace")
    workspace_name = forms.CharField(max_length=120, required=False, label="Its name")

    def __init__(self, *args: Any, choices: list[tuple[str, str]], **kwargs: Any) -> None:  # noqa: ANN401 - a form's
        """Offer the workspaces."""
        super().__init__(*args, **kwargs)
        self.fields["workspace"] = forms.ChoiceField(choices=choices, label="Workspace")

    def clean_time_zone(self) -> str:
        """Refuse a zone that there is not."""
        zone: str = self.cleaned_data["time_zone"]
        if zone not in zone_names():
            raise forms.ValidationError("There is no such time zone; one is Europe/Berlin.")
        return zone

    def clean_ends_on(self) -> date:
        """Refuse an end that is over, or further than a year away."""
        day: date = self.cleaned_data["ends_on"]
        today = timezone.now().date()
        if day <= today:
            raise forms.ValidationError("The end has to be later than today.")
        if day > today + timedelta(days=MOST_DAYS):
            raise forms.ValidationError("At most a year; you can renew it before it ends.")
        return day

    def clean(self) -> dict[str, Any]:
        """Refuse a longer time with a lower limit, and a new workspace without a name."""
        told: dict[str, Any] = super().clean() or self.cleaned_data
        before: tuple[str, int] | None = None
        for name in _CAPS:
            amount = told.get(name)
            if amount is None:
                continue
            if before is not None and amount < before[1]:
                words = f"{_NAMES[name].capitalize()} cannot be below {_NAMES[before[0]]} ({intcomma(before[1])})."
                self.add_error(name, words)
            before = (name, amount)
        if told.get("workspace") == NEW and not told.get("workspace_name", "").strip():
            self.add_error("workspace_name", "A new workspace needs a name.")
        return told

    @property
    def is_generous(self) -> bool:
        """Whether a valid form lets more be spent than the page suggests: that takes a fresh sign-in."""
        return any(self.cleaned_data[name] > most for name, most in LOW.items())

    def take_refusal(self, error: ApiError) -> None:
        """Show what the service refused: at its field, or above the form."""
        fields: dict[str, list[str]] = error.recovery.get("fields", {})
        for name, problems in fields.items():
            self.add_error(name if name in self.fields else None, problems)
        if not fields:
            self.add_error(None, error.message)

    def terms(self) -> Terms:
        """Return the limits of a valid form."""
        told = self.cleaned_data
        zone: str = told["time_zone"]
        ends_at = datetime.combine(told["ends_on"] + timedelta(days=1), time.min, tzinfo=ZoneInfo(zone))
        amounts = {name: told[name] for name in (*_CAPS, "approval_threshold")}
        return Terms(**amounts, time_zone=zone, ends_at=ends_at)


def first_look(user: User, *, name: str) -> ClaimTerms:
    """Return the form as it is first shown: low limits, least rights, thirty days."""
    choices = workspaces_for(user)
    initial = {
        **LOW,
        "rights": [right.key for right in rights.RIGHTS if right.by_default],
        "ends_on": timezone.now().date() + timedelta(days=DAYS),
        "time_zone": "UTC",
        "workspace": choices[0][0],
        "workspace_name": name,
    }
    return ClaimTerms(initial=initial, choices=choices)


def workspaces_for(user: User) -> list[tuple[str, str]]:
    """Return the workspaces that a person may add agents to, and a new one, as choices."""
    mine = Membership.objects.filter(
        user=user, role__in=[Role.OWNER, Role.ADMIN], organization__merged_into=None
    ).values("organization_id")
    rows = Organization.objects.filter(pk__in=mine).order_by("name", "pk")
    return [*((row.pk, row.name) for row in rows), (NEW, "A new workspace")]


def standard_picture() -> tuple[str, int] | None:
    """Return the model that a plain request gets today, and what one picture of it costs; None: there is none."""
    row = selection.default_row(offers.rows(), Operation.GENERATE)
    micros = default_cost(row.entry).micros_per_image if row is not None else None
    return (row.entry.id, pricing.credits_per_image(micros)) if row is not None and micros is not None else None


def sentences(terms: Terms, picture: tuple[str, int] | None) -> list[str]:
    """Return in plain words what limits mean: the most it can cost, when it asks, when it ends."""
    month = min(amount for amount in (terms.cap_month, terms.cap_lifetime) if amount is not None)
    about = f": about {intcomma(month // picture[1])} pictures with {picture[0]}" if picture and month else ""
    told = [f"At most {_money(month)}, this month{about}."]
    if not month:
        told = ["It can spend nothing."]
    told.append(f"A day costs at most {_money(terms.cap_day or 0)}, one job {_money(terms.cap_per_job or 0)}.")
    threshold = terms.approval_threshold
    if threshold == 0:
        told.append("It asks you before every job.")
    elif threshold is not None:
        told.append(f"Above {_money(threshold)} within an hour it asks you first.")
    if terms.ends_at is not None:
        last = terms.ends_at - timedelta(days=1)
        told.append(f"After {last:%-d %B %Y} it can make nothing until you renew it.")
    return told


def _money(credits: int) -> str:
    return f"{look.credits(credits)}, {look.dollars(credits)}"
