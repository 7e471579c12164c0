"""Destinations, limit profiles, and what has been used of a day's share."""

from typing import ClassVar

import pghistory
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from clients.models import Client, Reseller


class Destination(models.Model):
    """A node of the destination tree, the same for every tenant.

    ``path`` names it in files and commands (``UK/Mobile``); ``country`` is set where the whole
    node lies in one country.
    """

    parent = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="children"
    )
    name = models.CharField(_("name"), max_length=80)
    path = models.CharField(_("path"), max_length=255, unique=True)
    country = models.CharField(_("country"), max_length=2, blank=True)
    position = models.PositiveIntegerField(default=0)
    is_leaf = models.BooleanField(default=True)

    class Meta:
        verbose_name = _("destination")
        verbose_name_plural = _("destinations")
        ordering: ClassVar = ["position", "path"]

    def __str__(self) -> str:
        return self.path


class DestinationPrefix(models.Model):
    """A number prefix, digits of the international form without ``+``; the longest match decides.

    Short codes are kept as ``GB:101``: the country, a colon, the code.
    """

    destination = models.ForeignKey(Destination, models.CASCADE, related_name="prefixes")
    prefix = models.CharField(_("prefix"), max_length=24, unique=True)

    class Meta:
        verbose_name = _("prefix")
        verbose_name_plural = _("prefixes")
        ordering: ClassVar = ["prefix"]

    def __str__(self) -> str:
        return self.prefix


@pghistory.track()
class LimitProfile(models.Model):
    """A set of monthly limits, owned by a reseller or, with none, by the platform."""

    reseller = models.ForeignKey(
        Reseller, models.PROTECT, null=True, blank=True, related_name="limit_profiles"
    )
    name = models.CharField(_("name"), max_length=64)
    currency = models.CharField(_("currency"), max_length=3, default="GBP")
    version = models.PositiveIntegerField(default=1, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("limit profile")
        verbose_name_plural = _("limit profiles")
        ordering: ClassVar = ["name"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["reseller", "name"],
                nulls_distinct=False,
                name="limits_profile_name",
                violation_error_message=_("There is already a limit profile of this name."),
            )
        ]

    def __str__(self) -> str:
        return self.name


@pghistory.track()
class LimitRow(models.Model):
    """What one profile says of one destination; a blank field is no opinion.

    ``minutes`` is a month's; 0 is barred. ``unlimited`` and ``minutes`` exclude each other.
    """

    reseller = models.ForeignKey(Reseller, models.PROTECT, null=True, blank=True, related_name="+")
    profile = models.ForeignKey(LimitProfile, models.CASCADE, related_name="rows")
    destination = models.ForeignKey(Destination, models.PROTECT, related_name="+")
    minutes = models.PositiveIntegerField(_("minutes a month"), null=True, blank=True)
    unlimited = models.BooleanField(_("unlimited"), default=False)
    max_price_per_minute = models.DecimalField(
        _("bar at price a minute"),
        max_digits=18,
        decimal_places=6,
        null=True,
        blank=True,
    )
    max_setup_price = models.DecimalField(
        _("bar at set-up price"), max_digits=18, decimal_places=6, null=True, blank=True
    )
    spend = models.DecimalField(
        _("spend a month"), max_digits=18, decimal_places=6, null=True, blank=True
    )

    class Meta:
        verbose_name = _("limit")
        verbose_name_plural = _("limits")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["profile", "destination"], name="limits_row_once"),
            models.CheckConstraint(
                condition=models.Q(unlimited=False) | models.Q(minutes__isnull=True),
                name="limits_row_unlimited",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.profile_id}:{self.destination_id}"


class ListKind(models.TextChoices):
    BLOCK = "block", _("Block list")
    ALLOW = "allow", _("Allow list")


@pghistory.track()
class ProfilePrefix(models.Model):
    """A prefix on a profile's block list or allow list, digits without ``+``."""

    reseller = models.ForeignKey(Reseller, models.PROTECT, null=True, blank=True, related_name="+")
    profile = models.ForeignKey(LimitProfile, models.CASCADE, related_name="prefixes")
    kind = models.CharField(max_length=5, choices=ListKind.choices)
    prefix = models.CharField(_("prefix"), max_length=20)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["profile", "kind", "prefix"], name="limits_profileprefix_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.prefix}"


@pghistory.track()
class ClientProfile(models.Model):
    """A limit profile allocated to a client."""

    reseller = models.ForeignKey(Reseller, models.PROTECT, related_name="+")
    client = models.ForeignKey(Client, models.CASCADE, related_name="profile_links")
    profile = models.ForeignKey(LimitProfile, models.PROTECT, related_name="client_links")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["client", "profile"], name="limits_clientprofile_once")
        ]

    def __str__(self) -> str:
        return f"{self.client_id}:{self.profile_id}"


@pghistory.track()
class ResellerTotal(models.Model):
    """A limit profile as what all clients below a reseller may use together (109).

    ``reseller`` gives it, the platform where there is none; ``receiver`` is held to it.
    """

    reseller = models.ForeignKey(
        Reseller,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("given by"),
    )
    receiver = models.ForeignKey(
        Reseller, models.CASCADE, related_name="totals", verbose_name=_("held to it")
    )
    profile = models.ForeignKey(
        LimitProfile, models.PROTECT, related_name="total_links", verbose_name=_("limit profile")
    )

    class Meta:
        verbose_name = _("reseller's total")
        verbose_name_plural = _("resellers' totals")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["receiver", "profile"], name="limits_resellertotal_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.receiver_id}:{self.profile_id}"


class ResellerUsage(models.Model):
    """Talk time of finished calls of all clients below a reseller, on the reseller's local day."""

    reseller = models.ForeignKey(Reseller, models.CASCADE, related_name="+")
    destination = models.ForeignKey(Destination, models.PROTECT, related_name="+")
    on = models.DateField(_("day"))
    day_ms = models.BigIntegerField(default=0)

    class Meta:
        verbose_name = _("reseller's usage")
        verbose_name_plural = _("resellers' usage")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["reseller", "destination", "on"], name="limits_resellerusage_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.reseller_id} {self.destination_id} {self.on}"


class DailyUsage(models.Model):
    """Talk time of finished calls by client, destination and local day.

    ``day_ms`` counts the whole day, ``off_hours_ms`` the part of it outside working time.
    """

    reseller = models.ForeignKey(Reseller, models.PROTECT, related_name="+")
    client = models.ForeignKey(Client, models.CASCADE, related_name="+")
    destination = models.ForeignKey(Destination, models.PROTECT, related_name="+")
    on = models.DateField(_("day"))
    day_ms = models.BigIntegerField(default=0)
    off_hours_ms = models.BigIntegerField(default=0)

    class Meta:
        verbose_name = _("daily usage")
        verbose_name_plural = _("daily usage")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["client", "destination", "on"], name="limits_dailyusage_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.client_id} {self.destination_id} {self.on}"


class LimitWarning(models.Model):
    """A warning step of a day's allowance that was crossed; one a day and step."""

    reseller = models.ForeignKey(Reseller, models.PROTECT, related_name="+")
    client = models.ForeignKey(Client, models.CASCADE, related_name="warnings")
    destination = models.ForeignKey(Destination, models.PROTECT, related_name="+")
    on = models.DateField(_("day"))
    off_hours = models.BooleanField(default=False)
    step = models.PositiveSmallIntegerField(_("step, %"))
    limit_seconds = models.PositiveIntegerField()
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["client", "destination", "on", "off_hours", "step"],
                name="limits_warning_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.step} % of {self.destination_id} on {self.on}"
