"""Options of a client: choose an area, Edit, Save or Cancel."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from clients import tenancy
from clients.domain.working_time import format_intervals
from clients.errors import Conflict
from clients.forms.areas import (
    AddressForm,
    AreaForm,
    BillingForm,
    GeneralForm,
    LimitsForm,
    ScheduleForm,
)
from clients.forms.fields import MoneyField
from clients.forms.versioned import VersionedForm, shown
from clients.forms.working_time import WorkingTimeForm
from clients.models import Client, Reseller, User
from clients.onboarding.services import client_profiles_set, client_update_general
from clients.services.clients import AREAS as COLUMNS
from clients.services.clients import client_update, working_time_set
from clients.tenancy import Scope
from clients.views.base import PortalFormView
from clients.views.client import ClientPage
from clients.views.figures import figures
from limits.selectors import profiles_of_client
from rates.selectors import own_table
from trunkportal.templatetags.look import money
from trunkportal.widgets import DualList

Values = Mapping[str, Any]


@dataclass(frozen=True)
class Area:
    """One area: its title, its form, what is stored of it, and the service that saves it."""

    title: str | Promise
    form: type[VersionedForm]
    stored: Callable[[Scope, Client], dict[str, Any]]
    save: Callable[..., Client]
    vendors: bool = True


def _columns(area: str) -> Callable[[Scope, Client], dict[str, Any]]:
    return lambda _scope, client: {name: getattr(client, name) for name in COLUMNS[area]}


def _general(scope: Scope, client: Client) -> dict[str, Any]:
    return _columns("general")(scope, client) | {"rate_table": own_table(scope, client)}


def _profiles(scope: Scope, client: Client) -> dict[str, Any]:
    chosen = profiles_of_client(scope, client).values_list("pk", flat=True)
    return {"limit_profiles": [str(pk) for pk in chosen]}


def _working_time(_scope: Scope, client: Client) -> dict[str, Any]:
    stored: dict[str, Any] = {
        name: getattr(client, name)
        for name in ("bar_high_price_off_hours", "bar_international_off_hours")
    }
    for day in client.working_days.all():
        stored[f"intervals_{day.day}"] = format_intervals(day.intervals)
        stored[f"percent_{day.day}"] = day.off_hours_percent
    return stored


def _save(area: str) -> Callable[..., Client]:
    def save(*, form: forms.Form, **who: Any) -> Client:
        return client_update(area=area, values=form.cleaned_data, **who)

    return save


def _save_general(*, form: forms.Form, **who: Any) -> Client:
    table = form.cleaned_data["rate_table"]
    return client_update_general(values=form.cleaned_data, rate_table=table, **who)


def _save_profiles(*, form: forms.Form, **who: Any) -> Client:
    return client_profiles_set(limit_profiles=form.cleaned_data["limit_profiles"], **who)


def _save_working_time(*, form: forms.Form, **who: Any) -> Client:
    bars = ("bar_high_price_off_hours", "bar_international_off_hours")
    chosen = {name: form.cleaned_data[name] for name in bars}
    return working_time_set(days=cast("WorkingTimeForm", form).days(), **chosen, **who)


AREAS: dict[str, Area] = {
    "general": Area(gettext_lazy("General"), GeneralForm, _general, _save_general),
    "additional": Area(
        gettext_lazy("Additional"),
        ScheduleForm,
        _columns("additional"),
        _save("additional"),
        vendors=False,
    ),
    "working-time": Area(
        gettext_lazy("Working time"),
        WorkingTimeForm,
        _working_time,
        _save_working_time,
        vendors=False,
    ),
    "limits": Area(gettext_lazy("Limits"), LimitsForm, _profiles, _save_profiles, vendors=False),
    "billing": Area(gettext_lazy("Billing"), BillingForm, _columns("billing"), _save("billing")),
    "address": Area(gettext_lazy("Address"), AddressForm, _columns("address"), _save("address")),
}


class AreaPage(ClientPage):
    """What the page of an area and its form share."""

    slug: str
    area: Area
    reseller: Reseller

    def load(self, *, client_id: int, area: str = "") -> None:
        super().load(client_id=client_id)
        self.slug = area
        found = AREAS.get(area)
        if found is None or self.client.reseller is None or (self.is_vendor and not found.vendors):
            raise Http404
        self.area = found
        self.reseller = self.client.reseller

    def stored(self) -> dict[str, Any]:
        """What is stored of the area, by field."""
        return self.area.stored(self.scope, self.client)

    def build(self, data: Any = None) -> VersionedForm:
        """The area's form, bound when there is data."""
        initial = self.stored() | {"version": self.client.version}
        if not issubclass(self.area.form, AreaForm):
            return self.area.form(data, initial=initial)
        return self.area.form(
            data,
            initial=initial,
            scope=self.scope,
            reseller=self.reseller,
            currency=self.client.currency,
            client=self.client,
        )

    def context(self) -> dict[str, Any]:
        client_url = reverse("client", args=[self.client.pk])
        return {
            "client": self.client,
            "reseller": self.reseller,
            "slug": self.slug,
            "title": self.area.title,
            "crumbs": [(self.client.name, client_url), (self.area.title, "")],
            "may_edit": self.scope.can("client.edit"),
        }


class AreaView(AreaPage):
    """An area as it is stored, with Edit."""

    permission = "options.view"
    template_name = "clients/area.html"

    def context(self) -> dict[str, Any]:
        form, stored = self.build(), self.stored()
        fields = {name: field for name, field in form.fields.items() if name != "version"}
        rows = form.rows() if isinstance(form, WorkingTimeForm) else []
        bars = ("bar_high_price_off_hours", "bar_international_off_hours")
        return super().context() | {
            "rows": [(name, first.value(), second.value()) for name, first, second in rows],
            "facts": [
                (field.label, self.words(field, stored.get(name)))
                for name, field in fields.items()
                if not rows or name in bars
            ],
        }

    def words(self, field: forms.Field, value: Any) -> str:
        """A field's value as the page shows it, money with its currency."""
        if isinstance(field, MoneyField) and value is not None:
            return money(value, self.client.currency)
        return shown(field, value)


class AreaEditView(AreaPage, PortalFormView):
    """The form of an area; somebody else's save in between is told, and what was typed kept."""

    permission = "client.edit"
    template_name = "clients/area_edit.html"

    def make_form(self, data: Any = None, files: Any = None) -> VersionedForm:
        return self.build(data)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if "update" in request.POST or DualList.is_move(request.POST, "limit_profiles"):
            with tenancy.reading(self.scope):
                form = self.build(request.POST)
                form.errors.clear()
            return self.page(form=form)
        return super().post(request, *args, **kwargs)

    def save(self, form: forms.BaseForm) -> Client:
        checked = cast("VersionedForm", form)
        try:
            return self.area.save(
                form=checked,
                client_id=self.client.pk,
                version=checked.cleaned_data["version"] or 0,
                acting_user=cast("User", self.request.user),
                scope=self.scope,
                at=self.at,
            )
        except Conflict:
            with tenancy.reading(self.scope):
                self.load(**self.kwargs)
                checked.show_stored(self.stored(), self.client.version)
            raise

    success_message = gettext_lazy("Saved.")

    def success_url(self, result: Any) -> str:
        return reverse("client_area", args=[self.client.pk, self.slug])

    def page(self, *, status: int = 200, **extra: Any) -> HttpResponse:
        with tenancy.reading(self.scope):
            extra |= self.daily(extra["form"])
        return super().page(status=status, **extra)

    def daily(self, form: VersionedForm) -> dict[str, Any]:
        """What the choice allows each day, beside the two areas that bear on it."""
        if self.slug not in {"limits", "additional"}:
            return {}
        chosen = _profiles(self.scope, self.client)["limit_profiles"]
        days: Any = self.client.working_schedule
        if self.slug == "limits":
            query = f"?working_schedule={days}"
            chosen = form["limit_profiles"].value() or []
        else:
            query = "?" + "&".join(f"limit_profiles={pk}" for pk in chosen)
            days = form["working_schedule"].value()
        return {
            "figures": figures(self.scope, self.reseller, chosen, days),
            "figures_query": query,
            "figures_fields": "limit_profiles" if self.slug == "limits" else "working_schedule",
        }
