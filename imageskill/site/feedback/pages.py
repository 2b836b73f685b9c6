"""What a workspace's agents reported, and what became of it."""

from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_GET

from accounts.models import Membership
from accounts.pages.people import in_workspace, show
from creative.models import Feedback
from imageskill.core.ids import prefix_of
from imageskill.site.feedback import reports

COMMAND = (
    "image-skill feedback create --title 'Edit loses the transparent background' \\\n"
    "  --body 'After an edit the background is black.' --command 'image-skill edit' \\\n"
    "  --expected 'A transparent background' --actual 'A black background' \\\n"
    "  --evidence JOB_ID --json"
)


@require_GET
@in_workspace
def feedback(request: HttpRequest, place: Membership) -> HttpResponseBase:
    """Show the reports of all agents, newest first, or those of one state."""
    state, before = request.GET.get("state") or None, request.GET.get("before")
    if (state is not None and state not in Feedback.State.values) or (
        before is not None and prefix_of(before) != "sig"
    ):
        raise Http404
    page, cursor = reports.listed(place, state=state, before=before)
    return show(
        request,
        "feedback/feedback.html",
        place,
        page="feedback",
        reports=page,
        cursor=cursor,
        state=state,
        before=before,
        summary=reports.summary(place),
        command=COMMAND,
    )


@require_GET
@in_workspace
def report(request: HttpRequest, place: Membership, feedback_id: str) -> HttpResponseBase:
    """Show one report as its agent sees it."""
    found = reports.one(place, feedback_id)
    if found is None:
        raise Http404
    return show(request, "feedback/report.html", place, page="feedback", report=found)
