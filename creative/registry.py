"""Which providers have an adapter: a table of dotted paths, loaded on first use."""

from functools import cache
from typing import Final

from django.conf import settings
from django.utils.module_loading import import_string

from creative.providers.base import Provider

ADAPTERS: Final = {
    "canvas": "creative.providers.canvas.Adapter",
    "fal": "creative.providers.fal.Adapter",
    "openai": "creative.providers.openai.Adapter",
    "xai": "creative.providers.xai.Adapter",
}


@cache
def provider(provider_id: str) -> Provider:
    """Return the adapter of a provider; one instance serves every thread."""
    adapter: Provider = import_string(ADAPTERS[provider_id])()
    return adapter


def wired() -> frozenset[str]:
    """Return the providers that have an adapter."""
    return frozenset(ADAPTERS)


def configured() -> frozenset[str]:
    """Return the providers whose key is set; one that needs none is not among them."""
    return frozenset(name for name, key in settings.PROVIDER_KEYS.items() if key and name in ADAPTERS)
