"""Where the links of the activity lead: the address of the page with one thing changed.

A page has hundreds of links, so what they share is written once and each adds its own.
"""

from urllib.parse import quote_plus

from django.http import QueryDict
from django.urls import reverse

_ROW = "-"


class Addresses:
    """The addresses of a page: they keep what it was asked for, `live` too, except what they name themselves."""

    def __init__(self, organization_id: str, asked: QueryDict) -> None:
        """Take the workspace and what its page was asked for."""
        self._drawer = reverse("activity_event", args=[organization_id, _ROW]).removesuffix(_ROW)
        here = reverse("activity", args=[organization_id])
        self.for_query = f"{here}?{_beginning(asked, 'q', 'event', 'tab', 'before')}q="
        """The first page of another query, which a template writes after it."""
        self._for_row = f"{here}?{_beginning(asked, 'event', 'tab', 'after')}event="
        self._after_drawer = f"?{_without(asked, 'event', 'tab', 'after', 'before', 'live')}".removesuffix("?")

    def of_row(self, reference: str) -> str:
        """Return this page with the drawer of a row."""
        return self._for_row + quote_plus(reference)

    def of_drawer(self, reference: str) -> str:
        """Return the drawer of a row alone."""
        return f"{self._drawer}{quote_plus(reference)}{self._after_drawer}"


def _without(asked: QueryDict, *names: str) -> str:
    kept = asked.copy()
    for name in names:
        kept.pop(name, None)
    return kept.urlencode()


def _beginning(asked: QueryDict, *names: str) -> str:
    """Return what comes before the last part of a query."""
    kept = _without(asked, *names)
    return f"{kept}&" if kept else ""
