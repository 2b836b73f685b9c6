"""The purchases of a workspace, for ever: who asked, what became of the payment, and what can be done about it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from django.db.models import Prefetch, Q, QuerySet, Value
from django.db.models.functions import Concat

from billing import refunds
from billing.models import PaymentAttempt, Receipt, Reversal
from billing.purchase_status import Standing
from billing.refunds import Offer
from imageskill.core.ids import prefix_of

PAGE: Final = 20
CHUNK: Final = 500
"""So many purchases are held at once while all of them are told."""
LOOKED_AT: Final = 1_000
"""Among so many of the newest payments those that wait are looked for: a payment waits for hours, or some days."""
_MOST_OPEN: Final = 20


@dataclass(frozen=True, slots=True)
class Purchase:
    """A payment with its receipt, the money that went back, and what can be refunded now."""

    attempt: PaymentAttempt
    receipt: Receipt | None
    reversals: tuple[Reversal, ...]
    offer: Offer | None = None

    @property
    def state(self) -> str:
        """The state in the words of the contract; `canceled` where a person closed it, `partly_refunded`."""
        if self.receipt is None:
            return "canceled" if self.attempt.canceled_at else str(self.attempt.state)
        told = Standing(self.attempt.quote, self.attempt, self.receipt, self.reversals).state
        return "partly_refunded" if told == "succeeded" and self.refunded_cents else told

    @property
    def is_open(self) -> bool:
        """Whether it may still be paid."""
        return self.receipt is None and self.attempt.state in PaymentAttempt.OPEN

    @property
    def refunded_cents(self) -> int:
        """The money that went back, or is on its way."""
        kinds = (Reversal.Kind.REFUND, Reversal.Effect.NONE)
        return sum(row.amount_cents for row in self.reversals if row.kind == kinds[0] and row.effect != kinds[1])

    @property
    def credits(self) -> int:
        """What was, or would be, bought."""
        return self.receipt.granted_credits if self.receipt else self.attempt.credits

    @property
    def cents(self) -> int:
        """What was, or would be, paid."""
        return self.receipt.paid_cents if self.receipt else self.attempt.amount_cents


def _rows() -> QuerySet[PaymentAttempt]:
    """Return payments with all that a row of the history shows, in three queries, newest first."""
    receipts = Receipt.objects.prefetch_related(
        Prefetch("reversals", queryset=Reversal.objects.order_by("pk"))
    ).order_by("pk")
    rows = PaymentAttempt.objects.select_related("quote", "agent", "user").order_by("-pk")
    return rows.prefetch_related(Prefetch("receipts", queryset=receipts))


def _newest(
    organization_ids: Sequence[str], count: int, *, before: str | None = None
) -> QuerySet[PaymentAttempt, str]:
    """Return the ids of a workspace's newest payments, read off the index of its organizations."""
    own = PaymentAttempt.objects.filter(organization_id__in=organization_ids)
    own = own.filter(pk__lt=before) if before is not None else own
    # By the id as it is, both databases would walk everybody's payments backwards until enough are found.
    return own.order_by(Concat("pk", Value("")).desc()).values_list("pk", flat=True)[:count]


def _purchase(attempt: PaymentAttempt, offers: dict[str, Offer] | None = None) -> Purchase:
    receipt = next(iter(attempt.receipts.all()), None)
    known = tuple(receipt.reversals.all()) if receipt is not None else ()
    return Purchase(attempt, receipt, known, (offers or {}).get(receipt.pk) if receipt is not None else None)


def page(organization_ids: Sequence[str], *, before: str | None = None) -> tuple[list[Purchase], str | None]:
    """Return a page of purchases, newest first, and the cursor of the older ones."""
    cursor = before if before and prefix_of(before) == "payatt" else None
    found = list(_rows().filter(pk__in=_newest(organization_ids, PAGE + 1, before=cursor)))
    shown = found[:PAGE]
    offers = refunds.offers([receipt for attempt in shown for receipt in attempt.receipts.all()])
    return [_purchase(row, offers) for row in shown], shown[-1].pk if len(found) > PAGE else None


def every(organization_ids: Sequence[str]) -> Iterator[Purchase]:
    """Yield all purchases of a workspace, newest first, a few at a time however many there are."""
    before: str | None = None
    while found := list(_rows().filter(pk__in=_newest(organization_ids, CHUNK, before=before))):
        yield from map(_purchase, found)
        before = found[-1].pk


def waiting(organization_ids: Sequence[str]) -> list[Purchase]:
    """Return the payments that nobody has paid yet, newest first, at most 20."""
    rows = _rows().filter(state__in=PaymentAttempt.OPEN, pk__in=_newest(organization_ids, LOOKED_AT))
    return [_purchase(row) for row in rows[:_MOST_OPEN]]


def find(organization_ids: Sequence[str], reference: str) -> Purchase | None:
    """Return one purchase of a workspace by its payment's or its receipt's id; None: it has none such."""
    kinds = {"payatt": Q(pk=reference), "receipt": Q(receipts__pk=reference)}
    wanted = kinds.get(prefix_of(reference) or "")
    if wanted is None:
        return None
    attempt = _rows().filter(wanted, organization_id__in=organization_ids).first()
    if attempt is None:
        return None
    return _purchase(attempt, refunds.offers(list(attempt.receipts.all())))
