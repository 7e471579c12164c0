"""The demo's sample data."""

from datetime import UTC, datetime

import pytest
import redis

from accounts.models import Account
from calls.models import BarredCall, CallRecord, SetAsideEvent
from calls.services.records import take_in_events
from clients import tenancy
from clients.management import sample
from clients.models import Client, ClientType, Membership, Reseller, User
from clients.tenancy import PLATFORM
from clients.views.allowances import allowances_shown
from limits.warnings import warnings_today
from rates.models import Rate

AT = datetime(2026, 3, 31, 15, 0, tzinfo=UTC)


def counts() -> dict[str, int]:
    with tenancy.reading(PLATFORM):
        return {
            model.__name__: model.objects.count()
            for model in (Reseller, Client, Account, Membership, User, Rate, CallRecord, BarredCall)
        }


@pytest.mark.django_db(transaction=True)
def test_sample_data_is_two_tiers_with_a_month_of_calls_and_is_loaded_once(
    valkey: redis.Redis,
) -> None:
    logins = sample.load(at=AT, carrier_port=5070)
    first = counts()
    assert sample.load(at=AT.replace(hour=16), carrier_port=5999) == logins
    assert counts() == first

    with tenancy.reading(PLATFORM):
        assert Reseller.objects.filter(parent__parent=None, parent__isnull=False).exists()
        for client in Client.objects.filter(type=ClientType.CLIENT):
            calls = CallRecord.objects.filter(client_id=client.pk)
            assert calls.filter(at__lt=AT.replace(day=3)).exists()
            assert calls.exclude(amount=None).exists()
            assert not calls.filter(destination="").exists()
        assert not SetAsideEvent.objects.exists()
        assert Account.objects.get(term_enabled=True).term_port == 5999  # where it listens now
    for email, password in logins.items():
        assert User.objects.get(email=email).check_password(password)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "hour",
    [
        pytest.param(datetime(2026, 3, 31, 15, 0, tzinfo=UTC), id="a working afternoon"),
        pytest.param(datetime(2026, 3, 28, 0, 2, tzinfo=UTC), id="a Saturday two minutes old"),
        pytest.param(datetime(2026, 3, 29, 0, 59, tzinfo=UTC), id="before the clocks go forward"),
    ],
)
def test_an_allowance_is_spent_and_one_is_near_whatever_the_hour(
    valkey: redis.Redis, hour: datetime
) -> None:
    def states() -> dict[str, set[str]]:
        with tenancy.reading(PLATFORM):
            clients = Client.objects.filter(reference__in=["ACME", "BLUEBIRD", "NIDD"])
            return {
                client.reference: {
                    row.state
                    for row in allowances_shown(PLATFORM, client, at=hour, everything=True).rows
                }
                for client in clients
            }

    sample.load(at=hour, carrier_port=5070)
    assert states()["ACME"] >= {"spent", "near"}
    assert "near" in states()["BLUEBIRD"]
    assert "spent" not in states()["NIDD"]
    take_in_events(valkey, at=hour)
    with tenancy.reading(PLATFORM):
        steps = {(each.client.reference, each.step) for each in warnings_today(PLATFORM, at=hour)}
        assert {("ACME", 100), ("ACME", 80), ("BLUEBIRD", 80)} <= steps
        refused = BarredCall.objects.filter(client_id=Client.objects.get(reference="ACME").pk)
        assert refused.filter(code=101).count() == 3
    before = counts()
    sample.load(at=hour, carrier_port=5070)
    assert counts() == before
