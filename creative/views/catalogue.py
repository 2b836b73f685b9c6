"""The operations that show what can be made: models and capabilities. They need no token."""

from typing import ClassVar

from django.http import HttpResponse
from rest_framework.request import Request

from creative import offers
from creative.catalogue import loader, selection
from creative.presenters import capabilities, models
from imageskill.core.api import ApiView
from imageskill.core.errors import ApiError, ErrorCode, invalid_fields

_FLAGS = {"true": True, "1": True, "false": False, "0": False, "": True}


def flag(request: Request, name: str) -> bool | None:
    """Return a flag of the query, None where it is not given. INVALID_ARGUMENTS: it is neither true nor false."""
    text = request.query_params.get(name)
    if text is None:
        return None
    if text.lower() not in _FLAGS:
        raise invalid_fields({name: ["must be true or false"]})
    return _FLAGS[text.lower()]


class ModelList(ApiView):
    """`GET /v1/models`."""

    command = "image-skill models list"
    anonymous = True
    query_fields: ClassVar[frozenset[str]] = frozenset(
        {"available", "executable", "operation", "modality", "provider", "query", "details", "catalog_only"}
    )

    def get(self, request: Request) -> HttpResponse:
        """List the models, in the order in which one is chosen."""
        query, rows = request.query_params, offers.rows()
        shown = selection.filter_models(
            rows,
            available=flag(request, "available"),
            executable=flag(request, "executable"),
            operation=query.get("operation"),
            modality=query.get("modality"),
            provider=query.get("provider"),
            query=query.get("query"),
            catalog_only=bool(flag(request, "catalog_only")),
        )
        for name, known in selection.known_values(rows).items():
            if name in query and query[name] not in known:
                self.warnings.append(f"No model has this {name}; there are {', '.join(known)}.")
        return self.answer(models.models_json(rows, shown, details=bool(flag(request, "details"))))


class ModelShow(ApiView):
    """`GET /v1/models/ID`; `default` and aliases too."""

    command = "image-skill models show"
    anonymous = True

    def get(self, request: Request, reference: str) -> HttpResponse:
        """Show all of one model: parameters, prices, sizes, safety, what replaces it."""
        rows = offers.rows()
        detail = models.model_detail_json(offers.row_of(reference, rows), default_id=models.default_id_of(rows))
        return self.answer({**detail, "model": detail})


class CapabilityList(ApiView):
    """`GET /v1/capabilities`."""

    command = "image-skill capabilities list"
    anonymous = True

    def get(self, request: Request) -> HttpResponse:
        """List what can be done, whatever model does it."""
        return self.answer(capabilities.capabilities_json(loader.current().capabilities, offers.rows()))


class CapabilityShow(ApiView):
    """`GET /v1/capabilities/ID`."""

    command = "image-skill capabilities show"
    anonymous = True

    def get(self, request: Request, reference: str) -> HttpResponse:
        """Show one capability with the parameters of each of its models."""
        capability = loader.current().capability(reference)
        if capability is None:
            raise ApiError(
                ErrorCode.CAPABILITY_NOT_FOUND, suggested_command="image-skill capabilities list --json"
            )
        detail = capabilities.capability_json(capability, offers.rows())
        return self.answer({**detail, "capability": detail})
