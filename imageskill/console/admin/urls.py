"""Addresses of the admin."""

from django.urls import path

from imageskill.console.admin.site import site

urlpatterns = [path("admin/", site.urls)]
