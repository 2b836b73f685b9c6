"""Search anything: which page shows what somebody typed or pasted."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

from accounts import organizations
from accounts.models import Agent, Membership
from billing import history
from creative.models import Approval, Asset, Feedback
from imageskill.core.ids import prefix_of
from imageskill.site.activity import jumping

LONGEST: Final = 200
"""Characters that are looked at."""


@dataclass(frozen=True, slots=True)
class Place:
    """A page by its route's name, what stands in its address after the workspace, and its query."""

    route: str
    args: tuple[str, ...] = ()
    query: dict[str, str] = field(default_factory=dict)


Door = Callable[[list[str], str], Iterator[Place]]


def places(organization_id: str, typed: str) -> Iterator[Place]:
    """Return the pages that show what was typed, the closest first; the last is the search of the activity.

    What belongs to another workspace is looked for as any word is: nobody learns that it exists.
    """
    text = typed.strip()[:LONGEST]
    if text and text.isascii() and text.isprintable() and " " not in text:
        inside = organizations.with_shells(organization_id)
        door = _DOORS.get(prefix_of(text) or "")
        if door is not None:
            yield from door(inside, text)
        yield from _mentioned(inside, text)
    yield Place("activity", query={"q": text} if text else {})


def _picture(inside: list[str], text: str) -> Iterator[Place]:
    if Asset.objects.filter(pk=text, organization_id__in=inside).exists():
        yield Place("picture", (text,))


def _agent(inside: list[str], text: str) -> Iterator[Place]:
    if Agent.objects.filter(pk=text, organization_id=inside[0]).exists():
        yield Place("agent", (text,))


def _job(inside: list[str], text: str) -> Iterator[Place]:
    if Approval.objects.filter(pk=text, organization_id__in=inside, state=Approval.State.WAITING).exists():
        yield Place("approval", (text,))
        yield Place("approvals")


def _feedback(inside: list[str], text: str) -> Iterator[Place]:
    if Feedback.objects.filter(pk=text, organization_id__in=inside).exists():
        yield Place("feedback_report", (text,))
        yield Place("feedback")


def _person(inside: list[str], text: str) -> Iterator[Place]:
    if Membership.objects.filter(user_id=text, organization_id=inside[0]).exists():
        yield Place("members")


def _workspace(inside: list[str], text: str) -> Iterator[Place]:
    if text in inside:
        yield Place("workspace_settings")


def _payment(inside: list[str], text: str) -> Iterator[Place]:
    if history.find(inside, text) is not None:
        yield Place("credits_payment", (text,))


def _mentioned(inside: list[str], text: str) -> Iterator[Place]:
    """Yield the row of the activity that names a reference: a job, a trace, a checkout session, a usage."""
    row = jumping.reference_of(text, inside) if jumping.is_id(text) else None
    if row is not None:
        yield Place("activity", query={"event": row})


_DOORS: Final[dict[str, Door]] = {
    "image": _picture,
    "agt": _agent,
    "job": _job,
    "payatt": _payment,
    "receipt": _payment,
    "sig": _feedback,
    "usr": _person,
    "org": _workspace,
}
