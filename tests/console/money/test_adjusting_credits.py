"""Adjusting credits: alone up to a threshold, above it by two, in the books as an entry kind of its own."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.conf import LazySettings
from django.test import Client
from django.utils import timezone

from accounts.models import Organization, Role, User
from billing import adjustments, ledger
from billing.adjustments import CannotAdjustError
from billing.models import Adjustment, CreditAccount, CreditLot, LedgerEntry, LotKind
from imageskill.core.ids import new_id
from imageskill.core.models import ActivityEvent
from tests.billing.books import give, movements, new_agent, set_aside, settle
from tests.console.desk import desk, enter, make_staff
from tests.console.money.wishes import NEW, ask, available, fields, person, place, wish
from tests.pages.people import join, make_old, make_user, make_workspace, said, sign_in

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


def test_one_person_adds_up_to_the_threshold_and_the_owner_sees_why_but_not_who() -> None:
    organization, client = place(), desk()
    answer = ask(client, organization, 1000)
    assert said(answer) == ["1,000 credits added. The owner sees it, with the reason."]
    row = Adjustment.objects.get()
    assert (row.state, row.requested_by.email, row.decided_by) == ("applied", "sam@example.com", None)
    assert movements_of(organization) == [(1, "adjust", "house.adjustments", "available", 1000)]
    lot = CreditLot.objects.get()
    assert (lot.kind, lot.granted_credits, lot.receipt_id, lot.live_money) == (LotKind.PROMO, 1000, "", True)
    event = ActivityEvent.objects.get(type="credits.adjusted")
    assert event.summary == "Staff added 1,000 credits: Pictures of 3 May came out black"
    assert (event.organization_id, event.actor_type, event.actor_id) == (organization.pk, "session", "staff")
    entry = LedgerEntry.objects.get()
    assert (entry.actor_type, entry.actor_id, entry.reference) == ("session", "staff", row.pk)
    assert ledger.verify() == []


def movements_of(organization: Organization) -> list[tuple[int, str, str, str, int]]:
    return movements(organization.agents.get())


def test_the_owner_finds_it_in_the_activity_and_in_the_ledger_and_no_name_of_staff() -> None:
    owner = make_user("ada@example.com")
    workspace = make_workspace(owner)
    ask(desk(), workspace, 100)
    event = ActivityEvent.objects.get(type="credits.adjusted")
    client = sign_in("ada@example.com")
    here = f"/w/{workspace.pk}"
    drawer = client.get(f"{here}/activity/of/{event.pk}").content.decode()
    assert "Staff added 100 credits: Pictures of 3 May came out black" in drawer
    assert "Staff added 100 credits" in client.get(f"{here}/activity").content.decode()
    ledger_page = client.get(f"{here}/credits/ledger").content.decode()
    assert "Adjusted by staff" in ledger_page
    staff_id = User.objects.get(email="sam@example.com").pk
    for page in (drawer, ledger_page):
        assert "sam@example.com" not in page
        assert staff_id not in page


def test_ten_adjustments_under_the_threshold_are_the_threshold_and_the_next_one_waits() -> None:
    organization, client = place(), desk()
    for _ in range(10):
        ask(client, organization, 100)
    assert available(organization) == 1000
    assert "second one approves" in said(ask(client, organization, 1))[0]
    assert available(organization) == 1000
    assert Adjustment.objects.filter(state="waiting").count() == 1
    with time_machine.travel(timezone.now() + timedelta(hours=25)):
        assert adjustments.allowance(organization.pk, User.objects.get(email="sam@example.com").pk).left == 1000


def test_taking_counts_like_adding_so_turning_back_and_forth_evades_nothing() -> None:
    organization, sam = place(2000), person("sam@example.com")
    states = [wish(organization, credits, sam).state for credits in (600, -400, 1)]
    assert states == ["applied", "applied", "waiting"]
    other = place()
    assert wish(other, 1000, sam).state == "applied"
    assert wish(organization, 1000, person("kim@example.com")).state == "applied"


def test_a_shell_that_was_merged_counts_with_its_workspace() -> None:
    shell, workspace, sam = place(), place(), person("sam@example.com")
    assert wish(shell, 1000, sam).state == "applied"
    Organization.objects.filter(pk=shell.pk).update(merged_into=workspace)
    row = wish(shell, 1, sam)
    assert (row.organization_id, row.state) == (workspace.pk, "waiting")


def test_the_setting_is_the_threshold(settings: LazySettings) -> None:
    settings.STAFF_ADJUSTMENT_CREDITS = 10
    organization, sam = place(), person("sam@example.com")
    assert wish(organization, 10, sam).state == "applied"
    assert wish(organization, 1, sam).state == "waiting"


def test_a_second_person_approves_once_and_the_first_never() -> None:
    organization = place()
    sam, kim = desk(), desk("kim@example.com")
    ask(sam, organization, 1001)
    row = Adjustment.objects.get()
    approve = f"/console/money/adjustments/{row.pk}/approve"
    assert said(sam.post(approve))[0].startswith("Who asks for an adjustment cannot approve it")
    assert (Adjustment.objects.get().state, available(organization)) == ("waiting", 0)
    assert said(kim.post(approve)) == ["1,001 credits added. The owner sees it, with the reason."]
    assert said(kim.post(approve)) == ["It does not wait any more: somebody was faster."]
    row.refresh_from_db()
    assert (row.state, row.decided_by.email if row.decided_by else "") == ("applied", "kim@example.com")
    assert available(organization) == 1001
    told = ActivityEvent.objects.filter(type="credits.adjusted").order_by("pk")
    assert list(told.values_list("status", flat=True)) == ["requested", "added"]
    assert ledger.verify() == []


def test_a_denied_one_never_happens_and_who_asked_may_withdraw() -> None:
    organization = place()
    sam, kim = desk(), desk("kim@example.com")
    ask(sam, organization, 5000)
    ask(sam, organization, 6000)
    first, second = Adjustment.objects.order_by("pk")
    assert said(sam.post(f"/console/money/adjustments/{first.pk}/deny")) == ["It is denied. No credit moved."]
    assert said(kim.post(f"/console/money/adjustments/{second.pk}/deny")) == ["It is denied. No credit moved."]
    assert said(kim.post(f"/console/money/adjustments/{second.pk}/approve")) == [
        "It does not wait any more: somebody was faster."
    ]
    assert available(organization) == 0
    assert ActivityEvent.objects.filter(type="credits.adjusted", status="denied").count() == 2


def test_members_of_the_organization_neither_ask_nor_decide() -> None:
    workspace = make_workspace(make_user("ada@example.com"))
    shell = place()
    Organization.objects.filter(pk=shell.pk).update(merged_into=workspace)
    sam, kim, lee = person("sam@example.com"), person("kim@example.com"), person("lee@example.com")
    join(User.objects.get(pk=sam.actor_id), workspace, Role.VIEWER)
    for organization in (workspace, shell):
        with pytest.raises(CannotAdjustError, match="Members of a workspace"):
            wish(organization, 1, sam)
    waiting = wish(workspace, 5000, kim)
    for decide in (adjustments.approve, adjustments.deny):
        with pytest.raises(CannotAdjustError, match="Members of a workspace"):
            decide(adjustment_id=waiting.pk, by=sam)
    waiting.refresh_from_db()
    assert waiting.state == "waiting"
    join(User.objects.get(pk=lee.actor_id), shell, Role.OWNER)
    with pytest.raises(CannotAdjustError, match="Members of a workspace"):
        adjustments.approve(adjustment_id=waiting.pk, by=lee)


def test_what_was_asked_by_who_is_staff_no_more_or_long_ago_is_not_approved() -> None:
    organization, sam, kim = place(), person("sam@example.com"), person("kim@example.com")
    row = wish(organization, 5000, sam)
    with time_machine.travel(timezone.now() + timedelta(days=8)), pytest.raises(CannotAdjustError, match="7 days"):
        adjustments.approve(adjustment_id=row.pk, by=kim)
    User.objects.filter(pk=sam.actor_id).update(is_staff=False)
    with pytest.raises(CannotAdjustError, match="not staff any more"):
        adjustments.approve(adjustment_id=row.pk, by=kim)
    with pytest.raises(CannotAdjustError, match="Only staff"):
        wish(organization, 1, sam)
    assert Adjustment.objects.get().state == "waiting"
    assert not LedgerEntry.objects.exists()


def test_what_is_taken_and_not_there_is_a_debt_that_the_next_credits_repay() -> None:
    agent = new_agent()
    free, paid = give(agent, 30), give(agent, 50, LotKind.PAID)
    hold = set_aside(agent, (free, 20))
    sam = person("sam@example.com")
    wish(agent.organization, -100, sam)
    account = CreditAccount.objects.get(pk=agent.organization_id)
    assert (account.available_credits, account.held_credits, account.debt_credits) == (0, 20, 40)
    settle(hold, 5)
    account.refresh_from_db()
    assert (account.held_credits, account.debt_credits) == (0, 25)
    wish(agent.organization, 30, sam)
    account.refresh_from_db()
    assert (account.available_credits, account.promo_credits, account.debt_credits) == (5, 5, 0)
    paid.refresh_from_db()
    assert (paid.available_credits, paid.reversed_credits, paid.indebted_credits) == (0, 0, 0)
    assert ledger.verify() == []
    assert ledger.verify_since_checkpoints().offences == ()


def test_what_is_taken_is_taken_in_the_order_of_spending() -> None:
    agent = new_agent()
    paid, promo, free = (give(agent, 10, kind) for kind in (LotKind.PAID, LotKind.PROMO, LotKind.FREE))
    wish(agent.organization, -15, person("sam@example.com"))
    left = [CreditLot.objects.get(pk=lot.pk).available_credits for lot in (free, promo, paid)]
    assert left == [0, 5, 10]
    assert ledger.verify() == []


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        ({"reason": " "}, "This field is required."),
        ({"ticket": ""}, "This field is required."),
        ({"credits": "0"}, "greater than or equal to 1"),
        ({"credits": "1000001"}, "less than or equal to 1000000"),
        ({"organization_id": "studio"}, "This is no id of an organization."),
        ({"key": "adj"}, "This form is damaged. Open it anew."),
    ],
)
def test_a_form_that_is_not_whole_adjusts_nothing(sent: dict[str, str], told: str) -> None:
    organization = place()
    answer = ask(desk(), organization, 10, **sent)
    assert answer.status_code == 200
    assert told in answer.content.decode()
    assert not Adjustment.objects.exists()


def test_an_unknown_organization_a_secret_and_a_form_sent_twice_are_refused_in_words() -> None:
    organization, client = place(), desk()
    assert said(ask(client, organization, 1, organization_id=new_id("org"))) == ["There is no such organization."]
    assert "looks like a key" in said(ask(client, organization, 1, reason="whsec_" + "0" * 20))[0]
    sent = fields(organization, 7)
    client.post(NEW, sent)
    assert said(client.post(NEW, sent)) == ["This was asked for already; it stands below."]
    assert available(organization) == 7


def test_adjusting_and_deciding_want_a_fresh_sign_in() -> None:
    organization, client, kim = place(), desk(), desk("kim@example.com")
    ask(client, organization, 5000)
    row = Adjustment.objects.get()
    make_old(client)
    make_old(kim)
    shown: Any = client.get(NEW)
    assert shown.url.startswith("/account/confirm/")
    assert ask(client, organization, 1).url.startswith("/account/confirm/")
    for act in ("approve", "deny"):
        answer: Any = kim.post(f"/console/money/adjustments/{row.pk}/{act}")
        assert answer.url.startswith("/account/confirm/"), act
    assert Adjustment.objects.get().state == "waiting"


def test_the_page_shows_who_asked_why_and_who_may_approve() -> None:
    organization, sam, kim = place(), desk(), desk("kim@example.com")
    ask(sam, organization, 5000, reason='<b onclick="x">Black</b>')
    own, other = (client.get("/console/money/adjustments").content.decode() for client in (sam, kim))
    assert "Approve" not in own
    assert "Withdraw" in own
    assert ">Approve</button>" in other
    assert "sam@example.com" in other
    assert "&lt;b onclick=&quot;x&quot;&gt;Black" in other
    shown = kim.get(f"{NEW}?organization={organization.pk}").content.decode()
    assert "You may still adjust alone" in shown
    assert "1,000 credits" in shown


def test_the_list_costs_the_same_number_of_queries_at_three_and_at_thirty(
    django_assert_num_queries: Any,
) -> None:
    sam, client = person("sam@example.com"), desk("kim@example.com")
    for _ in range(3):
        wish(place(), 5000, sam)
        wish(place(), 5, sam)
    client.get("/console/money/adjustments")
    with django_assert_num_queries(QUERIES_OF_LIST):
        client.get("/console/money/adjustments")
    for _ in range(27):
        wish(place(), 5000, sam)
        wish(place(), 5, sam)
    with django_assert_num_queries(QUERIES_OF_LIST):
        assert client.get("/console/money/adjustments").content.decode().count(">Approve</button>") == 30


QUERIES_OF_LIST = 5


def test_older_adjustments_are_on_the_next_page() -> None:
    sam, client = person("sam@example.com"), desk("kim@example.com")
    organization = place()
    for _ in range(53):
        wish(organization, 1, sam)
    page = client.get("/console/money/adjustments")
    assert page.content.decode().count("badge ok") == 50
    older = page.context["older"]
    assert client.get(f"/console/money/adjustments?before={older}").content.decode().count("badge ok") == 3


@pytest.mark.parametrize("who", ["nobody", "somebody", "a viewer", "an owner", "staff without its factor"])
def test_who_is_no_staff_finds_nothing(who: str) -> None:
    workspace = make_workspace(make_user("ada@example.com"))
    client = Client()
    if who == "staff without its factor":
        client = enter(make_staff(), record={"method": "code"})
    elif who != "nobody":
        user = make_user("eve@example.com")
        if who != "somebody":
            join(user, workspace, Role.VIEWER if who == "a viewer" else Role.OWNER)
        client = sign_in("eve@example.com")
    expected = 403 if who == "staff without its factor" else 404
    for path in ("money", "money/orders", "money/adjustments", "money/adjustments/new", "webhooks"):
        answer = client.get(f"/console/{path}")
        assert answer.status_code == expected, path
        assert (b"Show your second factor" in answer.content) == (expected == 403)
    for path in (
        "money/check",
        "money/adjustments/new",
        "money/adjustments/adj_1/approve",
        "webhooks/evt_1/replay",
    ):
        assert client.post(f"/console/{path}").status_code == expected, path
    assert ask(client, workspace, 10).status_code == expected
    assert not Adjustment.objects.exists()
