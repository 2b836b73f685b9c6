"""What an agent may do, as sentences for its owner, from the harmless to the dangerous."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from accounts import grants


@dataclass(frozen=True, slots=True)
class Right:
    """One sentence with its box: the grants behind it, and what they mean."""

    key: str
    grants: tuple[str, ...]
    sentence: str
    means: str
    by_default: bool = False
    dangerous: bool = False


RIGHTS: Final = (
    Right(
        "read",
        ("asset.read", "job.read", "activity.read"),
        "Look at its own pictures, jobs and activity",
        "Never at those of your other agents.",
        by_default=True,
    ),
    Right(
        "feedback",
        ("feedback.create",),
        "Report what goes wrong",
        "You read its reports as well.",
        by_default=True,
    ),
    Right("upload", ("asset.upload",), "Bring in pictures to work on", "They cost nothing.", by_default=True),
    Right(
        "preview",
        ("create.preview",),
        "Make pictures",
        "Within the limits below, and a few a day on free credits.",
        by_default=True,
    ),
    Right(
        "edit_preview",
        ("edit.preview",),
        "Change pictures",
        "The original stays. The same limits hold.",
        by_default=True,
    ),
    Right("create", ("create",), "Make as many pictures a day as the limits allow", "No daily number of jobs."),
    Right("edit", ("edit",), "Change as many pictures a day as the limits allow", "No daily number of jobs."),
    Right(
        "buy",
        ("credits.buy",),
        "Prepare purchases of credits",
        "It can pay for nothing itself: each waits for somebody on the payment page.",
        dangerous=True,
    ),
    Right(
        "workspace",
        ("workspace.read",),
        "See every picture and event of the workspace",
        "Also what your other agents made. What it reads can leave with it.",
        dangerous=True,
    ),
    Right(
        "delete",
        ("asset.delete",),
        "Delete its own pictures",
        "Their bytes are gone for good; nobody brings them back.",
        dangerous=True,
    ),
)
"""In order of risk; together they hold each grant once."""

KNOWN: Final = (*grants.UNCLAIMED, *grants.CLAIM_MAY_ADD)
DANGEROUS: Final = frozenset(grant for right in RIGHTS if right.dangerous for grant in right.grants)
"""Grants that are given only by who has signed in within the last minutes."""


def granted(keys: Collection[str]) -> list[str]:
    """Return the grants behind the boxes that are ticked, sorted."""
    return sorted({grant for right in RIGHTS if right.key in keys for grant in right.grants})


def dangerous(keys: Collection[str]) -> list[Right]:
    """Return the dangerous ones among the boxes that are ticked."""
    return [right for right in RIGHTS if right.dangerous and right.key in keys]
