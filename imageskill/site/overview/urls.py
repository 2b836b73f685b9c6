"""Addresses of the first page."""

from django.urls import path

from imageskill.site.overview import pages

urlpatterns = [path("w/<str:organization_id>/", pages.overview, name="overview")]
