"""Addresses of the staff console, without a slash at the end: so nothing is redirected to what is not there.

Those of the admin end with one, as Django has them, and redirect nobody either (imageskill/console/doors.py).
"""

from django.urls import include, path

from imageskill.console import changelog, frame

urlpatterns = [
    path("changelog", changelog.changelog, name="changelog"),
    path("console", frame.console, name="console"),
    path("", include("imageskill.console.feedback.urls")),
    path("console/", include("imageskill.console.money.urls")),
    path("", include("imageskill.console.people.urls")),
    path("", include("imageskill.console.operations.urls")),
    path("", include("imageskill.console.view_as.urls")),
    path("", include("imageskill.console.admin.urls")),
]
