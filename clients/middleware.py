"""Every safe request runs in one read-only transaction that carries its tenant."""

from collections.abc import Callable

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.functional import SimpleLazyObject

from clients import tenancy
from clients.selectors import scope_for_user

SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}
# The admin reads and writes in transactions of its own, as platform staff.
ADMIN_PREFIX = "/admin/"


class TenancyMiddleware:
    """Gives each request ``request.scope`` and each safe one its transaction.

    Rendering happens inside: a template response is rendered before the transaction ends. Unsafe
    views open ``tenancy.reading`` and ``tenancy.writing`` themselves.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.scope = SimpleLazyObject(lambda: scope_for_user(request.user))  # type: ignore[attr-defined]
        return self.get_response(request)

    def process_view(
        self,
        request: HttpRequest,
        view: Callable[..., HttpResponse],
        args: tuple[object, ...],
        kwargs: dict[str, object],
    ) -> HttpResponse | None:
        """Run the view of a safe request inside the transaction."""
        # Read before a transaction takes it as its context: it is found in one of its own.
        request.scope = scope_for_user(request.user)  # type: ignore[attr-defined]
        if request.path.startswith(settings.STATIC_URL):
            return None
        if request.path.startswith(ADMIN_PREFIX):
            # Staff only; anyone else stays without a context and is sent to the login page.
            scope = tenancy.PLATFORM if request.user.is_staff else tenancy.NOBODY
            with transaction.atomic(), tenancy.entered(scope):
                response = view(request, *args, **kwargs)
                if isinstance(response, TemplateResponse) and not response.is_rendered:
                    response.render()
            return response
        if request.method not in SAFE_METHODS:
            return None
        scope = request.scope  # type: ignore[attr-defined]
        with tenancy.reading(scope):
            response = view(request, *args, **kwargs)
            if isinstance(response, TemplateResponse) and not response.is_rendered:
                response.render()
        return response
