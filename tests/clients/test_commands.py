"""create_reseller and create_client: what they print, and what they refuse."""

import json
from copy import deepcopy
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from accounts.models import Account, OutboundEmail
from clients import tenancy
from clients.models import Client, Membership, Reseller
from clients.tenancy import PLATFORM
from rates.models import ClientRates, RateTable
from tests.clients.people import AT

FILE: dict[str, Any] = {
    "reseller": "CALDER",
    "name": "Acme Ltd",
    "reference": "ACME",
    "contact_name": "Alan Firth",
    "email": "trunks@acme.example",
    "phone": "+441134960142",
    "country": "GB",
    "time_zone": "Europe/London",
    "currency": "GBP",
    "rate_table": None,
    "limit_profiles": ["DEFAULT_RESELLER_PROFILE"],
    "long_call_minutes": 180,
    "high_price_amount": "0.50",
    "working_schedule": 30,
    "billing_email": "bills@acme.example",
    "billing_mode": "postpaid",
    "credit_limit": None,
    "address": {
        "line1": "1 High Street",
        "line2": "",
        "city": "Leeds",
        "region": "",
        "postcode": "LS3 1LH",
        "country": "GB",
    },
    "account": {"name": "Main trunk", "capacity": 10},
}


def reseller(*arguments: str) -> Any:
    out = StringIO()
    defaults = ["--name", "Calder Telecom", "--reference", "CALDER"]
    call_command("create_reseller", *(arguments or defaults), stdout=out, stderr=StringIO())
    return json.loads(out.getvalue())


@pytest.fixture
def file(tmp_path: Path, db: None):
    reseller()

    def write(content: Any) -> str:
        path = tmp_path / "client.json"
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return str(path)

    return write


def client(path: str) -> Any:
    out = StringIO()
    call_command("create_client", path, stdout=out)
    return json.loads(out.getvalue())


def changed(name: str, value: Any) -> dict[str, Any]:
    data = deepcopy(FILE)
    outer, _dot, inner = name.rpartition(".")
    (data[outer] if outer else data)[inner] = value
    return data


@pytest.mark.django_db
def test_create_reseller_works_on_an_empty_database():
    made = reseller()
    with tenancy.reading(PLATFORM):
        stored = Reseller.objects.get()
    assert made == {"reseller_id": stored.pk, "reference": "CALDER"}


@pytest.mark.django_db
def test_create_reseller_beneath_another_prints_the_owners_link():
    reseller()
    errors = StringIO()
    call_command(
        "create_reseller",
        *("--name", "Below", "--reference", "BELOW", "--parent", "calder", "--currency", "eur"),
        *("--email", "owner@below.example", "--json"),
        stdout=StringIO(),
        stderr=errors,
    )
    with tenancy.reading(PLATFORM):
        below = Reseller.objects.select_related("parent").get(reference="BELOW")
        assert below.parent
        assert below.parent.reference == "CALDER"
        assert Membership.objects.get(reseller=below).user.email == "owner@below.example"
    assert below.currency == "EUR"
    assert "/welcome/" in errors.getvalue()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--reference", "two words"], "--reference"),
        (["--name", ""], "--name"),
        (["--email", "nobody"], "--email"),
        (["--country", "XX"], "--country"),
        (["--time-zone", "Mars"], "--time-zone"),
        (["--currency", "Gold"], "--currency"),
        (["--parent", "NOBODY"], "NOBODY"),
    ],
)
def test_create_reseller_names_the_bad_argument_and_stores_nothing(arguments, told):
    with pytest.raises(CommandError, match=told):
        reseller("--name", "A", "--reference", "A", *arguments)
    with tenancy.reading(PLATFORM):
        assert not Reseller.objects.exists()


@pytest.mark.django_db
def test_create_reseller_refuses_a_taken_reference():
    reseller()
    with pytest.raises(CommandError, match="--reference: This reference is already in use"):
        reseller()


def test_create_client_prints_ids_and_never_the_password(file):
    made = client(file(FILE))
    with tenancy.reading(PLATFORM):
        stored, account = Client.objects.get(), Account.objects.get()
        assert OutboundEmail.objects.get().recipient == "trunks@acme.example"
    assert made == {
        "client_id": stored.pk,
        "reference": "ACME",
        "account": {"id": account.pk, "username": account.sip_username},
    }
    assert stored.phone == "+44 113 496 0142"
    assert stored.address_city == "Leeds"
    assert account.orig_capacity == 10


def test_create_client_takes_billing_as_left_out_and_a_capacity_of_none(file):
    data = changed("account.capacity", None)
    del data["billing_mode"], data["credit_limit"]
    client(file(data))
    with tenancy.reading(PLATFORM):
        assert Client.objects.get().billing_mode == "postpaid"
        assert Account.objects.get().orig_capacity is None


@pytest.mark.parametrize("named", ["Wholesale", "CALDER/Wholesale"])
def test_create_client_finds_a_rate_table_by_its_name(file, named):
    with tenancy.writing(PLATFORM):
        owner = Reseller.objects.get()
        table = RateTable.objects.create(reseller=owner, name="Wholesale", created_at=AT)
    client(file(changed("rate_table", named)))
    with tenancy.reading(PLATFORM):
        assert ClientRates.objects.get().table_id == table.pk


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("reseller", "NOBODY"),
        ("reseller", 7),
        ("name", ""),
        ("name", None),
        ("name", {"a": 1}),
        ("reference", "two words"),
        ("email", "nobody"),
        ("phone", "12"),
        ("country", "Leeds"),
        ("time_zone", "Mars"),
        ("currency", "Gold"),
        ("rate_table", "NOWHERE"),
        ("limit_profiles", []),
        ("limit_profiles", "DEFAULT_RESELLER_PROFILE"),
        ("limit_profiles", ["NOTHING"]),
        ("long_call_minutes", 181),
        ("long_call_minutes", True),
        ("high_price_amount", "-1"),
        ("working_schedule", 31),
        ("billing_email", ""),
        ("billing_mode", "never"),
        ("credit_limit", "much"),
        ("address", "1 High Street"),
        ("address.postcode", "LS3"),
        ("address.country", None),
        ("account.name", ""),
        ("account.capacity", -1),
        ("surprise", 1),
    ],
)
def test_create_client_names_the_bad_field_and_stores_nothing(file, name, value):
    with pytest.raises(CommandError, match=rf"(?m)^{name}") as refusal:
        client(file(changed(name, value)))
    assert refusal.value.returncode == 1
    with tenancy.reading(PLATFORM):
        assert not Client.objects.exists()


@pytest.mark.parametrize("name", ["reseller", "rate_table"])
@pytest.mark.parametrize("value", ["CAL\0DER", "CALDER\ud800"])
def test_create_client_refuses_a_name_that_cannot_be_printed(file, name, value):
    with pytest.raises(CommandError, match=f"{name}: This holds characters"):
        client(file(changed(name, value)))


def test_white_space_around_a_resellers_reference_is_nothing(file):
    assert client(file(changed("reseller", " CALDER\n")))["reference"] == "ACME"
    below = reseller("--name", "Below", "--reference", " BELOW ", "--parent", " calder ")
    assert below["reference"] == "BELOW"


@pytest.mark.parametrize("name", ["email", "address.line1", "account.capacity"])
def test_create_client_names_what_is_missing(file, name):
    data = deepcopy(FILE)
    outer, _dot, inner = name.rpartition(".")
    del (data[outer] if outer else data)[inner]
    with pytest.raises(CommandError, match=f"{name}: is missing"):
        client(file(data))


@pytest.mark.parametrize("content", ["", "[]", "{", "\x00", '"a"', "[" * 100_000])
def test_create_client_refuses_what_is_no_json_object(file, content):
    with pytest.raises(CommandError):
        client(file(content))


def test_create_client_refuses_the_same_reference_twice(file):
    client(file(FILE))
    with pytest.raises(CommandError, match=r"reference: ACME is already the reference of Acme Ltd"):
        client(file(FILE))


@pytest.mark.django_db
def test_create_client_says_when_the_file_cannot_be_read():
    with pytest.raises(CommandError, match=r"missing\.json cannot be read"):
        client("missing.json")
