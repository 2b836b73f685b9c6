"""A claim in the middle of things: a job that runs, a checkout that is open, a payment that is disputed."""

from collections.abc import Callable

import pytest
from django.conf import LazySettings

from accounts import tokens
from accounts.models import AgentToken, Organization
from billing import fulfilment, ledger, reversals
from billing.models import CreditAccount, Hold, PaymentAttempt, Receipt
from creative import execution
from creative.models import Job
from creative.providers.base import Failure, ProviderCall, ProviderError, ProviderResult
from tests.cast import Caller, Member
from tests.claims.people import owner_of, take_over, workspace_of
from tests.doubles import FakeProvider, pictures, run_never
from tests.local_stripe import LocalStripe
from tests.payments.conftest import Checkout
from tests.payments.test_reversals import note, spend

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


def books(organization_id: str) -> tuple[int, int, int, int]:
    """Return what is paid and available, held, frozen and owed."""
    row = CreditAccount.objects.get(pk=organization_id)
    return row.paid_credits, row.held_credits, row.frozen_credits, row.debt_credits


@pytest.fixture
def studio(checkout: Checkout) -> Organization:
    """The workspace that the agent's owner has already."""
    return workspace_of(owner_of(checkout.member))


@pytest.fixture
def receipt(checkout: Checkout, stripe: LocalStripe) -> Receipt:
    """A paid receipt of 500 credits, bought before the claim."""
    checkout.begin()
    stripe.pay(checkout.session_id)
    stripe.deliver_all()
    return Receipt.objects.get()


def claim(checkout: Checkout, studio: Organization) -> None:
    take_over(checkout.member, owner_of(checkout.member), studio)


def queue(member: Member, settings: LazySettings, **fields: object) -> Job:
    """Return a job that holds bought credits and that nobody has taken."""
    settings.JOB_QUEUE = "tests.doubles.run_never"
    settings.PREVIEW_MODELS = ["fal.flux-dev"]
    run_never.job_ids.clear()
    member.send("POST", "/v1/create", {"prompt": "A boat", **fields}, headers={"prefer": "respond-async"})
    return Job.objects.get()


def refusing(call: ProviderCall) -> ProviderResult:
    raise ProviderError(Failure.REFUSED, "The provider says no.")


def one_of(call: ProviderCall) -> ProviderResult:
    return ProviderResult(pictures(call).pictures[:1])


@pytest.mark.parametrize(
    ("behaviour", "spent"), [(pictures, 4), (one_of, 1), (refusing, 0)], ids=["whole", "partial", "refused"]
)
@pytest.mark.parametrize("moment", ["queued", "calling", "first use of the new token"])
def test_a_job_ends_where_it_began_and_what_it_gives_back_follows(
    receipt: Receipt,
    checkout: Checkout,
    studio: Organization,
    provider: FakeProvider,
    settings: LazySettings,
    behaviour: Callable[[ProviderCall], ProviderResult],
    spent: int,
    moment: str,
) -> None:
    shell = receipt.organization_id
    job = queue(checkout.member, settings, output_count=4)
    assert books(shell)[:2] == (496, 4)

    def meanwhile(call: ProviderCall) -> ProviderResult:
        if moment == "calling":
            claim(checkout, studio)
            assert books(shell) == (0, 4, 0, 0)
        return behaviour(call)

    provider.behaviour = meanwhile
    if moment != "calling":
        claim(checkout, studio)
    if moment.startswith("first"):
        _, raw = tokens.issue(checkout.member.row)
        assert Caller(raw).get("/v1/whoami").ok
        assert AgentToken.objects.get(narrowed_at__isnull=False).revoked_at is not None
    execution.run(job.pk)
    job.refresh_from_db()
    assert (job.state, job.settled_credits) == ("failed" if spent == 0 else "completed", spent)
    assert Hold.objects.get().organization_id == shell
    assert books(shell) == (0, 0, 0, 0)
    assert books(studio.pk) == (500 - spent, 0, 0, 0)
    assert ledger.verify() == []


def test_a_checkout_that_is_paid_after_the_claim_credits_the_workspace(
    checkout: Checkout, stripe: LocalStripe, studio: Organization
) -> None:
    checkout.begin()
    claim(checkout, studio)
    stripe.pay(checkout.session_id)
    assert set(stripe.deliver_all()) == {200}
    assert books(studio.pk)[0] == 500
    receipt = Receipt.objects.get()
    assert (receipt.organization_id, receipt.balance_after) == (studio.pk, 500)
    assert PaymentAttempt.objects.get().flag == "organization_merged"
    fulfilment.fulfil(session_id=checkout.session_id, method="stripe_checkout")
    assert books(studio.pk)[0] == 500
    assert ledger.verify() == []


def test_a_refund_after_the_claim_finds_the_credits_where_they_went(
    receipt: Receipt, checkout: Checkout, studio: Organization
) -> None:
    spend(receipt, 100)
    claim(checkout, studio)
    note(receipt, "re_1", 250, "succeeded")
    assert (books(receipt.organization_id), books(studio.pk)) == ((0, 0, 0, 0), (150, 0, 0, 0))
    note(receipt, "re_2", 250, "succeeded")
    assert (books(receipt.organization_id), books(studio.pk)) == ((0, 0, 0, 100), (0, 0, 0, 0))
    note(receipt, "re_2", 250, "failed")
    assert (books(receipt.organization_id), books(studio.pk)) == ((0, 0, 0, 0), (150, 0, 0, 0))
    assert ledger.verify() == []


@pytest.mark.parametrize("ending", ["won", "lost"])
def test_what_a_dispute_had_frozen_follows_when_it_is_won(
    receipt: Receipt, checkout: Checkout, studio: Organization, ending: str
) -> None:
    spend(receipt, 100)
    note(receipt, "dp_1", 500, "needs_response", kind="dispute")
    assert books(receipt.organization_id) == (0, 0, 400, 0)
    claim(checkout, studio)
    assert books(receipt.organization_id) == (0, 0, 400, 0)
    note(receipt, "dp_1", 500, ending, kind="dispute")
    if ending == "won":
        assert (books(receipt.organization_id), books(studio.pk)) == ((0, 0, 0, 0), (400, 0, 0, 0))
    else:
        assert books(receipt.organization_id) == (0, 0, 0, 100)
    assert ledger.verify() == []


def test_a_dispute_after_the_claim_freezes_in_the_workspace(
    receipt: Receipt, checkout: Checkout, studio: Organization
) -> None:
    claim(checkout, studio)
    note(receipt, "dp_1", 500, "needs_response", kind="dispute")
    assert books(studio.pk) == (0, 0, 500, 0)
    note(receipt, "dp_1", 500, "won", kind="dispute")
    assert books(studio.pk) == (500, 0, 0, 0)
    assert ledger.verify() == []


def test_a_hold_that_comes_back_while_its_payment_is_disputed_is_frozen_where_it_arrives(
    receipt: Receipt,
    checkout: Checkout,
    studio: Organization,
    provider: FakeProvider,
    settings: LazySettings,
) -> None:
    job = queue(checkout.member, settings, output_count=4)
    claim(checkout, studio)
    note(receipt, "dp_1", 500, "needs_response", kind="dispute")
    provider.behaviour = refusing
    execution.run(job.pk)
    assert books(studio.pk) == (4, 0, 496, 0)
    reversals.attach_waiting()
    assert books(studio.pk) == (0, 0, 500, 0)
    assert ledger.verify() == []


def test_a_payment_is_told_to_its_agent_before_and_after_the_claim(
    receipt: Receipt, checkout: Checkout, studio: Organization
) -> None:
    claim(checkout, studio)
    row = checkout.member.row
    assert (row.organization_id, row.shell_id) == (studio.pk, receipt.organization_id)
    told = checkout.buyer.status(receipt_id=receipt.pk).data
    assert (told["state"], told["receipt"]["receipt_id"]) == ("succeeded", receipt.pk)
    assert told["limits"]["payment_backed_remaining_credits"] == 500


def test_a_token_that_was_revoked_after_the_claim_spends_no_more(
    receipt: Receipt, checkout: Checkout, studio: Organization, provider: FakeProvider, settings: LazySettings
) -> None:
    job = queue(checkout.member, settings, output_count=4)
    claim(checkout, studio)
    tokens.revoke(token=AgentToken.objects.select_related("agent").get(narrowed_at__isnull=False))
    execution.run(job.pk)
    job.refresh_from_db()
    assert (job.state, job.error_reason, provider.calls) == ("canceled", "token_ended", [])
    assert books(studio.pk) == (500, 0, 0, 0)


def test_money_goes_back_for_what_is_left_of_a_purchase_whose_promotion_lapsed(
    checkout: Checkout, stripe: LocalStripe, studio: Organization, settings: LazySettings
) -> None:
    settings.STRIPE_PROMOTION_CODES = True
    checkout.begin()
    stripe.pay(checkout.session_id, discount_percent=50)
    stripe.deliver_all()
    receipt = Receipt.objects.get()
    assert (receipt.paid_credits, receipt.promo_credits, receipt.paid_cents) == (250, 250, 250)
    claim(checkout, studio)
    assert books(studio.pk) == (250, 0, 0, 0)
    note(receipt, "re_1", 125, "succeeded")
    assert books(studio.pk) == (125, 0, 0, 0)
    note(receipt, "re_2", 125, "succeeded")
    assert (books(studio.pk), books(receipt.organization_id)) == ((0, 0, 0, 0), (0, 0, 0, 0))
    assert ledger.verify() == []
