"""The console's frame: what each of its pages shows besides its own."""

from collections.abc import Callable
from typing import Any, Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import NoReverseMatch, reverse
from django.views.decorators.http import require_GET

from accounts.staff import Staff
from imageskill.console.doors import staff_only

PAGES: Final = (
    ("console_feedback", "Feedback", "f"),
    ("console_money", "Money", "m"),
    ("console_webhooks", "Webhooks", "w"),
    ("console_search", "Search", "s"),
    ("console_providers", "Providers", "p"),
    ("console_prices", "Prices", "r"),
    ("console_quarantine", "Quarantine", "q"),
    ("console_people", "People", "n"),
    ("console_signups", "Sign-ups", "u"),
)
"""The console's pages by the name of their route, with the letter that leads there after `g`."""


class CannotError(Exception):
    """What was asked for cannot be done; the message is for the member of staff who asked."""


def entries() -> list[tuple[str, str, str, str]]:
    """Return route, name, letter and address of the pages that exist."""
    found = []
    for route, name, letter in PAGES:
        try:
            found.append((route, name, letter, reverse(route)))
        except NoReverseMatch:
            continue
    return found


def show(request: HttpRequest, template: str, page: str, **shown: Any) -> HttpResponse:  # noqa: ANN401 - the page's
    """Render a page in the console's frame; `page` is the name of its route in the navigation."""
    return render(request, template, {"page": page, "entries": entries(), **shown})


def act(request: HttpRequest, doing: Callable[[], str], back: str) -> HttpResponseBase:
    """Do something and say so on the page one goes back to; `doing` returns the words, or raises CannotError."""
    try:
        messages.success(request, doing())
    except CannotError as error:
        messages.error(request, str(error))
    return HttpResponseRedirect(back)


@staff_only
@require_GET
def console(request: HttpRequest, person: Staff) -> HttpResponseBase:
    """Go to the first page of the console."""
    return HttpResponseRedirect(entries()[0][3])
