"""Two top-level resellers made as operators make them, and a form filled in as a person would."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from clients import tenancy
from clients.models import Client, Membership, Reseller, User
from clients.onboarding.services import client_create, reseller_create
from clients.selectors import scope_for_user
from clients.tenancy import PLATFORM, Scope
from limits.models import LimitProfile
from limits.selectors import DEFAULT_PROFILE

AT = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)

GENERAL = {
    "name": "Thornbury Instruments Ltd",
    "reference": "THORN01",
    "contact_name": "Alan Firth",
    "email": "trunks@calder.example",
    "phone": "0113 496 0142",
    "country": "GB",
    "time_zone": "Europe/London",
    "currency": "GBP",
    "rate_table": "",
    "trunk_name": "Main trunk",
    "trunk_capacity": "10",
}
BILLING = {"billing_email": "bills@thorn.example", "billing_mode": "postpaid", "credit_limit": ""}
ADDRESS = {
    "address_line1": "Unit 4, Kirkstall Works",
    "address_line2": "",
    "address_city": "Leeds",
    "address_region": "",
    "address_postcode": "ls31lh",
    "address_country": "GB",
}


@dataclass
class People:
    """A reseller with its owner, and one that is no business of theirs."""

    reseller: Reseller
    owner: User
    scope: Scope
    stranger: Reseller
    stranger_owner: User

    @property
    def profile(self) -> LimitProfile:
        with tenancy.reading(PLATFORM):
            return LimitProfile.objects.get(reseller=self.reseller, name=DEFAULT_PROFILE)

    @property
    def additional(self) -> dict[str, Any]:
        return {
            "limit_profiles": [str(self.profile.pk)],
            "long_call_minutes": "180",
            "high_price_amount": "0.50",
            "working_schedule": "30",
        }

    def client(self, **changes: Any) -> Client:
        """A client made by the service, with one account."""
        values = {
            "name": "Acme Ltd",
            "reference": "ACME",
            "email": "trunks@acme.example",
        }
        return client_create(
            reseller_id=self.reseller.pk,
            creation_key=uuid4(),
            values=values | changes,
            limit_profiles=[self.profile],
            rate_table=None,
            trunk_name="Main trunk",
            trunk_capacity=10,
            acting_user=self.owner,
            scope=self.scope,
            at=AT,
        ).client


def make_people() -> People:
    reseller, owner = _reseller("Calder Telecom", "CALDER")
    stranger, stranger_owner = _reseller("Tyne Voice", "TYNE")
    return People(reseller, owner, scope_for_user(owner), stranger, stranger_owner)


def _reseller(name: str, reference: str) -> tuple[Reseller, User]:
    reseller = reseller_create(
        parent_id=None,
        email=f"owner@{reference.lower()}.example",
        values={"name": name, "reference": reference},
        acting_user=None,
        scope=PLATFORM,
        at=AT,
    )
    with tenancy.reading(PLATFORM):
        return reseller, Membership.objects.get(reseller=reseller).user
