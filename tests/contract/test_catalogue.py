"""The catalogue of errors: the numbers that clients rely on, and an envelope of exact types for each code."""

import json
from typing import Any

import pytest
from django.conf import settings

from imageskill.core.api import failure_response
from imageskill.core.errors import ApiError, ErrorCode

NUMBERS = {
    "INVALID_ARGUMENTS": (2, 400, False),
    "MALFORMED_JSON": (2, 400, False),
    "UNSUPPORTED_MEDIA_TYPE": (2, 415, False),
    "METHOD_NOT_ALLOWED": (2, 405, False),
    "PAYLOAD_TOO_LARGE": (2, 413, False),
    "AUTH_REQUIRED": (3, 401, False),
    "CAPABILITY_DENIED": (4, 403, False),
    "APPROVAL_REQUIRED": (4, 403, False),
    "QUOTA_EXCEEDED": (5, 402, False),
    "SPEND_CAP_EXCEEDED": (5, 402, False),
    "BUDGET_CAP_EXCEEDED": (5, 402, False),
    "BUDGET_REQUIRES_CONFIRMATION": (2, 400, False),
    "RATE_LIMITED": (5, 429, True),
    "INPUT_POLICY_DENIED": (6, 422, False),
    "CONTENT_POLICY_DENIED": (6, 422, False),
    "PROVIDER_FAILURE": (7, 502, None),
    "PROVIDER_UNAVAILABLE": (7, 503, None),
    "PAYMENT_PROVIDER_FAILURE": (7, 502, None),
    "PAYMENTS_NOT_CONFIGURED": (7, 503, None),
    "TIMEOUT": (8, 504, True),
    "ARTIFACT_STORAGE_WRITE_FAILED": (9, 507, False),
    "CREDIT_QUOTE_CONFLICT": (2, 409, False),
    "IDEMPOTENCY_CONFLICT": (2, 409, False),
    "QUOTE_EXPIRED": (1, 410, False),
    "QUOTE_NOT_PAYABLE": (1, 409, False),
    "JOB_NOT_CANCELABLE": (1, 409, False),
    "ASSET_IN_USE": (1, 409, False),
    "JOB_CANCELED": (1, 409, False),
    "ALREADY_COLLECTED": (1, 409, False),
    "SERVICE_UNAVAILABLE": (7, 503, True),
    "INTERNAL_ERROR": (1, 500, None),
}
"""Code -> exit code, HTTP status, whether to repeat (None: by case), as the contract of the wire has them."""


def numbers_of(code: ErrorCode) -> tuple[int, int, bool | None]:
    return NUMBERS.get(code.name, (1, 404, False))


@pytest.mark.parametrize("code", list(ErrorCode), ids=lambda code: code.name)
def test_each_code_has_the_numbers_of_the_contract(code: ErrorCode) -> None:
    assert code.name in NUMBERS or code.name.endswith("_NOT_FOUND")
    assert (code.spec.exit_code, code.spec.http_status, code.spec.retryable) == numbers_of(code)


def test_no_code_of_the_contract_is_missing() -> None:
    found = {
        "MODEL_NOT_FOUND", "CAPABILITY_NOT_FOUND", "ASSET_NOT_FOUND", "JOB_NOT_FOUND", "QUOTE_NOT_FOUND",
        "ACTIVITY_NOT_FOUND", "ROUTE_NOT_FOUND",
    }  # fmt: skip
    assert {code.name for code in ErrorCode} >= set(NUMBERS) | found


@pytest.mark.parametrize("code", list(ErrorCode), ids=lambda code: code.name)
def test_each_code_stands_on_the_page_of_errors_with_its_numbers(code: ErrorCode) -> None:
    exit_code, status, retryable = numbers_of(code)
    word = {True: "yes", False: "no", None: "by case"}[retryable]
    page = (settings.REPOSITORY / "docs" / "errors.md").read_text(encoding="utf-8")
    assert f"| `{code.name}` | {exit_code} | {status} | {word} |" in page


@pytest.mark.parametrize("code", list(ErrorCode), ids=lambda code: code.name)
def test_each_code_is_told_with_exact_fields_and_types(code: ErrorCode) -> None:
    exit_code, status, retryable = numbers_of(code)
    response = failure_response(ApiError(code, "Words.", fields={"a": ["b"]}, cap=None), command="image-skill x")
    told: dict[str, Any] = json.loads(response.content)
    trace_id = told.pop("trace_id")
    assert isinstance(trace_id, str)
    assert told == {
        "ok": False,
        "command": "image-skill x",
        "actor": None,
        "data": None,
        "warnings": [],
        "error": {
            "code": code.name,
            "message": "Words.",
            "retryable": retryable is True,
            "recovery": {"fields": {"a": ["b"]}},
        },
    }
    assert (response.status_code, response["x-image-skill-exit-code"]) == (status, str(exit_code))
    assert response["Cache-Control"] == "no-store"


def test_what_is_safe_to_repeat_later_says_when() -> None:
    response = failure_response(ApiError(ErrorCode.RATE_LIMITED, retry_after_seconds=7))
    assert response["Retry-After"] == "7"
    assert "Retry-After" not in failure_response(ApiError(ErrorCode.CAPABILITY_DENIED))


@pytest.mark.parametrize("retryable", [True, False])
def test_a_case_decides_where_the_table_leaves_it_open(*, retryable: bool) -> None:
    told = json.loads(failure_response(ApiError(ErrorCode.PROVIDER_FAILURE, retryable=retryable)).content)
    assert told["error"]["retryable"] is retryable
