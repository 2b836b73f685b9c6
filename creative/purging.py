"""Telling a content delivery network that addresses are gone, by a function that the operator names."""

import logging
from collections.abc import Callable, Sequence
from typing import cast

from django.conf import settings
from django.utils.module_loading import import_string

from imageskill.core.units import forbid_inside

logger = logging.getLogger("imageskill.storage")


def purge(addresses: Sequence[str]) -> None:
    """Call MEDIA_PURGE_HOOK with the addresses, where it is set.

    A hook that fails is logged and nothing more: the bytes are gone, and what was cached ends within a day.
    """
    if not settings.MEDIA_PURGE_HOOK:
        return
    forbid_inside("purging a cache")
    try:
        hook = cast("Callable[[list[str]], object]", import_string(settings.MEDIA_PURGE_HOOK))
        hook(list(addresses))
    except Exception:
        logger.exception("the purge hook failed")
