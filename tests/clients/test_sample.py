"""The demo's sample data."""

from datetime import UTC, datetime

import pytest
import redis

from accounts.models import Account
from calls.models import BarredCall, CallRecord, SetAsideEvent
from clients import tenancy
from clients.management import sample
from clients.models import Client, ClientType, Membership, Reseller, User
from clients.tenancy import PLATFORM
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
    assert sample.load(at=AT.replace(month=4, day=1), carrier_port=5999) == logins
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
