"""Form widgets that more than one app uses."""

from collections.abc import Mapping
from typing import Any

from django import forms


class DualList(forms.SelectMultiple):
    """Two lists with buttons between; the value is the right one, in the order of allocation.

    Without JavaScript the buttons submit the form with ``NAME_move``; the value read from such a
    form is already the moved one, so a view only has to show the form again (see ``is_move``).
    """

    template_name = "includes/dual_list.html"
    use_fieldset = True

    def __init__(
        self,
        *args: Any,
        captions: tuple[Any, Any] = ("", ""),
        notes: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        """``notes`` are the words at the right of an option, by its value as text."""
        super().__init__(*args, **kwargs)
        self.captions = captions
        self.notes = notes or {}

    @staticmethod
    def is_move(data: Mapping[str, Any], name: str) -> bool:
        """Whether a form was sent by one of the four buttons, not by its own submit button."""
        return f"{name}_move" in data

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[str]:
        allocated = list(dict.fromkeys(data.getlist(name)))
        picked = data.getlist(f"{name}_picked")
        match data.get(f"{name}_move"):
            case "add":
                return allocated + [value for value in picked if value not in allocated]
            case "remove":
                return [value for value in allocated if value not in picked]
            case "add-all":
                offered = [str(option[0]) for option in self.choices]
                return allocated + [value for value in offered if value not in allocated]
            case "remove-all":
                return []
        return allocated

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        chosen = [str(item) for item in value or []]
        options = [
            {
                "value": str(option["value"]),
                "label": option["label"],
                "note": self.notes.get(str(option["value"]), ""),
            }
            for _group, group_options, _index in context["widget"]["optgroups"]
            for option in group_options
        ]
        by_value = {option["value"]: option for option in options}
        context["widget"] |= {
            "captions": self.captions,
            "available": [option for option in options if option["value"] not in chosen],
            "allocated": [by_value[item] for item in chosen if item in by_value],
        }
        return context
