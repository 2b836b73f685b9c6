"""The alert: one mail a fall, no storm, whatever happens at once; tried, followed, and off when of no use."""

from datetime import timedelta
from threading import Barrier, Thread

import pytest
import time_machine
from django.db import connection
from django.utils import timezone

from accounts import organizations
from accounts.models import Agent, Membership, Organization, Role, User
from billing import alerts, buyers, ledger
from billing.models import AlertDelivery, BalanceAlert, CreditAccount, CreditLot, Hold, LotKind
from imageskill.core import outbox
from imageskill.core.errors import ApiError
from imageskill.core.models import ActivityEvent, Outbox
from imageskill.core.units import unit_of_work
from tests.billing import books
from tests.pages.people import PERSON, join, make_old, make_user, make_workspace, said, sign_in

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


@pytest.fixture
def agent(db: None) -> Agent:
    """An agent of a workspace that has 150 credits."""
    organization = make_workspace(make_user())
    made = Agent.objects.create(
        organization=organization,
        name="atlas-7",
        runtime="tests",
        signup_network="loopback",
        created_at=timezone.now(),
    )
    act(lambda: books.give(made, 150, LotKind.PAID))
    return made


@unit_of_work
def act(doing: object) -> object:
    assert callable(doing)
    return doing()


def owner() -> buyers.Human:
    return buyers.of_place(Membership.objects.get(user__email=PERSON))


def set_alert(threshold: int = 100) -> BalanceAlert:
    by = owner()
    return alerts.set_alert(by=by, threshold_credits=threshold, user_id=by.user_id)


@unit_of_work
def hold(agent: Agent, credits: int) -> Hold:
    organizations.lock(agent.organization_id)
    lots = CreditLot.objects.filter(organization=agent.organization, available_credits__gte=credits)
    return books.set_aside(agent, (lots.order_by("pk")[0], credits))


@unit_of_work
def release(held: Hold) -> None:
    organizations.lock(held.organization_id)
    books.release(held)


def crossings() -> list[tuple[int, int]]:
    rows = AlertDelivery.objects.filter(kind="crossing").order_by("pk")
    return list(rows.values_list("threshold_credits", "available_credits"))


def mails() -> list[Outbox]:
    return list(Outbox.objects.filter(kind=alerts.MAIL).order_by("pk"))


def test_each_fall_makes_one_notice_and_holds_that_go_up_and_down_make_no_storm(agent: Agent) -> None:
    alert = set_alert()
    assert alert.rearm_credits == 120
    for _ in range(5):
        release(hold(agent, 40))
    assert crossings() == []
    held = hold(agent, 60)
    assert crossings() == [(100, 90)]
    for _ in range(5):
        release(hold(agent, 20))
    assert crossings() == [(100, 90)]
    release(held)
    again = hold(agent, 51)
    assert crossings() == [(100, 90), (100, 99)]
    # Above the threshold is not above the point from which the next fall counts.
    release(again)
    act(lambda: books.settle(hold(agent, 35), 35))
    assert (CreditAccount.objects.get().available_credits, len(crossings())) == (115, 2)
    hold(agent, 30)
    assert len(crossings()) == 3


def test_one_credit_from_the_threshold_and_at_it_is_not_below(agent: Agent) -> None:
    set_alert()
    held = hold(agent, 50)
    assert crossings() == []
    hold(agent, 1)
    assert crossings() == [(100, 99)]
    release(held)
    account = CreditAccount.objects.get()
    assert (account.available_credits, account.is_low) == (149, False)


def test_who_is_below_already_is_told_of_the_next_fall(agent: Agent) -> None:
    hold(agent, 60)
    set_alert()
    hold(agent, 10)
    assert crossings() == []
    act(lambda: books.give(agent, 100))
    hold(agent, 81)
    assert crossings() == [(100, 99)]


def test_the_clock_mails_a_fall_once_and_follows_it(agent: Agent) -> None:
    set_alert()
    hold(agent, 60)
    assert alerts.deliver() == 1
    assert alerts.deliver() == 0
    (mail,) = mails()
    assert (mail.recipient, mail.subject) == (PERSON, "90 credits are left")
    assert f"/w/{agent.organization_id}/credits" in mail.text
    assert "below 100 credits" in mail.text
    assert "120" in mail.text
    outbox.send_waiting()
    assert alerts.deliver() == 1
    delivery = AlertDelivery.objects.get()
    assert (delivery.state, delivery.recipient) == ("sent", PERSON)
    assert delivery.ended_at is not None
    Outbox.objects.all().delete()
    assert alerts.deliver() == 0


def test_a_mail_that_cannot_be_delivered_turns_the_alert_off_and_says_so(agent: Agent) -> None:
    set_alert()
    hold(agent, 60)
    alerts.deliver()
    # As the eighth failed try leaves it.
    Outbox.objects.filter(kind=alerts.MAIL).update(attempts=8, next_try_at=timezone.now() + timedelta(minutes=5))
    assert alerts.deliver() == 0
    with time_machine.travel(timezone.now() + timedelta(minutes=6)):
        assert alerts.deliver() == 1
    alert = BalanceAlert.objects.get()
    assert (alert.enabled, alert.disabled_reason) == (False, "mail_failed")
    assert AlertDelivery.objects.get().state == "failed"
    assert CreditAccount.objects.get().low_credits is None
    client = sign_in()
    here = f"/w/{agent.organization_id}/credits"
    page = client.get(here).content.decode()
    assert "could not be delivered" in page
    assert "not delivered" in page
    assert "Turn it on again" in page
    assert said(client.post(f"{here}/alerts/switch", {"on": "yes"})) == ["The alert is on."]
    assert (BalanceAlert.objects.get().enabled, CreditAccount.objects.get().low_credits) == (True, 100)


def test_a_reader_who_left_is_not_told(agent: Agent) -> None:
    bo = make_user("bo@example.com")
    place = join(bo, agent.organization, Role.ADMIN)
    alerts.set_alert(by=owner(), threshold_credits=100, user_id=bo.pk)
    hold(agent, 60)
    Membership.objects.filter(pk=place.pk).update(role=Role.VIEWER)
    alerts.deliver()
    assert mails() == []
    assert AlertDelivery.objects.get().state == "dropped"
    assert BalanceAlert.objects.get().disabled_reason == "recipient_left"
    with pytest.raises(ApiError):
        alerts.switch(by=owner(), on=True)


def test_an_alert_that_was_turned_off_notices_nothing(agent: Agent) -> None:
    set_alert()
    alerts.switch(by=owner(), on=False)
    hold(agent, 60)
    assert crossings() == []
    statuses = (
        ActivityEvent.objects.filter(type="credits.alert_set").order_by("pk").values_list("status", flat=True)
    )
    assert list(statuses) == ["on", "off"]


def test_the_page_sets_tries_and_turns_off(agent: Agent) -> None:
    client = sign_in()
    here = f"/w/{agent.organization_id}/credits"
    me = User.objects.get()
    done = client.post(f"{here}/alerts/set", {"threshold_credits": "100", "user_id": me.pk})
    assert (done.url, said(done)) == (
        f"{here}#alert",
        ["A mail goes out when less than 100 credits are available."],
    )
    assert said(client.post(f"{here}/alerts/test")) == ["A test mail is on its way."]
    (mail,) = mails()
    assert mail.subject == "Test: a credits alert"
    assert "Available: 150 credits" in mail.text
    outbox.send_waiting()
    alerts.deliver()
    page = client.get(here).content.decode()
    assert "Test mail" in page
    assert ">sent<" in page
    assert "after 120 credits" in page
    for _ in range(alerts.TESTS_AN_HOUR - 1):
        client.post(f"{here}/alerts/test")
    assert "no more are" in said(client.post(f"{here}/alerts/test"))[0]
    assert len(mails()) == alerts.TESTS_AN_HOUR
    assert said(client.post(f"{here}/alerts/switch", {"on": "no"})) == ["The alert is off."]


@pytest.mark.parametrize("threshold", ["0", "-1", "1000001", "x", ""])
def test_an_impossible_threshold_is_refused_in_words(agent: Agent, threshold: str) -> None:
    answer = sign_in().post(
        f"/w/{agent.organization_id}/credits/alerts/set",
        {"threshold_credits": threshold, "user_id": User.objects.get().pk},
    )
    assert "Below this many credits" in said(answer)[0]
    assert not BalanceAlert.objects.exists()


def test_only_who_decides_here_can_be_mailed(agent: Agent) -> None:
    stranger = make_user("bo@example.com")
    answer = sign_in().post(
        f"/w/{agent.organization_id}/credits/alerts/set",
        {"threshold_credits": "5", "user_id": stranger.pk},
    )
    assert "Mail to" in said(answer)[0]
    with pytest.raises(ApiError):
        alerts.set_alert(by=owner(), threshold_credits=5, user_id=stranger.pk)
    assert not BalanceAlert.objects.exists()


@pytest.mark.parametrize("path", ["alerts/set", "alerts/switch", "receipts/receipt_x/refund/confirm"])
def test_where_mail_goes_and_refunds_take_a_fresh_sign_in(agent: Agent, path: str) -> None:
    client = sign_in()
    make_old(client)
    answer = client.post(f"/w/{agent.organization_id}/credits/{path}", {"threshold_credits": "5"})
    assert answer.url.startswith("/account/confirm/")
    assert not BalanceAlert.objects.exists()


def test_old_deliveries_are_forgotten_and_those_on_their_way_are_not(agent: Agent) -> None:
    set_alert()
    hold(agent, 60)
    AlertDelivery.objects.update(created_at=timezone.now() - timedelta(days=400))
    assert alerts.prune() == 0
    AlertDelivery.objects.update(state="sent")
    assert alerts.prune() == 1


@pytest.mark.django_db(transaction=True)
def test_eight_holds_at_once_cross_the_threshold_once(agent: Agent) -> None:
    set_alert()
    in_threads(8, lambda: hold(agent, 10))
    assert CreditAccount.objects.get().held_credits == 80
    assert crossings() == [(100, 90)]
    assert ledger.verify() == []


@pytest.mark.django_db(transaction=True)
def test_four_clocks_at_once_mail_a_fall_once(agent: Agent) -> None:
    set_alert()
    hold(agent, 60)
    in_threads(4, alerts.deliver)
    assert (len(mails()), AlertDelivery.objects.get().state) == (1, "queued")


@pytest.mark.django_db(transaction=True)
def test_setting_the_alert_while_credits_move_loses_neither(agent: Agent) -> None:
    numbers = iter(range(8))

    def one() -> None:
        if next(numbers) % 2:
            hold(agent, 5)
        else:
            set_alert(40)

    in_threads(8, one)
    account = CreditAccount.objects.get()
    assert (account.held_credits, account.low_credits, account.available_credits) == (20, 40, 130)
    assert ledger.verify() == []


def in_threads(count: int, doing: object) -> None:
    """Do something in so many threads that begin together; whatever fails in one fails the test."""
    start, wrong = Barrier(count), []

    def run() -> None:
        try:
            start.wait(20)
            assert callable(doing)
            doing()
        except Exception as error:  # noqa: BLE001 - told below
            wrong.append(error)
        finally:
            connection.close()

    threads = [Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert wrong == []


def test_a_workspace_without_credits_can_set_an_alert(db: None) -> None:
    organization: Organization = make_workspace(make_user())
    set_alert()
    account = CreditAccount.objects.get(pk=organization.pk)
    assert (account.low_credits, account.is_low) == (100, True)


def test_an_agent_that_makes_credits_fall_again_and_again_sends_no_storm_of_mails(agent: Agent) -> None:
    set_alert()
    with time_machine.travel(timezone.now().replace(hour=1, minute=0)):
        for _ in range(alerts.MOST_A_DAY + 3):
            release(hold(agent, 60))
            alerts.deliver()
    assert len(crossings()) == alerts.MOST_A_DAY + 3
    assert len(mails()) == alerts.MOST_A_DAY
    dropped = AlertDelivery.objects.filter(state="dropped")
    assert (dropped.count(), dropped.exclude(ended_at=None).count()) == (3, 3)
    assert BalanceAlert.objects.get().enabled
