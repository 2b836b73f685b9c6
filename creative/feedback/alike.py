"""Reports that may be the same, for staff: same command and error code first, then shared words; and a search.

Staff may read every report; agents never get what this finds (`similar.py` is theirs). The work is bounded by the
words of one report, never by how many reports there are.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from django.db import connection

from creative.feedback import terms
from creative.models import Feedback
from imageskill.core.ids import prefix_of

MOST: Final = 5
MOST_FOUND: Final = 12
_BY_FAILURE: Final = 40
_BY_TERM: Final = 200
_ALIKE_FROM: Final = 250
_FEWEST_SHARED: Final = 2


@dataclass(frozen=True, slots=True)
class Alike:
    """A report that another may repeat; `shared` is in thousandths of all telling words of the two."""

    row: Feedback
    same_failure: bool
    shared: int

    @property
    def percent(self) -> int:
        """How much of the words is in both."""
        return self.shared // 10


def suggested(feedback: Feedback) -> list[Alike]:
    """Return at most five reports that this one may repeat, the likest first; of merged ones the original."""
    wanted = terms.of(feedback.title, feedback.actual, feedback.body)
    shared = _likeness(_shared(wanted), len(wanted))
    likely = [pk for pk, rate in sorted(shared.items(), key=lambda one: (-one[1], one[0])) if rate >= _ALIKE_FROM]
    same = _of_failure(feedback)
    rows = {row.pk: row for row in (*same, *_rows(likely[:_BY_FAILURE]))}
    found: dict[str, Alike] = {}
    for row in rows.values():
        original = row.canonical or row
        if feedback.pk in (row.pk, original.pk) or original.pk == feedback.canonical_id:
            continue
        is_same = bool(feedback.command_key and feedback.error_code) and (row.command_key, row.error_code) == (
            feedback.command_key,
            feedback.error_code,
        )
        known = found.get(original.pk)
        rate = max(shared.get(row.pk, 0), known.shared if known else 0)
        found[original.pk] = Alike(original, is_same or bool(known and known.same_failure), rate)
    ranked = sorted(found.values(), key=lambda one: one.row.pk, reverse=True)
    ranked.sort(key=lambda one: (one.same_failure, one.shared), reverse=True)
    return ranked[:MOST]


def search(text: str, *, without: str) -> list[Feedback]:
    """Return the originals that an id or words name, the most of the words first, then the newest."""
    asked = text.strip()
    if prefix_of(asked) == "sig":
        rows = _rows([asked])
    else:
        found = Counter(pk for pk, _ in _shared(terms.of(asked)))
        newest = sorted(found, reverse=True)
        rows = _rows(sorted(newest, key=lambda pk: -found[pk])[: 2 * MOST_FOUND])
    originals = {(row.canonical or row).pk: row.canonical or row for row in rows}
    return [row for row in originals.values() if row.pk != without][:MOST_FOUND]


def _of_failure(feedback: Feedback) -> list[Feedback]:
    if not (feedback.command_key and feedback.error_code):
        return []
    rows = Feedback.objects.filter(command_key=feedback.command_key, error_code=feedback.error_code)
    return list(rows.select_related("canonical").order_by("-pk")[:_BY_FAILURE])


def _rows(ids: Sequence[str]) -> list[Feedback]:
    found = Feedback.objects.select_related("canonical").in_bulk(list(ids))
    return [found[pk] for pk in ids if pk in found]


def _shared(wanted: Sequence[str]) -> list[tuple[str, int]]:
    """Return, of the newest reports with each term, their ids and how many terms they have; in one query."""
    if not wanted:
        return []
    # Django writes the index's condition in this very form, with which the planners compare ours.
    own = "NOT is_public"
    one = (
        f'SELECT * FROM (SELECT feedback_id, "of" FROM creative_feedbackterm '  # noqa: S608 - our own words
        f"WHERE {own} AND term = %s ORDER BY feedback_id DESC LIMIT {_BY_TERM}) AS part{{}}"
    )
    asked = " UNION ALL ".join(one.format(at) for at, _ in enumerate(wanted))
    with connection.cursor() as cursor:
        cursor.execute(asked, list(wanted))
        found: list[tuple[str, int]] = cursor.fetchall()
    return found


def _likeness(shared: Iterable[tuple[str, int]], wanted: int) -> dict[str, int]:
    """Return, in thousandths, how many of all terms of two reports are in both; one shared word is chance."""
    both: Counter[str] = Counter()
    sizes: dict[str, int] = {}
    for pk, of in shared:
        both[pk] += 1
        sizes[pk] = of
    return {
        pk: number * 1000 // (wanted + sizes[pk] - number)
        for pk, number in both.items()
        if number >= _FEWEST_SHARED
    }
