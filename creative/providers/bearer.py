"""What OpenAI and xAI have in common: a bearer key, paid calls of one exchange, pictures as base64 inside JSON."""

import binascii
import logging
import re
from base64 import b64decode
from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlsplit

from django.conf import settings

from creative.images import kinds
from creative.providers.base import Failure, Picture, ProviderError
from creative.providers.http import Answer, Client, Deadline, Kind, TransportError

MOST_PICTURE_BYTES: Final = 32 * 1024 * 1024
"""A 4K PNG in base64 passes 25 MB; nothing that this service orders is larger than this."""
NO_PICTURE: Final = "The provider answered without a picture."
OUT_OF_MONEY: Final = "This service's account at the provider is out of money."
REFUSED: Final = "The provider's safety system refused the request or its picture."
BAD_KEY: Final = "The provider does not accept this service's key."
_BUSY: Final = "The provider takes no more calls for the moment."
_DOWN: Final = "The provider is out of order for the moment."
_SILENT: Final = "The provider cannot be reached."
_PROBE_SECONDS: Final = 20.0
_BESIDE_PICTURES: Final = 1024 * 1024
_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")

logger = logging.getLogger("imageskill.providers")


class Api:
    """One provider's API. It holds no state of a call, so one serves every thread."""

    def __init__(self, provider_id: str, *, home: str) -> None:
        """Read the key and the base from the settings; `home` is the provider's own address."""
        self.provider_id = provider_id
        self._key: str = settings.PROVIDER_KEYS[provider_id]
        self._base: str = settings.PROVIDER_BASES[provider_id] or home
        self.client = Client(
            key_headers={"Authorization": f"Bearer {self._key}"}, api_hosts=(urlsplit(self._base).netloc,)
        )

    def buy(
        self,
        path: str,
        *,
        deadline: Deadline,
        output_count: int,
        json: object = None,
        fields: Mapping[str, str] | None = None,
        files: Iterable[tuple[str, tuple[str, bytes, str]]] | None = None,
        means: Callable[[Answer], ProviderError],
    ) -> Answer:
        """Send a call that may be charged, and return the answer whatever its status.

        It is repeated only where nothing was sent or the provider refused it for its rate: neither provider knows
        an idempotency key. `means` tells what a refusal means, so that one for want of money is not repeated.
        ProviderError: no key, no answer, or none in time.
        """
        self._require_key()
        deadline.left()
        try:
            return self.client.request(
                "POST",
                f"{self._base}{path}",
                deadline=deadline,
                json=json,
                fields=fields,
                files=files,
                is_final=lambda answer: means(answer).failure is Failure.UNUSABLE,
                most_bytes=_BESIDE_PICTURES + output_count * _encoded(MOST_PICTURE_BYTES),
            )
        except TransportError as error:
            logger.warning(
                "provider gave no answer",
                extra={"fields": {"provider": self.provider_id, "kind": str(error.kind), "sent": error.sent}},
            )
            raise _lost(error) from error
        except ProviderError as error:
            # The deadline passed after the call had begun; whatever was being made is paid for.
            raise ProviderError(error.failure, error.message, exposed=True) from error

    def ask(self, path: str) -> Answer:
        """Read something that is free of charge. ProviderError: no key, no answer, or a fault of the provider."""
        self._require_key()
        try:
            answer = self.client.request(
                "GET", f"{self._base}{path}", deadline=Deadline(_PROBE_SECONDS), repeatable=True
            )
        except (TransportError, ProviderError) as error:
            raise ProviderError(Failure.UNAVAILABLE, _SILENT) from error
        if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise ProviderError(Failure.UNAVAILABLE, _DOWN)
        return answer

    def report(self, answer: Answer, error: ProviderError) -> None:
        """Log an answer without a use by its status and the provider's id of the request."""
        told = answer.headers.get("x-request-id", "")
        logger.warning(
            "provider failed a call",
            extra={
                "fields": {
                    "provider": self.provider_id,
                    "status": answer.status,
                    "failure": str(error.failure),
                    "request_id": told if _REQUEST_ID.fullmatch(told) else "",
                }
            },
        )

    def _require_key(self) -> None:
        if not self._key:
            raise ProviderError(Failure.UNUSABLE, "This service has no key for the provider.")


def is_success(answer: Answer) -> bool:
    """Say whether the provider says that it did what was asked."""
    return HTTPStatus.OK <= answer.status < HTTPStatus.MULTIPLE_CHOICES


def told(answer: Answer) -> Mapping[str, Any]:
    """Return the answer's JSON object; an empty one where it is none."""
    try:
        body = answer.json()
    except TransportError:
        return {}
    return body if isinstance(body, dict) else {}


def by_status(answer: Answer) -> ProviderError:
    """Return what a refusal means by its status alone; nothing of its text is passed on."""
    match answer.status:
        case 401 | 402 | 403:
            return ProviderError(Failure.UNUSABLE, BAD_KEY)
        case 429:
            return ProviderError(Failure.UNAVAILABLE, _BUSY, retry_after_seconds=answer.retry_after_seconds)
        case 503:
            return ProviderError(
                Failure.UNAVAILABLE, _DOWN, exposed=True, retry_after_seconds=answer.retry_after_seconds
            )
        case status if status == HTTPStatus.REQUEST_TIMEOUT or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return ProviderError(Failure.FAILED, _DOWN, exposed=True)
        case 404:
            return ProviderError(Failure.FAILED, "The provider does not know the model any more.")
        case _:
            return ProviderError(Failure.FAILED, "The provider rejected the call.")


def picture(text: object) -> Picture | None:
    """Return the picture in a base64 text, with or without a data URI's prefix.

    None: the text is too long, is no base64, or holds no PNG, JPEG or WebP. What the bytes are is told by their
    first ones: what providers say of them is not reliable.
    """
    if not isinstance(text, str):
        return None
    encoded = text.partition(",")[2] if text.startswith("data:") else text
    if len(encoded) > _encoded(MOST_PICTURE_BYTES):
        return None
    try:
        return sniffed(b64decode(encoded, validate=True))
    except (binascii.Error, ValueError):
        return None


def sniffed(data: bytes) -> Picture | None:
    """Return the bytes with their type; None: they do not begin as a PNG, JPEG or WebP."""
    mime_type = kinds.sniff(data)
    return Picture(data, mime_type) if mime_type in kinds.KEPT else None


def _encoded(size: int) -> int:
    """Return the length in base64 of that many bytes."""
    return -(-size // 3) * 4


def _lost(error: TransportError) -> ProviderError:
    """Return what an exchange without an answer means for a call that may be charged."""
    if error.kind is Kind.TIMEOUT:
        return ProviderError(Failure.TIMED_OUT, "The provider gave no answer in time.", exposed=error.sent)
    if not error.sent:
        return ProviderError(Failure.UNAVAILABLE, _SILENT)
    return ProviderError(Failure.FAILED, "The provider's answer could not be received.", exposed=True)
