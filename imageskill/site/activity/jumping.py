"""Pasting an id: whatever it is the id of, the row that it leads to."""

import re
from collections.abc import Sequence
from typing import Final

from billing.models import Hold
from creative import activity
from imageskill.core.ids import prefix_of
from imageskill.site.activity import refusals
from imageskill.site.activity.conditions import COMPANIONS

_OF_PROVIDER: Final = re.compile(r"(cs|pi|ch|re|dp|du)_[A-Za-z0-9_]{4,120}")


def is_id(text: str) -> bool:
    """Say whether a text is the id of something, by its form."""
    return prefix_of(text) is not None or refusals.key_of(text) is not None or bool(_OF_PROVIDER.fullmatch(text))


def reference_of(text: str, organization_ids: Sequence[str]) -> str | None:
    """Return the public id of the row that an id leads to; None: this workspace knows nothing of it.

    Of several rows it is the newest that is no mere step of a job.
    """
    if prefix_of(text) == "hold":
        held = Hold.objects.filter(pk=text, organization_id__in=organization_ids)
        text = held.values_list("job_id", flat=True).first() or text
    own = activity.of_workspace(organization_ids)
    if prefix_of(text) == "evt":
        return own.filter(pk=text).values_list("pk", flat=True).first()
    if (number := refusals.key_of(text)) is not None:
        return text if refusals.of_workspace(organization_ids).filter(pk=number).exists() else None
    ids = activity.ids_of_references(organization_ids, [text])
    found = list(own.filter(pk__in=ids).order_by("-pk").values_list("pk", "type"))
    return next((pk for pk, name in found if name not in COMPANIONS), found[0][0] if found else None)
