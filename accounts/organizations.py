"""The one lock of the house: an organization's money and rights change only while its row is held."""

from accounts.models import Organization


def lock(*organization_ids: str) -> list[Organization]:
    """Lock the organizations' rows until the transaction ends, in ascending id, and return them in that order.

    Take it before any insert that names the organization, and read what the decision rests on afterwards. On
    SQLite the transaction itself is the lock: it is IMMEDIATE, so nobody else writes.
    """
    rows = Organization.objects.select_for_update(no_key=True).filter(pk__in=organization_ids)
    return list(rows.order_by("pk"))
