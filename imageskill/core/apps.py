"""The ground floor as a Django app."""

from django.apps import AppConfig


class CoreConfig(AppConfig):
    """Events, idempotency keys, tallies, the outbox and periodic runs."""

    name = "imageskill.core"
    label = "core"
