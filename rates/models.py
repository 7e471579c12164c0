"""Rate tables and who uses which."""

from typing import ClassVar

import pghistory
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from clients.models import Client, Reseller


@pghistory.track()
class RateTable(models.Model):
    """Prices by prefix in one currency; its version is the audit of its rates."""

    reseller = models.ForeignKey(
        Reseller, models.PROTECT, null=True, blank=True, related_name="rate_tables"
    )
    name = models.CharField(_("name"), max_length=64)
    currency = models.CharField(_("currency"), max_length=3, default="GBP")
    version = models.PositiveIntegerField(default=1, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("rate table")
        verbose_name_plural = _("rate tables")
        ordering: ClassVar = ["name"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["reseller", "name"],
                nulls_distinct=False,
                name="rates_table_name",
                violation_error_message=_("There is already a rate table of this name."),
            )
        ]

    def __str__(self) -> str:
        return self.name


class Rate(models.Model):
    """The price of calls to one prefix from one instant on.

    Amounts are in the table's currency with 6 decimals; the longest prefix decides.
    """

    reseller = models.ForeignKey(Reseller, models.PROTECT, null=True, blank=True, related_name="+")
    table = models.ForeignKey(RateTable, models.CASCADE, related_name="rates")
    prefix = models.CharField(_("prefix"), max_length=24)
    price_per_minute = models.DecimalField(_("price a minute"), max_digits=18, decimal_places=6)
    setup_price = models.DecimalField(_("set-up"), max_digits=18, decimal_places=6, default=0)
    minimum_seconds = models.PositiveIntegerField(_("minimum, s"), default=1)
    increment_seconds = models.PositiveIntegerField(_("increment, s"), default=1)
    effective_from = models.DateTimeField(_("from"))
    effective_until = models.DateTimeField(_("until"), null=True, blank=True)

    class Meta:
        verbose_name = _("rate")
        verbose_name_plural = _("rates")
        ordering: ClassVar = ["prefix", "effective_from"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["table", "prefix", "effective_from"], name="rates_rate_once"
            ),
            models.CheckConstraint(
                condition=models.Q(
                    price_per_minute__gte=0,
                    setup_price__gte=0,
                    increment_seconds__gte=1,
                ),
                name="rates_rate_range",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.prefix} {self.price_per_minute}"


@pghistory.track()
class ResellerRates(models.Model):
    """A reseller's default table for its clients, and the one its parent charges it by."""

    reseller = models.OneToOneField(Reseller, models.PROTECT, related_name="rates")
    default_table = models.ForeignKey(
        RateTable, models.PROTECT, null=True, blank=True, related_name="+"
    )
    assigned_table = models.ForeignKey(
        RateTable, models.PROTECT, null=True, blank=True, related_name="+"
    )

    def __str__(self) -> str:
        return f"rates of reseller {self.reseller_id}"


@pghistory.track()
class ClientRates(models.Model):
    """The rate table a client pays by instead of its reseller's default."""

    reseller = models.ForeignKey(Reseller, models.PROTECT, related_name="+")
    client = models.OneToOneField(Client, models.CASCADE, related_name="rates")
    table = models.ForeignKey(RateTable, models.PROTECT, related_name="+")

    def __str__(self) -> str:
        return f"rates of client {self.client_id}"
