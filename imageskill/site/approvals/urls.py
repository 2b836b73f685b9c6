"""Addresses of the approvals."""

from django.urls import path

from imageskill.site.approvals import pages

urlpatterns = [
    path("w/<str:organization_id>/approvals", pages.approvals, name="approvals"),
    path("w/<str:organization_id>/approvals/<str:job_id>", pages.approval, name="approval"),
    path("w/<str:organization_id>/approvals/<str:job_id>/approve", pages.approve, name="approval_approve"),
    path("w/<str:organization_id>/approvals/<str:job_id>/deny", pages.deny, name="approval_deny"),
]
