"""Telling a person by mail that few credits are left: once for each fall below the threshold.

The ledger notices the fall in the act that causes it (`ledger/watching.py`). Here is what is wished, and the
clock's part: writing the mail, and following it until it is sent or given up.
"""

from datetime import timedelta
from typing import Final

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import timezone

from accounts import organizations
from accounts.models import Membership, Organization
from billing import buyers, ledger
from billing.buyers import Human
from billing.models import AlertDelivery, BalanceAlert, CreditAccount
from imageskill.core import events, outbox, tallies
from imageskill.core.errors import ApiError, ErrorCode, invalid_fields
from imageskill.core.events import EventType
from imageskill.core.models import Outbox
from imageskill.core.units import unit_of_work

MOST_CREDITS: Final = 1_000_000
TESTS_AN_HOUR: Final = 5
MOST_A_DAY: Final = 12
"""Mails of one workspace's alert: an agent whose holds come and go can cause a fall as often as it likes."""
KEPT: Final = timedelta(days=365)
MAIL: Final = "credits_low"
_BATCH: Final = 100
_LEAST_GAP: Final = 10
UNDER_WAY: Final = (AlertDelivery.State.WAITING, AlertDelivery.State.QUEUED)


def rearm_at(threshold_credits: int) -> int:
    """Return what must be available before the next fall counts: a fifth more, and at least 10 credits more."""
    return threshold_credits + max(_LEAST_GAP, -(-threshold_credits // 5))


def of_workspace(organization_id: str) -> BalanceAlert | None:
    """Return a workspace's alert with whom it goes to; None where none was ever set."""
    return BalanceAlert.objects.select_related("user").filter(pk=organization_id).first()


def last_deliveries(organization_id: str) -> list[AlertDelivery]:
    """Return the last five mails of a workspace's alert, newest first."""
    return list(AlertDelivery.objects.filter(organization_id=organization_id).order_by("-pk")[:5])


def is_low(organization_id: str) -> bool:
    """Say whether the watched level was passed and is not reached again yet."""
    return CreditAccount.objects.filter(pk=organization_id, is_low=True).exists()


@unit_of_work
def set_alert(*, by: Human, threshold_credits: int, user_id: str) -> BalanceAlert:
    """Have a member told when less than so many credits are available; return the alert, which is on then.

    INVALID_ARGUMENTS: no such member, or an impossible threshold. CAPABILITY_DENIED: not by this role.
    """
    organizations.lock(by.organization_id)
    buyers.require(by)
    if not 0 < threshold_credits <= MOST_CREDITS:
        raise invalid_fields({"threshold_credits": [f"must be between 1 and {MOST_CREDITS}"]})
    if not _belongs(user_id, by.organization_id):
        raise invalid_fields({"user_id": ["must be a member of this workspace"]})
    alert, _ = BalanceAlert.objects.update_or_create(
        organization_id=by.organization_id,
        defaults={
            "user_id": user_id,
            "threshold_credits": threshold_credits,
            "rearm_credits": rearm_at(threshold_credits),
            "enabled": True,
            "disabled_reason": "",
            "set_by": by.user_id,
            "updated_at": timezone.now(),
        },
    )
    _watch(alert)
    _record(by, f"alert below {threshold_credits} credits", "on")
    return alert


@unit_of_work
def switch(*, by: Human, on: bool) -> BalanceAlert:
    """Turn the alert off, or on again as it was set. INVALID_ARGUMENTS: none was set, or its member is gone."""
    organizations.lock(by.organization_id)
    buyers.require(by)
    alert = BalanceAlert.objects.filter(pk=by.organization_id).first()
    if alert is None:
        raise invalid_fields({"alert": ["is not set"]})
    if on and not _belongs(alert.user_id, by.organization_id):
        raise invalid_fields({"user_id": ["must be a member of this workspace"]})
    alert.enabled, alert.disabled_reason = on, ""
    alert.set_by, alert.updated_at = by.user_id, timezone.now()
    alert.save()
    _watch(alert)
    _record(by, f"alert below {alert.threshold_credits} credits", "on" if on else "off")
    return alert


@unit_of_work
def send_test(*, by: Human) -> AlertDelivery:
    """Write a test mail to whom the alert goes. INVALID_ARGUMENTS: none is set. RATE_LIMITED: too many."""
    organizations.lock(by.organization_id)
    buyers.require(by)
    alert = of_workspace(by.organization_id)
    if alert is None or not _belongs(alert.user_id, by.organization_id):
        raise invalid_fields({"alert": ["is not set, or its member is gone"]})
    if not tallies.take("alert_test", by.organization_id, limit=TESTS_AN_HOUR, period=tallies.HOUR):
        raise ApiError(
            ErrorCode.RATE_LIMITED,
            f"{TESTS_AN_HOUR} test mails were sent within this hour; no more are.",
            reason="alert_tests",
            cap=TESTS_AN_HOUR,
            retry_after_seconds=tallies.seconds_left(tallies.HOUR),
        )
    account = ledger.account_of(by.organization_id)
    delivery = AlertDelivery.objects.create(
        organization_id=by.organization_id,
        kind=AlertDelivery.Kind.TRIAL,
        threshold_credits=alert.threshold_credits,
        available_credits=account.available_credits,
        created_at=timezone.now(),
    )
    _queue(delivery, alert)
    return delivery


def deliver() -> int:
    """Write the mails of falls that were noticed, and follow those on their way; return how many moved on."""
    # New falls first: a mail server that is away keeps nobody else waiting.
    rows = [AlertDelivery.objects.filter(state=state).order_by("pk")[:_BATCH] for state in UNDER_WAY]
    return sum(_advance(row) for found in rows for row in found)


@unit_of_work
def _advance(delivery: AlertDelivery) -> bool:
    if delivery.state == AlertDelivery.State.QUEUED:
        return _follow(delivery)
    organizations.lock(delivery.organization_id)
    waiting = AlertDelivery.objects.filter(pk=delivery.pk, state=AlertDelivery.State.WAITING)
    alert = of_workspace(delivery.organization_id)
    if alert is not None and not _belongs(alert.user_id, delivery.organization_id):
        _disable(alert, "recipient_left")
    if alert is None or not alert.enabled:
        return bool(waiting.update(state=AlertDelivery.State.DROPPED, ended_at=timezone.now()))
    if not waiting.exists():
        return False
    if not tallies.take("alert_mail", delivery.organization_id, limit=MOST_A_DAY, period=tallies.DAY):
        return bool(waiting.update(state=AlertDelivery.State.DROPPED, ended_at=timezone.now()))
    _queue(delivery, alert)
    return True


def _queue(delivery: AlertDelivery, alert: BalanceAlert) -> None:
    """Write a delivery's mail, in the caller's transaction and under the organization's lock."""
    told = {
        "organization": Organization.objects.get(pk=alert.organization_id),
        "delivery": delivery,
        "alert": alert,
        "is_test": delivery.kind == AlertDelivery.Kind.TRIAL,
        "base_url": settings.BASE_URL,
    }
    subject = "Test: a credits alert" if told["is_test"] else f"{delivery.available_credits} credits are left"
    mail = outbox.write(
        kind=MAIL,
        recipient=alert.user.email,
        subject=subject,
        text=render_to_string("mail/credits_low.txt", told),
    )
    AlertDelivery.objects.filter(pk=delivery.pk).update(
        state=AlertDelivery.State.QUEUED, outbox_id=mail.pk, recipient=mail.recipient
    )


def _follow(delivery: AlertDelivery) -> bool:
    """Note that a mail was sent, or given up; the latter turns the alert off, so that nobody relies on it."""
    mail = Outbox.objects.filter(pk=delivery.outbox_id or 0).first()
    if mail is not None and mail.sent_at is None and not outbox.given_up(mail):
        return False
    # A mail that is gone from the outbox was sent: only those are removed.
    sent = mail is None or mail.sent_at is not None
    state = AlertDelivery.State.SENT if sent else AlertDelivery.State.FAILED
    if not sent:
        organizations.lock(delivery.organization_id)
    moved = AlertDelivery.objects.filter(pk=delivery.pk, state=AlertDelivery.State.QUEUED).update(
        state=state, ended_at=mail.sent_at if mail is not None and sent else timezone.now()
    )
    alert = None if sent else of_workspace(delivery.organization_id)
    if moved and alert is not None and alert.enabled and alert.user.email == delivery.recipient:
        _disable(alert, "mail_failed")
    return bool(moved)


def prune() -> int:
    """Forget deliveries that are a year old; return how many."""
    old = AlertDelivery.objects.filter(created_at__lt=timezone.now() - KEPT).exclude(state__in=UNDER_WAY)
    removed, _ = old.delete()
    return removed


def _belongs(user_id: str, organization_id: str) -> bool:
    return Membership.objects.filter(
        user_id=user_id, organization_id=organization_id, role__in=buyers.DECIDES
    ).exists()


def _disable(alert: BalanceAlert, reason: str) -> None:
    alert.enabled, alert.disabled_reason, alert.updated_at = False, reason, timezone.now()
    alert.save()
    _watch(alert)


def _watch(alert: BalanceAlert) -> None:
    """Have the ledger watch for what the alert asks."""
    ledger.watch(
        account=ledger.account_of(alert.organization_id),
        low_credits=alert.threshold_credits if alert.enabled else None,
        rearm_credits=alert.rearm_credits if alert.enabled else None,
    )


def _record(by: Human, what: str, status: str) -> None:
    events.record(
        EventType.CREDITS_ALERT_SET,
        actor=by,
        organization_id=by.organization_id,
        agent_id="",
        subject_id=by.organization_id,
        operation="credits.alert",
        status=status,
        summary=f"Credits {what} is {status}",
    )
