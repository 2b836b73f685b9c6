"""The free allowance: once a mailbox, bounded a network, a mail domain and a day, and never by a GET."""

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts import contacts, organizations
from accounts.models import Agent
from billing import ledger
from billing.models import FreeAllowance, LotKind
from imageskill.core import tallies
from imageskill.core.events import System
from imageskill.core.units import unit_of_work

COMMON_MAIL_DOMAINS = frozenset(
    {
        "aol.com",
        "fastmail.com",
        "gmail.com",
        "gmx.de",
        "gmx.net",
        "googlemail.com",
        "hey.com",
        "hotmail.com",
        "icloud.com",
        "live.com",
        "mail.com",
        "me.com",
        "msn.com",
        "outlook.com",
        "proton.me",
        "protonmail.com",
        "qq.com",
        "web.de",
        "yahoo.com",
        "163.com",
    }
)
"""Mail services of the many: no limit a domain applies to them."""

NO_CONTACT = "No contact is attached yet, so this agent has no free credits; attach one with claim request."
NOT_OPENED = "No free credits were added for this signup."


@unit_of_work
def open_for(*, agent: Agent, network: str) -> list[str]:
    """Open the allowance of an agent's contact where it is due, and return warnings for the caller.

    Who comes second to a mailbox, or beyond a limit, gets nothing and one neutral warning: the answer does
    not tell which it was.
    """
    if not agent.contact:
        return [NO_CONTACT]
    organizations.lock(agent.organization_id)
    credits = settings.PREVIEW_CREDITS
    if credits <= 0 or FreeAllowance.objects.filter(
        organization_id=agent.organization_id, contact_digest=agent.contact_digest
    ):
        return []
    if not _reserve(agent, network, credits):
        return [NOT_OPENED]
    ledger.grant(
        organization_id=agent.organization_id,
        kind=LotKind.FREE,
        credits=credits,
        source="free_allowance",
        actor=System("allowances"),
    )
    return []


def _reserve(agent: Agent, network: str, credits: int) -> bool:
    given = FreeAllowance.objects.filter(contact_digest=agent.contact_digest)
    # Once a mailbox, and once an organization: another contact opens no second one.
    if (given | FreeAllowance.objects.filter(organization_id=agent.organization_id)).exists():
        return False
    try:
        # A savepoint: of two first touches the unique digest lets one through, and a limit undoes it.
        with transaction.atomic():
            FreeAllowance.objects.create(
                contact_digest=agent.contact_digest,
                organization_id=agent.organization_id,
                agent_id=agent.pk,
                network=network,
                granted_credits=credits,
                opened_at=timezone.now(),
            )
            within = _within_limits(agent, network, credits)
            transaction.set_rollback(not within)
    except IntegrityError:
        return False
    return within


def _within_limits(agent: Agent, network: str, credits: int) -> bool:
    domain = contacts.domain_of(agent.contact)
    day = tallies.DAY
    if network != "loopback" and not tallies.take(
        "allowance_network", network, limit=settings.PREVIEW_PER_NETWORK, period=day
    ):
        return False
    if domain not in COMMON_MAIL_DOMAINS and not tallies.take(
        "allowance_domain", domain[:128], limit=settings.PREVIEW_PER_DOMAIN, period=day
    ):
        return False
    budget = settings.PREVIEW_DAILY_BUDGET_CREDITS
    return tallies.take("allowance_budget", "all", limit=budget, period=day, amount=credits)
