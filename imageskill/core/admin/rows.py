"""How Django's admin shows the house's tables: rows to look at, a page at a time, found by what an index knows.

Nothing is added, changed or removed by a form: what may change does so by acts that the roof hands in
(`imageskill/console/admin/`). Columns that may hold words of agents, secrets or what opens something stay away; a
new column of text is one of those until its admin says otherwise.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Final

from django import forms
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.admin.utils import unquote
from django.contrib.admin.views.main import ChangeList
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.urls import URLPattern, path, reverse
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.views.decorators.http import require_http_methods, require_safe

from imageskill.core.admin.columns import (
    hides_by_itself,
    id_prefix_of,
    in_address,
    opens_a_picture,
    plainly,
    plural_of,
    short,
)
from imageskill.core.admin.paging import AFTER, Page, key_of
from imageskill.core.ids import MAX_LENGTH, prefix_of

if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[models.Model]
    Field = models.Field[Any, Any]
else:
    ModelAdmin, Field = admin.ModelAdmin, models.Field

PAGE: Final = 50
_TOLD: Final = 10
_LONGEST_NUMBER: Final = 18
"""Digits that a key of the database holds for sure."""


class Rows(ModelAdmin):
    """The rows of one table. `columns` are those of the list besides the key, by their names."""

    columns: ClassVar[tuple[str, ...]] = ()
    hides: ClassVar[frozenset[str]] = frozenset()
    """Columns that stay away although their kind would not hide them."""
    tells: ClassVar[frozenset[str]] = frozenset()
    """Columns that are shown although their kind would hide them."""
    found_by: ClassVar[tuple[str, ...]] = ()
    """Columns by whose whole value a row is found besides the ids in it; each needs an index."""
    ids_of: ClassVar[Mapping[str, str]] = {}
    """Column that holds a public id of a higher floor, under the id's prefix; each needs an index."""
    only_when_asked: ClassVar[bool] = False
    """Whether the list is empty until somebody asks for a whole id: where an id opens something."""

    actions_on_top = True
    empty_value_display = "·"
    list_per_page = PAGE
    ordering = ("-pk",)
    """By the key, down or up: the pages of a list follow it."""
    search_fields = ("pk",)
    show_facets = admin.ShowFacets.NEVER
    show_full_result_count = False
    sortable_by = ()
    change_form_template = "admin/row.html"
    change_list_template = "admin/rows.html"

    @property
    def list_href(self) -> str:
        """Where the list of these rows is."""
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist")

    def get_urls(self) -> list[URLPattern]:
        """Return the two addresses of a table that only shows; its list takes a POST where there are acts."""
        name = f"{self.opts.app_label}_{self.opts.model_name}"
        door = self.admin_site.admin_view
        methods = ["GET", "HEAD", "POST"] if self.actions else ["GET", "HEAD"]
        rows = require_http_methods(methods)(self.changelist_view)
        row = require_safe(self.change_view)
        return [
            path("", door(rows), name=f"{name}_changelist"),
            path("<path:object_id>/change/", door(row), name=f"{name}_change"),
        ]

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ANN401 - as its parent
        """Nobody adds a row here."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ANN401 - as its parent
        """Nobody changes a row by its form."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ANN401 - as its parent
        """Nobody removes a row here."""
        return False

    @property
    def media(self) -> forms.Media:
        """Nothing of it needs a script."""
        return forms.Media()

    @cached_property
    def shown(self) -> dict[str, Callable[[models.Model], object]]:
        """Return what shows each column that may be seen, by its name."""
        fields = [field for field in self.opts.concrete_fields if self._may_be_seen(field)]
        return {field.name: self._column(field) for field in fields}

    def _may_be_seen(self, field: Field) -> bool:
        return field.name in self.tells or not (field.name in self.hides or hides_by_itself(field))

    def _column(self, field: Field) -> Callable[[models.Model], object]:
        show: Any = partial(self._value, field)
        show.__name__ = field.attname
        show.short_description = field.attname.replace("_", " ") if not field.primary_key else "id"
        shows: Callable[[models.Model], object] = show
        return shows

    def _value(self, field: Field, row: models.Model) -> object:
        value = getattr(row, field.attname)
        target = field.related_model if field.is_relation else None
        if value is None or value == "":
            return self.empty_value_display
        if not field.primary_key and opens_a_picture(value):
            return short(value)
        if isinstance(target, type) and self.admin_site.is_registered(target):
            return format_html('<a href="{}">{}</a>', self._address(target, value), value)
        return plainly(value)

    def _address(self, model: type[models.Model], key: object) -> str:
        opts = self.admin_site.get_model_admin(model).opts
        return reverse(f"admin:{opts.app_label}_{opts.model_name}_change", args=[in_address(key)])

    def get_queryset(self, request: HttpRequest) -> Any:  # noqa: ANN401 - as its parent
        """Leave in the database what is not shown."""
        return super().get_queryset(request).only(self.opts.pk.name, *self.shown)

    def get_list_display(self, request: HttpRequest) -> Any:  # noqa: ANN401 - as its parent
        """Show the key first, then the table's columns."""
        names = [self.opts.pk.name, *self.columns]
        return [self.shown[name] for name in names if name in self.shown]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:  # noqa: ANN401 - as its parent
        """Show every column that may be seen."""
        return list(self.shown.values())

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:  # noqa: ANN401 - as its parent
        """All of them, only to look at."""
        return list(self.shown.values())

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:  # noqa: ANN401 - as its parent
        """Return the list that does not count."""
        return Page

    @admin.display(description="choose")
    def action_checkbox(self, obj: models.Model) -> SafeString:
        """Show a box that chooses a row for an act."""
        box = forms.CheckboxInput({"aria-label": f"Choose {obj.pk}"}, lambda _value: False)
        return box.render("_selected_action", str(obj.pk))

    @cached_property
    def by_prefix(self) -> dict[str, list[str]]:
        """Columns in which an id of a kind is looked for, the table's own key first."""
        if self.only_when_asked:
            return {id_prefix_of(self.opts.pk): [self.opts.pk.attname]}
        found: dict[str, list[str]] = {prefix: [name] for prefix, name in self.ids_of.items()}
        for field in self.opts.concrete_fields:
            prefix = id_prefix_of(field)
            if prefix and (field.primary_key or field.unique or getattr(field, "db_index", False)):
                found.setdefault(prefix, []).insert(0 if field.primary_key else 99, field.attname)
        return found

    def _finds(self) -> str:
        own = "" if self.only_when_asked else id_prefix_of(self.opts.pk)
        ids = [f"{prefix}_…{' or its beginning' * (prefix == own)}" for prefix in self.by_prefix]
        number = [] if id_prefix_of(self.opts.pk) or self.opts.pk.name in self.found_by else ["its number"]
        words = [name.replace("_", " ") for name in self.found_by]
        return f"Finds by {', '.join([*ids, *number, *words])}."

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:  # noqa: ANN401 - as its parent
        """Look a term up where an index knows it; what cannot be an id of this table is looked for nowhere."""
        asked = search_term.strip()
        if not asked:
            return queryset.none() if self.only_when_asked else queryset, False
        wanted = self._wanted(asked)
        return queryset.filter(wanted) if wanted is not None else queryset.none(), False

    def _wanted(self, asked: str) -> models.Q | None:
        columns = self.by_prefix.get(prefix_of(asked) or "", [])
        if columns:
            return _any_of([self._at(name, asked) for name in columns])
        if isinstance(self.opts.pk, models.IntegerField) and asked.isdecimal() and len(asked) <= _LONGEST_NUMBER:
            return models.Q(pk=int(asked))
        return self.by_words(asked)

    def by_words(self, asked: str) -> models.Q | None:
        """Return the rows that have the words in a column of `found_by`."""
        return _any_of([models.Q(**{name: asked}) for name in self.found_by])

    def _at(self, name: str, asked: str) -> models.Q:
        """Return the rows of an id or of its beginning: a stretch of the index, whatever its collation."""
        if self.only_when_asked or name != self.opts.pk.attname:
            return models.Q(**{name: asked})
        return models.Q(**{f"{name}__gte": asked, f"{name}__lte": asked.ljust(MAX_LENGTH, "z")})

    def get_object(self, request: HttpRequest, object_id: str, from_field: Any = None) -> Any:  # noqa: ANN401 - as its parent
        """Return a row by its key. Http404: there is none."""
        row = super().get_object(request, str(key_of(self.opts.pk, object_id)))
        if row is None:
            raise Http404
        return row

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: Any = None,  # noqa: ANN401 - as its parent
    ) -> HttpResponse:
        """Show a row, and what superusers did to it here."""
        key = unquote(object_id)
        kind = ContentType.objects.get_for_model(self.model)
        acts = LogEntry.objects.filter(content_type=kind, object_id=key).select_related("user")
        shown = {
            "title": f"{self.opts.verbose_name} {key}",
            "subtitle": None,
            "row_id": key,
            "list_href": self.list_href,
            "plural": plural_of(str(self.opts.verbose_name)),
        }
        told = acts.order_by("-action_time")[:_TOLD]
        return super().change_view(request, object_id, form_url, {**shown, "acts": told})

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:  # noqa: ANN401 - as its parent
        """Show a page of rows."""
        shown = {
            "finds": self._finds(),
            "title": plural_of(str(self.opts.verbose_name)),
            "only_when_asked": self.only_when_asked,
            "is_later": AFTER in request.GET,
        }
        answer: HttpResponseBase = super().changelist_view(request, shown)
        return answer


def _any_of(ways: list[models.Q]) -> models.Q | None:
    """Return rows that are found in any way; None: there is no way."""
    wanted = None
    for way in ways:
        wanted = way if wanted is None else wanted | way
    return wanted
