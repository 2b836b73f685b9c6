"""The pay page, as a browser without script sees it."""

import http.client
from urllib.parse import urlencode, urlsplit

import pytest

from tests.local_stripe import LocalStripe
from tests.local_stripe.conftest import Open


def visit(url: str, **fields: str) -> tuple[int, str, str]:
    """Get a page, or press its button; return status, address to go to, and text."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=60)
    try:
        connection.request("POST" if fields else "GET", parts.path, urlencode(fields) or None)
        answer = connection.getresponse()
        return answer.status, answer.headers.get("Location", ""), answer.read().decode()
    finally:
        connection.close()


def test_the_button_pays_and_leads_back(local: LocalStripe, opened: Open) -> None:
    session = opened()
    status, _, page = visit(session.url)
    assert status == 200
    assert "10.00 USD" in page
    assert "100 credits" in page
    assert 'href="https://images.example/cancelled"' in page
    assert "Promotion code" not in page
    assert "<script" not in page
    status, there, _ = visit(session.url, method="card", email="ann@example.com")
    assert (status, there) == (303, f"https://images.example/back?session={session.id}")
    paid = local.object(session.id)
    assert (paid["payment_status"], paid["customer_details"]["email"]) == ("paid", "ann@example.com")
    assert visit(session.url, method="card")[0] == 400
    assert [event["type"] for event in local.events] == ["checkout.session.completed"]


@pytest.mark.parametrize(("percent", "total", "state"), [("50", 500, "paid"), ("100", 0, "no_payment_required")])
def test_a_code_lowers_the_amount_where_codes_are_taken(
    local: LocalStripe, opened: Open, percent: str, total: int, state: str
) -> None:
    plain, with_codes = opened(), opened(allow_promotion_codes=True)
    assert "Promotion code" in visit(with_codes.url)[2]
    assert visit(plain.url, discount=percent)[0] == 400
    assert visit(with_codes.url, discount=percent)[0] == 303
    paid = local.object(with_codes.id)
    assert (paid["amount_total"], paid["payment_status"]) == (total, state)
    assert local.object(plain.id)["status"] == "open"


@pytest.mark.parametrize(("outcome", "state"), [("succeeded", "paid"), ("failed", "unpaid")])
def test_a_later_payment_is_settled_on_its_page(
    local: LocalStripe, opened: Open, outcome: str, state: str
) -> None:
    session = opened()
    visit(session.url, method="async")
    assert "The money arrives" in visit(session.url)[2]
    assert visit(f"{session.url}/settle", outcome=outcome)[0] == 303
    assert local.object(session.id)["payment_status"] == state
    assert local.events[-1]["type"] == f"checkout.session.async_payment_{outcome}"


def test_names_are_escaped_and_unknown_pages_are_not_there(local: LocalStripe, opened: Open) -> None:
    price = {"currency": "usd", "unit_amount": 1000, "product_data": {"name": "<script>alert(1)</script>"}}
    session = opened(line_items=[{"quantity": 1, "price_data": price}])
    assert "<script" not in visit(session.url)[2]
    assert session.id in visit(f"{local.url}/")[2]
    assert [visit(f"{local.url}{path}")[0] for path in ("/pay/cs_nobody", "/elsewhere")] == [404, 404]
