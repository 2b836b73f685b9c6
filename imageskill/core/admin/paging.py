"""A list of the admin a page at a time, by keys."""

from typing import TYPE_CHECKING, Any, Final

from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import ValidationError
from django.db import models
from django.http import Http404, HttpRequest
from django.urls import reverse

from imageskill.core.admin.columns import in_address
from imageskill.core.ids import MAX_LENGTH

if TYPE_CHECKING:
    Field = models.Field[Any, Any]
else:
    Field = models.Field

AFTER: Final = "after"
"""The parameter of a list that names the last row of the page before."""


class Page(ChangeList):
    """One page of a list, by the key of the row before it: nothing is counted."""

    more = ""

    def get_filters_params(self, params: Any = None) -> Any:  # noqa: ANN401 - as its parent
        """Look nothing up by what the address says: it could name hidden columns, or those of no index."""
        return {}

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> Any:  # noqa: ANN401 - as its parent
        """Begin after the row that the address names. Http404: it names none of this table."""
        rows = super().get_queryset(request, exclude_parameters)
        after = request.GET.get(AFTER, "")
        if not after:
            return rows
        beyond = "lt" if self.model_admin.ordering == ("-pk",) else "gt"
        return rows.filter(**{f"pk__{beyond}": key_of(self.lookup_opts.pk, after)})

    def url_for_result(self, result: models.Model) -> str:
        """Return where a row is."""
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_change", args=[in_address(result.pk)])

    def get_results(self, request: HttpRequest) -> None:
        """Read one row more than fits, to know whether there are more."""
        rows = list(self.queryset[: self.list_per_page + 1])
        self.result_list = rows[: self.list_per_page]
        self.more = str(rows[self.list_per_page - 1].pk) if len(rows) > self.list_per_page else ""
        self.result_count = len(self.result_list)
        self.full_result_count = None
        self.show_full_result_count = False
        self.show_admin_actions = bool(rows)
        self.can_show_all = True
        self.multi_page = False


def key_of(pk: Field, text: str) -> Any:  # noqa: ANN401 - whatever the table's key is
    """Return a table's key from an address. Http404: it cannot be one."""
    if "\0" in text or len(text) > 2 * MAX_LENGTH:
        raise Http404
    try:
        return pk.to_python(text)
    except ValidationError:
        raise Http404 from None
