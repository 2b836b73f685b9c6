"""`GET /v1/quota`."""

from collections.abc import Callable, Mapping
from typing import Any

from django.http import HttpResponse
from rest_framework.request import Request

from accounts.models import Agent
from accounts.permissions import caller
from billing import quota
from billing.presenters import quota as presenters
from imageskill.core.api import ApiView


class QuotaShow(ApiView):
    """`GET /v1/quota`. The roof passes in which models the agent may use."""

    command = "image-skill usage quota"
    models_of: Callable[[Agent], Mapping[str, Any]] = staticmethod(lambda _agent: {})

    def get(self, request: Request) -> HttpResponse:
        """Say what the caller has, holds, spent and may still do."""
        agent = caller(request).agent
        return self.answer(presenters.quota_json(agent, quota.of_agent(agent), self.models_of(agent)))
