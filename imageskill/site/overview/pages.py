"""The first page of a workspace."""

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_GET

from accounts import members
from accounts.models import Membership
from accounts.pages.people import in_workspace, show


@require_GET
@in_workspace
def overview(request: HttpRequest, place: Membership) -> HttpResponseBase:
    """Show a workspace at a glance."""
    command = (
        f"curl -sS {settings.BASE_URL}/v1/agent-signups -H 'content-type: application/json' \\\n"
        f"""  -d '{{"human_email":"{place.user.email}","agent_name":"first-agent","runtime":"shell"}}'"""
    )
    agents = members.agents_of(place.organization)
    return show(request, "overview/overview.html", place, agents=agents, signup_command=command, page="overview")
