"""Django admin of what happened: calls, refusals, events; and of the switches' tokens."""

from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from calls.api.authentication import make_token
from calls.models import ApiToken, BarredCall, CallRecord, SetAsideEvent, StreamPosition
from trunkportal.admin import LookAdmin


@admin.register(CallRecord)
class CallRecordAdmin(LookAdmin):
    list_display = ("at", "client_id", "caller", "number", "destination", "talk_seconds", "code")
    list_filter = ("at", "code", "emergency")
    search_fields = ("=id", "=number", "=dialled", "=sip_call_id", "=client_id")
    search_help_text = _("The whole id, number or Call-ID, or a client's id.")


@admin.register(BarredCall)
class BarredCallAdmin(LookAdmin):
    list_display = ("at", "client_id", "code", "dialled", "caller", "source", "username")
    list_filter = ("at", "code")
    search_fields = ("=id", "=number", "=dialled", "=source", "=username", "=client_id")
    search_help_text = _("The whole id, number, address or username, or a client's id.")


@admin.register(SetAsideEvent)
class SetAsideEventAdmin(LookAdmin):
    list_display = ("at", "stream", "entry", "error")
    list_filter = ("stream", "at")
    search_fields = ("entry", "error")
    ordering = ("-id",)


@admin.register(StreamPosition)
class StreamPositionAdmin(LookAdmin):
    list_display = ("stream", "sequence")
    list_filter = ("stream",)
    search_fields = ("stream",)


@admin.register(ApiToken)
class ApiTokenAdmin(LookAdmin):
    """Tokens are made and ended here; a new one is shown once and only its digest kept."""

    list_display = ("name", "is_active", "created_at", "last_used_at")
    list_filter = ("is_active",)
    search_fields = ("name",)

    def get_readonly_fields(self, request: HttpRequest, obj: ApiToken | None = None) -> list[str]:
        editable = {"name"} if obj is None else {"is_active"}
        return [name for name in self.get_fields(request, obj) if name not in editable]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_change_permission(self, request: HttpRequest, obj: ApiToken | None = None) -> bool:
        return self.has_view_permission(request)

    def save_model(self, request: HttpRequest, obj: ApiToken, form: Any, change: bool) -> None:
        if not change:
            token = make_token(obj.name)
            obj.pk = ApiToken.objects.get(name=obj.name).pk
            text = _("The token of %(name)s, shown this once: %(token)s")
            messages.warning(request, text % {"name": obj.name, "token": token})
            return
        super().save_model(request, obj, form, change)
