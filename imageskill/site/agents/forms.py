"""Forms of the agents' pages."""

from collections.abc import Sequence
from datetime import MAXYEAR, UTC, date, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from django import forms
from django.contrib.humanize.templatetags.humanize import intcomma
from django.utils import timezone

from billing.mandates import WINDOWS, Terms
from imageskill.core.instants import zone_names
from imageskill.flows.limiting import KNOWN, Allowed
from imageskill.flows.stopping import LONGEST_MESSAGE
from imageskill.site.agents import words

MOST: Final = 10_000_000
_NAMES: Final = dict(zip(WINDOWS, ("one job", "a day", "a week", "a month", "all time"), strict=True))


def _zones() -> list[tuple[str, str]]:
    """Return the zones by name, those of places only."""
    places = sorted(name for name in zone_names() if "/" in name and not name.startswith(("Etc/", "posix")))
    return [(name, name.replace("_", " ")) for name in ("UTC", *places)]


def _credits(label: str, help_text: str = "") -> forms.IntegerField:
    attrs = {"inputmode": "numeric", "placeholder": "no limit"}
    return forms.IntegerField(
        label=label,
        help_text=help_text,
        required=False,
        min_value=0,
        max_value=MOST,
        widget=forms.NumberInput(attrs=attrs),
        error_messages={
            "invalid": "This is no whole number of credits.",
            "min_value": "Credits are counted from 0. Without a limit leave it empty.",
            "max_value": f"At most {intcomma(MOST)} credits. Without a limit leave it empty.",
        },
    )


class Limits(forms.Form):
    """What an owner sets: an empty cap is none. `version` is what the form was filled with."""

    cap_per_job = _credits(words.WINDOWS["per_job"])
    cap_day = _credits(words.WINDOWS["day"])
    cap_week = _credits(words.WINDOWS["week"])
    cap_month = _credits(words.WINDOWS["month"])
    cap_lifetime = _credits(
        words.WINDOWS["lifetime"],
        "Counted since its first limits here.",
    )
    approval_threshold = _credits(
        "Ask me above", "Credits of a job, or of an hour's jobs together; 0 asks for every job."
    )
    time_zone = forms.ChoiceField(label="Days begin at midnight of", choices=_zones)
    last_day = forms.DateField(
        label="Last day", required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    every_model = forms.BooleanField(label="Every model, later ones too", required=False)
    models = forms.MultipleChoiceField(label="Or only these", required=False, widget=forms.CheckboxSelectMultiple)
    grants = forms.MultipleChoiceField(
        label="It may",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        choices=[(name, said) for name, said in words.GRANTS.items() if name in KNOWN],
    )
    version = forms.IntegerField(widget=forms.HiddenInput, min_value=0)

    def __init__(self, data: Any = None, *, now_allowed: Allowed, models: Sequence[str], version: int = 0) -> None:  # noqa: ANN401 - a QueryDict
        """Fill the form with what is in force; `models` are those that can be chosen."""
        self.now_allowed = now_allowed
        super().__init__(data, initial=_initial(now_allowed) | {"version": version})
        chosen = sorted({*models, *(now_allowed.terms.allowed_models or ())})
        field = self.fields["models"]
        if isinstance(field, forms.MultipleChoiceField):
            field.choices = [(model, model) for model in chosen]
        # A claim takes any zone: one that is not offered here stays until another is chosen.
        zone, zones = now_allowed.terms.time_zone, self.fields["time_zone"]
        if isinstance(zones, forms.ChoiceField) and not zones.valid_value(zone):
            zones.choices = [(zone, zone), *_zones()]

    def clean(self) -> dict[str, Any]:
        """Refuse caps that contradict each other, in words that name both."""
        data: dict[str, Any] = super().clean() or {}
        before: tuple[str, int] | None = None
        for window in WINDOWS:
            cap = data.get(f"cap_{window}")
            if cap is None:
                continue
            if before is not None and cap < before[1]:
                shorter, larger = _NAMES[before[0]], intcomma(before[1])
                told = f"{intcomma(cap)} for {_NAMES[window]} is less than the {larger} for {shorter}."
                self.add_error(f"cap_{window}", f"{told} The longer time needs at least as much.")
            else:
                before = (window, cap)
        if data.get("last_day") is not None and data["last_day"].year >= MAXYEAR:
            self.add_error("last_day", "This day is too far away. Without an end leave it empty.")
            return data
        ends_at = self._ends_at(data)
        if ends_at is not None and ends_at <= timezone.now() and ends_at != self.now_allowed.terms.ends_at:
            self.add_error("last_day", "This day is over. To stop the agent now, pause it.")
        return data

    def _ends_at(self, data: dict[str, Any]) -> datetime | None:
        day, zone = data.get("last_day"), data.get("time_zone")
        if day is None or zone is None:
            return None
        terms = self.now_allowed.terms
        if terms.ends_at is not None and terms.time_zone == zone and day == last_day_of(terms):
            return terms.ends_at
        return datetime.combine(day + timedelta(days=1), time(0), tzinfo=ZoneInfo(zone)).astimezone(UTC)

    def asked(self) -> Allowed:
        """Return what was asked for, of a valid form."""
        data = self.cleaned_data
        models = None if data["every_model"] else tuple(sorted(data["models"]))
        terms = Terms(
            **{f"cap_{window}": data[f"cap_{window}"] for window in WINDOWS},
            time_zone=data["time_zone"],
            approval_threshold=data["approval_threshold"],
            allowed_models=models,
            ends_at=self._ends_at(data),
        )
        return Allowed(terms, tuple(sorted(data["grants"])))

    @property
    def caps(self) -> list[forms.BoundField]:
        """The caps, for a page that groups the fields."""
        return [self[f"cap_{window}"] for window in WINDOWS]


def last_day_of(terms: Terms) -> date | None:
    """Return the last day on which the agent may spend, in the owner's zone."""
    if terms.ends_at is None:
        return None
    return (terms.ends_at - timedelta(microseconds=1)).astimezone(ZoneInfo(terms.time_zone)).date()


def fields_of(allowed: Allowed, version: int) -> list[tuple[str, str]]:
    """Return what a filled form would send, for a link or for hidden fields."""
    filled = _initial(allowed) | {"version": version}
    each = ((name, one) for name, told in filled.items() for one in (told if isinstance(told, list) else [told]))
    # By identity: a cap of 0 is a cap.
    sent = ((name, one) for name, one in each if one is not None and one is not False)
    return [(name, "on" if one is True else str(one)) for name, one in sent]


def _initial(allowed: Allowed) -> dict[str, Any]:
    terms = allowed.terms
    return {
        **{f"cap_{window}": getattr(terms, f"cap_{window}") for window in WINDOWS},
        "approval_threshold": terms.approval_threshold,
        "time_zone": terms.time_zone,
        "last_day": last_day_of(terms),
        "every_model": terms.allowed_models is None,
        "models": list(terms.allowed_models or ()),
        "grants": list(allowed.grants),
    }


class Pause(forms.Form):
    """Pause an agent."""

    message = forms.CharField(
        label="What it is told",
        max_length=LONGEST_MESSAGE,
        required=False,
        help_text="It stands in every refusal that the agent gets.",
    )
    stop_running = forms.BooleanField(label="Ask running jobs to stop, where their provider can", required=False)


class Name(forms.Form):
    """Name an agent."""

    name = forms.CharField(label="Name", max_length=120)


class TypedName(forms.Form):
    """Type an agent's name, to release it."""

    typed_name = forms.CharField(
        label="Its name", max_length=120, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
