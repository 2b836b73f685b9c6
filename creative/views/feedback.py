"""Feedback over the wire: a report, the caller's reports, and what became of one."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.views.decorators.csrf import csrf_exempt
from rest_framework import serializers
from rest_framework.request import Request

from accounts.permissions import caller
from creative.feedback import intake, reading, secrets
from creative.presenters import feedback as presenters
from imageskill.core import pagination
from imageskill.core.api import ApiView
from imageskill.core.fields import FlagField, ListField, TextField

_WORD, _TEXT = 64, 8_000


def _optional(longest: int = _TEXT) -> TextField:
    return TextField(required=False, allow_null=True, allow_blank=True, max_length=longest)


class FeedbackCreate(ApiView):
    """`POST /v1/feedback`."""

    command = "image-skill feedback create"
    grant = "feedback.create"

    class Input(serializers.Serializer[Any]):
        title = _optional(300)
        body = _optional(20_000)
        type = _optional(_WORD)
        command = _optional(2_000)
        expected = _optional()
        actual = _optional()
        proof_needed = _optional()
        surface = ListField(
            child=TextField(max_length=_WORD, allow_blank=True), required=False, allow_null=True, max_length=20
        )
        evidence = ListField(
            child=TextField(max_length=500, allow_blank=True), required=False, allow_null=True, max_length=50
        )
        severity = _optional(_WORD)
        confidence = _optional(_WORD)
        next_state = _optional(_WORD)
        friction = _optional()
        strategic_reason = _optional()
        dedupe_key = _optional(200)
        source = _optional(120)  # type: ignore[assignment] # the wire's name is one of DRF's own
        trace_id = _optional(128)
        allow_weak_signal = FlagField(default=False)

    def _allowed(self) -> list[str]:
        return ["get", "post"]

    @property
    def allowed_methods(self) -> list[str]:
        """Return what the path takes, the list too."""
        return [name.upper() for name in self._allowed()]

    def post(self, request: Request) -> HttpResponse:
        """Take a report in, rate it, and name reports like it."""
        sent = self.read(request)
        secrets.refuse_secrets(sent, known=frozenset(self.Input().fields))
        made = intake.submit(actor=caller(request), fields=self.validated(sent))
        self.warnings += made.warnings
        return self.answer(presenters.created_json(made))


class FeedbackList(ApiView):
    """`GET /v1/feedback`."""

    command = "image-skill feedback list"
    grant = "activity.read"
    query_fields = frozenset({"limit", "cursor"})

    def get(self, request: Request) -> HttpResponse:
        """List the caller's reports, newest first."""
        rows = reading.listed(caller(request))
        page, cursor = pagination.page(rows, request.query_params, prefix="sig")
        return self.answer(presenters.list_json(page, cursor))


class FeedbackShow(ApiView):
    """`GET /v1/feedback/ID`."""

    command = "image-skill feedback show"
    grant = "activity.read"

    def get(self, request: Request, reference: str) -> HttpResponse:
        """Show a report and what became of it."""
        return self.answer(presenters.show_json(reading.visible_to(caller(request), reference)))


_create, _list = FeedbackCreate.as_view(), FeedbackList.as_view()


@csrf_exempt
def feedback(request: HttpRequest) -> HttpResponseBase:
    """Pass a call for all reports to the operation of its method."""
    return (_list if request.method == "GET" else _create)(request)
