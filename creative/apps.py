"""The third floor as a Django app."""

from django.apps import AppConfig


class CreativeConfig(AppConfig):
    """Pictures: what can be made, making it, and what was made."""

    name = "creative"
