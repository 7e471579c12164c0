"""What the apps' Django admin is made of: pages to look, and a few to change.

Platform staff look at everything. What a service must write (because the switch, the audit or the
mails follow from it) is only shown; secrets are not shown at all.
"""

from typing import Any

from django.apps import apps
from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from pghistory.models import Event

# Fields that no page of the admin reads or shows.
SECRETS = ("password", "ha1_md5", "ha1_sha256", "token_sha256", "creation_key")


class LookAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Every field but the secrets, for all platform staff; nothing can be changed."""

    show_full_result_count = False
    list_per_page = 50

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """All rows, read without their secrets: a lost key breaks no page."""
        return super().get_queryset(request).defer(*(set(SECRETS) & set(_columns(self.model))))

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        return [name for name in _columns(self.model) if name not in SECRETS]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return self.get_fields(request, obj)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.is_active and request.user.is_staff)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


def _columns(model: type[Model]) -> list[str]:
    return [field.name for field in model._meta.concrete_fields]  # noqa: SLF001 - Django's own way


class EventAdmin(LookAdmin):
    """The change history of one model."""

    list_display = ("pgh_obj_id", "pgh_label", "pgh_created_at", "who")
    list_filter = ("pgh_label", "pgh_created_at")
    list_select_related = ("pgh_context",)
    search_fields = ("pgh_obj_id__exact",)
    search_help_text = _("The id of the row that was changed.")
    ordering = ("-pgh_id",)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """The events of one row; of none when the term is no id."""
        if search_term and not (search_term.isdecimal() and len(search_term) <= 18):
            return queryset.none(), False
        return super().get_search_results(request, queryset, search_term)

    @admin.display(description=_("user id"))
    def who(self, event: Any) -> Any:
        """The id of the user whose request made the change; empty for commands and tasks."""
        return event.pgh_context.metadata.get("user") if event.pgh_context else None


def show_history(app_label: str) -> None:
    """Register the history of every tracked model of an app."""
    for model in apps.get_app_config(app_label).get_models():
        if issubclass(model, Event):
            admin.site.register(model, EventAdmin)
