"""Django admin of accounts and mails; no password, HA1 or token is on any page."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from accounts.models import Account, DefaultRoute, OneTimeLink, OutboundEmail
from clients import outbox
from trunkportal.admin import LookAdmin, show_history


@admin.register(Account)
class AccountAdmin(LookAdmin):
    list_display = (
        "name",
        "client",
        "ident_by",
        "identity",
        "orig_enabled",
        "orig_capacity",
        "term_enabled",
        "term_capacity",
    )
    list_filter = ("ident_by", "orig_enabled", "term_enabled", "term_protocol")
    list_select_related = ("client",)
    search_fields = ("name", "sip_username", "ips", "client__name", "client__reference")


@admin.register(DefaultRoute)
class DefaultRouteAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """The platform's own routes; a change is published to the switch."""

    list_display = ("account", "priority", "emergency")
    list_filter = ("emergency",)
    list_select_related = ("account",)
    search_fields = ("account__name", "account__client__name")
    autocomplete_fields = ("account",)

    def save_model(self, request: HttpRequest, obj: DefaultRoute, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        outbox.enqueue("policy.catalogue")

    def delete_model(self, request: HttpRequest, obj: DefaultRoute) -> None:
        super().delete_model(request, obj)
        outbox.enqueue("policy.catalogue")

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        super().delete_queryset(request, queryset)
        outbox.enqueue("policy.catalogue")


@admin.register(OutboundEmail)
class OutboundEmailAdmin(LookAdmin):
    list_display = ("created_at", "kind", "recipient", "client", "state", "attempts", "error")
    list_filter = ("state", "kind", "created_at")
    list_select_related = ("client",)
    search_fields = ("recipient", "message_id", "client__name", "client__reference")
    ordering = ("-id",)


@admin.register(OneTimeLink)
class OneTimeLinkAdmin(LookAdmin):
    list_display = ("account", "client", "created_at", "expires_at", "opened_at")
    list_filter = ("created_at",)
    list_select_related = ("account", "client")
    search_fields = ("account__name", "account__sip_username", "client__name")
    ordering = ("-id",)


show_history("accounts")
