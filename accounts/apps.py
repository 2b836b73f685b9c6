"""The first floor as a Django app."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Who may act, and for whom."""

    name = "accounts"
