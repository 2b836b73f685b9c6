"""Addresses of the credits page."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
