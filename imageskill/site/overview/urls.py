"""Addresses of the first page."""

from django.urls import path

from imageskill.site.overview import pages

urlpatterns = [
    path("w/<str:organization_id>/", pages.overview, name="overview"),
    path("w/<str:organization_id>/running", pages.running, name="running"),
    path("w/<str:organization_id>/seen", pages.seen, name="overview_seen"),
    path("w/<str:organization_id>/find", pages.find, name="find"),
]
