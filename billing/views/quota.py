"""`GET /v1/quota`."""

from collections.abc import Callable, Mapping
from typing import Any

from django.http import HttpResponse
from rest_framework.request import Request

from accounts.permissions import caller
from billing import quota
from billing.presenters import quota as presenters
from billing.quota import Quota
from imageskill.core.api import ApiView


class QuotaShow(ApiView):
    """`GET /v1/quota`. The roof passes in which models the agent may use."""

    command = "image-skill usage quota"
    models_of: Callable[[Quota], Mapping[str, Any]] = staticmethod(lambda _quota: {})

    def get(self, request: Request) -> HttpResponse:
        """Say what the caller has, holds, spent and may still do."""
        agent = caller(request).agent
        now = quota.of_agent(agent)
        return self.answer(presenters.quota_json(agent, now, self.models_of(now)))
