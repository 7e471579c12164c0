"""A reseller who sells trunks: made by the product's services, published to a real store."""

import itertools
import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import redis
from django.utils import timezone

from accounts.models import Account, DefaultRoute, Ident
from accounts.services import account_insert, account_password_show, account_update
from calls.services import policy, records
from calls.store import library, read, writer
from calls.store.connection import tag
from calls.store.publish import shards_in_use
from clients import tenancy
from clients.domain.working_time import Day
from clients.models import Client, ClientType, Status, User
from clients.onboarding.services import client_create, reseller_create
from clients.services.clients import client_status_set, working_time_set
from clients.tenancy import PLATFORM
from limits.domain.effective import Values
from limits.models import Destination
from limits.services.profiles import profile_create, profile_rows_set
from rates.models import RateTable
from rates.services.files import rates_import
from trunkportal.stack import free_port

HOUR_MS = 3_600_000
MINUTES: Mapping[str, int | None] = {
    "UK/Mobile": 1000,
    "UK/Geographic": None,
    "International/Europe/France": 120,
}
RATES: Mapping[str, str] = {"44": "0.0128", "33": "0.02"}


@dataclass(frozen=True)
class Trunk:
    """What a client types into its PBX; nothing where its address identifies it."""

    client_id: int
    username: str = ""
    password: str = ""


def where_it_is_day() -> str:
    """A time zone in which no day ends while a test runs."""
    zones = ("Europe/London", "Asia/Tokyo", "America/Los_Angeles")
    return next(zone for zone in zones if 5 <= datetime.now(ZoneInfo(zone)).hour < 21)


class Provider:
    """Makes clients and publishes them; reads what the store tells of their calls."""

    def __init__(self, store: redis.Redis) -> None:
        self.store = store
        self.far_end = free_port()
        self.route_ports: tuple[int, ...] = (self.far_end,)
        self.at = timezone.now()
        self.staff = User.objects.create_superuser("staff@platform.example", "a password of staff")
        self._who: dict[str, Any] = {
            "acting_user": self.staff,
            "scope": PLATFORM,
            "at": self.at,
        }
        self.reseller = reseller_create(
            parent_id=None,
            email="",
            values={"name": "Calder Telecom", "reference": "CALDER", "currency": "GBP"},
            **self._who,
        )
        with tenancy.reading(PLATFORM):
            self.destinations = dict(Destination.objects.values_list("path", "pk"))
        self._numbers = itertools.count(1)

    def trunk(
        self,
        *,
        minutes: Mapping[str, int | None] = MINUTES,
        rates: Mapping[str, str] = RATES,
        addresses: tuple[str, ...] = (),
        by_address: bool = False,
        capacity: int | None = None,
        off_hours: int | None = None,
        bar_high_price: bool = False,
        bar_international: bool = False,
        suspended: bool = False,
        long_call_seconds: int | None = None,
        **client: Any,
    ) -> Trunk:
        """Make one client with one account, and publish everything.

        ``minutes`` a month by destination, None for unlimited; ``rates`` are prices a minute by
        prefix; ``off_hours`` makes every day one without work at so many per cent. The portal
        counts a long call in minutes: ``long_call_seconds`` is written over what it published.
        """
        who = self._who
        number = next(self._numbers)
        made = client_create(
            reseller_id=self.reseller.pk,
            creation_key=uuid4(),
            values={
                "name": f"Acme {number}",
                "reference": f"ACME{number}",
                "email": "trunks@acme.example",
                "country": "GB",
                "currency": "GBP",
                "time_zone": where_it_is_day(),
                **client,
            },
            limit_profiles=[self._profile(f"Profile {number}", minutes)],
            rate_table=None,
            trunk_name="Main trunk",
            trunk_capacity=capacity,
            **who,
        )
        self._price(rates)
        account = made.account
        if by_address or addresses:
            ident = Ident.IP if by_address else Ident.NAME
            values = {"ident_by": ident, "ips": list(addresses)}
            account = account_update(
                account_id=account.pk, version=account.version, values=values, **who
            )
        if off_hours is not None or bar_high_price or bar_international:
            working_time_set(
                client_id=made.client.pk,
                version=made.client.version,
                days=[Day(day, (), 100 if off_hours is None else off_hours) for day in range(8)],
                bar_high_price_off_hours=bar_high_price,
                bar_international_off_hours=bar_international,
                **who,
            )
        if suspended:
            client_status_set(
                client_id=made.client.pk, status=Status.SUSPENDED, reason="unpaid", **who
            )
        self.publish()
        if long_call_seconds:
            self._shorten(made.client, long_call_seconds)
        if by_address:
            return Trunk(made.client.pk)
        password = account_password_show(account_id=account.pk, **who)
        return Trunk(made.client.pk, str(account.sip_username), password)

    def publish(self) -> None:
        """Bring the store to what PostgreSQL says, with enforcement seen running for an hour."""
        self._route()
        library.ensure_loaded(self.store)
        policy.rebuild(self.store, at=timezone.now())
        for shard in shards_in_use(self.store):
            self.store.set(f"{shard}:beat", time.time_ns() // 1_000_000 + HOUR_MS)

    def events(self) -> list[dict[str, Any]]:
        """The events the function wrote, oldest first."""
        found: list[tuple[str, dict[str, Any]]] = []
        for stream in self.store.scan_iter("*:ev"):
            entries: Any = self.store.xrange(stream)
            found += [(at, {"kind": entry["k"], **json.loads(entry["d"])}) for at, entry in entries]
        return [event for _, event in sorted(found, key=lambda each: each[0])]

    def wait_for_event(self, kind: str, seconds: float = 5) -> dict[str, Any]:
        """The newest event of a kind, waited for."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if found := [event for event in self.events() if event["kind"] == kind]:
                return found[-1]
            time.sleep(0.02)
        raise AssertionError(f"no {kind} event; there are {self.events()}")

    def take_in_events(self) -> None:
        """Write the events to PostgreSQL, as a worker does."""
        records.take_in_events(self.store, at=timezone.now())

    def _profile(self, name: str, minutes: Mapping[str, int | None]) -> Any:
        who = self._who
        profile = profile_create(reseller_id=self.reseller.pk, name=name, **who)
        rows = {
            self.destinations[path]: Values(unlimited=True)
            if each is None
            else Values(minutes=each)
            for path, each in minutes.items()
        }
        return profile_rows_set(profile_id=profile.pk, version=profile.version, rows=rows, **who)

    def _price(self, rates: Mapping[str, str]) -> None:
        with tenancy.reading(PLATFORM):
            table = RateTable.objects.get(reseller=self.reseller)
        lines = "".join(f"{prefix},{price}\n" for prefix, price in rates.items())
        rates_import(
            table_id=table.pk,
            content=f"prefix,price_per_minute\n{lines}".encode(),
            **self._who,
        )

    def _route(self) -> None:
        """The platform's routes: one carrier for each port, in order."""
        with tenancy.writing(PLATFORM):
            DefaultRoute.objects.all().delete()
            for place, account in enumerate(self._carriers(), start=1):
                for emergency in (False, True):
                    DefaultRoute.objects.create(
                        account=account, priority=place, emergency=emergency
                    )

    def _carriers(self) -> Iterator[Account]:
        vendor, _ = Client.objects.get_or_create(
            reference="CARRIER",
            reseller=None,
            type=ClientType.VENDOR,
            defaults={"name": "Carrier", "created_at": self.at},
        )
        for port in self.route_ports:
            found = Account.objects.filter(client=vendor, term_port=port).first()
            yield found or account_insert(
                client=vendor,
                at=self.at,
                scope=PLATFORM,
                values={
                    "name": f"Port {port}",
                    "ident_by": Ident.IP,
                    "orig_enabled": False,
                    "term_enabled": True,
                    "term_host": "127.0.0.1",
                    "term_port": port,
                },
            )

    def _shorten(self, client: Client, seconds: int) -> None:
        shard = tag(self.reseller.shard)
        version = writer.next_version(self.store, shard)
        with tenancy.reading(PLATFORM):
            client = Client.objects.select_related("reseller").get(pk=client.pk)
            published = read.client_policy(client, version=version, at=timezone.now())
        writer.put_client(self.store, shard, replace(published, long_call_seconds=seconds))
