"""The page that a limit profile is edited on."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from clients import tenancy
from clients.errors import Conflict, DomainError
from clients.views.base import number
from limits import services
from limits.forms.editor import DIVISORS, Editor
from limits.models import LimitProfile
from limits.selectors import destinations, destinations_found, profile_rows, profiles_for
from limits.views.profiles import ProfilePage


class ProfileView(ProfilePage):
    """Shows and saves what a profile says of each destination.

    A POST with ``show``, ``ask`` or ``below`` stores nothing: it renders the page again with what
    was typed. Only ``save`` stores.
    """

    template_name = "limits/profile.html"

    words = ""
    which = ""

    def editor(self, data: QueryDict, *, sent: bool) -> Editor:
        """The profile as the sent form, or the stored rows, say; in a transaction."""
        rows = profile_rows(self.scope, self.profile)
        editor = Editor(self.profile, list(destinations()), rows, data, sent=sent)
        self.words = words = data.get("q", "").replace("\0", "").strip()[:64]
        self.which = which = data.get("which", "")
        country = self.profile.reseller.country if self.profile.reseller else "GB"
        found = destinations_found(words, country) if words else None
        editor.show_only(found, which)
        return editor

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self.page(editor=self.editor(request.GET, sent=False))

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        with tenancy.reading(self.scope):
            editor = self.editor(request.POST, sent=True)
            changes = editor.changes() if "save" in request.POST else None
        if "save" in request.POST and changes is not None:
            return self.save(editor, changes)
        if ask := request.POST.get("ask", ""):
            editor.ask(number(ask) or 0)
        if below := request.POST.get("below", ""):
            destination, _colon, how = below.partition(":")
            editor.set_all_below(number(destination) or 0, how)
        return self.page(editor=editor, status=422 if editor.errors else 200)

    def save(self, editor: Editor, changes: dict[int, Any]) -> HttpResponse:
        """Store the changed cells; what is refused stays on the page."""
        try:
            services.profile_rows_set(
                profile_id=self.profile.pk,
                version=editor.version,
                rows=changes,
                acting_user=self.request.user,  # type: ignore[arg-type]
                scope=self.scope,
                at=self.at,
            )
        except DomainError as error:
            if isinstance(error, Conflict):
                with tenancy.reading(self.scope):
                    self.profile = self.reloaded()
                    editor = self.editor(self.request.POST, sent=True)
                    editor.version = self.profile.version
            return self.page(editor=editor, refusal=str(error.message), status=422)
        messages.success(self.request, _("Saved. It holds from the next call on."))
        return redirect(reverse("limit_profile", args=[self.profile.pk]))

    def reloaded(self) -> LimitProfile:
        """The profile as somebody else has saved it."""
        return profiles_for(self.scope).select_related("reseller").get(pk=self.profile.pk)

    def context(self) -> dict[str, Any]:
        return super().context() | {
            "divisors": DIVISORS,
            "words": self.words,
            "which": self.which,
        }
