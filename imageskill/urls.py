"""The url map: the roof, where floors that must not know each other are wired."""

from typing import Any

from django.urls import include, path

from accounts.models import Agent
from accounts.views import AgentClaim, AgentClaimCollect, AgentSignup, AgentTokenRotate, Whoami
from billing import allowances, mandates, payers, quota
from billing.presenters.quota import limits_json, mandate_json
from billing.quota import Quota
from billing.views.quota import QuotaShow
from creative import offers, prices
from imageskill.core import api, error_pages
from imageskill.site import documents
from imageskill.site.cli import CommandLine
from imageskill.site.context import figures
from imageskill.site.health import Health, livez
from imageskill.site.home import Home
from imageskill.site.metrics import metrics
from imageskill.site.styleguide import styleguide

handler400 = api.handler400
handler403 = api.handler403
handler404 = api.handler404
handler429 = error_pages.handler429
handler500 = api.handler500


def limits_of(agent: Agent) -> dict[str, Any]:
    """Return an agent's credits, for the signup's answer."""
    return limits_json(quota.of_agent(agent))


def mandate_of(agent: Agent) -> dict[str, Any]:
    """Return what the owner allows; nothing is set before an owner sets it."""
    mandate = mandates.current(agent_id=agent.pk, organization_id=agent.organization_id)
    return mandate_json(mandate, paused=agent.paused_at is not None)


def models_of(now: Quota) -> dict[str, Any]:
    """Return which models an agent may use, and the most pictures of one request."""
    catalogue = prices.lately()
    return {
        "allowed": "all" if now.allowed_models is None else list(now.allowed_models),
        "max_outputs_per_request": max(entry.max_outputs for entry in catalogue.order),
        "free_credits_buy": list(offers.preview_models(catalogue)),
    }


urlpatterns = [
    path("", Home.as_view(), name="home"),
    path("healthz", Health.as_view()),
    path("livez", livez),
    path("metrics", metrics),
    path("skill.md", documents.skill),
    path("llms.txt", documents.llms),
    path("cli.md", documents.cli),
    path("v1/openapi.json", documents.openapi),
    path("v1/docs", documents.reference),
    path("v1/cli", CommandLine.as_view()),
    path("v1/agent-signups", AgentSignup.as_view(opener=allowances.open_for, limits_of=limits_of)),
    path("v1/agent-claims", AgentClaim.as_view(opener=allowances.open_for, payer_of=payers.of)),
    path("v1/agent-claims/collect", AgentClaimCollect.as_view()),
    path("v1/agent-tokens/rotate", AgentTokenRotate.as_view()),
    path("v1/whoami", Whoami.as_view(mandate_of=mandate_of)),
    path("v1/quota", QuotaShow.as_view(models_of=models_of)),
    # What programs ask is asked most: it stands before the many addresses of pages.
    path("", include("billing.urls")),
    path("", include("creative.urls")),
    path("styleguide", styleguide),
    path("w/<str:organization_id>/figures", figures, name="figures"),
    path("", include("imageskill.site.overview.urls")),
    path("", include("imageskill.site.gallery.urls")),
    path("", include("imageskill.site.activity.urls")),
    path("", include("imageskill.site.agents.urls")),
    path("", include("imageskill.site.approvals.urls")),
    path("", include("imageskill.site.credits.urls")),
    path("", include("imageskill.site.feedback.urls")),
    path("", include("imageskill.site.claim.urls")),
    path("", include("imageskill.console.urls")),
    path("", include("accounts.urls")),
]
