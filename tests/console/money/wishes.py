"""What staff wish for an organization's credits, and what the books then say."""

from typing import Any

from django.test import Client

from accounts.models import Organization
from accounts.staff import Staff
from billing import adjustments
from billing.models import Adjustment, CreditAccount
from imageskill.core.ids import new_id
from tests.billing.books import give, new_agent
from tests.console.desk import make_staff

NEW = "/console/money/adjustments/new"


def place(credits: int = 0) -> Organization:
    """Return an organization, with so many free credits."""
    agent = new_agent()
    if credits:
        give(agent, credits)
    return agent.organization


def fields(organization: Organization, change: int, **sent: str) -> dict[str, str]:
    return {
        "key": new_id("adj"),
        "organization_id": organization.pk,
        "direction": "add" if change > 0 else "take",
        "credits": str(abs(change)),
        "reason": "Pictures of 3 May came out black",
        "ticket": "T-1",
        **sent,
    }


def ask(client: Client, organization: Organization, change: int, **sent: str) -> Any:
    return client.post(NEW, fields(organization, change, **sent))


def available(organization: Organization) -> int:
    account = CreditAccount.objects.filter(pk=organization.pk).first()
    return account.available_credits if account is not None else 0


def person(address: str) -> Staff:
    return Staff(make_staff(address).pk)


def wish(organization: Organization, credits: int, by: Staff) -> Adjustment:
    return adjustments.ask(
        adjustment_id=new_id("adj"),
        organization_id=organization.pk,
        credits=credits,
        reason="r",
        ticket="t",
        by=by,
    )
