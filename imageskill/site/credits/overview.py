"""The credits page: what there is, what it goes to, how long it lasts, and what can be bought."""

import secrets
from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from accounts import organizations
from accounts.models import Membership
from accounts.pages.people import in_workspace, show
from billing import alerts, findings, history, lots, outlook, packs, rails, standing
from billing.buying import method
from billing.models import LotKind, PaymentMethod
from imageskill.site.credits import chart, favourite, running
from imageskill.site.credits.forms import AlertForm
from imageskill.site.credits.words import KINDS, STATES, source

_LAST_PURCHASES = 5


@require_GET
@in_workspace
def credits(request: HttpRequest, place: Membership) -> HttpResponseBase:
    """Show what a workspace has, holds, spends and buys."""
    ids = organizations.with_shells(place.organization_id)
    now = timezone.now()
    told = standing.of_workspace(place.organization_id, at=now)
    ahead = outlook.foresee(ids, told, at=now)
    days = outlook.days(ids, told, at=now)
    bought, _ = history.page(ids)
    shown: dict[str, Any] = {
        **_numbers(ids, place),
        "books": findings.standing(organization_ids=ids),
        "outlook": ahead,
        "chart": chart.burn_down(days, ahead, at=now),
        "days": days,
        "shares": outlook.shares(ids, told.month),
        "lots": [(number, lot, KINDS[LotKind(lot.kind)], source(lot)) for number, lot in lots.numbered(ids)],
        "lots_left_out": lots.MOST,
        "waiting": [(one, STATES[one.state]) for one in history.waiting(ids)],
        "purchases": [(one, STATES[one.state]) for one in bought if not one.is_open][:_LAST_PURCHASES],
        **_shop(ids),
        **_alert(place),
    }
    return show(request, "credits/credits.html", place, page="credits", **shown)


@require_GET
@in_workspace
def numbers(request: HttpRequest, place: Membership) -> HttpResponseBase:
    """Return the three numbers and how many plans wait, alone, for the page that keeps them true."""
    ids = organizations.with_shells(place.organization_id)
    shown = {"workspace": place.organization, "swaps": True, **_numbers(ids, place)}
    return render(request, "credits/numbers.html", shown)


def _numbers(ids: list[str], place: Membership) -> dict[str, Any]:
    told = standing.of_workspace(place.organization_id)
    held, count = running.jobs(ids)
    return {"standing": told, "running": held, "running_count": count}


def _shop(ids: list[str]) -> dict[str, Any]:
    """Return what is sold: packs with what they buy. Each form has a once-token of its own."""
    by = method()
    most_used = favourite.of(ids)
    offers = [
        {
            "pack": pack,
            "once": secrets.token_hex(16),
            "pictures": most_used.pictures(pack.credits) if most_used else None,
            "discount": 100 - pack.amount_cents * 100 // packs.price_cents(pack.credits),
        }
        for pack in packs.PACKS
    ]
    return {
        "method": by,
        "play_money": by == PaymentMethod.FAKE or (by is not None and not rails.rail(by).live_money),
        "packs": offers if by else [],
        "favourite": most_used,
        "custom_once": secrets.token_hex(16),
        "least_credits": max(packs.MIN_CUSTOM_CREDITS, rails.least_cents(by)) if by else 0,
        "most_credits": packs.MAX_CUSTOM_CREDITS,
    }


def _alert(place: Membership) -> dict[str, Any]:
    alert = alerts.of_workspace(place.organization_id)
    return {
        "alert": alert,
        "alert_form": AlertForm(place, alert),
        "alert_is_low": alerts.is_low(place.organization_id),
        "deliveries": alerts.last_deliveries(place.organization_id),
    }
