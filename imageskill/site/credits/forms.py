"""The one form of the credits page that asks for more than a click."""

from django import forms

from accounts import members
from accounts.models import Membership, Role
from billing import alerts
from billing.models import BalanceAlert


class AlertForm(forms.Form):
    """Below how many credits whom to tell."""

    threshold_credits = forms.IntegerField(
        label="Below this many credits",
        min_value=1,
        max_value=alerts.MOST_CREDITS,
    )
    user_id = forms.ChoiceField(label="Mail to")

    def __init__(self, place: Membership, alert: BalanceAlert | None = None, data: object = None) -> None:
        """Offer the owners and admins of a workspace; `alert` fills the fields in."""
        start = {"threshold_credits": 100, "user_id": place.user_id}
        if alert is not None:
            start = {"threshold_credits": alert.threshold_credits, "user_id": alert.user_id}
        super().__init__(data, initial=start)  # type: ignore[arg-type] # a QueryDict or None
        field = self.fields["user_id"]
        people = members.people_of(place.organization) if place.role != Role.VIEWER else []
        field.choices = [  # type: ignore[attr-defined] # a ChoiceField
            (person.user_id, person.user.email) for person in people if person.role != Role.VIEWER
        ]
