"""How the agents' pages say what an agent may do, in sentences."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any, Final

from django.contrib.humanize.templatetags.humanize import intcomma

from billing.mandates import Counter, Terms
from imageskill.templatetags.look import credits, minute

WINDOWS: Final = {
    "per_job": "One job",
    "day": "A day",
    "week": "A week",
    "month": "A month",
    "lifetime": "In all",
}
LIMITS: Final = {
    **{f"cap_{window}": f"Cap: {said.lower()}" for window, said in WINDOWS.items()},
    "approval_threshold": "Asks you above",
    "allowed_models": "Models",
    "time_zone": "Time zone",
    "ends_at": "Last day",
    "grants": "Grants",
}
GRANTS: Final = {
    "create.preview": "Make pictures",
    "edit.preview": "Edit pictures",
    "create": "Make pictures beyond the free jobs of a day",
    "edit": "Edit pictures beyond the free jobs of a day",
    "asset.upload": "Upload pictures",
    "asset.read": "Read its own pictures",
    "job.read": "Read its own jobs",
    "activity.read": "Read its own history",
    "feedback.create": "Report what went wrong",
    "credits.buy": "Open a checkout to buy credits",
    "asset.delete": "Delete its own pictures",
    "workspace.read": "Read what every agent of this workspace made and did",
}
DANGEROUS: Final = ("credits.buy", "asset.delete", "workspace.read")
"""Grants that reach further than the agent's own pictures and its caps."""

_REASONS: Final = {
    "mandate_ended": "its last day was over",
    "model_not_allowed": "the model is not among those it may use",
    "threshold_request": "the job alone was over the approval threshold",
    "threshold_recent_spending": "with what it spent in the hour before, it was over the approval threshold",
    "plan_denied": "exactly this plan had been denied",
}


def granted(grants: Iterable[str]) -> list[tuple[str, bool]]:
    """Return grants as sentences in a fixed order, each with whether it is a dangerous one."""
    held = set(grants)
    return [(said, name in DANGEROUS) for name, said in GRANTS.items() if name in held]


def decided(reason: str, counters: dict[str, Any]) -> str:
    """Return which limit decided, with its numbers as they stood; `counters` is a decision's own."""
    window = reason.removeprefix("cap_")
    if window not in WINDOWS or window not in counters:
        return _REASONS.get(reason, reason.replace("_", " "))
    counter = counters[window]
    return capped(window, counter["cap"], counter["used"], counter["held"])


def capped(window: str, cap: int | None, used: int, held: int) -> str:
    """Return a cap that decided, and how full it was."""
    if window == "per_job":
        return f"the cap of one job is {credits(cap or 0)}"
    named = "in all" if window == "lifetime" else f"a {window}"
    return f"the cap is {credits(cap or 0)} {named}: {intcomma(used)} spent, {intcomma(held)} held"


@dataclass(frozen=True, slots=True)
class Bar:
    """A window as it is drawn: its numbers, its parts in per cent, and when it starts anew in the owner's zone."""

    window: str
    name: str
    cap: int
    used: int
    held: int
    left: int
    used_part: int
    held_part: int
    resets_at: datetime | None
    zone: tzinfo

    @property
    def is_full(self) -> bool:
        """Whether nothing is left."""
        return self.left == 0


def bars(counters: Iterable[Counter], zone: tzinfo) -> list[Bar]:
    """Return the windows that have a cap, the shortest first; a cap of one job has nothing to fill."""
    drawn = []
    for counter in counters:
        if counter.cap is None or counter.window == "per_job":
            continue
        used_part = _part(counter.used, counter.cap)
        held_part = min(_part(counter.held, counter.cap), 100 - used_part)
        drawn.append(
            Bar(
                window=counter.window,
                name=WINDOWS[counter.window],
                cap=counter.cap,
                used=counter.used,
                held=counter.held,
                left=counter.remaining or 0,
                used_part=used_part,
                held_part=held_part,
                resets_at=counter.resets_at,
                zone=zone,
            )
        )
    return drawn


def _part(credits: int, cap: int) -> int:
    """Return per cent of a cap, rounded up, so that something spent is always seen."""
    return min(100, -(-100 * credits // cap)) if cap else 100


def tightest(drawn: Sequence[Bar]) -> Bar | None:
    """Return the window with the least left of its cap in proportion; the shorter one where they are even."""
    return max(drawn, key=lambda bar: (bar.used + bar.held) / bar.cap if bar.cap else 1, default=None)


def sentence(terms: Terms, credits_a_job: int | None) -> str:
    """Return what limits mean, as one says it."""
    caps = [
        f"{credits(cap)} {'a job' if window == 'per_job' else 'in all' if window == 'lifetime' else f'a {window}'}"
        for window in WINDOWS
        if (cap := getattr(terms, f"cap_{window}")) is not None
    ]
    said = f"At most {_listed(caps)}" if caps else "No cap at all: it may spend whatever the workspace has"
    widest = next((cap for window in ("month", "lifetime", "week", "day") if (cap := _cap(terms, window))), None)
    if widest and credits_a_job and widest >= credits_a_job:
        said += f"; {credits(widest)} are about {intcomma(widest // credits_a_job)} jobs like its latest"
    if terms.approval_threshold is not None:
        threshold = terms.approval_threshold
        said += f". It asks you before {'every job' if threshold == 0 else f'a job above {credits(threshold)}'}"
    if terms.allowed_models is not None:
        said += f". It may use {_listed(terms.allowed_models) if terms.allowed_models else 'no model'}"
    return f"{said}."


def _cap(terms: Terms, window: str) -> int | None:
    cap: int | None = getattr(terms, f"cap_{window}")
    return cap


def _listed(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def value(name: str, told: Any) -> str:  # noqa: ANN401 - a limit of any kind
    """Return one limit's value in words."""
    if name == "grants":
        return ", ".join(said for said, _ in granted(told)) or "none"
    if name == "allowed_models":
        return "every model" if told is None else ", ".join(told) or "no model"
    if told is None:
        return "no end" if name == "ends_at" else "no limit"
    if isinstance(told, datetime):
        return minute(told)
    return credits(told) if isinstance(told, int) else str(told)
