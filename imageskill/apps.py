"""The roof as a Django app: its checks and commands."""

from django.apps import AppConfig

from imageskill import checks


class RoofConfig(AppConfig):
    """Registers the numbered system checks."""

    name = "imageskill"
    checks = checks
