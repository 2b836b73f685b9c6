"""Bearer tokens only: a cookie is nobody under `/v1`."""

from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from accounts import tokens
from accounts.actor import Actor
from imageskill.core.errors import auth_required


class BearerAuthentication(BaseAuthentication):
    """`Authorization: Bearer isk_r_...`; anything wrong with it is one and the same AUTH_REQUIRED."""

    def authenticate(self, request: Request) -> tuple[Actor, str] | None:
        """Return the actor; None without the header."""
        header = request.META.get("HTTP_AUTHORIZATION")
        if header is None:
            return None
        scheme, _, raw = header.strip().partition(" ")
        token = tokens.authenticate(raw.strip()) if scheme.lower() == "bearer" else None
        if token is None:
            raise auth_required()
        return Actor(agent=token.agent, token=token), token.pk

    def authenticate_header(self, request: Request) -> str:
        """Return the challenge."""
        return "Bearer"
