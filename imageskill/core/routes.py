"""Which paths this version of the service answers."""

from django.urls import Resolver404, resolve


def is_served(path: str) -> bool:
    """Say whether an operation lives under a path, so that no answer advises one that is still to come."""
    try:
        resolve(path)
    except Resolver404:
        return False
    return True
