"""What happened: calls, refusals, and where the event streams have been read to."""

import re
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class TenantRow(models.Model):
    """Rows of the moment: ids without foreign keys, so that a later move rewrites none."""

    reseller_id = models.BigIntegerField(null=True, blank=True)
    client_id = models.BigIntegerField(null=True, blank=True)
    account_id = models.BigIntegerField(null=True, blank=True)
    tiers = ArrayField(models.BigIntegerField(), default=list, blank=True)
    dialled = models.CharField(_("dialled"), max_length=128, blank=True)
    number = models.CharField(_("number"), max_length=32, blank=True)
    destination = models.CharField(_("destination"), max_length=255, blank=True)
    caller = models.CharField(_("caller"), max_length=128, blank=True)
    source = models.CharField(_("source address"), max_length=64, blank=True)
    sip_call_id = models.CharField(max_length=255, blank=True)
    node = models.CharField(max_length=32, blank=True)

    class Meta:
        abstract = True


class CallRecord(TenantRow):
    """A call that was authorised, written when it has ended.

    It is written again once: when it was given up as lost and its end is told after all.
    Partitioned by month of ``at`` (its authorisation); the table's key is (id, at). Times are
    UTC, ``talk_ms`` is from answer to hang-up, ``talk_seconds`` what the allowances counted:
    ``allowances`` are its parts (day, off-hours, seconds), ``totals`` those by reseller above.
    """

    id = models.CharField(primary_key=True, max_length=40)
    at = models.DateTimeField(_("authorised"))
    answered_at = models.DateTimeField(_("answered"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended"))
    talk_ms = models.BigIntegerField(default=0)
    talk_seconds = models.BigIntegerField(_("talk time, s"), default=0)
    ended_by = models.CharField(_("hung up by"), max_length=10, blank=True)
    why = models.CharField(max_length=20, blank=True)
    code = models.PositiveSmallIntegerField(_("reason"), null=True, blank=True)
    parameters = models.JSONField(default=dict, blank=True)
    sip_code = models.PositiveSmallIntegerField(null=True, blank=True)
    q850 = models.PositiveSmallIntegerField(null=True, blank=True)
    sent_number = models.CharField(max_length=64, blank=True)
    emergency = models.BooleanField(default=False)
    allowances = models.JSONField(default=list, blank=True)
    totals = models.JSONField(default=dict, blank=True)
    rating = models.JSONField(default=list, blank=True)
    currency = models.CharField(max_length=3, blank=True)
    amount = models.DecimalField(_("price"), max_digits=18, decimal_places=6, null=True, blank=True)
    versions = models.JSONField(default=dict, blank=True)
    flags = ArrayField(models.CharField(max_length=20), default=list, blank=True)

    class Meta:
        db_table = "calls_callrecord"
        verbose_name = _("call")
        verbose_name_plural = _("calls")
        ordering: ClassVar = ["-at", "-id"]

    def __str__(self) -> str:
        return self.id


class BarredCall(TenantRow):
    """A call that was refused: the code and its parameters; the sentence is made when shown."""

    id = models.CharField(primary_key=True, max_length=40)
    at = models.DateTimeField(_("at"))
    code = models.PositiveSmallIntegerField(_("code"))
    parameters = models.JSONField(default=dict, blank=True)
    username = models.CharField(_("username"), max_length=128, blank=True)

    class Meta:
        db_table = "calls_barredcall"
        verbose_name = _("barred call")
        verbose_name_plural = _("barred calls")
        ordering: ClassVar = ["-at", "-id"]

    def __str__(self) -> str:
        return f"{self.code} {self.dialled}"


class SetAsideEvent(models.Model):
    """An event that could not be taken in, kept with the reason for a person to look at."""

    stream = models.CharField(max_length=32)
    entry = models.CharField(max_length=40)
    fields = models.JSONField()
    error = models.TextField()
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("event set aside")
        verbose_name_plural = _("events set aside")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["stream", "entry"], name="calls_setaside_once")
        ]

    def __str__(self) -> str:
        return f"{self.stream} {self.entry}"


class StreamPosition(models.Model):
    """The highest event number taken in from a stream.

    A store that is at a lower one has been emptied or restored, and is rebuilt.
    """

    stream = models.CharField(max_length=32, unique=True)
    sequence = models.BigIntegerField(default=0)

    class Meta:
        verbose_name = _("stream position")
        verbose_name_plural = _("stream positions")

    def __str__(self) -> str:
        return f"{self.stream} {self.sequence}"


class ApiToken(models.Model):
    """A switch's key to the HTTP door; only its digest is kept."""

    name = models.CharField(_("name"), max_length=64, unique=True)
    token_sha256 = models.CharField(max_length=64, unique=True, editable=False)
    is_active = models.BooleanField(_("active"), default=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("API token")
        verbose_name_plural = _("API tokens")

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Refuse a name that call records and the store could not hold as it is."""
        if not re.fullmatch(r"[A-Za-z0-9._-]{1,64}", self.name):
            message = _("A switch's name has 1 to 64 letters, digits, “.”, “-” and “_”.")
            raise ValidationError({"name": message})
