"""`POST /webhooks/stripe`: only a verified event of a plausible time is taken."""

import json
import logging
import time
from typing import Final

import stripe
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from billing import inbox
from billing.inbox import NotProcessedError

logger = logging.getLogger("imageskill.webhooks")

LIMIT_BYTES: Final = 1024 * 1024
TOLERANCE_SECONDS: Final = 300


@csrf_exempt
@require_POST
def stripe_webhook(request: HttpRequest) -> HttpResponse:
    """Verify, store and process an event; anything but a 2xx makes Stripe send it again."""
    if not settings.STRIPE_WEBHOOK_SECRET:
        return _told(404, "This service takes no webhooks.")
    if int(request.headers.get("content-length") or 0) > LIMIT_BYTES:
        return _told(413, "The event is too large.")
    payload = request.body
    if not _is_genuine(payload, request.headers.get("stripe-signature", "")):
        return _told(400, "The signature is missing, wrong or out of time.")
    try:
        event = json.loads(payload)
        stored = inbox.receive(event)
    except (ValueError, KeyError, TypeError, AttributeError):
        return _told(400, "The event is malformed.")
    try:
        inbox.process(stored)
    except NotProcessedError:
        return _told(500, "Not processed; send it again.")
    return _told(200, "ok")


def _is_genuine(payload: bytes, header: str) -> bool:
    try:
        stripe.WebhookSignature.verify_header(
            payload.decode("utf-8"), header, settings.STRIPE_WEBHOOK_SECRET, TOLERANCE_SECONDS
        )
    except (stripe.SignatureVerificationError, UnicodeDecodeError):
        return False
    # The library takes any time in the future.
    return _timestamp(header) <= time.time() + TOLERANCE_SECONDS


def _timestamp(header: str) -> int:
    parts = dict(part.split("=", 1) for part in header.split(",") if "=" in part)
    return int(parts["t"])


def _told(status: int, text: str) -> HttpResponse:
    return HttpResponse(f"{text}\n", status=status, content_type="text/plain; charset=utf-8")
