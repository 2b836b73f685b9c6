"""Assets over the wire: one, a page of them, and their deletion."""

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.views.decorators.csrf import csrf_exempt
from rest_framework.request import Request

from accounts.permissions import caller
from creative import assets
from creative.presenters import assets as presenters
from imageskill.core import pagination
from imageskill.core.api import ApiView


class AssetList(ApiView):
    """`GET /v1/assets`."""

    command = "image-skill assets list"
    grant = "asset.read"
    query_fields = frozenset({"limit", "cursor", "job_id", "kind"})

    def get(self, request: Request) -> HttpResponse:
        """List the caller's pictures, newest first."""
        query = request.query_params
        rows = assets.live_of(caller(request), job_id=query.get("job_id"), kind=query.get("kind"))
        page, cursor = pagination.page(rows, query, prefix="image")
        return self.answer(presenters.list_json(page, cursor))


class AssetShow(ApiView):
    """`GET /v1/assets/ID`."""

    command = "image-skill assets show"
    grant = "asset.read"

    def _allowed(self) -> list[str]:
        return ["get", "delete"]

    @property
    def allowed_methods(self) -> list[str]:
        """Return what the path takes, the deletion too."""
        return [name.upper() for name in self._allowed()]

    def get(self, request: Request, reference: str) -> HttpResponse:
        """Say what a picture is and where its bytes are."""
        return self.answer(presenters.show_json(assets.visible_to(caller(request), reference)))


class AssetDelete(ApiView):
    """`DELETE /v1/assets/ID`. Which grant it needs depends on the picture, so the act itself asks for it."""

    command = "image-skill assets delete"

    def delete(self, request: Request, reference: str) -> HttpResponse:
        """Delete a picture."""
        return self.answer(presenters.deleted_json(assets.delete(caller(request), reference)))

    def is_repeatable(self, request: Request) -> bool:
        """Say yes: a repeat finds the picture deleted, or deletes it."""
        return True


_show, _delete = AssetShow.as_view(), AssetDelete.as_view()


@csrf_exempt
def asset(request: HttpRequest, reference: str) -> HttpResponseBase:
    """Pass a call for one asset to the operation of its method."""
    return (_delete if request.method == "DELETE" else _show)(request, reference=reference)
