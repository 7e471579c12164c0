"""Tenants and the people who work for them."""

import uuid
from typing import Any, ClassVar

import pghistory
from django.contrib.auth.models import (
    AbstractBaseUser,
    BaseUserManager,
    PermissionsMixin,
)
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from clients.roles import Role

SHARDS = 64


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """Make a user; the address is kept in lower case, which is how people log in."""
        user = self.model(email=email.strip().lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """Make platform staff with every permission."""
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email=(username or "").strip().lower())


class InvitationState(models.TextChoices):
    QUEUED = "queued", _("Queued")
    SENDING = "sending", _("Sending")
    SENT = "sent", _("Sent")
    FAILED = "failed", _("Failed")


@pghistory.track(exclude=["password", "last_login", "invitation", "invitation_error"])
class User(AbstractBaseUser, PermissionsMixin):
    """A person who logs in with an email address."""

    email = models.EmailField(_("email"), unique=True)
    name = models.CharField(_("name"), max_length=120, blank=True)
    is_active = models.BooleanField(_("active"), default=True)
    is_staff = models.BooleanField(
        _("platform staff"),
        default=False,
        help_text=_("Sees everything and Django admin."),
    )
    date_joined = models.DateTimeField(_("joined"), default=timezone.now)
    invitation = models.CharField(
        _("invitation"), max_length=8, choices=InvitationState.choices, blank=True, editable=False
    )
    invitation_error = models.TextField(_("why no invitation was sent"), blank=True, editable=False)

    objects = UserManager()
    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")

    def __str__(self) -> str:
        return self.name or self.email


class Status(models.TextChoices):
    ACTIVE = "active", _("Active")
    SUSPENDED = "suspended", _("Suspended")


class WorkingSchedule(models.IntegerChoices):
    """The divisor that turns a month's limit into a day's."""

    WITH_WEEKENDS = 30, _("30 days, with weekends")
    WITHOUT_WEEKENDS = 24, _("24 days, without weekends")


class Tenant(models.Model):
    """What a reseller and a client have in common."""

    name = models.CharField(_("company name"), max_length=120)
    email = models.EmailField(_("email"), blank=True)
    country = models.CharField(_("country"), max_length=2, default="GB")
    time_zone = models.CharField(_("time zone"), max_length=64, default="Europe/London")
    currency = models.CharField(_("currency"), max_length=3, default="GBP")
    working_schedule = models.PositiveSmallIntegerField(
        _("working schedule"),
        choices=WorkingSchedule.choices,
        default=WorkingSchedule.WITH_WEEKENDS,
    )
    capacity = models.PositiveIntegerField(
        _("capacity"),
        null=True,
        blank=True,
        help_text=_("Calls at once; blank is no limit."),
    )
    status = models.CharField(
        _("status"), max_length=10, choices=Status.choices, default=Status.ACTIVE
    )
    status_reason = models.CharField(_("reason"), max_length=200, blank=True)
    status_at = models.DateTimeField(_("since"), default=timezone.now)
    status_by = models.ForeignKey(
        "clients.User",
        models.SET_NULL,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
    )
    version = models.PositiveIntegerField(default=1, editable=False)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.name


@pghistory.track()
class Reseller(Tenant):
    """A node of the tenant tree; the platform is the tree's unwritten root."""

    parent = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="children"
    )
    reference = models.CharField(_("reference"), max_length=32, unique=True)
    shard = models.PositiveSmallIntegerField(editable=False)
    alerts_email = models.EmailField(_("alerts address"), blank=True)
    send_one_time_link = models.BooleanField(
        _("send a one-time link instead of the password"), default=False
    )
    default_credit_limit = models.DecimalField(
        _("default credit limit"),
        max_digits=18,
        decimal_places=6,
        null=True,
        blank=True,
    )
    warning_steps = models.JSONField(_("warning steps, per cent"), default=list, blank=True)

    class Meta:
        verbose_name = _("reseller")
        verbose_name_plural = _("resellers")
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(shard__lt=SHARDS), name="clients_reseller_shard"
            ),
            models.UniqueConstraint(Lower("reference"), name="clients_reseller_reference_ci"),
        ]


class ClientType(models.TextChoices):
    CLIENT = "client", _("Client")
    VENDOR = "vendor", _("Vendor")


class BillingMode(models.TextChoices):
    POSTPAID = "postpaid", _("Postpaid")
    PREPAID = "prepaid", _("Prepaid")


@pghistory.track(exclude=["creation_key"])
class Client(Tenant):
    """A customer of a reseller, or a vendor (carrier) that calls are sent to."""

    reseller = models.ForeignKey(
        Reseller, models.PROTECT, null=True, blank=True, related_name="clients"
    )
    type = models.CharField(
        _("type"), max_length=10, choices=ClientType.choices, default=ClientType.CLIENT
    )
    reference = models.CharField(_("account reference"), max_length=32)
    contact_name = models.CharField(_("contact name"), max_length=120, blank=True)
    phone = models.CharField(_("phone"), max_length=32, blank=True)
    long_call_minutes = models.PositiveIntegerField(
        _("long call duration"), default=180, validators=[MinValueValidator(1)]
    )
    high_price_amount = models.DecimalField(
        _("high price calls"), max_digits=18, decimal_places=6, null=True, blank=True
    )
    bar_high_price_off_hours = models.BooleanField(
        _("bar all high price calls during off hours"), default=False
    )
    bar_international_off_hours = models.BooleanField(
        _("bar all international calls during off hours"), default=False
    )
    billing_email = models.EmailField(_("billing email"), blank=True)
    billing_mode = models.CharField(
        _("billing"),
        max_length=10,
        choices=BillingMode.choices,
        default=BillingMode.POSTPAID,
    )
    credit_limit = models.DecimalField(
        _("credit limit"), max_digits=18, decimal_places=6, null=True, blank=True
    )
    warn_client = models.BooleanField(_("send warnings to the client too"), default=False)
    address_line1 = models.CharField(_("address line 1"), max_length=120, blank=True)
    address_line2 = models.CharField(_("address line 2"), max_length=120, blank=True)
    address_city = models.CharField(_("city"), max_length=80, blank=True)
    address_region = models.CharField(_("region"), max_length=80, blank=True)
    address_postcode = models.CharField(_("postcode"), max_length=16, blank=True)
    address_country = models.CharField(_("address country"), max_length=2, blank=True)
    creation_key = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)

    class Meta:
        verbose_name = _("client")
        verbose_name_plural = _("clients")
        constraints: ClassVar = [
            models.UniqueConstraint(
                models.F("reseller"),
                Lower("reference"),
                name="clients_client_reference",
                violation_error_message=_("This reference is already used by another client."),
            ),
            models.CheckConstraint(
                condition=models.Q(reseller__isnull=False) | models.Q(type=ClientType.VENDOR),
                name="clients_client_has_reseller",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["reseller", "name"])]


@pghistory.track()
class WorkingDay(models.Model):
    """The working intervals of one weekday, or of bank holidays, of a client.

    ``intervals`` is a list of ``["08:30", "17:30"]`` pairs in the client's local time.
    """

    BANK_HOLIDAY = 7
    DAYS: ClassVar = [
        (0, _("Monday")),
        (1, _("Tuesday")),
        (2, _("Wednesday")),
        (3, _("Thursday")),
        (4, _("Friday")),
        (5, _("Saturday")),
        (6, _("Sunday")),
        (BANK_HOLIDAY, _("Bank holidays")),
    ]

    reseller = models.ForeignKey(Reseller, models.PROTECT, related_name="+")
    client = models.ForeignKey(Client, models.CASCADE, related_name="working_days")
    day = models.PositiveSmallIntegerField(_("day"), choices=DAYS)
    intervals = models.JSONField(_("working intervals"), default=list, blank=True)
    off_hours_percent = models.PositiveSmallIntegerField(
        _("off-hours limit, %"), default=100, validators=[MaxValueValidator(100)]
    )

    class Meta:
        verbose_name = _("working day")
        verbose_name_plural = _("working days")
        ordering: ClassVar = ["client", "day"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["client", "day"], name="clients_workingday_once"),
            models.CheckConstraint(
                condition=models.Q(off_hours_percent__lte=100, day__lte=7),
                name="clients_workingday_range",
            ),
        ]

    def __str__(self) -> str:
        return str(self.get_day_display())


@pghistory.track()
class Membership(models.Model):
    """What a person may do for one reseller, or see of one client."""

    user = models.ForeignKey(User, models.CASCADE, related_name="memberships")
    reseller = models.ForeignKey(Reseller, models.PROTECT, related_name="memberships")
    client = models.ForeignKey(
        Client, models.CASCADE, null=True, blank=True, related_name="memberships"
    )
    role = models.CharField(_("role"), max_length=10, choices=Role.choices)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("membership")
        verbose_name_plural = _("memberships")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["user", "reseller", "client"],
                nulls_distinct=False,
                name="clients_membership_once",
            ),
            models.CheckConstraint(
                condition=models.Q(role=Role.CLIENT, client__isnull=False)
                | (~models.Q(role=Role.CLIENT) & models.Q(client__isnull=True)),
                name="clients_membership_role",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id}:{self.role}"

    def clean(self) -> None:
        """Refuse a client of another reseller: whose person it is would be told in two ways."""
        if self.client and self.reseller_id and self.client.reseller_id != self.reseller_id:
            message = _("The client belongs to another reseller.")
            raise ValidationError({"client": message})


class OutboxEntry(models.Model):
    """Work to be done after a commit; stays until its handler has returned."""

    topic = models.CharField(max_length=40)
    payload = models.JSONField(default=dict)
    created_at = models.DateTimeField(default=timezone.now)
    claimed_until = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveIntegerField(default=0)
    last_error = models.TextField(blank=True)
    done_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("outbox entry")
        verbose_name_plural = _("outbox entries")
        indexes: ClassVar = [
            models.Index(
                fields=["id"],
                condition=models.Q(done_at__isnull=True),
                name="clients_outbox_open",
            )
        ]

    def __str__(self) -> str:
        return f"{self.topic} {self.payload}"
