"""Keeping where somebody wants to go while they sign in.

The sign-in library hands `next` on from page to page, except where a try ends: after the last wrong code, when the
time of a code is over, or when its page is opened without a try. Those redirects get it back here.
"""

from collections.abc import Callable
from typing import Final
from urllib.parse import urlencode

from allauth.account.utils import get_next_redirect_url
from django.http import HttpRequest
from django.http.response import HttpResponseBase, HttpResponseRedirect
from django.urls import reverse

_DOORS: Final = (
    "account_login",
    "account_request_login_code",
    "account_confirm_login_code",
    "account_signup",
    "account_email_verification_sent",
    "account_reset_password",
    "account_confirm_password_reset_code",
    "account_complete_password_reset",
    "mfa_authenticate",
)
"""The pages on which somebody is on the way in; each takes `next`."""


class KeepTheWayMiddleware:
    """Adds `next` to a redirect from one page of signing in to another, where the library left it out."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        """Keep the next layer."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer, with the way kept."""
        answer = self.get_response(request)
        if isinstance(answer, HttpResponseRedirect) and request.path.startswith("/account/"):
            _keep(request, answer)
        return answer


def _keep(request: HttpRequest, answer: HttpResponseRedirect) -> None:
    if answer.url not in {reverse(door) for door in _DOORS}:
        return  # it leads elsewhere, or has its `next`
    place = get_next_redirect_url(request)  # None for an address of somebody else's
    if place and place != answer.url:
        answer["Location"] = f"{answer.url}?{urlencode({'next': place}, safe='/')}"
