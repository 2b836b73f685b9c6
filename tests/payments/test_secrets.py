"""Card numbers and secrets in a call about money: refused unechoed, stored in no file and written to no log."""

import logging
import secrets
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.db import connection

from billing.models import PaymentAttempt, Quote
from imageskill.core.models import IdempotencyKey
from imageskill.logging import JsonFormatter
from tests.local_stripe import LocalStripe
from tests.payments.conftest import Buyer

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]

CALLS = (
    "/v1/credit-quotes",
    "/v1/credit-purchases",
    "/v1/credit-purchases/stripe-checkout-sessions",
)


def card() -> str:
    """Return a card number that nobody has: sixteen digits, the last of which makes the sum right."""
    digits = "4000" + f"{secrets.randbelow(10**11):011d}"
    doubled = [int(digit) * (2 - number % 2) for number, digit in enumerate(digits)]
    total = sum(value - 9 if value > 9 else value for value in doubled)
    return digits + str(-total % 10)


def hidden() -> list[str]:
    """Return what no money call may carry, each made up for this test."""
    number = card()
    random = secrets.token_hex(12)
    return [
        number,
        " ".join(number[start : start + 4] for start in range(0, 16, 4)),
        f"sk_live_{random}",
        f"rk_test_{random}",
        f"whsec_{random}",
        f"isk_r_{random}",
    ]


def stored() -> str:
    """Return the whole database: every byte of SQLite's files, or every column of PostgreSQL's tables."""
    if connection.vendor == "sqlite":
        name = Path(str(connection.settings_dict["NAME"]))
        files = [name.with_name(name.name + end) for end in ("", "-wal", "-journal")]
        return "".join(path.read_bytes().decode("latin-1") for path in files if path.exists())
    found = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names():
            cursor.execute(f'SELECT * FROM "{table}"')  # noqa: S608 - our own names
            found += [str(row) for row in cursor.fetchall()]
    return "\n".join(found)


def bodies(secret: str, quote_id: str) -> list[dict[str, Any]]:
    """Return bodies that carry a secret: as a value, as a field, as a reference, deep inside."""
    return [
        {"credits": 10, "quote_id": quote_id, "idempotency_key": secret},
        {"credits": 10, "quote_id": quote_id, "idempotency_key": "run-001", "card_number": secret},
        {"credits": 10, "quote_id": quote_id, "idempotency_key": "run-001", secret: "1"},
        {"quote_id": secret, "idempotency_key": "run-001", "pack_id": secret, "payment_method": secret},
        {"credits": 10, "quote_id": quote_id, "idempotency_key": "run-001", "payment": {"card": [secret]}},
    ]


@pytest.mark.parametrize("call", CALLS)
def test_no_money_call_takes_keeps_or_repeats_a_card_number_or_a_secret(
    buyer: Buyer, stripe: LocalStripe, settings: LazySettings, call: str
) -> None:
    settings.FAKE_RAIL = True
    method = "fake" if call == "/v1/credit-purchases" else "stripe_checkout"
    quote_id = str(buyer.quote(credits=100, payment_method=method).data["quote_id"])
    before = (Quote.objects.count(), IdempotencyKey.objects.count())
    told = hidden()
    for secret in told:
        answers = [buyer.member.post(call, body) for body in bodies(secret, quote_id)]
        answers.append(
            buyer.member.post(call, {"credits": 10, "quote_id": quote_id}, headers={"idempotency-key": secret})
        )
        for answer in answers:
            assert (answer.code, answer.status) in {("INVALID_ARGUMENTS", 400), ("QUOTE_NOT_FOUND", 404)}, (
                answer.body
            )
            assert secret not in answer.response.content.decode()
    assert (Quote.objects.count(), IdempotencyKey.objects.count()) == before
    assert not PaymentAttempt.objects.exists()
    assert stripe.count("POST", "/v1/checkout/sessions") == 0
    everything = stored()
    assert quote_id in everything
    assert [secret for secret in told if secret in everything] == []


@pytest.mark.parametrize("call", CALLS)
def test_no_log_line_repeats_them(
    buyer: Buyer, stripe: LocalStripe, caplog: pytest.LogCaptureFixture, call: str
) -> None:
    del stripe
    caplog.set_level(logging.DEBUG)
    told = hidden()
    for secret in told:
        for body in bodies(secret, "quote_" + "0" * 25):
            buyer.member.post(call, body)
        buyer.member.post(call, {"credits": 10}, headers={"idempotency-key": secret})
        buyer.member.get(f"{call}/status?quote_id={secret.replace(' ', '+')}")
    formatter = JsonFormatter()
    text = "\n".join(formatter.format(record) for record in caplog.records)
    assert "answered" in text
    assert [secret for secret in told if secret in text] == []
