"""Addresses of operations."""

from django.urls import path

from imageskill.console.operations import pages, signups

urlpatterns = [
    path("console/providers", pages.providers, name="console_providers"),
    path("console/providers/switch", pages.switch, name="console_switch"),
    path("console/signups", signups.signups, name="console_signups"),
    path("console/signups/expiry", signups.expiry, name="console_expiry"),
]
