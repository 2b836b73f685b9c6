"""Addresses of a workspace's page and of looking at it as its members do."""

from django.urls import path

from imageskill.console.view_as import pages

urlpatterns = [
    path("console/workspaces/<str:organization_id>", pages.workspace, name="console_workspace"),
    path("console/workspaces/<str:organization_id>/view", pages.begin, name="console_view"),
    path("console/view/end", pages.end, name="console_view_end"),
]
