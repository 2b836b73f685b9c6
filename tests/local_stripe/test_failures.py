"""Keys of idempotency, and calls that fail before or after their effect."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import stripe

from tests.local_stripe import LocalStripe
from tests.local_stripe.conftest import Open, client_of

SESSIONS = "/v1/checkout/sessions"


def sessions_of(client: stripe.StripeClient) -> list[str]:
    return [session.id for session in client.v1.checkout.sessions.list({"limit": 100}).data]


def test_the_same_key_gives_the_same_session(client: stripe.StripeClient, opened: Open) -> None:
    first, again = opened("order-1", expires_at=None), opened("order-1", expires_at=None)
    assert first.id == again.id
    assert first.last_response.headers.get("Idempotent-Replayed") is None
    assert again.last_response.headers["Idempotent-Replayed"] == "true"
    assert sessions_of(client) == [first.id]


def test_the_same_key_with_another_order_is_a_conflict(client: stripe.StripeClient, opened: Open) -> None:
    first = opened("order-1")
    with pytest.raises(stripe.IdempotencyError, match="'order-1'"):
        opened("order-1", client_reference_id="payatt_2")
    with pytest.raises(stripe.IdempotencyError):
        client.v1.checkout.sessions.expire(first.id, options={"idempotency_key": "order-1"})
    assert client.v1.checkout.sessions.retrieve(first.id).status == "open"


def test_a_refused_order_leaves_its_key_free(client: stripe.StripeClient, opened: Open) -> None:
    with pytest.raises(stripe.InvalidRequestError):
        opened("order-1", mode="setup")
    session = opened("order-1")
    assert sessions_of(client) == [session.id]


def test_many_at_once_with_one_key_open_one_session(client: stripe.StripeClient, opened: Open) -> None:
    with ThreadPoolExecutor(8) as pool:
        found = {session.id for session in pool.map(lambda _: opened("order-1", expires_at=None), range(16))}
    assert sessions_of(client) == list(found)


def test_the_library_repeats_what_failed_twice(
    local: LocalStripe, client: stripe.StripeClient, opened: Open
) -> None:
    local.fail(500, times=2, method="POST", path=SESSIONS)
    session = opened()
    keys = {asked.idempotency_key for asked in local.requests}
    assert sessions_of(client) == [session.id]
    assert local.calls[f"POST {SESSIONS}"] == 3
    assert len(keys - {""}) == 1


def test_a_saved_failure_comes_again_with_its_key(
    local: LocalStripe, client: stripe.StripeClient, opened: Open
) -> None:
    local.fail(500, method="POST", path=SESSIONS, saved=True)
    for _ in range(2):
        with pytest.raises(stripe.APIError) as failed:
            opened("order-1", expires_at=None)
        assert failed.value.http_status == 500
    assert sessions_of(client) == []
    assert opened("order-2").id.startswith("cs_test_")


@pytest.mark.parametrize(
    ("status", "error", "calls"),
    [
        (402, stripe.CardError, 1),
        (409, stripe.APIError, 3),
        (429, stripe.RateLimitError, 1),
        (503, stripe.APIError, 3),
    ],
)
def test_a_failure_has_the_librarys_error(
    local: LocalStripe, opened: Open, status: int, error: type[stripe.StripeError], calls: int
) -> None:
    local.fail(status, times=3)
    with pytest.raises(error) as failed:
        opened()
    assert failed.value.http_status == status
    assert local.calls[f"POST {SESSIONS}"] == calls
    local.stop_failing()
    assert opened().status == "open"


@pytest.mark.parametrize("how", ["drop", "timeout"])
def test_an_answer_that_is_lost_after_the_effect_comes_with_the_same_key(
    local: LocalStripe, client: stripe.StripeClient, opened: Open, how: str
) -> None:
    local.fail("drop" if how == "drop" else "timeout", times=3, method="POST", path=SESSIONS, when="after")
    with pytest.raises(stripe.APIConnectionError):
        opened("order-1", by=client_of(local, seconds=0.5), expires_at=None)
    session = opened("order-1", expires_at=None)
    assert session.last_response.headers["Idempotent-Replayed"] == "true"
    assert sessions_of(client) == [session.id]
    assert local.count("POST", "/v1/checkout/*") == 4


def test_a_call_that_is_dropped_before_its_effect_has_none(
    local: LocalStripe, client: stripe.StripeClient, opened: Open
) -> None:
    local.fail("drop", times=3, method="POST")
    with pytest.raises(stripe.APIConnectionError):
        opened("order-1")
    assert sessions_of(client) == []
