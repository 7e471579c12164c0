"""SIP accounts (trunks), their credentials, and the mails that carry them."""

from typing import ClassVar

import pghistory
from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.secrets import EncryptedField
from clients.models import Client, Reseller


class Ident(models.TextChoices):
    NAME = "name", _("Name")
    IP = "ip", _("IP")
    ANI = "ani", _("ANI")


class Protocol(models.TextChoices):
    UDP = "udp", "UDP"
    TCP = "tcp", "TCP"
    TLS = "tls", "TLS"


@pghistory.track(
    pghistory.InsertEvent(),
    pghistory.UpdateEvent(),
    pghistory.DeleteEvent(),
    pghistory.ManualEvent("password_shown"),  # type: ignore[no-untyped-call]
    exclude=["password", "ha1_md5", "ha1_sha256"],
)
class Account(models.Model):
    """A trunk: how its calls are recognised, and how calls are sent to it.

    ``name`` is a label, unique within the client; ``sip_username`` is unique in the realm.
    """

    reseller = models.ForeignKey(Reseller, models.PROTECT, null=True, blank=True, related_name="+")
    client = models.ForeignKey(Client, models.PROTECT, related_name="accounts")
    name = models.CharField(_("name"), max_length=80)
    ident_by = models.CharField(
        _("ident by"), max_length=4, choices=Ident.choices, default=Ident.NAME
    )
    # NULL, not blank, for an account that is known by its addresses: names are unique.
    sip_username = models.CharField(  # noqa: DJ001
        _("SIP username"), max_length=64, null=True, blank=True
    )
    password = EncryptedField(null=True, blank=True, editable=False)
    realm = models.CharField(max_length=120, blank=True, editable=False)
    ha1_md5 = models.CharField(max_length=32, blank=True, editable=False)
    ha1_sha256 = models.CharField(max_length=64, blank=True, editable=False)
    password_changed_at = models.DateTimeField(null=True, blank=True, editable=False)
    ips = ArrayField(models.CharField(max_length=64), default=list, blank=True)
    tech_prefix = models.CharField(_("tech prefix"), max_length=16, blank=True)
    notes = models.TextField(_("notes"), max_length=10000, blank=True)
    orig_enabled = models.BooleanField(_("originator"), default=True)
    orig_capacity = models.PositiveIntegerField(_("capacity"), null=True, blank=True)
    term_enabled = models.BooleanField(_("terminator"), default=False)
    term_capacity = models.PositiveIntegerField(_("capacity"), null=True, blank=True)
    term_host = models.CharField(_("host"), max_length=253, blank=True)
    term_protocol = models.CharField(
        _("protocol"), max_length=3, choices=Protocol.choices, default=Protocol.UDP
    )
    term_port = models.PositiveIntegerField(
        _("port"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(65535)],
    )
    version = models.PositiveIntegerField(default=1, editable=False)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("account")
        verbose_name_plural = _("accounts")
        constraints: ClassVar = [
            models.UniqueConstraint(
                models.F("client"),
                Lower("name"),
                name="accounts_account_name",
                violation_error_message=_("This client already has an account of this name."),
            ),
            models.UniqueConstraint(
                Lower("sip_username"),
                name="accounts_account_username",
                violation_error_message=_("This SIP username is already in use."),
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["reseller", "client"])]

    def __str__(self) -> str:
        return self.name

    @property
    def identity(self) -> str:
        """What the account is recognised by: its username or its addresses."""
        return self.sip_username or ";".join(self.ips)


class DefaultRoute(models.Model):
    """A terminator of the platform that calls without a routing plan are sent to, in order."""

    account = models.ForeignKey(Account, models.PROTECT, related_name="+")
    priority = models.PositiveSmallIntegerField(_("priority"), default=1)
    emergency = models.BooleanField(_("emergency calls"), default=False)

    class Meta:
        verbose_name = _("default route")
        verbose_name_plural = _("default routes")
        ordering: ClassVar = ["emergency", "priority", "id"]

    def __str__(self) -> str:
        return f"{self.priority} {self.account}"


class MailKind(models.TextChoices):
    TRUNK_DETAILS = "trunk_details", _("Trunk details")
    WARNING = "warning", _("Limit warning")


class MailState(models.TextChoices):
    QUEUED = "queued", _("Queued")
    SENDING = "sending", _("Sending")
    SENT = "sent", _("Sent")
    FAILED = "failed", _("Failed")
    UNCONFIRMED = "unconfirmed", _("Unconfirmed")


class OutboundEmail(models.Model):
    """One mail to be sent once: the row is claimed before sending, the text is never stored.

    ``key`` makes a repeated request for the same mail the same row.
    """

    reseller = models.ForeignKey(Reseller, models.PROTECT, related_name="+")
    client = models.ForeignKey(Client, models.CASCADE, related_name="mails")
    account = models.ForeignKey(
        Account, models.CASCADE, null=True, blank=True, related_name="mails"
    )
    kind = models.CharField(_("kind"), max_length=20, choices=MailKind.choices)
    key = models.CharField(max_length=120, unique=True)
    parameters = models.JSONField(default=dict, blank=True)
    recipient = models.EmailField(_("to"))
    message_id = models.CharField(max_length=200, unique=True)
    state = models.CharField(
        _("state"), max_length=12, choices=MailState.choices, default=MailState.QUEUED
    )
    attempts = models.PositiveIntegerField(_("attempts"), default=0)
    error = models.TextField(_("why"), blank=True)
    claimed_at = models.DateTimeField(null=True, blank=True)
    retry_at = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(_("sent"), null=True, blank=True)
    created_at = models.DateTimeField(_("created"), default=timezone.now)
    created_by = models.ForeignKey(
        "clients.User", models.SET_NULL, null=True, blank=True, related_name="+"
    )

    class Meta:
        verbose_name = _("mail")
        verbose_name_plural = _("mails")
        indexes: ClassVar = [models.Index(fields=["client", "-created_at"])]

    def __str__(self) -> str:
        return f"{self.kind} {self.recipient}"


class OneTimeLink(models.Model):
    """A link that shows an account's password once; only the token's digest is kept."""

    reseller = models.ForeignKey(Reseller, models.PROTECT, related_name="+")
    client = models.ForeignKey(Client, models.CASCADE, related_name="+")
    account = models.ForeignKey(Account, models.CASCADE, related_name="+")
    token_sha256 = models.CharField(max_length=64, unique=True)
    expires_at = models.DateTimeField()
    opened_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"link for account {self.account_id}"
