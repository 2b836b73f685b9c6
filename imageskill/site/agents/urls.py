"""Addresses of the agents' pages."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
