"""The reading operations of the third floor: jobs, activity."""

from django.http import HttpResponse
from rest_framework.request import Request

from accounts.permissions import caller
from creative import activity
from creative.presenters import activity as activity_presenters
from imageskill.core import pagination
from imageskill.core.api import ApiView


def wants_latest(request: Request) -> bool:
    """Say whether the caller asks for event types that came after the seed contract."""
    return request.headers.get("image-skill-contract", "").strip().lower() == "latest"


class ActivityList(ApiView):
    """`GET /v1/activity`."""

    command = "image-skill activity list"
    grant = "activity.read"
    query_fields = frozenset({"limit", "cursor", "subject", "type"})

    def get(self, request: Request) -> HttpResponse:
        """List the caller's events, newest first."""
        actor, query, latest = caller(request), request.query_params, wants_latest(request)
        rows = activity.visible_to(actor, latest=latest)
        if "subject" in query:
            rows = activity.of_subject(rows, actor, query["subject"])
        if "type" in query:
            rows = activity.of_type(rows, query["type"], latest=latest)
        page, cursor = pagination.page(rows, query, prefix="evt")
        return self.answer(activity_presenters.list_json(page, cursor))


class ActivityShow(ApiView):
    """`GET /v1/activity/REF`."""

    command = "image-skill activity show"
    grant = "activity.read"

    def get(self, request: Request, reference: str) -> HttpResponse:
        """Show one event, or the events of a subject."""
        exact, found = activity.find(caller(request), reference, latest=wants_latest(request))
        return self.answer(activity_presenters.show_json(reference, exact, found))
