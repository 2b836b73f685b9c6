"""What a call needs: a valid token, and the grant that its operation names."""

from typing import TYPE_CHECKING

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from accounts import grants, tokens
from accounts.actor import Actor
from imageskill.core.errors import auth_required

if TYPE_CHECKING:
    # DRF loads this module while it defines APIView.
    from rest_framework.views import APIView


class GrantRequired(BasePermission):
    """Reads `anonymous` and `grant` of the operation."""

    def has_permission(self, request: Request, view: "APIView") -> bool:
        """Return True or raise the refusal."""
        actor = caller_or_none(request)
        if actor is None:
            if getattr(view, "anonymous", False):
                return True
            raise auth_required()
        needed = getattr(view, "grant", None)
        if needed is not None:
            if needed not in grants.READING:
                tokens.require_whole(actor.token)
            grants.require(actor.agent, needed)
        return True


def caller_or_none(request: Request) -> Actor | None:
    """Return who makes the call; None where an operation lets calls without a token through."""
    user: object = request.user
    return user if isinstance(user, Actor) else None


def caller(request: Request) -> Actor:
    """Return who makes the call. AUTH_REQUIRED: nobody is authenticated."""
    actor = caller_or_none(request)
    if actor is None:
        raise auth_required()
    return actor
