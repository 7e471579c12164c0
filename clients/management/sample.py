"""The demo's sample data: two tiers of resellers, their clients, rates and a month of calls.

Written through the services that people use; what is there already is left as it is.
"""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from accounts.models import Account, DefaultRoute, Ident
from accounts.services import account_create, account_insert, account_update
from clients import outbox, tenancy
from clients.management.sample_calls import load_calls
from clients.management.sample_today import load_today
from clients.models import Client, ClientType, Reseller, Status, User, WorkingSchedule
from clients.onboarding.services import client_create, reseller_create
from clients.roles import Role
from clients.services.clients import client_status_set
from clients.services.users import membership_insert
from clients.tenancy import PLATFORM
from limits.models import LimitProfile
from limits.selectors import DEFAULT_PROFILE
from rates.selectors import default_table
from rates.services import rates_import

PASSWORD = "trunk-portal-demo"  # noqa: S105 - the demo listens on the loopback address only
PLATFORM_LOGIN = "admin@demo.example"

# reference, name, parent, owner's address
RESELLERS = (
    ("NORTHGATE", "Northgate Telecom", None, "olivia@northgate.example"),
    ("HARBOUR", "Harbour Voice", "NORTHGATE", "hugo@harbour.example"),
)
# reseller, reference, name, contact, telephone, working schedule, town
CLIENTS = (
    ("NORTHGATE", "ACME", "Acme Ltd", "Anna Chapman", "0113 496 0101", 30, "Leeds"),
    ("NORTHGATE", "BLUEBIRD", "Bluebird Taxis", "Bela Novak", "0117 496 0102", 30, "Bristol"),
    ("NORTHGATE", "KIRKGATE", "Kirkgate Motors", "Kemal Aydin", "0113 496 0105", 24, "Wakefield"),
    ("NORTHGATE", "NIDD", "Nidd Valley Vets", "Nora Fell", "01632 960106", 30, "Pateley Bridge"),
    ("NORTHGATE", "OTLEY", "Otley Print Works", "Owen Reid", "01632 960107", 24, "Otley"),
    ("HARBOUR", "BAKERY", "Corner Bakery", "Carl Osei", "029 2018 0103", 24, "Cardiff"),
    ("HARBOUR", "DOCKSIDE", "Dockside Hotel", "Dora Lind", "0151 496 0104", 30, "Liverpool"),
)
SUSPENDED = ("OTLEY", "Statements of September and October are unpaid")
WAREHOUSE = ("ACME", "198.51.100.24")
CLIENT_LOGIN = ("anna@acme.example", "Anna Chapman", "ACME")
CARRIER = "CARRIER"
# prefix, price a minute, set-up price in GBP, what a reseller's clients pay
RATES = (
    ("44", "0.012", "0"),
    ("443", "0.012", "0"),
    ("447", "0.035", "0"),
    ("4470", "0.45", "0.10"),
    ("4480", "0", "0"),
    ("4484", "0.07", "0.05"),
    ("4487", "0.11", "0.05"),
    ("449", "1.50", "0.50"),
    *((code, "0.045", "0") for code in ("1", "31", "32", "33", "34", "351", "353", "39", "41")),
    *((code, "0.06", "0") for code in ("352", "358", "43", "45", "46", "47", "49")),
    ("881", "6.50", "1.00"),
)


def load(*, at: datetime, carrier_port: int) -> dict[str, str]:
    """Add the sample data that is missing; returns the password of each login.

    Calls without another route go to a carrier at ``carrier_port`` of this machine.
    """
    if not User.objects.filter(email=PLATFORM_LOGIN).exists():
        User.objects.create_superuser(PLATFORM_LOGIN, PASSWORD, name="Ada Admin")
    admin = User.objects.get(email=PLATFORM_LOGIN)
    for reseller in RESELLERS:
        _reseller(*reseller, admin=admin, at=at)
    for client in CLIENTS:
        _client(*client, admin=admin, at=at)
    _client_login(at)
    _carrier(carrier_port, admin=admin, at=at)
    load_calls([client[1] for client in CLIENTS], at=at)
    load_today(at=at)
    logins = [PLATFORM_LOGIN, *(owner for *_, owner in RESELLERS), CLIENT_LOGIN[0]]
    return dict.fromkeys(logins, PASSWORD)


def _reseller(
    reference: str, name: str, parent: str | None, owner: str, *, admin: User, at: datetime
) -> None:
    with tenancy.reading(PLATFORM):
        found = Reseller.objects.filter(reference=reference).first()
        above = Reseller.objects.get(reference=parent) if parent else None
    if found is None:
        values = {
            "name": name,
            "reference": reference,
            "alerts_email": owner,
            "country": "GB",
            "time_zone": "Europe/London",
            "currency": "GBP",
        }
        found = reseller_create(
            parent_id=above.pk if above else None,
            email=owner,
            values=values,
            acting_user=admin,
            scope=PLATFORM,
            at=at,
        )
        _give_password(owner)
    with tenancy.reading(PLATFORM):
        table = default_table(PLATFORM, found.pk)
        if table is None or table.rates.exists():
            return
    lines = [",".join(rate) for rate in (("prefix", "price_per_minute", "setup_price"), *RATES)]
    rates_import(
        table_id=table.pk,
        content="\n".join(lines).encode(),
        effective_from=at.replace(year=at.year - 1, day=1),
        acting_user=admin,
        scope=PLATFORM,
        at=at,
    )


def _client(
    reseller: str,
    reference: str,
    name: str,
    contact: str,
    phone: str,
    schedule: int,
    town: str,
    *,
    admin: User,
    at: datetime,
) -> None:
    with tenancy.reading(PLATFORM):
        owner = Reseller.objects.get(reference=reseller)
        profiles = list(LimitProfile.objects.filter(reseller=owner, name=DEFAULT_PROFILE))
    values: dict[str, Any] = {
        "name": name,
        "reference": reference,
        "contact_name": contact,
        "email": owner.email,
        "phone": phone,
        "country": "GB",
        "time_zone": "Europe/London",
        "currency": "GBP",
        "long_call_minutes": 180,
        "high_price_amount": Decimal("0.50"),
        "working_schedule": WorkingSchedule(schedule),
        "billing_email": f"accounts@{reference.lower()}.example",
        "address_line1": "1 High Street",
        "address_city": town,
        "address_country": "GB",
    }
    # The same key each time: the service makes a client once.
    made = client_create(
        reseller_id=owner.pk,
        creation_key=uuid5(NAMESPACE_URL, f"demo:{reference}"),
        values=values,
        limit_profiles=profiles,
        rate_table=None,
        trunk_name="Main trunk",
        trunk_capacity=10,
        acting_user=admin,
        scope=PLATFORM,
        at=at,
    )

    if made.is_new and reference == WAREHOUSE[0]:
        account_create(
            client_id=made.client.pk,
            values={"name": "Warehouse", "ident_by": Ident.IP, "ips": [WAREHOUSE[1]]},
            acting_user=admin,
            scope=PLATFORM,
            at=at,
        )
    if made.is_new and reference == SUSPENDED[0]:
        client_status_set(
            client_id=made.client.pk,
            status=Status.SUSPENDED,
            reason=SUSPENDED[1],
            acting_user=admin,
            scope=PLATFORM,
            at=at,
        )


def _client_login(at: datetime) -> None:
    email, name, reference = CLIENT_LOGIN
    if User.objects.filter(email=email).exists():
        return
    with tenancy.writing(PLATFORM):
        client = Client.objects.select_related("reseller").get(reference=reference)
        if client.reseller:
            membership_insert(
                email=email,
                name=name,
                reseller=client.reseller,
                client=client,
                role=Role.CLIENT,
                at=at,
            )
    _give_password(email)


def _give_password(email: str) -> None:
    user = User.objects.get(email=email)
    user.set_password(PASSWORD)
    user.save(update_fields=["password"])


def _carrier(port: int, *, admin: User, at: datetime) -> None:
    """A vendor of the platform on this machine, where calls are sent."""
    place = {"term_host": "127.0.0.1", "term_port": port}
    with tenancy.reading(PLATFORM):
        account = Account.objects.filter(client__reference=CARRIER, client__reseller=None).first()
    if account is None:
        values = {
            "name": "Loopback carrier",
            "ident_by": Ident.IP,
            "orig_enabled": False,
            "term_enabled": True,
            **place,
        }
        with tenancy.writing(PLATFORM):
            vendor = Client.objects.create(
                name="Loopback Carrier", reference=CARRIER, type=ClientType.VENDOR, created_at=at
            )
            account = account_insert(client=vendor, at=at, scope=PLATFORM, values=values)
            DefaultRoute.objects.create(account=account, priority=1)
            DefaultRoute.objects.create(account=account, priority=1, emergency=True)
            outbox.enqueue("policy.catalogue")
    elif account.term_port != port:
        account_update(
            account_id=account.pk,
            version=account.version,
            values=place,
            acting_user=admin,
            scope=PLATFORM,
            at=at,
        )
