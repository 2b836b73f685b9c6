"""Turning paid money into credits: one idempotent function for the webhook, the return page and the sweeper."""

import logging
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final

from django.utils import timezone

from accounts import organizations
from accounts.models import Agent, ClaimState
from billing import ledger, payers, rails, reversals
from billing.models import CreditAccount, LotKind, PaymentAttempt, Receipt
from billing.rails.base import Session
from imageskill.core import events
from imageskill.core.events import EventType, System
from imageskill.core.units import forbid_inside, unit_of_work
from imageskill.core.wording import in_credits

logger = logging.getLogger("imageskill.fulfilment")
FULFILMENT: Final = System("fulfilment")
_LONGEST_PAUSE: Final = timedelta(hours=1)


class Outcome(StrEnum):
    """What a session's state led to."""

    GRANTED = "granted"
    ALREADY_GRANTED = "already_granted"
    WAITING = "waiting"
    FAILED = "failed"
    EXPIRED = "expired"
    SUPERSEDED = "superseded"
    FOREIGN = "foreign"
    MISMATCH = "mismatch"


@dataclass(frozen=True, slots=True)
class Fulfilment:
    """The outcome, with the receipt where there is one."""

    outcome: Outcome
    receipt: Receipt | None = None


def fulfil(*, session_id: str, method: str) -> Fulfilment:
    """Re-read a session from its provider and do what its state asks for, exactly once.

    Credits come only from a session that is paid, ours, of our amount, currency and kind of money. RailError:
    the provider cannot be read; nothing has changed.
    """
    forbid_inside("reading a payment session")
    return apply(rails.rail(method).session(session_id))


@unit_of_work
def apply(session: Session) -> Fulfilment:
    """Do what a session's state, just read, asks for; part of the caller's transaction where there is one."""
    attempt = PaymentAttempt.objects.select_related("quote").filter(pk=session.reference).first()
    if attempt is None or attempt.live_money != session.live_money:
        return Fulfilment(Outcome.FOREIGN)
    if session.payment_status == "paid" or _free_by_code(session):
        problem = _problem(attempt, session)
        return _mismatch(attempt, problem) if problem else _grant(attempt, session)
    if attempt.session_id not in (None, session.session_id):
        return Fulfilment(Outcome.SUPERSEDED)
    if session.status == "expired":
        return Fulfilment(_end(attempt, PaymentAttempt.State.EXPIRED, Outcome.EXPIRED))
    if session.payment_failed:
        return Fulfilment(_end(attempt, PaymentAttempt.State.FAILED, Outcome.FAILED))
    _wait(attempt, session)
    return Fulfilment(Outcome.WAITING)


def _free_by_code(session: Session) -> bool:
    return session.payment_status == "no_payment_required" and session.codes_allowed


def _problem(attempt: PaymentAttempt, session: Session) -> str:
    """Return what does not match our order; empty where everything does."""
    checks = {
        "status": session.status == "complete",
        "mode": session.mode == "payment",
        "currency": session.currency == "usd",
        "subtotal": session.subtotal_cents == attempt.amount_cents,
        "total": session.total_cents == session.subtotal_cents - session.discount_cents + session.tax_cents,
        "discount": 0 <= session.discount_cents <= session.subtotal_cents
        and (session.discount_cents == 0 or session.codes_allowed),
    }
    return ",".join(name for name, right in checks.items() if not right)


def _mismatch(attempt: PaymentAttempt, problem: str) -> Fulfilment:
    logger.error("a paid session does not match its order", extra={"fields": {"problem": problem}})
    unpaid = PaymentAttempt.objects.filter(pk=attempt.pk).exclude(state=PaymentAttempt.State.SUCCEEDED)
    unpaid.update(flag=f"mismatch:{problem}"[:64], next_check_at=None)
    unpaid.filter(state__in=PaymentAttempt.OPEN).update(state=PaymentAttempt.State.FAILED)
    return Fulfilment(Outcome.MISMATCH)


def _grant(attempt: PaymentAttempt, session: Session) -> Fulfilment:
    """Credit a paid session once; whoever comes second waits for the attempt's row and finds the receipt."""
    PaymentAttempt.objects.filter(pk=attempt.pk).update(checked_at=timezone.now())
    organizations.lock_lines(attempt.organization_id)
    owner_id = organizations.successor_id(attempt.organization_id)
    known = Receipt.objects.filter(session_id=session.session_id).first()
    if known is not None:
        payers.complete(known, session.payer_email)
        return Fulfilment(Outcome.ALREADY_GRANTED, known)
    attempt.refresh_from_db()
    PaymentAttempt.objects.filter(pk=attempt.pk).update(
        state=PaymentAttempt.State.SUCCEEDED,
        session_id=attempt.session_id or session.session_id,
        payment_intent=session.payment_intent,
        next_check_at=None,
        flag=_flag(attempt, attempt.state, owner_id),
    )
    receipt = _receipt(attempt, session, owner_id)
    for kind, credits in ((LotKind.PAID, receipt.paid_credits), (LotKind.PROMO, receipt.promo_credits)):
        if credits:
            ledger.grant(
                organization_id=owner_id,
                kind=kind,
                credits=credits,
                source="purchase",
                actor=FULFILMENT,
                receipt_id=receipt.pk,
                live_money=attempt.live_money,
            )
    if receipt.paid_credits and attempt.agent_id:
        Agent.objects.filter(pk=attempt.agent_id, claim_state=ClaimState.UNCLAIMED).update(
            claim_state=ClaimState.PAYMENT_BACKED_UNCLAIMED
        )
    _record(receipt)
    reversals.attach(receipt=receipt)
    account = CreditAccount.objects.get(organization_id=owner_id)
    receipt.balance_after = account.free_credits + account.promo_credits + account.paid_credits
    receipt.save(update_fields=["balance_after"])
    return Fulfilment(Outcome.GRANTED, receipt)


def _receipt(attempt: PaymentAttempt, session: Session, owner_id: str) -> Receipt:
    """Write the receipt: what the money bought, what a promotion code added to it, and whose it is now."""
    bought = attempt.credits * session.paid_cents // session.subtotal_cents
    return Receipt.objects.create(
        organization_id=owner_id,
        agent_id=attempt.agent_id,
        user_id=attempt.user_id,
        quote_id=attempt.quote_id,
        attempt=attempt,
        session_id=session.session_id,
        payment_intent=session.payment_intent,
        payment_method=attempt.quote.payment_method,
        paid_credits=bought,
        promo_credits=attempt.credits - bought,
        paid_cents=session.paid_cents,
        live_money=attempt.live_money,
        balance_after=0,
        idempotency_key=attempt.idempotency_key,
        receipt_url=session.receipt_url,
        payer_digest=payers.digest_of(session.payer_email),
        created_at=timezone.now(),
    )


def _record(receipt: Receipt) -> None:
    events.record(
        EventType.CREDITS_PAYMENT_BACKED_GRANTED,
        actor=FULFILMENT,
        organization_id=receipt.organization_id,
        agent_id=receipt.agent_id or "",
        subject_id=receipt.credit_event_id,
        operation="credits",
        status="succeeded",
        summary=f"{in_credits(receipt.granted_credits)} granted",
        links={
            "quote_id": receipt.quote_id,
            "payment_attempt_id": receipt.attempt_id or "",
            "receipt_id": receipt.pk,
            "credit_event_id": receipt.credit_event_id,
        },
        credits=receipt.granted_credits,
    )


def _flag(attempt: PaymentAttempt, before: str, owner_id: str) -> str:
    """Say why staff should look at money that came after its terms had ended; it is credited all the same."""
    if Receipt.objects.filter(quote_id=attempt.quote_id).exists():
        return "second_payment"
    if before in (PaymentAttempt.State.EXPIRED, PaymentAttempt.State.FAILED):
        return "late_money"
    if attempt.agent_id and Agent.objects.filter(pk=attempt.agent_id, claim_state=ClaimState.REVOKED).exists():
        return "agent_revoked"
    if owner_id != attempt.organization_id:
        return "organization_merged"
    return attempt.flag


def _end(attempt: PaymentAttempt, state: PaymentAttempt.State, outcome: Outcome) -> Outcome:
    """End an attempt that nobody can pay any more; a success is never undone."""
    open_states = PaymentAttempt.objects.filter(pk=attempt.pk, state__in=PaymentAttempt.OPEN)
    open_states.update(state=state, checked_at=timezone.now(), next_check_at=None)
    return outcome


def _wait(attempt: PaymentAttempt, session: Session) -> None:
    """Note that the money is still to come, and look again after a pause that grows up to an hour."""
    now = timezone.now()
    pause = min(max(now - attempt.created_at, timedelta(minutes=1)), _LONGEST_PAUSE)
    rows = PaymentAttempt.objects.filter(pk=attempt.pk, state__in=PaymentAttempt.OPEN)
    rows.update(checked_at=now, next_check_at=now + pause)
    if session.status == "complete":
        rows.exclude(state=PaymentAttempt.State.PROCESSING).update(state=PaymentAttempt.State.PROCESSING)
