"""Pages of rate tables: the list, a table's rates, import with a dry run."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from clients.errors import DomainError
from clients.files import MOST_SHOWN
from clients.views.base import PortalView, add_errors, get_or_404
from clients.views.selected import OwnedView
from rates.forms import ImportForm, TableForm
from rates.models import RateTable
from rates.selectors import (
    default_table,
    in_force,
    rates_of,
    rates_searched,
    tables_for,
    tables_with_use,
)
from rates.services import RateImport, default_table_set, rate_table_create, rates_import

ROWS = 100


class RateTablesView(PortalView):
    """Every rate table of the viewer's resellers."""

    permission = "rates.view"
    template_name = "rates/tables.html"

    def context(self) -> dict[str, Any]:
        return {"tables": tables_with_use(self.scope), "can_add": self.scope.can("rates.edit")}


class RateTableAddView(OwnedView):
    """A new table of a reseller."""

    permission = "rates.edit"
    template_name = "rates/table_add.html"

    def make_form(self, data: Any = None, files: Any = None) -> forms.BaseForm:
        return TableForm(data, initial={"currency": self.reseller and self.reseller.currency})

    def context(self) -> dict[str, Any]:
        crumbs = [(_("Rates"), reverse("rate_tables")), (_("New"), "")]
        return super().context() | {"crumbs": crumbs}

    def save(self, form: forms.BaseForm) -> RateTable:
        if self.reseller is None:
            raise DomainError(_("Select the reseller in the tree that the table is for."))
        return rate_table_create(
            reseller_id=self.reseller.pk,
            name=form.cleaned_data["name"],
            currency=form.cleaned_data["currency"],
            acting_user=self.request.user,  # type: ignore[arg-type]
            scope=self.scope,
            at=self.at,
        )

    def success_url(self, result: RateTable) -> str:
        return reverse("rate_table", args=[result.pk])


class TablePage(PortalView):
    """What every page of one table loads."""

    permission = "rates.view"
    table: RateTable

    def load(self, *, table_id: int) -> None:
        rows = tables_for(self.scope).select_related("reseller")
        self.table = get_or_404(rows, pk=table_id)

    def context(self) -> dict[str, Any]:
        return {
            "table": self.table,
            "can_edit": self.scope.can("rates.edit"),
            "crumbs": [
                (_("Rates"), reverse("rate_tables")),
                (self.table.name, reverse("rate_table", args=[self.table.pk])),
            ],
        }


class RateTableView(TablePage):
    """The rates of a table; a search takes a prefix or a whole international number."""

    template_name = "rates/table.html"

    def context(self) -> dict[str, Any]:
        words = self.request.GET.get("q", "").strip()[:32]
        everything = self.request.GET.get("all") == "1"
        rates = rates_of(self.scope, self.table)
        if not everything:
            rates = rates.filter(in_force(self.at))
        if words:
            rates = rates_searched(rates, words)
        page = Paginator(rates.order_by("prefix", "effective_from"), ROWS)
        context = super().context()
        context["crumbs"][-1] = (self.table.name, "")
        return context | {
            "page": page.get_page(self.request.GET.get("page")),
            "is_default": default_table(self.scope, self.table.reseller_id) == self.table,
            "words": words,
            "everything": everything,
        }


class RateTableDefaultView(TablePage):
    """Makes a table its reseller's default."""

    permission = "rates.edit"
    http_method_names = ("post",)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            default_table_set(
                table_id=self.table.pk,
                acting_user=request.user,  # type: ignore[arg-type]
                scope=self.scope,
                at=self.at,
            )
        except DomainError as error:
            messages.error(request, str(error.message))
        else:
            messages.success(request, _("%s is the default now.") % self.table)
        return redirect("rate_table", self.table.pk)


class RateImportView(TablePage):
    """Import of a file: a dry run says what would change, Import does it."""

    permission = "rates.edit"
    template_name = "rates/import.html"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self.page(form=ImportForm())

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        form = ImportForm(request.POST, request.FILES)
        if not form.is_valid():
            return self.page(form=form, status=422)
        dry_run = "import" not in request.POST
        try:
            done = self.bring(form, dry_run=dry_run)
        except DomainError as error:
            add_errors(form, [error])
            return self.page(form=form, status=422)
        if dry_run:
            kept = form.keep(form.cleaned_data["bytes"])
            return self.page(form=form, done=done, kept=kept, most=MOST_SHOWN)
        told = ngettext(
            "%(added)s rate added, %(changed)s changed, %(unchanged)s unchanged.",
            "%(added)s rates added, %(changed)s changed, %(unchanged)s unchanged.",
            done.added,
        )
        figures = {"added": done.added, "changed": done.changed, "unchanged": done.unchanged}
        messages.success(request, told % figures)
        if done.bad:
            lines = ", ".join(str(bad.line) for bad in done.bad[:MOST_SHOWN])
            messages.warning(request, _("Lines that were left out: %s.") % lines)
        return redirect("rate_table", self.table.pk)

    def bring(self, form: ImportForm, *, dry_run: bool) -> RateImport:
        """Run the import or its rehearsal."""
        return rates_import(
            table_id=self.table.pk,
            content=form.cleaned_data["bytes"],
            effective_from=form.cleaned_data["effective_from"],
            keep_good=form.cleaned_data["keep_good"],
            dry_run=dry_run,
            acting_user=self.request.user,  # type: ignore[arg-type]
            scope=self.scope,
            at=self.at,
        )

    def context(self) -> dict[str, Any]:
        context = super().context()
        context["crumbs"].append((_("Import"), ""))
        return context
