"""Pages of limit profiles: the list, making one, its lists, its clients, its files."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from clients.views.base import PortalFormView, PortalView, get_or_404
from clients.views.selected import OwnedView
from limits import services
from limits.forms.profiles import FileForm, NameForm, PrefixesForm, ProfileForm
from limits.models import LimitProfile, ListKind
from limits.selectors import (
    clients_of_profile,
    may_edit,
    profile_prefixes,
    profile_rows,
    profiles_for,
    profiles_with_use,
)
from limits.services.files import PROFILE_COLUMNS, profile_csv, profile_import

Crumbs = list[tuple[str, str]]


class ProfilePage(PortalView):
    """What every page of one profile loads."""

    permission = "limits.view"
    write_permission = "limits.edit"
    tab: ClassVar[str] = ""
    profile: LimitProfile

    def load(self, *, profile_id: int, **_more: Any) -> None:
        rows = profiles_for(self.scope).select_related("reseller")
        self.profile = get_or_404(rows, pk=profile_id)

    @property
    def is_editable(self) -> bool:
        return self.scope.can("limits.edit") and may_edit(self.scope, self.profile)

    def context(self) -> dict[str, Any]:
        profile = self.profile
        return {
            "profile": profile,
            "is_editable": self.is_editable,
            "can_add": self.scope.can("limits.edit"),
            "client_count": clients_of_profile(self.scope, profile).count(),
            "tab": self.tab,
            "crumbs": [
                (_("Limit profiles"), reverse("limit_profiles")),
                (profile.name, reverse("limit_profile", args=[profile.pk]) if self.tab else ""),
            ],
        }


class ProfilesView(PortalView):
    """Every profile the viewer may use."""

    permission = "limits.view"
    template_name = "limits/profiles.html"

    def context(self) -> dict[str, Any]:
        return {
            "profiles": profiles_with_use(self.scope),
            "can_add": self.scope.can("limits.edit"),
        }


class ProfileAddView(OwnedView):
    """A new, empty profile."""

    permission = "limits.edit"
    template_name = "limits/profile_add.html"
    form_class = ProfileForm

    def make_form(self, data: Any = None, files: Any = None) -> forms.BaseForm:
        currency = self.reseller.currency if self.reseller else "GBP"
        return ProfileForm(data, initial={"currency": currency})

    def context(self) -> dict[str, Any]:
        crumbs: Crumbs = [(_("Limit profiles"), reverse("limit_profiles")), (_("New"), "")]
        return super().context() | {"crumbs": crumbs, "heading": _("New limit profile")}

    def save(self, form: forms.BaseForm) -> LimitProfile:
        return services.profile_create(
            reseller_id=self.reseller_id,
            name=form.cleaned_data["name"],
            currency=form.cleaned_data["currency"],
            acting_user=self.request.user,  # type: ignore[arg-type]
            scope=self.scope,
            at=self.at,
        )

    def success_url(self, result: LimitProfile) -> str:
        return reverse("limit_profile", args=[result.pk])


class ProfileCopyView(OwnedView, ProfilePage):
    """A new profile that says what another says."""

    permission = "limits.edit"
    template_name = "limits/profile_add.html"
    tab = "copy"

    def make_form(self, data: Any = None, files: Any = None) -> forms.BaseForm:
        return NameForm(data, initial={"name": _("Copy of %s") % self.profile})

    def context(self) -> dict[str, Any]:
        context = super().context()
        context["crumbs"].append((_("Duplicate"), ""))
        return context | {"heading": _("Duplicate %s") % self.profile}

    def save(self, form: forms.BaseForm) -> LimitProfile:
        return services.profile_copy(
            profile_id=self.profile.pk,
            reseller_id=self.reseller_id,
            name=form.cleaned_data["name"],
            acting_user=self.request.user,  # type: ignore[arg-type]
            scope=self.scope,
            at=self.at,
        )

    def success_url(self, result: LimitProfile) -> str:
        return reverse("limit_profile", args=[result.pk])


class ProfileListView(PortalFormView, ProfilePage):
    """The block list or the allow list of a profile."""

    template_name = "limits/profile_list.html"
    success_message = gettext_lazy("Saved. It holds from the next call on.")
    tab = "list"
    kind: ListKind

    def load(self, *, profile_id: int, **more: Any) -> None:
        super().load(profile_id=profile_id)
        self.kind = ListKind(more["kind"])

    def make_form(self, data: Any = None, files: Any = None) -> forms.BaseForm:
        prefixes = profile_prefixes(self.scope, self.profile, self.kind)
        initial = {"prefixes": "\n".join(prefixes), "version": self.profile.version}
        return PrefixesForm(data, initial=initial)

    def context(self) -> dict[str, Any]:
        return super().context() | {"kind": self.kind, "tab": str(self.kind)}

    def save(self, form: forms.BaseForm) -> LimitProfile:
        text = form.cleaned_data["prefixes"]
        return services.profile_prefixes_set(
            profile_id=self.profile.pk,
            version=form.cleaned_data["version"],
            kind=self.kind,
            prefixes=text.replace(",", " ").split(),
            acting_user=self.request.user,  # type: ignore[arg-type]
            scope=self.scope,
            at=self.at,
        )


class ProfileClientsView(ProfilePage):
    """The clients that have a profile."""

    template_name = "limits/profile_clients.html"
    tab = "clients"

    def context(self) -> dict[str, Any]:
        clients = clients_of_profile(self.scope, self.profile).select_related("reseller")
        return super().context() | {"clients": clients}


class ProfileExportView(ProfilePage):
    """A profile as a file."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        text = profile_csv(self.profile, profile_rows(self.scope, self.profile))
        response = HttpResponse(text, content_type="text/csv; charset=utf-8")
        response["Content-Disposition"] = f'attachment; filename="profile-{self.profile.pk}.csv"'
        return response


class ProfileImportView(PortalFormView, ProfilePage):
    """Sets the rows of a profile that a file names."""

    permission = "limits.edit"
    template_name = "limits/profile_import.html"
    form_class = FileForm
    tab = "import"

    def context(self) -> dict[str, Any]:
        return super().context() | {"columns": ", ".join(PROFILE_COLUMNS)}

    def save(self, form: forms.BaseForm) -> int:
        done = profile_import(
            reseller_id=self.profile.reseller_id,
            content=form.cleaned_data["file"],
            only=self.profile,
            acting_user=self.request.user,  # type: ignore[arg-type]
            scope=self.scope,
            at=self.at,
        )
        count = sum(done.values())
        told = ngettext("%s destination was set.", "%s destinations were set.", count)
        messages.success(self.request, told % count)
        return count

    def success_url(self, result: int) -> str:
        return reverse("limit_profile", args=[self.profile.pk])
