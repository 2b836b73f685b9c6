"""The url map with pages that fail, each in its way."""

from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.csrf import requires_csrf_token

from imageskill import urls
from imageskill.core import error_pages

handler400, handler403, handler404 = urls.handler400, urls.handler403, urls.handler404
handler429, handler500 = urls.handler429, urls.handler500

_RAISED = {400: SuspiciousOperation, 403: PermissionDenied, 404: Http404, 500: RuntimeError}


@requires_csrf_token
def fail(request: HttpRequest, status: int) -> HttpResponse:
    """Fail with a status; what is raised says "canary"."""
    if status == 429:
        return error_pages.handler429(request)
    raise _RAISED[status]("canary")


urlpatterns = [*urls.urlpatterns, path("tests/error/<int:status>", fail)]
