"""The second floor as a Django app."""

from django.apps import AppConfig


class BillingConfig(AppConfig):
    """Money: what may be spent, what is held, what was spent."""

    name = "billing"
