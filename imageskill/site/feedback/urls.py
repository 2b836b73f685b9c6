"""Addresses of the owner's feedback page."""

from django.urls import path

from imageskill.site.feedback import pages

urlpatterns = [
    path("w/<str:organization_id>/feedback", pages.feedback, name="feedback"),
    path("w/<str:organization_id>/feedback/<str:feedback_id>", pages.report, name="feedback_report"),
]
