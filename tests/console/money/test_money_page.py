"""The money page: each check green or red with the first offenders, and what is out of the ordinary."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Organization
from billing import caps_runs, findings, health
from billing.findings import Found
from billing.ledger import verify
from billing.models import BooksFinding, CapsRun, CreditAccount, CreditLot, Decision, Hold, LotKind, UsageEvent
from billing.proving import Proof
from imageskill.core.ids import new_id
from imageskill.core.models import PeriodicRun
from imageskill.flows import cap_proofs, clock, invariants
from tests.billing.books import give, new_agent, set_aside, settle
from tests.cast import Member
from tests.console.desk import desk
from tests.pages.people import said

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


def found(number: int, what: str = "lot.held") -> list[Found]:
    return [Found(what, str(row), "", f"{what} {row}: expected 1, found 2") for row in range(number)]


def page() -> str:
    return str(desk("kim@example.com").get("/console/money").content.decode())


def test_right_books_are_green_and_say_when_they_were_checked() -> None:
    give(new_agent(), 10)
    assert "The books were not checked yet." in page()
    assert verify() == []
    invariants.check(full=True)
    cap_proofs.check()
    client = desk()
    shown = client.get("/console/money").content.decode()
    assert "The books balance." in shown
    assert shown.count('<span class="badge ok">holds</span>') == len(health.CHECKS) + 2
    assert "badge refused" not in shown


def test_one_finding_is_unconfirmed_and_a_second_check_makes_it_red_with_ten_and_the_total() -> None:
    began_at = timezone.now()
    findings.record(found=found(12), full=True, began_at=began_at)
    client = desk()
    shown = client.get("/console/money").content.decode()
    assert ('<span class="badge held">unconfirmed</span>' in shown, "badge refused" in shown) == (True, False)
    findings.record(found=found(12), full=True, began_at=began_at)
    shown = client.get("/console/money").content.decode()
    assert "The books do not balance: 12 rows out of place" in shown
    assert '<span class="badge refused">broken</span>' in shown
    assert "12 rows, 12 found twice; the first 10" in shown
    assert shown.count("expected 1, found 2") == health.SHOWN
    assert BooksFinding.objects.count() == 12


def test_a_forged_balance_is_found_by_the_check_and_named_on_the_page() -> None:
    agent = new_agent()
    give(agent, 10)
    CreditAccount.objects.update(free_credits=11)
    for _ in range(2):
        invariants.check(full=True)
    assert f"account.free {agent.organization_id}: expected 10, found 11" in page()


def test_a_kind_of_finding_that_nobody_named_is_shown_all_the_same() -> None:
    findings.record(found=found(1, "new.kind"), full=True, began_at=timezone.now())
    assert "new.kind 0: expected 1, found 2" in page()


def test_the_proof_of_the_caps_is_kept_and_shown(agent: Member) -> None:
    assert "the first proof is still to come" in page()
    run = cap_proofs.check()
    assert (run.decisions, run.offences) == (Decision.objects.count(), 0)
    broken = Proof(
        3, 1, tuple(f"decision {number}: day" for number in range(12)), "decision 1: day cap 5, -1 left"
    )
    caps_runs.record(broken, began_at=timezone.now())
    shown = desk().get("/console/money").content.decode()
    assert "3 decisions compared" in shown
    assert "12 offences; the first 10" in shown
    assert ("decision 9: day" in shown, "decision 10: day" in shown) == (True, False)
    assert "Tightest: decision 1: day cap 5, -1 left" in shown
    old = timezone.now() - timedelta(days=91)
    CapsRun.objects.update(finished_at=old)
    caps_runs.record(broken, began_at=timezone.now())
    assert CapsRun.objects.count() == 1


def test_check_now_has_the_clock_do_it_at_its_next_tick() -> None:
    later = timezone.now() + timedelta(hours=1)
    for work in clock.WORKS:
        PeriodicRun.objects.create(name=work.name, due_at=later)
    assert clock.run_due() == []
    client = desk()
    assert said(client.post("/console/money/check"))[0].startswith("The checks begin within seconds")
    shown = client.get("/console/money").content.decode()
    assert "A check runs now, or begins within seconds." in shown
    assert 'hx-trigger="every 3s"' in shown
    assert sorted(clock.run_due()) == ["prove_caps", "reconcile"]
    assert findings.standing().checked_at is not None
    assert caps_runs.last() is not None
    assert "hx-trigger" not in client.get("/console/money").content.decode()


def test_a_check_that_runs_is_not_begun_twice() -> None:
    now = timezone.now()
    due_at = now + timedelta(hours=1)
    PeriodicRun.objects.create(name="reconcile", due_at=due_at, leased_until=now + timedelta(minutes=5))
    clock.bring_forward("reconcile")
    assert PeriodicRun.objects.get(name="reconcile").due_at == due_at


def test_open_holds_stand_by_their_age() -> None:
    agent = new_agent()
    lot = give(agent, 100)
    for minutes in (0, 5, 30, 90):
        hold = set_aside(agent, (lot, 10 + minutes // 30))
        Hold.objects.filter(pk=hold.pk).update(authorised_at=timezone.now() - timedelta(minutes=minutes))
    closed = set_aside(agent, (lot, 1))
    settle(closed, 1)
    told = [(age.holds, age.credits, age.is_old) for age in health.open_holds()]
    assert told == [(1, 10, False), (1, 10, False), (1, 11, False), (1, 13, True)]
    oldest = health.oldest_holds()
    assert [hold.credits for hold in oldest] == [13, 11, 10, 10]
    shown = page()
    assert oldest[0].job_id in shown
    assert '<span class="badge refused">look</span>' in shown


def test_debts_and_frozen_credits_are_summed_and_the_largest_named() -> None:
    for credits in range(1, 13):
        agent = new_agent()
        give(agent, 0 + credits)
        CreditAccount.objects.filter(pk=agent.organization_id).update(debt_credits=credits, frozen_credits=100)
    debts, frozen = health.debts(), health.frozen()
    assert (debts.organizations, debts.credits, frozen.credits) == (12, 78, 1200)
    assert [amount for _, _, amount in debts.largest] == [12, 11, 10, 9, 8, 7, 6, 5, 4, 3]
    assert "owes 12 credits" in page()


def test_what_cost_more_than_it_brought_is_named() -> None:
    agent = new_agent()
    lot = give(agent, 100, LotKind.PAID)
    for credits, micros in ((10, 99_000), (10, 100_001)):
        hold = set_aside(agent, (CreditLot.objects.get(pk=lot.pk), credits))
        settle(hold, credits)
        UsageEvent.objects.filter(hold=hold).update(provider_cost_micros=micros)
    (dear,) = health.sold_below_cost()
    assert dear.provider_cost_micros == 100_001
    day, week = health.margins()
    assert (day.jobs, day.charged, day.cost_credits, day.is_loss) == (2, 20, 20, False)
    assert week.jobs == 2
    assert dear.job_id in page()
    old = UsageEvent.objects.get(pk=dear.pk)
    old.pk = "usage_" + "0" * 25
    old.hold = set_aside(agent, (CreditLot.objects.get(pk=lot.pk), 1))
    old.job_id = new_id("job")
    old.save(force_insert=True)
    assert health.margins()[1].jobs == 2


def test_the_page_has_the_same_queries_however_much_there_is(django_assert_num_queries: Any) -> None:
    client = desk()

    def fill(number: int) -> None:
        for _ in range(number):
            agent = new_agent()
            set_aside(agent, (give(agent, 10), 5))
            CreditAccount.objects.filter(pk=agent.organization_id).update(debt_credits=3, frozen_credits=2)

    fill(3)
    findings.record(found=found(3), full=True, began_at=timezone.now())
    client.get("/console/money")
    with django_assert_num_queries(QUERIES):
        client.get("/console/money")
    fill(27)
    findings.record(found=found(30), full=True, began_at=timezone.now())
    with django_assert_num_queries(QUERIES):
        client.get("/console/money")


QUERIES = 21


def test_names_of_organizations_are_text() -> None:
    agent = new_agent()
    give(agent, 1)
    CreditAccount.objects.update(debt_credits=3)
    Organization.objects.update(name="<b>Studio</b>")
    shown = page()
    assert "&lt;b&gt;Studio&lt;/b&gt;" in shown
    assert "<b>Studio" not in shown
