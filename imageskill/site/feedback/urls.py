"""Addresses of the owner's feedback page."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
