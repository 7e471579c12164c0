"""Settings of a reseller: shown, Edit, Save or Cancel."""

from typing import Any, cast
from zoneinfo import ZoneInfo

from django import forms
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clients import tenancy
from clients.errors import Conflict
from clients.forms.fields import MoneyField
from clients.forms.resellers import ResellerSettingsForm
from clients.forms.versioned import shown
from clients.models import Reseller, User
from clients.selectors import resellers_for
from clients.services.resellers import SETTINGS, reseller_update
from clients.views.base import PortalFormView, PortalView, get_or_404
from trunkportal.templatetags.look import money


class SettingsPage(PortalView):
    """What the page of the settings and its form share."""

    reseller: Reseller

    def load(self, *, reseller_id: int) -> None:
        self.reseller = get_or_404(resellers_for(self.scope), pk=reseller_id)
        self.zone = ZoneInfo(self.reseller.time_zone)

    def stored(self) -> dict[str, Any]:
        """What is stored, by field."""
        return {name: getattr(self.reseller, name) for name in SETTINGS}

    def make_form(self, data: Any = None, files: Any = None) -> ResellerSettingsForm:
        """The form, bound when there is data."""
        initial = self.stored() | {"version": self.reseller.version}
        return ResellerSettingsForm(data, initial=initial, currency=self.reseller.currency)

    def context(self) -> dict[str, Any]:
        home = reverse("reseller", args=[self.reseller.pk])
        return {
            "reseller": self.reseller,
            "crumbs": [(self.reseller.name, home), (_("Settings"), "")],
            "may_edit": self.scope.can("reseller.edit"),
        }


class SettingsView(SettingsPage):
    """The settings as they are stored, with Edit."""

    permission = "options.view"
    template_name = "clients/settings.html"

    def context(self) -> dict[str, Any]:
        stored, fields = self.stored(), self.make_form().fields
        facts = [(fields[name].label, self.words(fields[name], stored[name])) for name in SETTINGS]
        return super().context() | {"facts": facts}

    def words(self, field: forms.Field, value: Any) -> str:
        """A field's value as the page shows it, money with its currency."""
        if isinstance(field, MoneyField) and value is not None:
            return money(value, self.reseller.currency)
        return shown(field, value)


class SettingsEditView(SettingsPage, PortalFormView):
    """The form of the settings; somebody else's save in between is told, what was typed kept."""

    permission = "reseller.edit"
    template_name = "clients/settings_edit.html"
    success_message = gettext_lazy("Saved.")

    def save(self, form: forms.BaseForm) -> Reseller:
        checked = cast("ResellerSettingsForm", form)
        try:
            return reseller_update(
                reseller_id=self.reseller.pk,
                version=checked.cleaned_data["version"] or 0,
                values=checked.cleaned_data,
                acting_user=cast("User", self.request.user),
                scope=self.scope,
                at=self.at,
            )
        except Conflict:
            with tenancy.reading(self.scope):
                self.load(**self.kwargs)
                checked.show_stored(self.stored(), self.reseller.version)
            raise

    def success_url(self, result: Any) -> str:
        return reverse("reseller_settings", args=[self.reseller.pk])
