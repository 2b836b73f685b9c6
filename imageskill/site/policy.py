"""The content security policy of every page: nothing from anywhere else, no inline script or style."""

from collections.abc import Callable
from typing import Final
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase

PAYMENT_PAGE: Final = "https://checkout.stripe.com"


def policy() -> str:
    """Return the policy; browsers follow a form's redirect to the payment page only where that is named."""
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            f"img-src 'self' {settings.MEDIA_URL_BASE} data:",
            "connect-src 'self'",
            f"form-action 'self' {' '.join(_payment_pages())}",
            "frame-ancestors 'none'",
            "base-uri 'none'",
        )
    )


def _payment_pages() -> list[str]:
    """Return where a purchase may lead: Stripe's page, and that of a local stand-in where there is one."""
    base = urlsplit(settings.STRIPE_API_BASE)
    return [PAYMENT_PAGE, *([f"{base.scheme}://{base.netloc}"] if base.netloc else [])]


class ContentPolicyMiddleware:
    """Adds the policy to every answer that has none of its own."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        """Keep the next layer."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer with the policy."""
        response = self.get_response(request)
        response.headers.setdefault("Content-Security-Policy", policy())
        return response
