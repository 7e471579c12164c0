"""Add Client: a wizard of five steps that stores nothing before Create.

Each run has a key of its own, in its address and in its storage, so two tabs never mix. The key
becomes the new client's ``creation_key``: Create pressed twice makes one client.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, cast
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from formtools.wizard.views import NamedUrlSessionWizardView

from clients import tenancy
from clients.errors import DomainError
from clients.forms.areas import (
    AdditionalForm,
    AddressForm,
    AreaForm,
    BillingForm,
    NewClientForm,
    NewGeneralForm,
)
from clients.models import BillingMode, Reseller, User, WorkingSchedule
from clients.onboarding.runs import RunStorage
from clients.onboarding.services import client_arguments, client_create
from clients.selectors import clients_for, resellers_for
from clients.views import obstacles, summary
from clients.views.base import PortalView, add_errors, get_or_404, number
from clients.views.figures import figures
from limits.selectors import DEFAULT_PROFILE
from trunkportal.widgets import DualList

STEPS: tuple[tuple[str, type[AreaForm]], ...] = (
    ("new-client", NewClientForm),
    ("general", NewGeneralForm),
    ("additional", AdditionalForm),
    ("billing", BillingForm),
    ("address", AddressForm),
)
TITLES = {
    "new-client": gettext_lazy("New Client"),
    "general": gettext_lazy("General"),
    "additional": gettext_lazy("Additional"),
    "billing": gettext_lazy("Billing"),
    "address": gettext_lazy("Business address"),
}


class RunGoneError(Exception):
    """Nothing is kept of a run, or nothing of this person's: it was left for days, or cancelled."""


class AddClientStartView(PortalView):
    """Begin a run beneath the reseller chosen in the tree."""

    permission = "client.create"

    def load(self, **kwargs: Any) -> None:
        wanted = self.request.GET.get("reseller") or str(self.scope.reseller_id or "")
        self.reseller = get_or_404(resellers_for(self.scope), pk=number(wanted))

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        first = reverse("client_add_step", kwargs={"run": uuid4(), "step": STEPS[0][0]})
        return redirect(f"{first}?reseller={self.reseller.pk}")


class AddClientView(PortalView, NamedUrlSessionWizardView):  # type: ignore[misc]
    """One step of a run. A GET shows it, a POST keeps what was typed and goes on.

    Until a step is sent nothing is kept, and the address names the reseller.
    """

    storage_name = "clients.onboarding.runs.RunStorage"
    permission = "client.create"
    template_name = "clients/add_client.html"
    run: UUID
    reseller: Reseller

    def get_prefix(self, request: HttpRequest, *args: Any, **kwargs: Any) -> str:
        return str(kwargs["run"])

    def get_step_url(self, step: str | None) -> str:
        address = reverse("client_add_step", kwargs={"run": self.run, "step": step})
        return address if self.is_begun else f"{address}?reseller={self.reseller.pk}"

    def load(self, *, run: UUID, step: str, **kwargs: Any) -> None:
        if step not in dict(STEPS):
            raise Http404
        self.run = run
        self.created = clients_for(self.scope).filter(creation_key=run).first()
        if not self.created:
            kept = RunStorage(run, self.request)
            self.is_begun = kept.is_begun
            named = number(self.request.GET.get("reseller"))
            if not kept.is_begun and named is None:
                raise RunGoneError
            chosen = kept.extra_data["reseller_id"] if kept.is_begun else named
            self.reseller = get_or_404(resellers_for(self.scope), pk=chosen)

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            return super().dispatch(request, *args, **kwargs)
        except RunGoneError:
            page = "clients/add_client_gone.html"
            with tenancy.reading(self.scope):
                return TemplateResponse(request, page, status=404).render()

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if self.created:
            return redirect("client", client_id=self.created.pk)
        step = kwargs["step"]
        unfinished = self.first_unfinished()
        if list(self.form_list).index(step) > list(self.form_list).index(unfinished):
            return redirect(self.get_step_url(unfinished))
        self.storage.current_step = step
        return self.render(self.stored_form(step))

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if self.created:
            return redirect("client", client_id=self.created.pk)
        step = kwargs["step"]
        self.storage.current_step = step
        if "cancel" in request.POST:
            self.storage.delete()
            return redirect("home")
        with tenancy.reading(self.scope):
            answer = self.advance(step, request.POST)
        self.storage.save()
        return answer if isinstance(answer, HttpResponse) else self.create(answer)

    def advance(self, step: str, data: QueryDict) -> HttpResponse | dict[str, forms.Form]:
        """Keep what was typed; answer where to go next, or after the last step all forms."""
        form = self.get_form(step, data=data)
        goto = data.get("wizard_goto_step")
        if goto in self.form_list or is_redraw(form, data):
            self.storage.set_step_data(step, settled(form, data))
            target = goto if goto in self.form_list else step
            anchor = "#profiles" if target == step else ""
            self.set_checked(step, checked=False)
            return redirect(self.get_step_url(target) + anchor)
        valid = form.is_valid()
        self.storage.set_step_data(step, settled(form, data))
        self.set_checked(step, checked=valid)
        if not valid:
            return self.render(form, status=422)
        following: str | None = self.get_next_step(step)
        return redirect(self.get_step_url(following)) if following else self.all_forms()

    def all_forms(self) -> HttpResponse | dict[str, forms.Form]:
        """Every step validated again; the first that is no longer right is shown instead."""
        found = {}
        for step in self.form_list:
            found[step] = self.get_form(step, data=self.storage.get_step_data(step))
            if not found[step].is_valid():
                messages.warning(self.request, _("Not created yet: this step needs a change."))
                return redirect(self.get_step_url(step))
        return found

    def create(self, found: dict[str, forms.Form]) -> HttpResponse:
        """Make the client in one transaction; a refusal is shown at the field it concerns."""
        typed: dict[str, Any] = {}
        for form in found.values():
            typed |= form.cleaned_data
        try:
            made = client_create(
                reseller_id=self.reseller.pk,
                creation_key=self.run,
                **client_arguments(typed),
                acting_user=cast("User", self.request.user),
                scope=self.scope,
                at=self.at,
            )
        except DomainError as error:
            return self.refused(found, error)
        self.storage.delete()
        if made.is_new:
            when = date_format(self.viewers_time(made.client.created_at), "H:i:s")
            messages.success(
                self.request,
                _("Created beneath %(reseller)s at %(when)s.")
                % {"reseller": self.reseller.name, "when": when},
            )
        return redirect("client", client_id=made.client.pk)

    def viewers_time(self, at: datetime) -> datetime:
        """A moment in the zone of the person's reseller; for the platform's staff, of the run's."""
        with tenancy.reading(self.scope):
            own = resellers_for(self.scope).filter(pk=self.scope.reseller_id or 0).first()
        return timezone.localtime(at, ZoneInfo((own or self.reseller).time_zone))

    def refused(self, found: dict[str, forms.Form], error: DomainError) -> HttpResponse:
        """The step of the field that a service refused, with the reason there."""
        step = next(
            (step for step, form in found.items() if error.field in form.fields), self.steps.last
        )
        self.storage.current_step = step
        self.set_checked(step, checked=False)
        self.storage.save()
        add_errors(found[step], [error])
        with tenancy.reading(self.scope):
            return self.render(found[step], status=422)

    def render(self, form: forms.Form, *, status: int = 200) -> HttpResponse:
        """The page of the current step, rendered before the transaction ends."""
        response = self.render_to_response(self.get_context_data(form=form), status=status)
        return response.render()  # type: ignore[no-any-return]

    # State of the run

    def stored_form(self, step: str) -> AreaForm:
        """The step as it was left: with its errors when it was checked, without when it was not."""
        form: AreaForm = self.get_form(step, data=self.storage.get_step_data(step))
        if form.is_bound and not self.storage.extra_data.get("checked", {}).get(step):
            form.errors.clear()
        return form

    def set_checked(self, step: str, *, checked: bool) -> None:
        """Remember whether a step was passed by Next; Back and the like do not check."""
        before = self.storage.extra_data.get("checked", {})
        self.storage.extra_data = {
            "checked": before | {step: checked},
            "reseller_id": self.reseller.pk,
        }
        self.is_begun = True

    def first_unfinished(self) -> str:
        """The first step that was not passed yet; the last one when all were."""
        checked = self.storage.extra_data.get("checked", {})
        unfinished = (name for name, _form in STEPS if not checked.get(name))
        return next(unfinished, STEPS[-1][0])

    # What formtools asks for

    def get_form_kwargs(self, step: str | None = None) -> dict[str, Any]:
        general = {} if step in {"new-client", "general"} else self.cleaned("general")
        return {
            "scope": self.scope,
            "reseller": self.reseller,
            "currency": general.get("currency", ""),
        }

    def cleaned(self, step: str) -> Mapping[str, Any]:
        """What an earlier step came to; empty when it is not valid."""
        return self.get_cleaned_data_for_step(step) or {}

    def get_form_initial(self, step: str) -> dict[str, Any]:
        reseller = self.reseller
        if step == "general":
            return {
                "country": reseller.country,
                "time_zone": reseller.time_zone,
                "currency": reseller.currency,
                "trunk_name": _("Main trunk"),
                "trunk_capacity": 10,
            }
        if step == "additional":
            profiles = reseller.limit_profiles.filter(name=DEFAULT_PROFILE)
            return {
                "limit_profiles": [str(pk) for pk in profiles.values_list("pk", flat=True)],
                "long_call_minutes": 180,
                "high_price_amount": "0.50",
                "working_schedule": WorkingSchedule.WITH_WEEKENDS.value,
            }
        if step == "billing":
            return {"billing_mode": BillingMode.POSTPAID.value}
        if step == "address":
            return {"address_country": self.cleaned("general").get("country", reseller.country)}
        return {}

    def get_context_data(self, form: forms.Form, **kwargs: Any) -> dict[str, Any]:
        step = self.storage.current_step
        names = list(self.form_list)
        here = names.index(step)
        states = ["done"] * here + ["current"] + ["next"] * len(names)
        if step == "additional":
            chosen, days = form["limit_profiles"].value(), form["working_schedule"].value()
            kwargs["figures"] = figures(self.scope, self.reseller, chosen or (), days)
        context: dict[str, Any] = super().get_context_data(form=form, **kwargs)
        return context | {
            "step": step,
            "heading": TITLES[step],
            "steps": [
                {"label": TITLES[name], "state": state, "goto": name}
                for name, state in zip(names, states, strict=False)
            ],
            "previous": names[here - 1] if here else "",
            "is_last": step == names[-1],
            "step_url": self.get_step_url(step),
            "reseller": self.reseller,
            "draft": f"{self.request.user.pk} {self.run} {step}",
            "client_name": self.cleaned("general").get("name", "") if here > 1 else "",
            "summary": self.summary() if step == names[-1] else [],
            "email": self.cleaned("general").get("email", "") if here > 1 else "",
            "obstacles": self.obstacles(step),
        }

    def obstacles(self, here: str) -> list[dict[str, Any]]:
        """What will refuse the client's calls, as the steps have been left."""
        checked = self.storage.extra_data.get("checked", {})
        general = self.cleaned("general") if checked.get("general") else {}
        billing = self.cleaned("billing") if checked.get("billing") else {}
        if not general or here == "new-client":
            return []
        found = obstacles.of_new_client(
            self.scope,
            self.reseller,
            currency=general["currency"],
            rate_table=general["rate_table"],
            billing_mode=billing.get("billing_mode", ""),
        )
        return [
            {
                "sentence": each.sentence,
                "step": each.area if each.area != here else "",
                "area": TITLES.get(each.area),
            }
            for each in found
        ]

    def summary(self) -> list[dict[str, Any]]:
        """What was chosen, a block of lines for each earlier step."""
        general, more = self.cleaned("general"), self.cleaned("additional")
        billing = self.cleaned("billing")
        if not (general and more and billing):
            return []
        return [
            {"label": TITLES[step], "step": step, "lines": [line for line in lines if line]}
            for step, lines in (
                ("general", summary.general(general)),
                ("additional", summary.additional(more, general["currency"])),
                ("billing", summary.billing(billing, general["currency"])),
            )
        ]


def is_redraw(form: forms.Form, data: QueryDict) -> bool:
    """Whether a button was pressed that only shows the page again: Update, or one of ``>``."""
    moved = any(DualList.is_move(data, form.add_prefix(name)) for name in form.fields)
    return moved or "update" in data


def settled(form: forms.Form, data: QueryDict) -> dict[str, list[str]]:
    """What was typed in a step, ready to be kept: its own fields, two lists as they now stand."""
    kept = {}
    for name, field in form.fields.items():
        key = form.add_prefix(name)
        value = field.widget.value_from_datadict(data, {}, key)
        if value is not None:
            kept[key] = list(value) if isinstance(value, list) else [value]
    return kept
