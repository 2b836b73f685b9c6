"""What a report cites. A reference is a string; it means something only if it is the reporter's own."""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Final

from django.utils import timezone

from accounts.actor import Actor
from creative.models import Feedback, FeedbackEvidence, Job
from imageskill.core.ids import prefix_of
from imageskill.core.models import ActivityEvent, EventReference

MOST: Final = 50
"""References kept with one report, over all the times it was sent."""

_MENTION: Final = re.compile(
    r"(?<![A-Za-z0-9_])(?:job|image|evt|usage|trace|quote|payatt|receipt|credit_event|sig)_[0-9a-z]{20,40}(?![0-9a-z_])"
)
_MOST_MENTIONS: Final = 20
_MOST_JOBS: Final = 100
_MOST_EVENTS: Final = 500
_LABEL: Final = re.compile(r"[a-z_]{2,24}:\s*", re.IGNORECASE)
_OTHER: Final = "note"


@dataclass(frozen=True, slots=True)
class Resolved:
    """Which references are the reporter's own, and what the jobs behind them tell."""

    known: frozenset[str] = frozenset()
    error_code: str = ""
    credits: int = 0


def references(cited: Iterable[str], *texts: str) -> list[str]:
    """Return what a report cites, `trace:ID` as the id alone, then the ids that its texts mention; each once."""
    found: dict[str, None] = {}
    for text in cited:
        bare = _LABEL.sub("", text.strip(), count=1)
        kept = bare if prefix_of(bare) else text.strip()
        if kept:
            found.setdefault(kept)
    mentions = (match.group() for text in texts for match in _MENTION.finditer(text))
    for _, mention in zip(range(_MOST_MENTIONS), mentions, strict=False):
        if prefix_of(mention):
            found.setdefault(mention)
    return list(found)[:MOST]


def resolve(actor: Actor, cited: Collection[str]) -> Resolved:
    """Look references up among the reporter's own; another's are as unknown as those of nothing."""
    wanted = [reference for reference in cited if prefix_of(reference)]
    if not wanted:
        return Resolved()
    own = {"agent_id": actor.actor_id, "organization_id__in": actor.organization_ids}
    tied = EventReference.objects.filter(reference__in=wanted, **own)
    known = set(tied.values_list("reference", flat=True).distinct())
    known |= set(ActivityEvent.objects.filter(pk__in=wanted, **own).values_list("pk", flat=True))
    known |= set(Feedback.objects.filter(pk__in=wanted, **own).values_list("pk", flat=True))
    # The ids in between, not a subquery: the references of an event are then read by their index.
    newest = tied.order_by("-event_id").values_list("event_id", flat=True).distinct()[:_MOST_EVENTS]
    linked = EventReference.objects.filter(event_id__in={*newest, *known}, reference__startswith="job_", **own)
    job_ids = {*wanted, *linked.values_list("reference", flat=True).distinct()[:_MOST_JOBS]}
    jobs = list(Job.objects.filter(pk__in=job_ids, **own).order_by("-pk")[:_MOST_JOBS])
    known |= {job.pk for job in jobs if job.pk in wanted}
    return Resolved(
        known=frozenset(known),
        error_code=next((job.error_code for job in jobs if job.error_code), ""),
        credits=sum(job.settled_credits for job in jobs),
    )


def resolve_kept(actor: Actor, feedback: Feedback) -> Resolved:
    """Look up everything that a report of the actor's cites by now."""
    kept = FeedbackEvidence.objects.filter(feedback=feedback).order_by("pk")
    return resolve(actor, list(kept.values_list("reference", flat=True)))


def add(feedback: Feedback, cited: Iterable[str], resolved: Resolved) -> tuple[int, int]:
    """Keep what is not kept yet, in the caller's transaction; return how many were added and how many left out."""
    kept = set(FeedbackEvidence.objects.filter(feedback=feedback).values_list("reference", flat=True))
    fresh = [reference for reference in cited if reference not in kept]
    room = max(0, MOST - len(kept))
    now = timezone.now()
    FeedbackEvidence.objects.bulk_create(
        [
            FeedbackEvidence(
                feedback=feedback,
                reference=reference,
                kind=prefix_of(reference) or _OTHER,
                is_known=reference in resolved.known,
                added_at=now,
            )
            for reference in fresh[:room]
        ],
        ignore_conflicts=True,
    )
    return len(fresh[:room]), len(fresh[room:])
