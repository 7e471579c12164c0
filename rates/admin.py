"""Django admin of rate tables."""

from django.contrib import admin

from rates.models import ClientRates, Rate, RateTable, ResellerRates
from trunkportal.admin import LookAdmin, show_history


@admin.register(RateTable)
class RateTableAdmin(LookAdmin):
    list_display = ("name", "reseller", "currency", "version", "created_at")
    list_filter = ("currency",)
    list_select_related = ("reseller",)
    search_fields = ("name", "reseller__name", "reseller__reference")


@admin.register(Rate)
class RateAdmin(LookAdmin):
    list_display = ("table", "prefix", "price_per_minute", "setup_price", "effective_from")
    list_filter = ("effective_from",)
    list_select_related = ("table",)
    search_fields = ("^prefix", "table__name")


@admin.register(ResellerRates)
class ResellerRatesAdmin(LookAdmin):
    list_display = ("reseller", "default_table", "assigned_table")
    list_filter = ("default_table__currency",)
    list_select_related = ("reseller", "default_table", "assigned_table")
    search_fields = ("reseller__name", "reseller__reference")


@admin.register(ClientRates)
class ClientRatesAdmin(LookAdmin):
    list_display = ("client", "table", "reseller")
    list_filter = ("table__currency",)
    list_select_related = ("client", "table", "reseller")
    search_fields = ("client__name", "client__reference", "table__name")


show_history("rates")
