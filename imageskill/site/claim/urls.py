"""Addresses of the claim page."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
