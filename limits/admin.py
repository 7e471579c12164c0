"""Django admin of destinations, profiles and usage."""

from django.contrib import admin

from limits.models import (
    ClientProfile,
    DailyUsage,
    Destination,
    DestinationPrefix,
    LimitProfile,
    LimitRow,
    LimitWarning,
    ProfilePrefix,
    ResellerTotal,
    ResellerUsage,
)
from trunkportal.admin import LookAdmin, show_history


@admin.register(Destination)
class DestinationAdmin(LookAdmin):
    list_display = ("path", "country", "is_leaf", "parent")
    list_filter = ("is_leaf",)
    list_select_related = ("parent",)
    search_fields = ("path", "=country")


@admin.register(DestinationPrefix)
class DestinationPrefixAdmin(LookAdmin):
    list_display = ("prefix", "destination")
    list_filter = ("destination__is_leaf",)
    list_select_related = ("destination",)
    search_fields = ("^prefix", "destination__path")


@admin.register(LimitProfile)
class LimitProfileAdmin(LookAdmin):
    list_display = ("name", "reseller", "currency", "version", "created_at")
    list_filter = ("currency",)
    list_select_related = ("reseller",)
    search_fields = ("name", "reseller__name", "reseller__reference")


@admin.register(LimitRow)
class LimitRowAdmin(LookAdmin):
    list_display = ("profile", "destination", "minutes", "unlimited", "max_price_per_minute")
    list_filter = ("unlimited",)
    list_select_related = ("profile", "destination")
    search_fields = ("profile__name", "destination__path")


@admin.register(ProfilePrefix)
class ProfilePrefixAdmin(LookAdmin):
    list_display = ("profile", "kind", "prefix")
    list_filter = ("kind",)
    list_select_related = ("profile",)
    search_fields = ("profile__name", "^prefix")


@admin.register(ClientProfile)
class ClientProfileAdmin(LookAdmin):
    list_display = ("client", "profile", "reseller")
    list_filter = ("profile__currency",)
    list_select_related = ("client", "profile", "reseller")
    search_fields = ("client__name", "client__reference", "profile__name")


@admin.register(ResellerTotal)
class ResellerTotalAdmin(LookAdmin):
    list_display = ("receiver", "profile", "reseller")
    list_filter = ("profile__currency",)
    list_select_related = ("receiver", "profile", "reseller")
    search_fields = ("receiver__name", "receiver__reference", "profile__name")


@admin.register(ResellerUsage)
class ResellerUsageAdmin(LookAdmin):
    list_display = ("on", "reseller", "destination", "day_ms")
    list_filter = ("on",)
    list_select_related = ("reseller", "destination")
    search_fields = ("reseller__name", "reseller__reference", "destination__path")
    ordering = ("-on", "-id")


@admin.register(DailyUsage)
class DailyUsageAdmin(LookAdmin):
    list_display = ("on", "client", "destination", "day_ms", "off_hours_ms")
    list_filter = ("on",)
    list_select_related = ("client", "destination")
    search_fields = ("client__name", "client__reference", "destination__path")
    ordering = ("-on", "-id")


@admin.register(LimitWarning)
class LimitWarningAdmin(LookAdmin):
    list_display = ("at", "client", "destination", "step", "off_hours", "limit_seconds")
    list_filter = ("step", "off_hours", "on")
    list_select_related = ("client", "destination")
    search_fields = ("client__name", "client__reference", "destination__path")
    ordering = ("-id",)


show_history("limits")
