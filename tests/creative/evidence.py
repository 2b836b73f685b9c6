"""What a create leaves behind, and the proof that it left nothing."""

from typing import Any

from django.test import Client

from billing import ledger
from billing.models import Hold, LedgerEntry, UsageEvent
from creative.models import Asset, Attempt, Job
from tests.cast import Answer, Caller

ENVELOPE = {"ok", "command", "trace_id", "actor", "data", "warnings", "error"}
ALLOWANCE = {
    "remaining_credits": 50,
    "payment_backed_remaining_credits": 0,
    "held_credits": 0,
    "spendable_credits": 50,
}


def balance(caller: Caller) -> dict[str, Any]:
    """Return the credits of a caller as the wire tells them."""
    limits = caller.get("/v1/quota").data["limits"]
    return {name: limits[name] for name in ALLOWANCE}


def assert_refused(answer: Answer, code: str, exit_code: int, status: int) -> dict[str, Any]:
    """Check a refusal's envelope, exit code and status, and return its recovery."""
    assert set(answer.body) == ENVELOPE
    assert (answer.ok, answer.body["data"]) == (False, None)
    assert (answer.code, answer.exit_code, answer.status) == (code, exit_code, status), answer.body
    assert answer.error["retryable"] is False
    assert answer.error["message"]
    recovery: dict[str, Any] = answer.error.get("recovery", {})
    return recovery


def assert_untouched(caller: Caller) -> None:
    """Check that no job and no movement of credits came of what was asked; the allowance stands."""
    assert not Job.objects.exists()
    assert not Attempt.objects.exists()
    assert not Asset.objects.exists()
    assert not Hold.objects.exists()
    assert set(LedgerEntry.objects.values_list("kind", flat=True)) == {"grant"}
    if caller.token is not None:
        assert balance(caller) == ALLOWANCE


def assert_released(caller: Caller, job_id: str) -> None:
    """Check that a failed job gave every credit back and consumed nothing."""
    hold = Hold.objects.get(job_id=job_id)
    assert (hold.state, hold.settled_credits) == (Hold.State.RELEASED, 0)
    assert balance(caller) == ALLOWANCE
    assert not UsageEvent.objects.exists()
    assert not Asset.objects.exists()
    assert ledger.verify() == []


def path_of(asset: dict[str, Any]) -> str:
    """Return the path of an asset's address."""
    return str(asset["url"]).removeprefix("http://testserver")


def fetch(path: str, method: str = "GET", **headers: str) -> Any:
    """Ask for a path as a browser does, without a token."""
    return Client(raise_request_exception=False).generic(method, path, headers=headers)


def content_of(response: Any) -> bytes:
    """Return the whole body of an answer, streamed or not."""
    return b"".join(response.streaming_content) if response.streaming else response.content
