"""Addresses of operations."""

from django.urls import path

from imageskill.console.operations import pages, pricing, quarantined, signups

urlpatterns = [
    path("console/providers", pages.providers, name="console_providers"),
    path("console/providers/switch", pages.switch, name="console_switch"),
    path("console/prices", pricing.listed, name="console_prices"),
    path("console/prices/<str:model_id>", pricing.model, name="console_price"),
    path("console/prices/<str:model_id>/change", pricing.change, name="console_price_change"),
    path("console/prices/<str:model_id>/compared", pricing.compared, name="console_price_compared"),
    path("console/quarantine", quarantined.listed, name="console_quarantine"),
    path("console/quarantine/new", quarantined.ask, name="console_quarantine_ask"),
    path("console/quarantine/<str:sha256>/release", quarantined.release, name="console_quarantine_release"),
    path("console/signups", signups.signups, name="console_signups"),
    path("console/signups/expiry", signups.expiry, name="console_expiry"),
]
