"""Rate tables, their import, and the price of a number at a moment."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from clients import tenancy
from clients.errors import DomainError
from clients.files import FileRefused
from clients.models import Client, OutboxEntry
from clients.tenancy import PLATFORM
from rates.models import Rate, RateTable
from rates.selectors import (
    default_table,
    rate_at,
    rates_of,
    table_named,
    table_of_client,
    tables_available,
    tables_for,
    tables_with_use,
)
from rates.services import (
    RateImport,
    client_rates_write,
    default_table_insert,
    rate_table_create,
    rates_import,
)
from tests.limits.cast import AT, Cast

FILE = (
    "Prefix,Price a minute,Set-up,Minimum,Increment\n"
    "44,0.01,,,\n"
    "+447,0.05,0.1,60,6\n"
    "GB:118,1.5,2,,\n"
)


@pytest.fixture
def table(cast: Cast) -> RateTable:
    with tenancy.writing(PLATFORM):
        return default_table_insert(reseller=cast.top, at=AT)


def bring(cast: Cast, table: RateTable, text: str, **more: object) -> RateImport:
    return rates_import(
        table_id=table.pk,
        content=text.encode(),
        acting_user=None,
        scope=cast.scope,
        at=AT,
        **more,  # type: ignore[arg-type]
    )


def price(cast: Cast, table: RateTable, key: str, *, days: int = 0) -> Decimal | None:
    with tenancy.reading(cast.scope):
        found = rate_at(cast.scope, table, key, AT + timedelta(days=days))
    return found.price_per_minute if found else None


def test_rates_are_stored_and_the_longest_prefix_decides(cast: Cast, table: RateTable) -> None:
    done = bring(cast, table, FILE)
    assert (done.added, done.changed, done.unchanged, done.bad) == (3, 0, 0, ())
    assert price(cast, table, "442079460123") == Decimal("0.01")
    assert price(cast, table, "447700900123") == Decimal("0.05")
    assert price(cast, table, "GB:118500") == Decimal("1.5")
    assert price(cast, table, "33142685300") is None
    with tenancy.reading(cast.scope):
        mobile = rates_of(cast.scope, table).get(prefix="447")
    assert (mobile.setup_price, mobile.minimum_seconds, mobile.increment_seconds) == (
        Decimal("0.1"),
        60,
        6,
    )
    assert OutboxEntry.objects.filter(topic="policy.rates").count() == 1


def test_the_newest_rate_in_force_holds(cast: Cast, table: RateTable) -> None:
    bring(cast, table, FILE)
    later = AT + timedelta(days=10)
    done = bring(cast, table, "prefix,price\n447,0.07\n44,0.01\n", effective_from=later)
    assert (done.added, done.changed, done.unchanged) == (0, 1, 1)
    assert price(cast, table, "447700900123", days=9) == Decimal("0.05")
    assert price(cast, table, "447700900123", days=10) == Decimal("0.07")
    ending = f"prefix,price,from,until\n447,0.09,{AT + timedelta(days=20):%FT%T},2026-02-05\n"
    bring(cast, table, ending)
    assert price(cast, table, "447700900123", days=20) == Decimal("0.09")
    assert price(cast, table, "447700900123", days=21) == Decimal("0.07")


def test_the_same_file_twice_changes_nothing(cast: Cast, table: RateTable) -> None:
    bring(cast, table, FILE)
    with tenancy.reading(cast.scope):
        version = tables_for(cast.scope).get().version
    done = bring(cast, table, FILE)
    assert (done.added, done.changed, done.unchanged) == (0, 0, 3)
    with tenancy.reading(cast.scope):
        assert tables_for(cast.scope).get().version == version


WRONG = (
    "prefix,price_per_minute,minimum_seconds,increment_seconds,effective_from,effective_until\n"
    "44,0.01,,,,\n"
    "07,x,,,,\n"
    "4x,0.01,,,,\n"
    "45,,,,,\n"
    "46,0.0000001,,,,\n"
    "47,1,,0,,\n"
    "48,1,-1,,,\n"
    "49,1,,,tomorrow,\n"
    "50,1,,,2026-02-01,2026-01-01\n"
    "44,0.02,,,,\n"
)


def test_wrong_lines_refuse_the_file_by_line(cast: Cast, table: RateTable) -> None:
    with pytest.raises(FileRefused) as refusal:
        bring(cast, table, WRONG)
    assert [bad.line for bad in refusal.value.lines] == list(range(3, 12))
    with tenancy.reading(cast.scope):
        assert not Rate.objects.exists()


@pytest.mark.parametrize("column", ["effective_from", "effective_until"])
@pytest.mark.parametrize("moment", ["9999-12-31T23:59:59-10:00", "0001-01-01", "2100-01-01"])
def test_a_moment_far_away_is_refused_at_its_line(
    cast: Cast, table: RateTable, column: str, moment: str
) -> None:
    with pytest.raises(FileRefused, match=r"line 2: .*is not between 1970 and 2099"):
        bring(cast, table, f"prefix,price,{column}\n44,0.01,{moment}\n")


@pytest.mark.parametrize("amount", ["٣", "0_1", "1e-9", "-1", "NaN"])
def test_an_amount_is_written_in_digits_with_at_most_6_decimals(
    cast: Cast, table: RateTable, amount: str
) -> None:
    with pytest.raises(FileRefused, match=r"line 2: .*at most 6 decimals"):
        bring(cast, table, f"prefix,price\n44,{amount}\n")


def test_an_amount_that_is_too_large_is_told_so(cast: Cast, table: RateTable) -> None:
    with pytest.raises(FileRefused, match=r"line 2: “1000000” is too large"):
        bring(cast, table, "prefix,price\n44,1000000\n")


def test_lines_with_another_number_of_cells_are_refused(cast: Cast, table: RateTable) -> None:
    text = "prefix,price,set-up,\n44,0,05,1\n45,0,05,1,\n46,0.05\n47,0.05,,\n"
    done = bring(cast, table, text, keep_good=True)
    assert [bad.line for bad in done.bad] == [2, 3, 4]
    assert price(cast, table, "47") == Decimal("0.05")


@pytest.mark.parametrize(
    ("head", "told"),
    [("prefix,price,colour", "'colour'. Known are prefix,"), ("prefix,price,rate", "twice")],
)
def test_a_header_of_unknown_or_doubled_columns_is_refused(
    cast: Cast, table: RateTable, head: str, told: str
) -> None:
    with pytest.raises(DomainError, match=told) as refusal:
        bring(cast, table, f"{head}\n44,0.01,1\n")
    assert refusal.value.field == "file"


def test_good_lines_are_kept_where_that_is_chosen(cast: Cast, table: RateTable) -> None:
    done = bring(cast, table, WRONG.replace("\n44,0.02,,,,", ""), keep_good=True)
    assert (done.added, len(done.bad), done.stored) == (1, 8, True)
    assert price(cast, table, "4412") == Decimal("0.01")


def test_a_dry_run_stores_nothing(cast: Cast, table: RateTable) -> None:
    done = bring(cast, table, WRONG, dry_run=True)
    assert (done.added, len(done.bad), done.stored) == (1, 9, False)
    with tenancy.reading(cast.scope):
        assert not Rate.objects.exists()


def test_a_client_pays_by_its_own_table_else_by_its_resellers(cast: Cast, table: RateTable) -> None:
    own = rate_table_create(
        reseller_id=cast.top.pk, name="Own", acting_user=None, scope=cast.scope, at=AT
    )
    with tenancy.reading(cast.scope):
        assert table_of_client(cast.scope, cast.client) == table
    with tenancy.writing(cast.scope):
        client_rates_write(client=cast.client, table=own)
    with tenancy.reading(cast.scope):
        assert table_of_client(cast.scope, cast.client) == own
    with tenancy.writing(cast.scope):
        client_rates_write(client=cast.client, table=None)
    with tenancy.reading(cast.scope):
        assert table_of_client(cast.scope, cast.client) == table
        assert default_table(cast.scope, cast.below.pk) is None
        assert default_table(cast.scope, None) is None


def test_a_table_of_another_currency_or_reseller_is_refused(cast: Cast) -> None:
    euro = rate_table_create(
        reseller_id=cast.top.pk,
        name="Euro",
        currency="EUR",
        acting_user=None,
        scope=cast.scope,
        at=AT,
    )
    below = rate_table_create(
        reseller_id=cast.below.pk, name="Below", acting_user=None, scope=cast.scope, at=AT
    )
    for table in (euro, below):
        with pytest.raises(DomainError) as refusal, tenancy.writing(cast.scope):
            client_rates_write(client=cast.client, table=table)
        assert refusal.value.field == "rate_table"


def test_a_name_is_taken_once(cast: Cast, table: RateTable) -> None:
    with pytest.raises(DomainError) as refusal:
        rate_table_create(
            reseller_id=cast.top.pk, name=table.name, acting_user=None, scope=cast.scope, at=AT
        )
    assert refusal.value.field == "name"


def test_nobody_reads_the_rates_of_a_stranger(cast: Cast, table: RateTable) -> None:
    bring(cast, table, FILE)
    stranger = cast.stranger_scope
    with tenancy.reading(PLATFORM):  # the first wall alone: the second would let all through
        assert list(tables_for(cast.scope)) == [table]
        assert not tables_for(stranger)
        assert not tables_with_use(stranger)
        assert not tables_available(stranger, cast.top)
        assert not rates_of(stranger, table)
        assert table_named(stranger, str(table.pk)) is None
        assert rate_at(stranger, table, "4420", AT) is None
        assert default_table(stranger, cast.top.pk) is None
        client_rates = Client.objects.get(pk=cast.client.pk)
        assert table_of_client(stranger, client_rates) is None
        assert [vars(table)["rate_count"] for table in tables_with_use(cast.scope)] == [3]


def run(*arguments: str) -> None:
    call_command("import_rates", *arguments)


def test_the_command_names_a_table_by_id_or_by_reseller(
    cast: Cast, table: RateTable, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "r.csv"
    file.write_text(FILE)
    run("calder/Default", str(file), "--dry-run", "--json")
    expected = {"table_id": table.pk, "added": 3, "changed": 0, "unchanged": 0, "bad": []}
    assert json.loads(capsys.readouterr().out) == {"stored": False, **expected}
    run(str(table.pk), str(file), "--effective-from", "2026-01-01")
    told = capsys.readouterr().out
    assert "3 added, 0 changed, 0 unchanged, 0 wrong" in told
    assert "-> 0.05 from 2026-01-01T00:00:00+00:00" in told
    assert price(cast, table, "447700900123", days=-10) == Decimal("0.05")


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["calder/Nothing"], 1, "no rate table"),
        (["calder/Default"], 1, "line 3"),
    ],
)
def test_the_command_refuses_with_a_message(
    cast: Cast, table: RateTable, tmp_path: Path, arguments: list[str], code: int, told: str
) -> None:
    file = tmp_path / "r.csv"
    file.write_text(WRONG)
    with pytest.raises(CommandError, match=told) as refusal:
        run(*arguments, str(file))
    assert refusal.value.returncode == code
