"""``Authorization: Bearer TOKEN``; only the token's digest is kept."""

import hashlib
import secrets
from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request

from calls.models import ApiToken
from clients import tenancy
from clients.tenancy import PLATFORM

USE_IS_NOTED_EVERY = timedelta(minutes=1)


class Switch:
    """Who asks: a switch, named by its token."""

    is_authenticated = True

    def __init__(self, token: ApiToken) -> None:
        self.name = token.name


class BearerToken(BaseAuthentication):
    """A switch is known by an active token."""

    def authenticate(self, request: Request) -> tuple[Switch, None]:
        scheme, _space, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise AuthenticationFailed(_("A token is needed: Authorization: Bearer TOKEN."))
        with tenancy.reading(PLATFORM):
            found = ApiToken.objects.filter(token_sha256=digest(token), is_active=True).first()
        if found is None:
            raise AuthenticationFailed(_("The token is not known."))
        if request.method not in SAFE_METHODS:  # those run in a read-only transaction
            _note_use(found, at=timezone.now())
        return Switch(found), None

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


class BearerTokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = BearerToken
    name = "token"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer"}


def digest(token: str) -> str:
    """What is kept of a token. Tokens are long and random: a plain digest is enough."""
    return hashlib.sha256(token.encode()).hexdigest()


def make_token(name: str) -> str:
    """A new token of a switch; shown once, kept nowhere. Runs in the caller's transaction.

    Raises ValidationError for a name that a switch cannot have.
    """
    token = secrets.token_urlsafe(32)
    made = ApiToken(name=name, token_sha256=digest(token))
    made.clean()
    made.save()
    return token


def _note_use(token: ApiToken, *, at: datetime) -> None:
    if token.last_used_at is None or at - token.last_used_at > USE_IS_NOTED_EVERY:
        with tenancy.writing(PLATFORM):
            ApiToken.objects.filter(pk=token.pk).update(last_used_at=at)
