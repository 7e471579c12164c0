"""The Explain page: what would happen to a call, and why."""

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.db.models import Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import Account
from accounts.selectors import account_named, accounts_for
from calls.reasons import name
from calls.services.explain import Explanation, explain_call
from clients.forms.fields import Suggestions
from clients.models import ClientType
from clients.views.base import PortalView
from clients.views.selected import narrowed, selected_reseller

TEXT = {"class": "form-control"}
OFFERED = 200  # accounts in a list to choose from; of more, one is named in a text field


class ExplainForm(forms.Form):
    """The question. The account is chosen, or named by id, SIP username or label.

    The moment is optional.
    """

    account = forms.CharField(label=_("Account"), max_length=80)
    to = forms.CharField(
        label=_("Number dialled"),
        max_length=128,
        strip=False,
        widget=forms.TextInput(attrs=TEXT | {"class": "form-control code"}),
    )
    caller = forms.CharField(
        label=_("Caller"),
        max_length=128,
        required=False,
        widget=forms.TextInput(attrs=TEXT | {"class": "form-control code"}),
    )
    at = forms.CharField(
        label=_("Moment"),
        max_length=40,
        required=False,
        widget=forms.DateTimeInput(attrs=TEXT | {"type": "datetime-local", "step": "1"}),
    )

    def offer(self, accounts: Sequence[Account]) -> None:
        """Say which accounts there are; the list is closed unless there are too many."""
        field = self.fields["account"]
        if len(accounts) > OFFERED:
            named = [
                (each.sip_username or str(each.pk), f"{each.name}, {each.client.name}")
                for each in accounts[:OFFERED]
            ]
            field.widget = Suggestions(named, TEXT)
            return
        groups = [
            (client, [(str(each.pk), words(each)) for each in own])
            for client, own in groupby(accounts, key=lambda each: each.client.name)
        ]
        choices = [("", gettext("Choose an account")), *groups]
        field.widget = forms.Select({"class": "form-select"}, choices=choices)

    def clean_at(self) -> datetime | None:
        """An ISO date and time; without an offset it is meant in the client's zone, see ``ask``."""
        text = self.cleaned_data["at"].strip()
        if not text:
            return None
        try:
            at = datetime.fromisoformat(text)
        except ValueError:
            raise forms.ValidationError(_("This is not a date and time.")) from None
        if not 2000 <= at.year < 2100:
            raise forms.ValidationError(_("Only moments from 2000 to 2099 can be explained."))
        return at


def words(account: Account) -> str:
    """An account in a list of those of its client."""
    return f"{account.name}, {account.sip_username}" if account.sip_username else account.name


class ExplainView(PortalView):
    """One question in the address, so that it can be kept and passed on."""

    template_name = "calls/explain.html"

    def load(self, **kwargs: Any) -> None:
        self.accounts = accounts_for(self.scope).select_related("client__reseller")

    def context(self) -> dict[str, Any]:
        given = self.request.GET.dict()
        if "from" in given:
            given["caller"] = given.pop("from")
        account = self.account_of(given.get("account", "").strip())
        offered = self.offered(account)
        if account and len(offered) <= OFFERED:
            given["account"] = str(account.pk)
        form = ExplainForm(given) if "to" in given else ExplainForm(initial=given)
        form.offer(offered)
        context: dict[str, Any] = {"form": form}
        if form.is_bound and form.is_valid():
            if account is None:
                form.add_error("account", _("There is no such account."))
            else:
                context |= self.ask(account, form.cleaned_data)
        return context

    def offered(self, named: Account | None) -> list[Account]:
        """Accounts of the reseller chosen in the tree, and the one that the address names."""
        reseller = selected_reseller(self.request)
        scope = narrowed(self.scope, reseller) if reseller else self.scope
        mine = Q(pk__in=accounts_for(scope).values("pk")) | Q(pk=named.pk if named else None)
        rows = self.accounts.filter(mine).exclude(client__type=ClientType.VENDOR)
        return list(rows.order_by("client__name", "client_id", "name")[: OFFERED + 1])

    def account_of(self, named: str) -> Account | None:
        """The account of an id, a SIP username or a label, among those the reader may see."""
        if found := account_named(self.accounts, named):
            return found
        labelled = list(self.accounts.filter(name__iexact=named)[:2])
        return labelled[0] if len(labelled) == 1 else None

    def ask(self, account: Account, asked: dict[str, Any]) -> dict[str, Any]:
        """The answer, for the template."""
        zone = ZoneInfo(account.client.time_zone)
        at = asked["at"] or self.at
        if at.tzinfo is None:
            at = at.replace(tzinfo=zone)
        explained = explain_call(
            account=account,
            dialled=asked["to"],
            caller=asked["caller"],
            at=at,
            routes_shown=self.scope.kind == "platform",
        )
        return {
            "account": account,
            "dialled": asked["to"],
            "moment": at.astimezone(zone),
            "explained": explained,
            "reason": name(explained.code) if explained.code else "",
            "counts": counts(explained),
            "allowances": allowances(explained),
        }


def counts(explained: Explanation) -> dict[str, int]:
    """How many rules passed before the verdict, and how many would pass after it."""
    decisive = next((n for n, each in enumerate(explained.rules) if each.decisive), None)
    if decisive is None:
        return {"passed": len(explained.rules), "after": 0}
    after = explained.rules[decisive + 1 :]
    return {"passed": decisive, "after": sum(each.passed for each in after)}


def allowances(explained: Explanation) -> list[dict[str, Any]]:
    """The allowances the call would run on: whose, seconds used, left and of how many."""
    return [
        {
            "label": each["destination"],
            "off_hours": each["off"],
            "limit_seconds": int(each["limit"]) // 1000,
            "left_seconds": max(0, int(each["left"]) // 1000),
            "spent": int(each["left"]) < 1000,
        }
        for each in explained.facts.get("allowances") or ()
    ]
