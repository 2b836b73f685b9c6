"""What the reading benchmark compares with: the smallest DRF view with the service's token look-up, and less.

`/drf` makes the same two round trips as the service (token, then data) and answers what it read; `/bare` is a WSGI
function that asks nobody.
"""

from collections.abc import Callable, Iterable
from typing import Any

from django.core.wsgi import get_wsgi_application

_django = get_wsgi_application()

from django.urls import path  # noqa: E402 - the apps must be ready first
from rest_framework.request import Request  # noqa: E402 - the same
from rest_framework.response import Response  # noqa: E402 - the same
from rest_framework.views import APIView  # noqa: E402 - the same

from accounts.permissions import caller  # noqa: E402 - the same
from billing.models import CreditAccount  # noqa: E402 - the same

_BARE = b'{"ok": true}'


class Smallest(APIView):
    """Looks the token up, reads one row of the caller's, and answers."""

    throttle_classes = ()

    def get(self, request: Request) -> Response:
        """Answer with the balances."""
        rows = CreditAccount.objects.filter(pk=caller(request).organization_id)
        return Response({"balances": rows.values("free_credits", "held_credits", "paid_credits").first()})


class Up(APIView):
    """Says that the server is there."""

    authentication_classes = permission_classes = throttle_classes = ()

    def get(self, request: Request) -> Response:
        """Answer."""
        return Response({})


urlpatterns = [path("drf", Smallest.as_view()), path("livez", Up.as_view())]


def application(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
    """Answer `/bare` at once, and give the rest to Django."""
    if environ["PATH_INFO"] == "/bare":
        start("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(_BARE)))])
        return [_BARE]
    return _django(environ, start)
