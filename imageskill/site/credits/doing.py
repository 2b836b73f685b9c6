"""Acts of the credits page: a refusal becomes a message in words, and the page is loaded anew."""

from collections.abc import Callable

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import reverse

from accounts import members
from accounts.models import Membership
from accounts.pages.people import act
from imageskill.core.errors import ApiError


def words_of(error: ApiError) -> str:
    """Return what a refusal says to a person, with the faults of fields where it names them."""
    fields = error.recovery.get("fields") or {}
    faults = [f"{name.replace('_', ' ')} {fault}" for name, told in fields.items() for fault in told]
    return f"{'; '.join(faults)}." if faults else error.message


def done(request: HttpRequest, place: Membership, doing: Callable[[], str], anchor: str = "") -> HttpResponseBase:
    """Do something, and say so, or why not, on the credits page."""

    def in_words() -> str:
        try:
            return doing()
        except ApiError as error:
            raise members.CannotError(words_of(error)) from error

    return act(request, in_words, f"{reverse('credits', args=[place.organization_id])}{anchor}")
