"""The forms of the triage: what each act needs to know."""

from datetime import UTC, datetime, time
from typing import Any, ClassVar, Final

from django import forms
from django.utils import timezone

from creative.feedback import noting
from creative.feedback.bulk import Act
from creative.feedback.snoozing import NEXT_RELEASE
from imageskill import __version__
from imageskill.console.feedback.words import REASONS
from imageskill.core.ids import prefix_of

_LONGEST_REASON: Final = 500
_NO_REASON: Final = "Write what the reporter is told, or pick one of the reasons."


def _lines(label: str, most: int, help_text: str, *, required: bool = False) -> forms.CharField:
    widget = forms.Textarea({"rows": 3})
    return forms.CharField(
        label=label, max_length=most, required=required, widget=widget, help_text=help_text, strip=True
    )


class ActForm(forms.Form):
    """What every act is sent with: the state in which the report was seen."""

    act: ClassVar[str] = ""
    state = forms.CharField(required=False, widget=forms.HiddenInput, max_length=12)

    def wish(self) -> Act:
        """Return the act that the form asks for."""
        return Act(self.act, **self.wanted())

    def wanted(self) -> dict[str, Any]:
        """Return the fields of the act."""
        return {}


class Move(ActForm):
    """A move: a reason for the reporter, a note for staff, and whether the reporter is told at once."""

    needs_reason: ClassVar[bool] = False
    picked = forms.ChoiceField(label="Usual words", required=False)
    reason = _lines("What the reporter is told", _LONGEST_REASON, "Public: its agent and its owner read it.")
    note = _lines("Note for staff", noting.LONGEST_NOTE, "Stays inside.")
    notify = forms.BooleanField(label="Tell the agent with its next call", required=False, initial=True)

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - Django's
        """Offer the usual words of this act."""
        super().__init__(*args, **kwargs)
        usual = REASONS.get(self.act, ())
        field = self.fields["picked"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - tells the type
        field.choices = [("", "Own words"), *((text, text) for text in usual)]
        if not usual:
            del self.fields["picked"]

    def clean(self) -> dict[str, Any]:
        """Take the picked words where there are no own ones; some acts need either."""
        told = super().clean() or self.cleaned_data
        told["reason"] = told.get("reason") or told.get("picked") or ""
        if self.needs_reason and not told["reason"] and "reason" not in self.errors:
            self.add_error("reason", _NO_REASON)
        return told

    def wanted(self) -> dict[str, Any]:
        """Return the fields of the act."""
        return {name: self.cleaned_data[name] for name in ("reason", "note", "notify")}


class Accept(Move):
    """It will be worked on."""

    act = "accept"


class NeedsProof(Move):
    """It cannot be acted on as it is."""

    act = "needs_proof"


class Decline(Move):
    """Not to be done, and why."""

    act = "decline"
    needs_reason = True


class Fix(Move):
    """Done, in a version."""

    act = "fix"
    resolved_in = forms.CharField(label="Fixed in version", max_length=40, required=False, initial=__version__)
    field_order = ("resolved_in",)

    def wanted(self) -> dict[str, Any]:
        """Return the fields of the act."""
        return {**super().wanted(), "resolved_in": self.cleaned_data["resolved_in"]}


class Merge(Move):
    """It repeats another report."""

    act = "duplicate"
    needs_reason = True
    canonical_id = forms.CharField(label="Id of the report that it repeats", max_length=48, required=False)
    field_order = ("canonical_id",)

    def clean(self) -> dict[str, Any]:
        """Take the picked report where no id is written."""
        told = super().clean()
        told["canonical_id"] = told.get("canonical_id") or str(self.data.get("found", ""))
        if prefix_of(told["canonical_id"]) != "sig":
            self.add_error("canonical_id", "Pick a report, or write its id.")
        return told

    def wanted(self) -> dict[str, Any]:
        """Return the fields of the act."""
        return {**super().wanted(), "canonical_id": self.cleaned_data["canonical_id"]}


class Reopen(Move):
    """Back into the inbox."""

    act = "reopen"


class Snooze(ActForm):
    """Put aside until one of these comes."""

    act = "snooze"
    until = forms.DateField(
        label="Until a day", required=False, widget=forms.DateInput({"type": "date"}), help_text="00:00 UTC."
    )
    more_reports = forms.IntegerField(
        label="Until so many more reports", required=False, min_value=1, max_value=10_000
    )
    release = forms.BooleanField(label="Until the next release", required=False)

    def clean(self) -> dict[str, Any]:
        """Want at least one end, and a day to come."""
        told = super().clean() or self.cleaned_data
        if not (told.get("until") or told.get("more_reports") or told.get("release")) and not self.errors:
            self.add_error(None, "Say until when: a day, so many more reports, or the next release.")
        if told.get("until") and told["until"] <= timezone.now().date():
            self.add_error("until", "Take a day to come.")
        return told

    def wanted(self) -> dict[str, Any]:
        """Return the fields of the act."""
        day = self.cleaned_data["until"]
        return {
            "until": datetime.combine(day, time(), tzinfo=UTC) if day else None,
            "more_reports": self.cleaned_data["more_reports"],
            "version": NEXT_RELEASE if self.cleaned_data["release"] else "",
        }


class Assign(ActForm):
    """Give it to somebody of staff."""

    act = "assign"
    assignee = forms.CharField(required=False, max_length=48)
    before = forms.CharField(required=False, max_length=48)


class Note(ActForm):
    """A note for staff."""

    act = "note"
    text = _lines("Note for staff", noting.LONGEST_NOTE, "Stays inside. A note is never changed.", required=True)


class Answer(ActForm):
    """An answer to the reporter."""

    act = "answer"
    text = _lines("Answer", noting.LONGEST_ANSWER, "Public: its agent and its owner read it.", required=True)
    notify = forms.BooleanField(label="Tell the agent with its next call", required=False, initial=True)


class Publish(ActForm):
    """Words for everybody."""

    act = "publish"
    title = forms.CharField(
        label="Title",
        max_length=200,
        required=False,
        help_text="Your own words, none of the agent's. Empty takes it back.",
    )
    answer = _lines(
        "What everybody is told", 500, "Shown with a like report, and on the public changelog once fixed."
    )


FORMS: Final[dict[str, type[ActForm]]] = {
    form.act: form for form in (Accept, NeedsProof, Decline, Fix, Merge, Reopen, Snooze, Note, Answer, Publish)
}
"""The forms that a page shows, by act."""
