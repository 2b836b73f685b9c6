"""What a person sees when a page fails: what happened, that nothing was charged, what to do, and the trace id.

These pages ask neither the database nor the session, and run no context processor: they answer when those fail.
"""

import functools
import logging
from dataclasses import dataclass
from typing import Final

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

from imageskill.core import trace

logger = logging.getLogger("imageskill.pages")

TEMPLATE: Final = "errors/page.html"
_TRACE_ID: Final = "TRACE-ID-OF-THE-ANSWER"
"""Stands in a drawn page where each answer has its own."""


@dataclass(frozen=True, slots=True)
class Words:
    """A page's heading, what happened, what did not, and what to do next."""

    title: str
    happened: str
    kept: str
    next: str


_WORDS: Final = {
    400: Words(
        "The request cannot be read",
        "What the browser sent is malformed, or it was meant for another address than this service's.",
        "Nothing was changed, and nothing was charged.",
        "Go to the front page and start from there.",
    ),
    403: Words(
        "This is not yours to do",
        "Your role in this workspace does not allow it, or the page came from another place than this service.",
        "Nothing was changed, and nothing was charged.",
        "An owner of the workspace can give you another role, under Members.",
    ),
    404: Words(
        "There is nothing here",
        "The address is mistyped, what was here is gone, or it belongs to a workspace that is not yours.",
        "Nothing was changed, and nothing was charged.",
        "Check the address, or look for it from your workspace.",
    ),
    405: Words(
        "Nothing opens at this address",
        "It does what a button on another page asks for. It was opened or loaded anew by itself.",
        "Nothing was changed, and nothing was charged.",
        "Go back to the page with the button, or look for it from your workspace.",
    ),
    429: Words(
        "Too many tries",
        "This was asked for more often than it may be in so short a time.",
        "Nothing was changed, nothing was charged, and no mail was sent.",
        "Try again in a few minutes.",
    ),
    500: Words(
        "The service failed",
        "Something broke on our side while this page was made.",
        "A page costs nothing. Credits are spent by jobs that deliver; one that fails gives back what it held.",
        "Try again. If it fails once more, tell the operator the trace id below.",
    ),
    503: Words(
        "The service cannot work now",
        "Its database does not answer: it is being restarted, or it is away.",
        "What was done before stands. Nothing was charged by this page.",
        "Try again in a few seconds.",
    ),
}
_FORGED: Final = Words(
    "The form is out of date",
    "The page was open for too long, was opened before you signed in, or the browser keeps no cookies for this "
    "service.",
    "Nothing was changed, and nothing was charged.",
    "Go back, load the page again and repeat what you did.",
)


def wanted(request: HttpRequest) -> bool:
    """Say whether a browser asks: a caller that names HTML among what it takes."""
    return "text/html" in request.headers.get("accept", "")


def page(status: int, words: Words | None = None) -> HttpResponse | None:
    """Return the page of an HTTP status; None where even that cannot be made."""
    shown = words or _WORDS.get(status) or _WORDS[500]
    try:
        text = _drawn(TEMPLATE, shown, status).replace(_TRACE_ID, trace.current())
    except Exception:  # the last page of all: whatever is wrong with it, a plain line is still an answer
        logger.exception("the page of an error failed")
        return None
    response = HttpResponse(text, status=status)
    response["Cache-Control"] = "no-store"
    return response


@functools.cache
def _drawn(template: str, words: Words, status: int) -> str:
    """Draw a page once a process: whoever tries one address after the other is answered from memory."""
    return render_to_string(template, {"words": words, "status": status, "trace_id": _TRACE_ID})


def wrong_method(allowed: str) -> HttpResponse:
    """Return the line for a program that called an address with a method that it does not take."""
    text = f"This address does not take this method; it takes {allowed or 'another one'}.\n"
    return HttpResponse(text, status=405, content_type="text/plain; charset=utf-8")


def handler429(request: HttpRequest) -> HttpResponse:
    """Answer who tried too often (the sign-in library calls this)."""
    return page(429) or HttpResponse("Too many tries.\n", status=429, content_type="text/plain; charset=utf-8")


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Answer a form without its token (Django's CSRF_FAILURE_VIEW); the reason is Django's and not shown."""
    shown = page(403, _FORGED) if wanted(request) else None
    return shown or HttpResponse("This is not allowed.\n", status=403, content_type="text/plain; charset=utf-8")
