"""Who paid for an agent, by the mailbox that the payment provider sent the receipt to; never the address itself.

It is what tells a paid agent's owner from somebody who read its code. Play money has no payer.
"""

from collections.abc import Collection
from typing import Final

from django.db.models import Case, F, IntegerField, OuterRef, QuerySet, Subquery, Sum, Value, When
from django.db.models.functions import Coalesce

from accounts import contacts
from accounts.models import Agent, ClaimState
from billing.models import PaymentAttempt, PaymentMethod, Receipt, Reversal

UNKNOWN: Final = ""
_MOST: Final = 20


def digest_of(address: str) -> str:
    """Return the digest under which a receipt keeps its payer; UNKNOWN where the provider told no address."""
    return contacts.digest(address) if contacts.is_address(address) else UNKNOWN


def of(agent_id: str) -> str | None:
    """Return the digest of the mailbox that paid for an agent: UNKNOWN, or None where nobody paid money.

    It is the first whose money did not all go back since, so that no later payment, however small, takes an agent
    from who paid before; and where all went back, the first of all. Money on its way has no known payer yet.
    """
    first = _paid().filter(agent_id=agent_id).values_list("payer_digest", flat=True).first()
    # Always asked for: an agent that nobody paid for, or that there is not, costs the same look-up.
    on_its_way = PaymentAttempt.objects.filter(
        agent_id=agent_id,
        state=PaymentAttempt.State.PROCESSING,
        quote__payment_method=PaymentMethod.STRIPE_CHECKOUT,
    ).exists()
    return UNKNOWN if first is None and on_its_way else first


def agents_of(addresses: Collection[str]) -> list[Agent]:
    """Return the newest agents without owner and contact that the owner of these addresses has paid for."""
    mailboxes = {contacts.digest(address) for address in addresses}
    told = Receipt.objects.filter(payer_digest__in=mailboxes).values("agent_id")
    rows = Agent.objects.filter(pk__in=told, contact="", claim_state=ClaimState.PAYMENT_BACKED_UNCLAIMED)
    agents = list(rows.order_by("-pk")[:_MOST])
    first: dict[str | None, str] = {}
    for agent_id, payer in _paid().filter(agent__in=agents).values_list("agent_id", "payer_digest"):
        first.setdefault(agent_id, payer)
    return [agent for agent in agents if first.get(agent.pk) in mailboxes]


def complete(receipt: Receipt, address: str) -> None:
    """Note who paid on a receipt from before that was kept, where the provider tells it again."""
    payer = digest_of(address)
    if payer:
        Receipt.objects.filter(pk=receipt.pk, payer_digest=UNKNOWN).update(payer_digest=payer)


def _paid() -> QuerySet[Receipt]:
    """Return the receipts of money: those whose money did not all go back before the others, then by age."""
    back = Reversal.objects.filter(receipt_id=OuterRef("pk"), effect=Reversal.Effect.TAKES).order_by()
    sums = back.values("receipt_id").annotate(cents=Sum("amount_cents")).values("cents")
    went_back = Coalesce(Subquery(sums, output_field=IntegerField()), Value(0))
    paid = Receipt.objects.filter(payment_method=PaymentMethod.STRIPE_CHECKOUT, paid_cents__gt=0)
    is_gone = Case(When(paid_cents__gt=F("went_back"), then=Value(0)), default=Value(1))
    return paid.annotate(went_back=went_back).annotate(is_gone=is_gone).order_by("is_gone", "created_at", "pk")
