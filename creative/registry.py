"""Which providers have an adapter: a table of dotted paths, loaded on first use."""

from functools import cache
from typing import Final

from django.utils.module_loading import import_string

from creative.providers.base import Provider

ADAPTERS: Final = {"canvas": "creative.providers.canvas.Adapter"}


@cache
def provider(provider_id: str) -> Provider:
    """Return the adapter of a provider; one instance serves every thread."""
    adapter: Provider = import_string(ADAPTERS[provider_id])()
    return adapter


def wired() -> frozenset[str]:
    """Return the providers that have an adapter."""
    return frozenset(ADAPTERS)


def configured() -> frozenset[str]:
    """Return the providers that can be called: those with an adapter whose key, if they need one, is set."""
    return frozenset(ADAPTERS)
