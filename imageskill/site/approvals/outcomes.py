"""What became of a decision: each refusal in words for the person who decided, with its number and its time."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from imageskill.core.errors import ApiError, ErrorCode
from imageskill.site.approvals.limits import WINDOWS
from imageskill.templatetags.look import minute

NOTHING_HELD: Final = "Nothing was held or charged."


@dataclass(frozen=True, slots=True)
class Outcome:
    """What happened, in a line and a sentence; `code` is the refusal's, empty where it went well."""

    title: str
    text: str
    code: str = ""


STARTED: Final = Outcome("Approved", "Exactly this plan was started, once.")
DENIED: Final = Outcome("Denied", "The agent is told so, and the same plan is refused for a day.")
GONE: Final = Outcome(
    "Not denied",
    "That cheaper way is not there any more. Choose again, or deny in your own words.",
    "INVALID_ARGUMENTS",
)


_TOLD: Final = {
    "plan_changed": ("Denied: the plan had changed", ""),
    "paused_by_owner": ("Not started: the agent is paused", "Resume it, then approve; the plan still waits."),
    "no_token": ("Not started: the agent has no token", "All its tokens ended since it asked."),
    "QUOTA_EXCEEDED": ("Not started: the credits do not reach", ""),
    "AUTH_REQUIRED": ("Not started: the agent has left", "It belongs to this workspace no more."),
}
"""By the refusal's reason or its code; without words of their own the refusal's are told."""


def of_refusal(error: ApiError) -> Outcome:
    """Return what a refused decision means."""
    reason = str(error.recovery.get("reason", ""))
    if error.code is ErrorCode.JOB_NOT_CANCELABLE:
        return Outcome(*_too_late(reason), error.code.name)
    if error.code is ErrorCode.SPEND_CAP_EXCEEDED:
        return Outcome("Not started: a cap would be passed", _cap(error.recovery), error.code.name)
    title, text = _TOLD.get(reason) or _TOLD.get(error.code.name) or ("Not decided", error.message)
    return Outcome(title, f"{text or error.message} {NOTHING_HELD}", error.code.name)


def _too_late(reason: str) -> tuple[str, str]:
    told = {
        "approval_approved": ("Already approved", "Somebody was faster. It started once, and is charged once."),
        "approval_denied": ("Already denied", f"Somebody was faster. {NOTHING_HELD}"),
        "approval_expired": ("Already over", f"Its time had passed, or its agent took it back. {NOTHING_HELD}"),
        "approval_waiting": ("Already over", f"Its fifteen minutes have passed. {NOTHING_HELD}"),
    }
    return told.get(reason, ("Not decided", f"It waits for no decision any more. {NOTHING_HELD}"))


def _cap(recovery: dict[str, Any]) -> str:
    needed, cap, name = recovery.get("needed"), recovery.get("cap"), str(recovery.get("window"))
    if name == "per_job":
        return f"It needs {needed} credits, and a job may cost {cap}. Raise the cap, then approve. {NOTHING_HELD}"
    resets_at = recovery.get("resets_at")
    until = f" until {minute(datetime.fromisoformat(resets_at))}" if resets_at else ""
    return (
        f"It needs {needed} credits, and {recovery.get('remaining')} of {cap} {WINDOWS.get(name, name)} are left"
        f"{until}. The plan still waits. {NOTHING_HELD}"
    )
