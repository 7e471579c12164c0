"""Two people saving one form: the second is told, and keeps what was typed."""

from collections.abc import Iterable, Mapping
from typing import Any, cast

from django import forms
from django.forms.widgets import ChoiceWidget
from django.http import QueryDict
from django.utils.translation import gettext as _


class VersionedForm(forms.Form):
    """A form about a stored object; ``version`` is the one the person saw."""

    version = forms.IntegerField(widget=forms.HiddenInput, required=False, min_value=1)

    def show_stored(self, stored: Mapping[str, Any], version: int) -> None:
        """After a Conflict: say at each field that differs what is stored now.

        Saving again then replaces it: the form carries the present ``version``.
        """
        data = cast("QueryDict", self.data).copy()
        data[self.add_prefix("version")] = str(version)
        self.data = data
        for name, value in stored.items():
            field = self.fields.get(name)
            if field and not field.widget.is_hidden and field.has_changed(value, self[name].data):
                words = shown(field, value) or _("blank")
                self.add_error(name, _("Stored meanwhile: %s") % words)


def shown(field: forms.Field, value: Any) -> str:
    """A field's value in words: the label of a choice, the names of several, else its text."""
    if isinstance(field, forms.ModelChoiceField) and value is None:
        return str(field.empty_label or "")
    value = field.prepare_value(value)
    if isinstance(field, forms.BooleanField):
        return str(_("Yes") if value else _("No"))
    if isinstance(field, forms.ChoiceField):
        offered = cast("ChoiceWidget", field.widget).choices
        labels = {str(key): str(label) for key, label in cast("Iterable[Any]", offered)}
        values = value if isinstance(value, list | tuple) else [value]
        return ", ".join(labels.get(str(each), "") for each in values if each not in ("", None))
    return "" if value is None else str(value)
