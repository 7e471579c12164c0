"""The tenants and people that tests share: one reseller of ours and everybody around it.

    above ── ours ── below        elsewhere (another top level)
         └── beside

Each tenant has a client, an account and one of everything else. People are named by what they may
do: ``owner``, ``manager``, ``operator``, ``read_only`` of *ours*, ``self_care`` of its client, the
owners ``above``, ``below``, ``beside`` and ``elsewhere``, and the platform's ``staff``.
"""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import cache, cached_property

from django.contrib.auth.hashers import make_password
from django.db import connection

from accounts.models import Account, MailKind, MailState, OneTimeLink, OutboundEmail
from accounts.secrets import ha1
from calls.models import BarredCall, CallRecord
from clients import tenancy
from clients.models import Client, Membership, Reseller, User, WorkingDay
from clients.roles import Role
from clients.selectors import subtree_ids
from clients.tenancy import Scope
from limits.models import (
    ClientProfile,
    DailyUsage,
    Destination,
    LimitProfile,
    LimitRow,
    LimitWarning,
    ProfilePrefix,
    ResellerTotal,
    ResellerUsage,
)
from rates.models import ClientRates, Rate, RateTable, ResellerRates

AT = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
PASSWORD = "trunk-password-{}"
REALM = "sip.localhost"
LOGIN = "a long enough password"


@dataclass
class Tenant:
    """A reseller with one of everything that belongs to it."""

    reseller: Reseller
    client: Client
    account: Account
    password: str
    mail: OutboundEmail
    link: OneTimeLink
    profile: LimitProfile
    row: LimitRow
    table: RateTable
    rate: Rate
    call: CallRecord
    barred: BarredCall
    owner: User

    @property
    def scope(self) -> Scope:
        """The scope of the tenant's owner."""
        with tenancy.reading(tenancy.PLATFORM):
            below = subtree_ids(self.reseller.pk)
        return Scope(
            kind="reseller",
            role=Role.OWNER,
            reseller_id=self.reseller.pk,
            reseller_ids=below,
            user_id=self.owner.pk,
        )

    @property
    def client_scope(self) -> Scope:
        """The scope of the client's own people."""
        return Scope(
            kind="client",
            role=Role.CLIENT,
            reseller_id=self.reseller.pk,
            client_id=self.client.pk,
        )


@dataclass
class Cast:
    """Everybody, and whom a reader of *ours* may see."""

    above: Tenant
    ours: Tenant
    below: Tenant
    beside: Tenant
    elsewhere: Tenant
    people: dict[str, User] = field(default_factory=dict)

    @cached_property
    def tenants(self) -> dict[str, Tenant]:
        names = ("above", "ours", "below", "beside", "elsewhere")
        return {name: getattr(self, name) for name in names}

    @property
    def foreign_to_ours(self) -> list[Tenant]:
        return [self.above, self.beside, self.elsewhere]


def make_user(name: str, *, staff: bool = False) -> User:
    return User.objects.create(
        email=f"{name}@example.com",
        password=_login_hash(),
        name=name.title(),
        is_staff=staff,
        is_superuser=staff,
    )


@cache
def _login_hash() -> str:
    return make_password(LOGIN)


def make_cast() -> Cast:
    """Make everybody, in one platform transaction."""
    with tenancy.writing(tenancy.PLATFORM), connection.cursor() as cursor:
        for parent in ("calls_callrecord", "calls_barredcall"):
            cursor.execute("SELECT ensure_month_partition(%s, %s)", [parent, AT.date()])
        above = make_tenant("above")
        ours = make_tenant("ours", parent=above)
        cast = Cast(
            above=above,
            ours=ours,
            below=make_tenant("below", parent=ours),
            beside=make_tenant("beside", parent=above),
            elsewhere=make_tenant("elsewhere"),
        )
        cast.people = {name: tenant.owner for name, tenant in cast.tenants.items()}
        cast.people["owner"] = cast.people.pop("ours")
        for role in (Role.MANAGER, Role.OPERATOR, Role.READ_ONLY):
            cast.people[role] = make_user(role)
            Membership.objects.create(user=cast.people[role], reseller=ours.reseller, role=role)
        cast.people["self_care"] = make_user("self_care")
        Membership.objects.create(
            user=cast.people["self_care"],
            reseller=ours.reseller,
            client=ours.client,
            role=Role.CLIENT,
        )
        cast.people["staff"] = make_user("staff", staff=True)
    return cast


def make_tenant(name: str, *, parent: Tenant | None = None) -> Tenant:
    """A reseller and one of everything, in the running transaction."""
    owner = make_user(f"{name}_owner")
    reseller = Reseller.objects.create(
        name=f"Reseller {name}",
        reference=name.upper(),
        parent=parent.reseller if parent else None,
        shard=parent.reseller.shard if parent else len(name),
        email=f"office@{name}.example.com",
        alerts_email=f"alerts@{name}.example.com",
    )
    Membership.objects.create(user=owner, reseller=reseller, role=Role.OWNER)
    client = Client.objects.create(
        reseller=reseller,
        name=f"Client of {name}",
        reference="ACME",
        email=f"admin@{name}.example.com",
    )
    mine = {"reseller": reseller, "client": client}
    WorkingDay.objects.create(day=0, intervals=[["08:30", "17:30"]], **mine)
    password = PASSWORD.format(name)
    username = f"user-{name}"
    md5, sha256 = ha1(username, REALM, password)
    account = Account.objects.create(
        name=f"Trunk of {name}",
        sip_username=username,
        password=password,
        realm=REALM,
        ha1_md5=md5,
        ha1_sha256=sha256,
        password_changed_at=AT,
        orig_capacity=10,
        **mine,
    )
    mail = OutboundEmail.objects.create(
        account=account,
        kind=MailKind.TRUNK_DETAILS,
        key=f"cast:{name}",
        recipient=client.email,
        message_id=f"<cast.{name}@localhost>",
        state=MailState.SENT,
        sent_at=AT,
        created_at=AT,
        **mine,
    )
    link = OneTimeLink.objects.create(
        account=account, token_sha256=f"{name:0>64}", expires_at=AT, **mine
    )
    destination, _ = Destination.objects.get_or_create(
        path="UK/Mobile", defaults={"name": "Mobile", "country": "GB"}
    )
    profile = LimitProfile.objects.create(reseller=reseller, name=f"Profile {name}")
    row = LimitRow.objects.create(
        reseller=reseller, profile=profile, destination=destination, minutes=1000
    )
    ProfilePrefix.objects.create(reseller=reseller, profile=profile, kind="block", prefix="447")
    ClientProfile.objects.create(profile=profile, **mine)
    if parent:
        ResellerTotal.objects.create(
            reseller=parent.reseller, receiver=reseller, profile=parent.profile
        )
    ResellerUsage.objects.create(reseller=reseller, destination=destination, on=date(2026, 3, 10))
    DailyUsage.objects.create(destination=destination, on=date(2026, 3, 10), **mine)
    LimitWarning.objects.create(
        destination=destination, on=date(2026, 3, 10), step=80, limit_seconds=2000, **mine
    )
    table = RateTable.objects.create(reseller=reseller, name=f"Table {name}")
    rate = Rate.objects.create(
        reseller=reseller, table=table, prefix="447", price_per_minute="0.01", effective_from=AT
    )
    ResellerRates.objects.create(reseller=reseller, default_table=table)
    ClientRates.objects.create(table=table, **mine)
    call_ids = {
        "reseller_id": reseller.pk,
        "client_id": client.pk,
        "account_id": account.pk,
        "at": AT,
        "number": "+447700900123",
        "dialled": "07700900123",
        "destination": "UK/Mobile",
    }
    call = CallRecord.objects.create(id=f"1772450000000-{name}", ended_at=AT, **call_ids)
    barred = BarredCall.objects.create(id=f"1772450000001-{name}", code=101, **call_ids)
    return Tenant(
        reseller=reseller,
        client=client,
        account=account,
        password=password,
        mail=mail,
        link=link,
        profile=profile,
        row=row,
        table=table,
        rate=rate,
        call=call,
        barred=barred,
        owner=owner,
    )
