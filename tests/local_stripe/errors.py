"""What Stripe refuses, in Stripe's own shape."""

from typing import Any

_TYPES = {
    400: "invalid_request_error",
    401: "invalid_request_error",
    402: "card_error",
    403: "invalid_request_error",
    404: "invalid_request_error",
    409: "idempotency_error",
    429: "invalid_request_error",
}
_CODES = {402: "card_declined", 409: "idempotency_key_in_use", 429: "rate_limit"}


class RefusalError(Exception):
    """A request that is answered with an error."""

    def __init__(
        self, message: str, *, status: int = 400, code: str = "", param: str = "", kind: str = ""
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code or _CODES.get(status, "")
        self.param = param
        self.kind = kind or _TYPES.get(status, "api_error")

    def body(self) -> dict[str, Any]:
        """Return the answer's body."""
        error = {"type": self.kind, "message": str(self)}
        if self.status == 402:
            error["decline_code"] = "generic_decline"
        if self.code:
            error["code"] = self.code
            error["doc_url"] = f"https://stripe.com/docs/error-codes/{self.code.replace('_', '-')}"
        if self.param:
            error["param"] = self.param
        return {"error": error}


def unknown(param: str) -> RefusalError:
    """Return the refusal of a parameter that the endpoint does not have."""
    return RefusalError(f"Received unknown parameter: {param}", code="parameter_unknown", param=param)


def missing(param: str) -> RefusalError:
    """Return the refusal of a request that lacks something."""
    return RefusalError(f"Missing required param: {param}.", code="parameter_missing", param=param)


def invalid(param: str, message: str, code: str = "") -> RefusalError:
    """Return the refusal of a value."""
    return RefusalError(message, code=code, param=param)


def no_such(kind: str, object_id: str, param: str = "id") -> RefusalError:
    """Return the refusal of an id that nobody has."""
    return RefusalError(f"No such {kind}: '{object_id}'", status=404, code="resource_missing", param=param)
