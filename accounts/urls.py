"""Addresses of the pages of people; what the sign-in library answers lies under /account/."""

from django.urls import include, path
from django.views.generic import RedirectView

from accounts.pages import fresh, workspaces

urlpatterns = [
    path("account/confirm/", fresh.confirm, name="fresh"),
    path("account/confirm/send", fresh.send, name="fresh_send"),
    path("account/confirm/check", fresh.check, name="fresh_check"),
    # A password alone would be a weaker answer than the ones that the confirmation page takes.
    path("account/reauthenticate/", RedirectView.as_view(pattern_name="fresh", query_string=True)),
    path("account/", include("allauth.urls")),
    path("home", workspaces.home_of_person, name="home_of_person"),
    path("invitations", workspaces.invitations, name="invitations"),
    path("invitations/<int:invitation_id>/accept", workspaces.accept, name="invitation_accept"),
    path("invitations/<int:invitation_id>/decline", workspaces.decline, name="invitation_decline"),
    path("workspaces/new", workspaces.new, name="workspace_new"),
    path("workspaces/make", workspaces.make, name="workspace_make"),
    path("w/<str:organization_id>/settings", workspaces.settings_of, name="workspace_settings"),
    path("w/<str:organization_id>/rename", workspaces.rename, name="workspace_rename"),
    path("w/<str:organization_id>/leave", workspaces.leave, name="workspace_leave"),
    path("w/<str:organization_id>/members", workspaces.people, name="members"),
    path("w/<str:organization_id>/members/invite", workspaces.invite, name="member_invite"),
    path("w/<str:organization_id>/members/<str:user_id>/role", workspaces.change_role, name="member_role"),
    path("w/<str:organization_id>/members/<str:user_id>/remove", workspaces.remove, name="member_remove"),
    path(
        "w/<str:organization_id>/invitations/<int:invitation_id>/withdraw",
        workspaces.withdraw,
        name="invitation_withdraw",
    ),
]
