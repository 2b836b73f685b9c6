"""Addresses of the activity browser."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
