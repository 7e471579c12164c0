"""Forms about people and about a tenant's status."""

from django import forms
from django.utils.translation import gettext_lazy

from clients.forms.fields import ChoiceCards, EmailField, LineField
from clients.models import Status
from clients.roles import STAFF


class ClientLoginForm(forms.Form):
    """A person of the client who may log in and look."""

    email = EmailField(label=gettext_lazy("Email"))
    name = LineField(label=gettext_lazy("Name"), max_length=120, required=False)


class RoleForm(forms.Form):
    """What a person may do for a reseller."""

    role = forms.ChoiceField(
        label=gettext_lazy("Role"),
        choices=[(role.value, role.label) for role in STAFF],
        widget=ChoiceCards(notes={role.value: words for role, words in STAFF.items()}),
    )


class StaffForm(ClientLoginForm, RoleForm):
    """A person who is to work for a reseller."""

    field_order = ("email", "name", "role")


class StatusForm(forms.Form):
    """Why a tenant is suspended, or let call again; sent twice, it asks for the same."""

    status = forms.ChoiceField(choices=Status.choices, widget=forms.HiddenInput)
    reason = LineField(
        label=gettext_lazy("Reason"),
        max_length=200,
        help_text=gettext_lazy("Kept with your name and the time."),
    )
