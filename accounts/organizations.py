"""The one lock of the house: an organization's money and rights change only while its row is held."""

from typing import Final

from django.db import connection
from django.db.transaction import TransactionManagementError

from accounts.models import Organization
from imageskill.core.messages import Statement, ask
from imageskill.core.statements import Select
from imageskill.core.units import StaleReadError

_LOCKED: Final = Select(
    lambda ids: Organization.objects.select_for_update(no_key=True).filter(pk__in=ids).order_by("pk")
)


def lock(*organization_ids: str) -> list[Organization]:
    """Lock the organizations' rows until the transaction ends, in ascending id, and return them in that order.

    Take it before any insert that names the organization, and read what the decision rests on afterwards. On
    SQLite the transaction itself is the lock: it is IMMEDIATE, so nobody else writes.
    """
    return ask(locked(*organization_ids)) if organization_ids else []


def locked(*organization_ids: str) -> Statement[list[Organization]]:
    """Return the statement behind `lock`, to be sent with those that read behind it."""
    if not connection.in_atomic_block:
        raise TransactionManagementError("a lock outside of a transaction would hold nothing")
    return _LOCKED.asked(ids=tuple(sorted(set(organization_ids))))


def lock_with_successors(*organizations: Organization) -> list[Organization]:
    """Lock organizations as just read, together with those into which they were merged.

    For whatever may give credits back to an organization: those of a merged one pass on to its successor. A merge
    that committed after the reading starts the unit of work again, because the order of locks would be wrong.
    """
    return ask(locked_with_successors(*organizations))


def locked_with_successors(*organizations: Organization) -> Statement[list[Organization]]:
    """Return the statement behind `lock_with_successors`, to be sent with others. It locks at least one row."""
    wanted = {organization.pk for organization in organizations}
    wanted |= {organization.merged_into_id for organization in organizations if organization.merged_into_id}

    def checked(rows: list[Organization]) -> list[Organization]:
        if any(row.merged_into_id not in {None, *wanted} for row in rows):
            raise StaleReadError
        return rows

    return locked(*wanted).then(checked)


def lock_lines(*organization_ids: str) -> list[Organization]:
    """Lock organizations known by their ids, together with those into which they were merged."""
    found = Organization.objects.filter(pk__in=organization_ids)
    return lock_with_successors(*found) if found else []


def successor_id(organization_id: str) -> str:
    """Return where the credits of an organization go now: itself, or the workspace that it was merged into."""
    row = Organization.objects.only("merged_into_id").get(pk=organization_id)
    return row.merged_into_id or organization_id


def with_shells(organization_id: str) -> list[str]:
    """Return where the history of a workspace is: itself, then the shells that were merged into it, at most 50."""
    shells = (
        Organization.objects.filter(merged_into_id=organization_id).order_by("pk").values_list("pk", flat=True)
    )
    return [organization_id, *shells]
