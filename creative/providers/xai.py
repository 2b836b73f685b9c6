"""xAI's image models: one exchange a call, JSON both ways, silent moderation, and the cost in each answer."""

import re
from base64 import b64encode
from itertools import islice
from typing import Final

from creative.providers import bearer
from creative.providers.base import Failure, InputPicture, Picture, ProviderCall, ProviderError, ProviderResult
from creative.providers.http import Answer, Deadline, TransportError

PARAMETERS: Final = ("aspect_ratio", "resolution")
"""The catalogue's parameters that are passed on, by the provider's own names."""
_HOME: Final = "https://api.x.ai"
_DOWNLOADS: Final = ("imgen.x.ai",)
"""Where the provider keeps pictures that it answers as addresses, against what was asked for."""
_TICKS_PER_MICRO: Final = 10_000
"""A tick is 1e-10 USD (xai-sdk, `cost.py`)."""
_ACCOUNT: Final = frozenset({402, 403, 429})
_BLOCKS: Final = ("team_blocked", "api_key_blocked", "api_key_disabled")
# Most errors have no code of their own. Sentences are compared from their beginning: a message may quote the
# prompt, and a prompt must not pass for the provider's own words.
_MODERATED_CODE: Final = "imagine:content-moderated"
_MODERATED_TEXT: Final = re.compile(
    r"(?:Generated image rejected by content moderation|Rejected by content moderation"
    r"|Content violates usage guidelines)\b"
)
_KEY_TEXT: Final = re.compile(r"Incorrect API key provided\b")
_MONEY_TEXT: Final = re.compile(r"Your (?:newly created )?team\b[^\n]*\b(?:credits|spending limit)\b")


class Adapter:
    """Calls the Images API, once: a broken exchange may be paid for, and nothing can be fetched later."""

    resumable = False
    cancellable = False

    def __init__(self) -> None:
        """Read the key and the base address from the settings."""
        self._api = bearer.Api("xai", home=_HOME)

    def generate(self, call: ProviderCall) -> ProviderResult:
        """Make the pictures, or raise `ProviderError`; inputs make it an edit."""
        if call.mask is not None:
            raise ProviderError(Failure.FAILED, "The provider takes no mask.")
        deadline = Deadline(call.timeout_seconds)
        wanted: dict[str, object] = {
            "model": call.model,
            "prompt": call.prompt,
            "n": call.output_count,
            "response_format": "b64_json",
        }
        wanted |= {name: call.parameters[name] for name in PARAMETERS if name in call.parameters}
        # Pictures that are sent to `generations` are ignored there, and billed.
        path = "/v1/images/edits" if call.inputs else "/v1/images/generations"
        answer = self._api.buy(
            path,
            deadline=deadline,
            output_count=call.output_count,
            json=wanted | _inputs(call.inputs),
            means=_failure,
        )
        try:
            return self._result(call, answer, deadline)
        except ProviderError as error:
            self._api.report(answer, error)
            raise

    def probe(self) -> None:
        """Read what the provider says of the key, which is free: whether it or its team is blocked."""
        answer = self._api.ask("/v1/api-key")
        if not bearer.is_success(answer):
            raise _failure(answer)
        key = bearer.told(answer)
        if not key:
            raise ProviderError(Failure.FAILED, "The provider's answer about the key cannot be read.")
        if any(key.get(name) is True for name in _BLOCKS):
            raise ProviderError(Failure.UNUSABLE, "The provider has blocked this service's key or account.")

    def _result(self, call: ProviderCall, answer: Answer, deadline: Deadline) -> ProviderResult:
        """Return the pictures of an answer, no more than were asked for, and what it says it cost.

        A picture that the provider withheld is missing or flagged, in an answer that says success.
        """
        if not bearer.is_success(answer):
            raise _failure(answer)
        body = bearer.told(answer)
        cost = _cost_micros(body.get("usage"))
        entries = body.get("data")
        if not isinstance(entries, list):
            raise ProviderError(Failure.FAILED, bearer.NO_PICTURE, cost_micros=cost or 0, exposed=True)
        delivered = [entry for entry in entries if not _is_withheld(entry)]
        found = (self._picture(entry, deadline) for entry in delivered)
        pictures = tuple(islice((picture for picture in found if picture is not None), call.output_count))
        if pictures:
            return ProviderResult(pictures, cost_micros=cost)
        if not entries or len(delivered) < len(entries):
            raise _refusal(cost)
        raise ProviderError(Failure.FAILED, bearer.NO_PICTURE, cost_micros=cost or 0, exposed=True)

    def _picture(self, entry: object, deadline: Deadline) -> Picture | None:
        """Return an entry's picture, fetched without the key where it is an address; None: there is none."""
        if not isinstance(entry, dict):
            return None
        if entry.get("b64_json"):
            return bearer.picture(entry["b64_json"])
        url = entry.get("url")
        if not isinstance(url, str) or url.startswith("data:"):
            return bearer.picture(url)
        try:
            answer = self._api.client.download(
                url, suffixes=_DOWNLOADS, deadline=deadline, most_bytes=bearer.MOST_PICTURE_BYTES
            )
        except (TransportError, ProviderError, ValueError):
            # No address, or no picture there in time; what has come so far is still delivered.
            return None
        return bearer.sniffed(answer.body) if bearer.is_success(answer) else None


def _inputs(pictures: tuple[InputPicture, ...]) -> dict[str, object]:
    """Return the field of the inputs: one picture under `image`, several under `images`."""
    entries = [
        {"type": "image_url", "url": f"data:{picture.mime_type};base64,{b64encode(picture.data).decode()}"}
        for picture in pictures
    ]
    if len(entries) == 1:
        return {"image": entries[0]}
    return {"images": entries} if entries else {}


def _is_withheld(entry: object) -> bool:
    if not isinstance(entry, dict):
        return False
    return entry.get("respect_moderation") is False or not (entry.get("b64_json") or entry.get("url"))


def _cost_micros(usage: object) -> int | None:
    """Return the cost that an answer tells, in millionths of a USD, rounded up."""
    ticks = usage.get("cost_in_usd_ticks") if isinstance(usage, dict) else None
    return -(-ticks // _TICKS_PER_MICRO) if type(ticks) is int and ticks >= 0 else None


def _refusal(cost: int | None) -> ProviderError:
    """Return a refusal with what it cost all the same; without a word on that it may have cost something."""
    return ProviderError(Failure.REFUSED, bearer.REFUSED, cost_micros=cost or 0, exposed=cost is None)


def _failure(answer: Answer) -> ProviderError:
    """Return what an error means: by its sentence, where that says more than the status."""
    body = bearer.told(answer)
    error = body.get("error")
    text = error.get("message") if isinstance(error, dict) else error
    text = text if isinstance(text, str) else ""
    if body.get("code") == _MODERATED_CODE or _MODERATED_TEXT.match(text):
        return _refusal(_cost_micros(body.get("usage")))
    if answer.status in _ACCOUNT and _MONEY_TEXT.match(text):
        return ProviderError(Failure.UNUSABLE, bearer.OUT_OF_MONEY)
    if _KEY_TEXT.match(text):
        return ProviderError(Failure.UNUSABLE, bearer.BAD_KEY)
    return bearer.by_status(answer)
