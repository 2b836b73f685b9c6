"""The time zone in which somebody reads the activity: kept in the session, UTC until it is chosen."""

from collections.abc import Sequence
from datetime import UTC, tzinfo
from typing import Any, Final
from zoneinfo import ZoneInfo

from billing.models import Mandate
from imageskill.core.instants import zone_names

KEPT: Final = "activity_time_zone"


def zone_named(name: str) -> tzinfo:
    """Return a zone by its IANA name; UTC where there is none of that name."""
    return ZoneInfo(name) if name != "UTC" and name in zone_names() else UTC


def chosen(session: Any) -> str:  # noqa: ANN401 - Django's session
    """Return the name of the zone that was chosen."""
    name = session.get(KEPT, "UTC")
    return name if isinstance(name, str) and (name == "UTC" or name in zone_names()) else "UTC"


def choose(session: Any, name: str) -> bool:  # noqa: ANN401 - Django's session
    """Keep a zone. False: there is none of that name."""
    if name not in zone_names():
        return False
    session[KEPT] = name
    return True


def of_agents(organization_ids: Sequence[str]) -> list[str]:
    """Return the zones in which agents of a workspace have their caps, without UTC."""
    rows = Mandate.objects.filter(organization_id__in=organization_ids).exclude(time_zone="UTC")
    return sorted(set(rows.values_list("time_zone", flat=True)[:200]))
