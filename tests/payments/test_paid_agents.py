"""An agent that was paid for and names no contact: whose it is by its code, and which contact it may name."""

import pytest
from django.conf import LazySettings

from accounts import claim_opening, claimants
from accounts.claim_opening import Visitor
from accounts.models import Agent, Claim, ContactChange
from billing import mandates, payers, rails
from billing.models import CreditAccount, Receipt
from imageskill.core.errors import ApiError
from imageskill.flows import claiming
from tests.cast import Answer, Member, sign_up
from tests.claims.people import live_claim, person_with, take_over, workspace_of
from tests.local_stripe import LocalStripe
from tests.payments.conftest import Buyer, Checkout

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

PAYER, MALLORY = "payer@example.com", "mallory@example.com"


@pytest.fixture
def paid(stripe: LocalStripe) -> Member:
    """An agent without a contact for which somebody has paid 500 credits."""
    nameless = sign_up(None)
    checkout = Checkout(nameless)
    checkout.begin()
    stripe.pay(checkout.session_id, email=PAYER)
    stripe.deliver_all()
    assert nameless.row.claim_state == "payment_backed_unclaimed"
    return nameless


def name(member: Member, contact: str) -> Answer:
    """Ask to be claimed by a contact."""
    return member.post("/v1/agent-claims", {"contact": contact})


def visitor(*addresses: str) -> Visitor:
    return Visitor(person_with(*addresses).actor_id, frozenset(addresses), "loopback", "", payers.of)


def test_who_paid_takes_it_over_by_its_code_into_a_new_workspace_or_another(paid: Member) -> None:
    payer = person_with("ada@example.com", PAYER)
    take_over(paid, payer, workspace_of(payer))
    row = paid.row
    assert (row.claim_state, row.contact) == ("claimed", "ada@example.com")
    assert CreditAccount.objects.get(pk=row.organization_id).paid_credits == 500
    mandate = mandates.current(agent_id=row.pk, organization_id=row.organization_id)
    assert mandate is not None
    # It named nobody, so it asks before everything all the same.
    assert (mandate.approval_threshold, mandate.cap_day) == (0, 500)


def test_nobody_else_decides_on_it(paid: Member) -> None:
    mallory = person_with(MALLORY)
    for into in (None, workspace_of(mallory)):
        with pytest.raises(ApiError) as refused:
            take_over(paid, mallory, into)
        assert refused.value.code.name == "CLAIM_NOT_FOUND"
    with pytest.raises(ApiError) as refused:
        claiming.deny(claim_id=live_claim(paid).pk, person=mallory, reason="mine")
    assert refused.value.code.name == "CLAIM_NOT_FOUND"
    assert (live_claim(paid).state, paid.row.claim_state) == ("open", "payment_backed_unclaimed")


def test_its_right_code_opens_it_for_who_paid_and_for_others_it_is_like_a_wrong_one(paid: Member) -> None:
    code = paid.get("/v1/whoami").data["claim"]["user_code"]
    wrong = claim_opening.type_code("BBBBB-BBBBB", visitor=visitor("bo@example.com"))
    stolen = claim_opening.type_code(code, visitor=visitor(MALLORY))
    assert stolen == wrong
    assert (live_claim(paid).opened_by_id, live_claim(paid).wrong_tries) == (None, 0)
    opened = claim_opening.type_code(code, visitor=visitor("ada@example.com", PAYER))
    assert opened.claim is not None


def test_money_that_comes_after_the_code_was_typed_shuts_the_door(stripe: LocalStripe) -> None:
    nameless = sign_up(None)
    checkout = Checkout(nameless)
    checkout.begin()
    mallory = visitor(MALLORY)
    opened = claim_opening.type_code(nameless.get("/v1/whoami").data["claim"]["user_code"], visitor=mallory).claim
    assert opened is not None
    assert claim_opening.visible_to(mallory, opened.link) is not None
    stripe.pay(checkout.session_id, email=PAYER)
    stripe.deliver_all()
    assert claim_opening.visible_to(mallory, opened.link) is None
    with pytest.raises(ApiError):
        take_over(nameless, person_with(MALLORY))
    assert nameless.row.claim_state == "payment_backed_unclaimed"


def test_a_receipt_from_before_payers_were_kept_lets_nobody_take_it_by_a_code(paid: Member) -> None:
    Receipt.objects.update(payer_digest="")
    for address in (PAYER, MALLORY):
        with pytest.raises(ApiError):
            take_over(paid, person_with(address))
    refused = name(paid, PAYER)
    assert refused.error["recovery"]["reason"] == "payer_is_unknown"
    assert paid.row.contact == ""


def test_play_money_leaves_it_to_whoever_has_the_code(settings: LazySettings, db: None) -> None:
    settings.FAKE_RAIL = True
    rails.rail.cache_clear()
    nameless = sign_up(None)
    buyer = Buyer(nameless)
    assert buyer.buy(buyer.quote(credits=10).data["quote_id"]).ok
    assert nameless.row.claim_state == "payment_backed_unclaimed"
    take_over(nameless, person_with(MALLORY))
    assert nameless.row.claim_state == "claimed"


def test_its_first_contact_is_who_paid_and_nobody_else(paid: Member) -> None:
    refused = name(paid, MALLORY)
    recovery = refused.error["recovery"]
    assert (refused.code, refused.exit_code, recovery["reason"]) == (
        "CAPABILITY_DENIED",
        4,
        "contact_is_not_the_payer",
    )
    assert recovery["suggested_command"] == "image-skill claim request --contact CONTACT --json"
    assert (recovery["suggested_command_copy_runnable"], recovery["missing_inputs"]) == (False, ["contact"])
    assert MALLORY not in str(refused.body)
    assert (paid.row.contact, live_claim(paid).state) == ("", "open")
    assert name(paid, "Payer@Example.com").data["claim_request_state"] == "requested"
    assert paid.row.contact == "Payer@Example.com"
    assert name(paid, MALLORY).error["recovery"]["reason"] == "contact_is_fixed"
    take_over(paid, person_with(PAYER))
    assert paid.row.claim_state == "claimed"


def test_who_paid_is_not_found_out_by_naming_one_after_the_other(paid: Member) -> None:
    for number in range(claimants.TRIES_A_DAY):
        assert name(paid, f"m{number}@example.com").code == "CAPABILITY_DENIED"
    for contact in (MALLORY, "m9@example.com"):
        refused = name(paid, contact)
        assert (refused.code, refused.error["recovery"]["reason"]) == ("RATE_LIMITED", "first_contacts")
        assert refused.error["recovery"]["cap"] == claimants.TRIES_A_DAY
    assert paid.row.contact == ""


def test_an_agent_that_named_its_contact_before_it_was_paid_for_is_that_contact_s(
    checkout: Checkout, stripe: LocalStripe
) -> None:
    checkout.begin()
    stripe.pay(checkout.session_id, email=PAYER)
    stripe.deliver_all()
    member = checkout.member
    with pytest.raises(ApiError):
        take_over(member, person_with(PAYER))
    take_over(member, person_with(member.row.contact))
    assert member.row.claim_state == "claimed"


def test_a_contact_that_is_paid_for_by_money_on_its_way_is_not_replaced_by_the_token(
    checkout: Checkout, stripe: LocalStripe
) -> None:
    """A bank debit takes days; whoever read the token would only have to be quicker."""
    member, contact = checkout.member, checkout.member.row.contact
    checkout.begin()
    stripe.pay(checkout.session_id, method="async", email=PAYER)
    stripe.deliver_all()
    assert member.row.claim_state == "unclaimed"
    refused = name(member, MALLORY)
    assert refused.error["recovery"]["reason"] == "contact_is_fixed"
    assert ContactChange.objects.get(agent=member.row).contact == MALLORY, "its owner is asked"
    assert member.row.contact == contact
    assert name(member, contact).ok


def test_an_unpaid_agent_names_whom_it_likes(stripe: LocalStripe) -> None:
    nameless = sign_up(None)
    Checkout(nameless).begin()
    assert name(nameless, MALLORY).ok
    assert (Agent.objects.get().contact, Claim.objects.filter(state="requested").count()) == (MALLORY, 1)
