"""What every view begins with: who asks, may they, and in whose transaction.

Safe methods already run inside the request's read transaction (``clients.middleware``). A POST is
loaded and validated in a read transaction of its own, then calls one service, which opens the
durable one, then redirects; a refused form is rendered in a read transaction again.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, tzinfo
from typing import Any, ClassVar, TypeVar
from urllib.parse import urlsplit, urlunsplit

from django import forms
from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views import View

from clients import tenancy
from clients.errors import DomainError
from clients.tenancy import Scope

T = TypeVar("T", bound=Model)


def get_or_404(queryset: QuerySet[T], **lookup: Any) -> T:
    """The one row, or the same 404 for a row of another tenant as for none."""
    found = queryset.filter(**lookup).first()
    if found is None:
        raise Http404
    return found


def number(text: str | None) -> int | None:
    """An id of the query string; None when it is not one."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 19 else None


class PortalView(View):
    """A page of the portal for people who belong to a tenant or to the platform.

    ``permission`` is needed for the view, ``write_permission`` (when given) for unsafe methods.
    The object is loaded first, so that a stranger's object is a 404 before any 403.
    """

    permission: ClassVar[str] = "view"
    write_permission: ClassVar[str | None] = None
    template_name: ClassVar[str] = ""
    scope: Scope
    at: datetime
    zone: tzinfo = UTC  # of the times the page shows

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().setup(request, *args, **kwargs)
        self.scope = request.scope  # type: ignore[attr-defined]
        self.at = timezone.now()

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return self.to_login(request)
        if self.scope.kind == "none":
            raise PermissionDenied
        with tenancy.reading(self.scope):
            self.load(**kwargs)
        needed = self.permission
        if request.method not in {"GET", "HEAD", "OPTIONS"} and self.write_permission:
            needed = self.write_permission
        if not self.scope.can(needed):
            raise PermissionDenied
        return super().dispatch(request, *args, **kwargs)

    def to_login(self, request: HttpRequest) -> HttpResponse:
        """The login page, in the place of the whole page where htmx asked for a part of it."""
        if "HX-Request" not in request.headers:
            return redirect_to_login(request.get_full_path())
        current = urlsplit(request.headers.get("HX-Current-URL", ""))
        login = redirect_to_login(urlunsplit(("", "", current.path, current.query, "")) or "/")
        return HttpResponse(status=204, headers={"HX-Redirect": login.url})

    def load(self, *args: Any, **kwargs: Any) -> None:
        """Fetch the objects that the address names, through selectors; 404 for what is not seen."""

    def context(self) -> dict[str, Any]:
        """What the template is given."""
        return {}

    def page(self, *, status: int = 200, **extra: Any) -> HttpResponse:
        """Render the page in a read transaction; nested in the request's own for safe methods."""
        with tenancy.reading(self.scope), timezone.override(self.zone):
            return TemplateResponse(
                self.request, self.template_name, self.context() | extra, status=status
            ).render()

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self.page()


class PortalFormView(PortalView):
    """A page with one form that is saved by one service.

    A subclass gives ``form_class`` (or ``make_form``), ``save`` and ``success_url``.
    """

    form_class: ClassVar[type[forms.BaseForm]]
    success_message: ClassVar[Any] = ""

    def make_form(self, data: Any = None, files: Any = None) -> forms.BaseForm:
        """The form, bound when there is data; made and validated in a read transaction."""
        return self.form_class(data, files)

    def save(self, form: forms.BaseForm) -> Any:
        """Call the one service; runs outside any transaction."""
        raise DomainError("")

    def success_url(self, result: Any) -> str:
        """Where to go when it is saved."""
        return self.request.get_full_path()

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self.page(form=self.make_form())

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        with tenancy.reading(self.scope):
            form = self.make_form(request.POST, request.FILES)
            valid = form.is_valid()
        if valid:
            try:
                result = self.save(form)
            except DomainError as error:
                add_errors(form, [error])
            else:
                if self.success_message:
                    messages.success(request, self.success_message)
                return redirect(self.success_url(result))
        return self.page(form=form, status=422)


def add_errors(form: forms.BaseForm, errors: Iterable[DomainError]) -> None:
    """Put a service's refusals at the fields they belong to."""
    for error in errors:
        known = error.field if error.field in form.fields else None
        form.add_error(known, str(error.message))
