"""A model's answer: its pictures fetched, those dropped that fal flagged, and what it says they cost."""

import logging
from collections.abc import Mapping
from decimal import ROUND_CEILING, Decimal, InvalidOperation
from typing import Any, Final

from creative.catalogue import costs
from creative.catalogue.entries import ModelEntry
from creative.catalogue.sizes import Size, expected_size
from creative.providers import bearer
from creative.providers.base import Failure, Picture, ProviderCall, ProviderError, ProviderResult
from creative.providers.fal import failures
from creative.providers.http import Answer, Client, Deadline, TransportError

_MEDIA: Final = ("fal.media",)
_MOST_UNITS: Final = 1_000_000

logger = logging.getLogger("imageskill.providers")


def read(
    client: Client, answer: Answer, call: ProviderCall, entry: ModelEntry | None, deadline: Deadline
) -> ProviderResult:
    """Return the pictures of an answer, no more than were asked for.

    Flagged pictures are dropped: they are refused, paid for all the same, and perhaps black. ProviderError: none
    is left, or none could be fetched.
    """
    told = bearer.told(answer)
    images = told.get("images")
    if not isinstance(images, list):
        raise failures.logged(answer, ProviderError(Failure.FAILED, bearer.NO_PICTURE, exposed=True))
    cost = _cost_micros(answer, images, call, entry) if entry is not None else None
    flags = told.get("has_nsfw_concepts")
    flagged = [flag is True for flag in flags] if isinstance(flags, list) else [flags is True] * len(images)
    wanted = [image for number, image in enumerate(images) if not any(flagged[number : number + 1])]
    if images and not wanted:
        error = ProviderError(Failure.REFUSED, bearer.REFUSED, cost_micros=cost or 0, exposed=cost is None)
        raise failures.logged(answer, error)
    found = (_picture(client, image, deadline) for image in wanted[: call.output_count])
    pictures = tuple(picture for picture in found if picture is not None)
    if not pictures:
        raise failures.logged(answer, _nothing_came(deadline, cost))
    return ProviderResult(pictures, cost_micros=cost)


def _nothing_came(deadline: Deadline, cost: int | None) -> ProviderError:
    """Return why there is no picture although some were made, and paid for."""
    failure, message = Failure.FAILED, bearer.NO_PICTURE
    try:
        deadline.left()
    except ProviderError as late:
        failure, message = late.failure, late.message
    return ProviderError(failure, message, cost_micros=cost or 0, exposed=True)


def _picture(client: Client, image: object, deadline: Deadline) -> Picture | None:
    """Return one picture, fetched without the key; None: there is none to be had."""
    url = image.get("url") if isinstance(image, dict) else None
    if isinstance(url, str) and url.startswith("data:"):
        return bearer.picture(url)
    kind = "malformed"
    if failures.is_plain(url):
        try:
            answer = client.download(url, suffixes=_MEDIA, deadline=deadline, most_bytes=bearer.MOST_PICTURE_BYTES)
        except TransportError as error:
            kind = str(error.kind)
        except ProviderError as error:
            # What has come before the deadline is still delivered.
            kind = str(error.failure)
        else:
            if bearer.is_success(answer):
                return bearer.sniffed(answer.body)
            kind = f"status {answer.status}"
    logger.warning(
        "provider's picture was not fetched", extra={"fields": {"provider": failures.NAME, "kind": kind}}
    )
    return None


def _cost_micros(answer: Answer, images: list[Any], call: ProviderCall, entry: ModelEntry) -> int | None:
    """Return what a call cost (millionths of a USD) by the units that fal billed; None: it cannot be told.

    Units are told for models that are priced by the megapixel, whose count by the catalogue's rule is compared:
    a difference means that the price data is wrong, and is logged for staff.
    """
    units = _number(answer.headers.get("x-fal-billable-units", ""))
    if units is None or entry.price.unit != "megapixel" or entry.price.megapixels is None:
        return None
    one = costs.provider_cost(entry, call.parameters, width=entry.price.megapixels.pixels, height=1)
    if one.micros_per_image is None:
        return None
    billed = int((units * one.micros_per_image).to_integral_value(rounding=ROUND_CEILING))
    expected = _expected_micros(images, call, entry)
    if expected is not None and billed != expected:
        logger.warning(
            "provider billed other units than its pictures have",
            extra={
                "fields": {
                    "provider": failures.NAME,
                    "model": entry.id,
                    "units": str(units),
                    "billed_micros": billed,
                    "expected_micros": expected,
                    "request_id": failures.request_id(answer),
                }
            },
        )
    return billed


def _expected_micros(images: list[Any], call: ProviderCall, entry: ModelEntry) -> int | None:
    """Return the price of the pictures by the catalogue; None: the size of one is not known."""
    ordered = expected_size(entry, call.parameters)
    total = 0
    for image in images:
        width, height = _size(image) or ordered or (None, None)
        cost = costs.provider_cost(entry, call.parameters, width=width, height=height).micros_per_image
        if cost is None:
            return None
        total += cost
    return total


def _size(image: object) -> Size | None:
    if not isinstance(image, Mapping):
        return None
    width, height = image.get("width"), image.get("height")
    if type(width) is not int or type(height) is not int or width < 1 or height < 1:
        return None
    return Size(width, height)


def _number(text: str) -> Decimal | None:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return number if number.is_finite() and 0 <= number <= _MOST_UNITS else None
