"""What the access line records of a call besides its HTTP: never a prompt, a picture or a secret."""

from typing import Any

from imageskill.core.envelope import Envelope

OFF_HEADER = "image-skill-telemetry"
"""A caller that sends `off` under this name leaves only the HTTP part in the line."""


def of_answer(told: Envelope) -> dict[str, Any]:
    """Return the fields of one answer: label, actor class, capability, credits and error code."""
    actor, data, error = told["actor"], told["data"] or {}, told["error"]
    return {
        "command": told["command"],
        "actor_type": actor["actor_type"] if actor else None,
        "claim_state": actor["claim_state"] if actor else None,
        "capability": _part(data, "capability", "id"),
        "credits": _part(data, "quota", "consumed_credits"),
        "error_code": error["code"] if error else None,
    }


def _part(data: dict[str, Any], block: str, name: str) -> Any:  # noqa: ANN401 - any JSON
    held = data.get(block)
    return held.get(name) if isinstance(held, dict) else None
