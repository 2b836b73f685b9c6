"""The admin behind the house's own door: no form of its own to sign in, and nothing there for anybody else."""

from collections.abc import Callable, Iterable
from typing import Any, Final

from django.apps import apps
from django.contrib.admin import AdminSite
from django.contrib.admin.models import LogEntry
from django.db.models import Model
from django.http import HttpRequest
from django.urls import URLPattern, URLResolver, include, path
from django.views.decorators.http import require_safe

from accounts import admin as of_accounts
from billing import admin as of_billing
from creative import admin as of_creative
from imageskill.console import doors
from imageskill.console.admin import acts
from imageskill.core.admin import tables as of_core
from imageskill.core.admin.columns import plural_of
from imageskill.core.admin.rows import Rows
from imageskill.core.admin.tables import Acts

APPS: Final = ("accounts", "billing", "creative", "core")
SHOWN: Final = {**of_core.TABLES, **of_accounts.TABLES, **of_billing.TABLES, **of_creative.TABLES}


class SuperusersSite(AdminSite):
    """Django's admin site, whose every address is behind the door of `imageskill/console/doors.py`."""

    site_header = "Image Skill"
    site_title = "Superusers"
    index_title = "All tables"
    site_url = None
    enable_nav_sidebar = False
    final_catch_all_view = False

    def has_permission(self, request: HttpRequest) -> bool:
        """Whoever is inside came through the door."""
        return True

    def admin_view(self, view: Callable[..., Any], cacheable: bool = False) -> Any:  # noqa: ANN401, FBT001, FBT002 - Django's signature
        """Put a view behind the door; nothing of it is kept by anybody on the way."""
        return doors.superusers_only(view)

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> Any:  # noqa: ANN401 - as its parent
        """Name the tables by what many of their rows are called."""
        parts = super().get_app_list(request, app_label)
        for part in parts:
            for table in part["models"]:
                table["name"] = plural_of(str(self.get_model_admin(table["model"]).opts.verbose_name))
        return parts

    def get_urls(self) -> list[URLPattern | URLResolver]:
        """Return the index, each app's part of it, and the tables: nothing to sign in by, and no script."""
        tables = list(self._registry.values())
        labels = sorted({table.opts.app_label for table in tables})
        part = self.admin_view(require_safe(self.app_index))
        return [
            path("", self.admin_view(require_safe(self.index)), name="index"),
            *(path(f"{label}/", part, {"app_label": label}, name="app_list") for label in labels),
            *(path(f"{one.opts.app_label}/{one.opts.model_name}/", include(one.urls)) for one in tables),
        ]


def _every_table() -> Iterable[type[Model]]:
    return (model for label in APPS for model in apps.get_app_config(label).get_models())


def _filled() -> SuperusersSite:
    made = SuperusersSite()
    # A table of which nothing is said yet is shown by the rules for all: no text, nothing that opens anything.
    for model in _every_table():
        made.register(model, SHOWN.get(model, Rows), actions=acts.of(model))
    made.register(LogEntry, Acts)
    made.disable_action("delete_selected")
    return made


site: Final = _filled()
