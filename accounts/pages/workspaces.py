"""Workspaces, their members and invitations: one function an operation."""

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from accounts import members
from accounts.forms import Invite, RoleChoice, WorkspaceName
from accounts.freshness import fresh_required
from accounts.models import Membership, Role
from accounts.pages.people import LAST_WORKSPACE, act, in_workspace, show, signed_in


@require_GET
@never_cache
@login_required
def home_of_person(request: HttpRequest) -> HttpResponseBase:
    """Lead to the workspace that was looked at last, else to any, else to making one."""
    user = signed_in(request)
    mine = [workspace.pk for workspace in members.workspaces_of(user)]
    last = request.session.get(LAST_WORKSPACE)
    if mine:
        return HttpResponseRedirect(reverse("overview", args=[last if last in mine else mine[0]]))
    if members.invitations_for(user):
        return HttpResponseRedirect(reverse("invitations"))
    return HttpResponseRedirect(reverse("workspace_new"))


@require_GET
@never_cache
@login_required
def new(request: HttpRequest) -> HttpResponseBase:
    """Ask for the name of a new workspace."""
    return show(request, "accounts/workspace_new.html", None, form=WorkspaceName())


@require_POST
@never_cache
@login_required
def make(request: HttpRequest) -> HttpResponseBase:
    """Make a workspace and go there."""
    form = WorkspaceName(request.POST)
    if form.is_valid():
        try:
            made = members.make_workspace(user=signed_in(request), name=form.cleaned_data["name"])
        except members.CannotError as error:
            form.add_error(None, str(error))
        else:
            return HttpResponseRedirect(reverse("overview", args=[made.pk]))
    return show(request, "accounts/workspace_new.html", None, form=form)


@require_GET
@in_workspace
def settings_of(request: HttpRequest, place: Membership) -> HttpResponseBase:
    """Show what can be set of a workspace."""
    form = WorkspaceName(initial={"name": place.organization.name})
    return show(request, "accounts/workspace_settings.html", place, page="settings", form=form)


@require_POST
@in_workspace
def rename(request: HttpRequest, place: Membership) -> HttpResponseBase:
    """Give the workspace another name."""
    form = WorkspaceName(request.POST)
    if not form.is_valid():
        return show(request, "accounts/workspace_settings.html", place, page="settings", form=form)
    name = form.cleaned_data["name"]

    def doing() -> str:
        members.rename(by=place, name=name)
        return f"The workspace is called {name} now."

    return act(request, doing, reverse("workspace_settings", args=[place.organization_id]))


@require_GET
@in_workspace
def people(request: HttpRequest, place: Membership) -> HttpResponseBase:
    """Show who belongs to the workspace and who is invited."""
    return _people(request, place, Invite())


def _people(request: HttpRequest, place: Membership, form: Invite) -> HttpResponseBase:
    return show(
        request,
        "accounts/members.html",
        place,
        page="members",
        people=members.people_of(place.organization),
        invitations=members.open_invitations(place.organization),
        roles=Role.choices,
        form=form,
    )


@require_POST
@fresh_required
@in_workspace
def invite(request: HttpRequest, place: Membership) -> HttpResponseBase:
    """Invite an address."""
    form = Invite(request.POST)
    if not form.is_valid():
        return _people(request, place, form)
    email, role = form.cleaned_data["email"], form.cleaned_data["role"]

    def doing() -> str:
        members.invite(by=place, email=email, role=role)
        return f"The invitation is on its way to {email}."

    return act(request, doing, _members(place))


@require_POST
@in_workspace
def withdraw(request: HttpRequest, place: Membership, invitation_id: int) -> HttpResponseBase:
    """Take an invitation back."""

    def doing() -> str:
        members.withdraw(by=place, invitation_id=invitation_id)
        return "The invitation is withdrawn."

    return act(request, doing, _members(place))


@require_POST
@fresh_required
@in_workspace
def change_role(request: HttpRequest, place: Membership, user_id: str) -> HttpResponseBase:
    """Give a member another role."""
    form = RoleChoice(request.POST)

    def doing() -> str:
        if not form.is_valid():
            raise members.CannotError("There is no such role.")
        members.change_role(by=place, user_id=user_id, role=form.cleaned_data["role"])
        return "The role is changed."

    return act(request, doing, _members(place))


@require_POST
@fresh_required
@in_workspace
def remove(request: HttpRequest, place: Membership, user_id: str) -> HttpResponseBase:
    """Take a member out."""

    def doing() -> str:
        members.remove(by=place, user_id=user_id)
        return "The member is out of the workspace."

    return act(request, doing, _members(place))


@require_POST
@never_cache
@login_required
def leave(request: HttpRequest, organization_id: str) -> HttpResponseBase:
    """Leave a workspace; viewers may, too."""
    place = members.workspace_of(signed_in(request), organization_id)
    if place is None:
        raise Http404

    def doing() -> str:
        members.remove(by=place, user_id=place.user_id)
        return f"You have left {place.organization.name}."

    return act(request, doing, reverse("home_of_person"))


@require_GET
@never_cache
@login_required
def invitations(request: HttpRequest) -> HttpResponseBase:
    """Show the invitations to one's own addresses."""
    waiting = members.invitations_for(signed_in(request))
    return show(request, "accounts/invitations.html", None, invitations=waiting)


@require_POST
@never_cache
@login_required
def accept(request: HttpRequest, invitation_id: int) -> HttpResponseBase:
    """Join a workspace."""

    def doing() -> str:
        joined = members.accept(user=signed_in(request), invitation_id=invitation_id)
        request.session[LAST_WORKSPACE] = joined.pk
        return f"You belong to {joined.name} now."

    return act(request, doing, reverse("home_of_person"))


@require_POST
@never_cache
@login_required
def decline(request: HttpRequest, invitation_id: int) -> HttpResponseBase:
    """Refuse an invitation."""

    def doing() -> str:
        members.decline(user=signed_in(request), invitation_id=invitation_id)
        return "The invitation is declined."

    return act(request, doing, reverse("invitations"))


def _members(place: Membership) -> str:
    return reverse("members", args=[place.organization_id])
