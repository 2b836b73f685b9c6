"""Addresses of the activity browser."""

from django.urls import path

from imageskill.site.activity import pages

_ALL = "w/<str:organization_id>/activity"

urlpatterns = [
    path(_ALL, pages.browse, name="activity"),
    path(f"{_ALL}/tail", pages.tail, name="activity_tail"),
    path(f"{_ALL}/suggestions", pages.suggestions, name="activity_suggestions"),
    path(f"{_ALL}/export.csv", pages.download, {"form": "csv"}, name="activity_csv"),
    path(f"{_ALL}/export.jsonl", pages.download, {"form": "jsonl"}, name="activity_jsonl"),
    path(f"{_ALL}/of/<str:reference>", pages.drawer, name="activity_event"),
    path("time-zone", pages.choose_zone, name="time_zone"),
]
