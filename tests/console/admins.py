"""Superusers, and what they do in the admin as its pages send it."""

from typing import Any

from django.db.models import Model
from django.test import Client

from accounts import staff
from imageskill.console.admin.site import site
from tests.console.desk import add_passkey, enter
from tests.pages.people import make_user

ROOT = "root@example.com"


def superuser(address: str = ROOT) -> Client:
    """Sign a new superuser in, with the passkey."""
    user = make_user(address)
    add_passkey(user)
    return enter(staff.grant(address, is_superuser=True))


def table_of(model: type[Model]) -> str:
    """Return where the list of a table is."""
    opts = site.get_model_admin(model).opts
    return f"/admin/{opts.app_label}/{opts.model_name}/"


def row_of(row: Model) -> str:
    """Return where a row is."""
    return f"{table_of(type(row))}{row.pk}/change/"


def choose(client: Client, row: Model, act: str, **sent: Any) -> Any:
    """Choose a row and an act; with a reason it is done."""
    return client.post(table_of(type(row)), {"action": act, "_selected_action": row.pk, **sent})
