"""How the last part of a query may go on: the list under the query bar."""

from typing import Final

from creative.catalogue import loader
from imageskill.core import events
from imageskill.site.activity.conditions import Scope
from imageskill.site.activity.facets import typed_agent
from imageskill.site.activity.filters import ACTORS, KEYS, OUTCOMES, PRESETS, REFUSALS
from imageskill.site.activity.query import Term

MOST: Final = 12
_FIXED: Final[dict[str, tuple[str, ...]]] = {
    "type": (*events.BY_NAME, *REFUSALS),
    "status": tuple(OUTCOMES),
    "actor": ACTORS,
    "money": ("in", "out"),
    "credits": (">10", ">100", "1..10"),
    "created": tuple(PRESETS),
    "show": ("all",),
}


def completions(text: str, scope: Scope) -> list[str]:
    """Return whole queries that complete the last part of a text."""
    head, _, last = text.lstrip().rpartition(" ")
    sign, last = ("-", last[1:]) if last.startswith("-") else ("", last)
    key, colon, begun = last.partition(":")
    before = f"{head} " if head else ""
    if not colon:
        return [f"{before}{sign}{name}:" for name in KEYS if name.startswith(key.lower())]
    wanted = begun.lower().strip('"')
    found = [value for value in _known(key, scope) if wanted in value.lower() and value != begun]
    return [f"{before}{sign}{Term(key, (value,))}" for value in found[:MOST]]


def _known(key: str, scope: Scope) -> tuple[str, ...]:
    if key == "agent":
        names = {agent.pk: agent.name for agent in scope.agents}
        return tuple(sorted({typed_agent(agent.pk, names) for agent in scope.agents}))
    if key == "model":
        return tuple(entry.id for entry in loader.current().order)
    if key == "provider":
        return tuple(sorted({entry.provider_id for entry in loader.current().order}))
    return _FIXED.get(key, ())
