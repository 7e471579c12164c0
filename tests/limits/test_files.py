"""Profiles and destinations from files, as services and as commands."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from clients import tenancy
from clients.errors import DomainError
from clients.files import FileRefused
from clients.models import OutboxEntry
from clients.tenancy import PLATFORM
from limits import services
from limits.domain.effective import Values
from limits.models import Destination, LimitProfile, LimitRow
from limits.selectors import (
    destination_for_key,
    destination_for_number,
    destination_parents,
    destinations,
    destinations_named,
    profile_rows,
)
from limits.services.files import destinations_import, profile_csv, profile_import
from tests.limits.cast import AT, Cast

HEAD = "profile,destination,minutes,max_price_per_minute,max_setup_price,spend\n"


def bring(cast: Cast, text: str, **more: object) -> dict[str, int]:
    return profile_import(
        reseller_id=cast.top.pk,
        content=text.encode(),
        acting_user=None,
        scope=cast.scope,
        at=AT,
        **more,  # type: ignore[arg-type]
    )


def extend(text: str) -> object:
    return destinations_import(content=text.encode(), acting_user=None, scope=PLATFORM, at=AT)


def rows(cast: Cast, name: str) -> dict[str, Values]:
    with tenancy.reading(cast.scope):
        profile = LimitProfile.objects.get(name=name, reseller=cast.top)
        by_id = profile_rows(cast.scope, profile)
        paths = dict(Destination.objects.values_list("pk", "path"))
    return {paths[pk]: values for pk, values in by_id.items()}


def test_a_file_sets_the_rows_it_names_and_leaves_the_others(cast: Cast) -> None:
    first = HEAD + (
        "Careful,UK/Mobile,1000,0.25,,\nCareful,UK/Premium,Barred,,,\n"
        "Other,UK/Freephone,unlimited,,,\nCareful,International,600,0.8,0.2,\n"
    )
    assert bring(cast, first) == {"Careful": 3, "Other": 1}
    assert bring(cast, "Profile;Destination;Minutes\nCareful;UK/Mobile;10\n") == {"Careful": 1}
    assert rows(cast, "Careful") == {
        "UK/Mobile": Values(minutes=10, max_price_per_minute=Decimal("0.25")),
        "UK/Premium": Values(minutes=0),
        "International": Values(
            minutes=600, max_price_per_minute=Decimal("0.8"), max_setup_price=Decimal("0.2")
        ),
    }
    assert rows(cast, "Other") == {"UK/Freephone": Values(unlimited=True)}


def test_wrong_lines_are_named_and_nothing_is_stored(cast: Cast) -> None:
    text = HEAD + (
        "Careful,UK/Mobile,1000,,,\n"
        "Careful,UK/Moon,10,,,\n"
        "Careful,UK/Premium,many,,,\n"
        "Careful,UK/Freephone,1,-2,,\n"
        ",UK/Freephone,1,,,\n"
        "Careful,UK/Geographic,1,,,5.00\n"
        "Careful,UK/Mobile,2,,,\n"
    )
    with pytest.raises(FileRefused) as refusal:
        bring(cast, text)
    assert [bad.line for bad in refusal.value.lines] == [3, 4, 5, 6, 7, 8]
    with tenancy.reading(cast.scope):
        assert not LimitProfile.objects.exists()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe\x00",
        b"profile,minutes\nA,1\n",
        b'profile,destination\nA,"UK/Mobile\n',
        b"\x00\x00\n",
    ],
)
def test_what_is_no_such_file_is_refused(cast: Cast, content: bytes) -> None:
    with pytest.raises(DomainError) as refusal:
        profile_import(
            reseller_id=cast.top.pk, content=content, acting_user=None, scope=cast.scope, at=AT
        )
    assert refusal.value.field == "file"


def test_line_ends_of_old_macs_are_told(cast: Cast) -> None:
    with pytest.raises(DomainError) as refusal:
        profile_import(
            reseller_id=cast.top.pk,
            content=b"profile,destination,minutes\rA,UK/Mobile,1\r",
            acting_user=None,
            scope=cast.scope,
            at=AT,
        )
    assert "old Macs" in str(refusal.value)


def test_lines_with_another_number_of_cells_are_refused(cast: Cast) -> None:
    text = HEAD + "A,UK/Mobile,1\nA,UK/Premium,1,0,25,,\nA,UK/Freephone,1,,,\n"
    with pytest.raises(FileRefused, match="line 2: There are 3 cells") as refusal:
        bring(cast, text)
    assert [bad.line for bad in refusal.value.lines] == [2, 3]
    with pytest.raises(FileRefused, match="line 2: There are 2 cells"):
        extend("path,country,prefixes\nUK/New,44123\n")


def test_an_unknown_column_is_refused_with_the_known_ones(cast: Cast) -> None:
    with pytest.raises(DomainError, match=r"'minuts'. Known are profile, destination, minutes"):
        bring(cast, "profile,destination,minuts\nA,UK/Mobile,1\n")
    with pytest.raises(DomainError, match=r"'note'. Known are path, country, prefixes"):
        extend("path,prefixes,note\nUK/New,44123,x\n")


def test_a_name_that_cannot_be_printed_is_refused_at_its_line(cast: Cast) -> None:
    with pytest.raises(FileRefused, match=r"line 2: .* holds characters"):
        bring(cast, HEAD + "A\0B,UK/Mobile,1,,,\n")
    with pytest.raises(FileRefused, match=r"line 2: .* holds characters"):
        extend("path,prefixes\nUK/A\0B,44123\n")


def test_a_file_of_one_profile_may_not_name_another(cast: Cast) -> None:
    bring(cast, HEAD + "One,UK/Mobile,1,,,\n")
    with tenancy.reading(cast.scope):
        one = LimitProfile.objects.get(name="One")
    assert bring(cast, "destination,minutes\nUK/Mobile,7\n", only=one) == {"One": 1}
    with pytest.raises(FileRefused):
        bring(cast, HEAD + "Two,UK/Mobile,1,,,\n", only=one)


def test_an_exported_profile_imports_as_itself(cast: Cast) -> None:
    bring(cast, HEAD + "One,UK/Mobile,1000,0.25,,\nOne,UK/Premium,0,,0.5,\nOne,UK,Unlimited,,,\n")
    before = rows(cast, "One")
    with tenancy.reading(cast.scope):
        profile = LimitProfile.objects.get(name="One")
        text = profile_csv(profile, profile_rows(cast.scope, profile))
    assert text.splitlines()[:3] == [
        HEAD.strip(),
        "One,UK,Unlimited,,,",
        "One,UK/Mobile,1000,0.25,,",
    ]
    bring(cast, text.replace("One,", "Two,"))
    assert rows(cast, "Two") == before


def test_the_command_imports_and_answers_in_json(
    cast: Cast, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "p.csv"
    file.write_text(HEAD + "Ten,UK/Mobile,10,,,\n")
    call_command("import_profile", "calder", str(file), "--json")
    assert json.loads(capsys.readouterr().out) == {"profiles": {"Ten": 1}}
    assert rows(cast, "Ten") == {"UK/Mobile": Values(minutes=10)}
    file.write_text(HEAD + "Ten,UK/Mobile,10,,,\nTwo,UK/Mobile,10,,,\nTwo,UK/Premium,10,,,\n")
    call_command("import_profile", "calder", str(file))
    assert capsys.readouterr().out == "Ten: 1 row set\nTwo: 2 rows set\n"


@pytest.mark.parametrize(
    ("reseller", "text", "told"),
    [
        ("NOBODY", HEAD, "no reseller NOBODY"),
        ("CALDER", HEAD + "T,UK/Nowhere,1,,,\n", "line 2: There is no destination"),
        ("CALDER", None, "cannot be read"),
    ],
)
def test_the_command_refuses_with_a_message(
    cast: Cast, tmp_path: Path, reseller: str, text: str | None, told: str
) -> None:
    file = tmp_path / "p.csv"
    if text is not None:
        file.write_text(text)
    with pytest.raises(CommandError, match=told) as refusal:
        call_command("import_profile", reseller, str(file))
    assert refusal.value.returncode == 1


@pytest.mark.django_db
def test_the_shipped_catalogue_is_there_on_an_empty_database() -> None:
    assert Destination.objects.count() == 262
    mobile = destination_for_key("447700900123")
    assert mobile is not None
    assert (mobile.path, mobile.country, mobile.is_leaf) == ("UK/Mobile", "GB", True)
    paths = list(destinations().values_list("path", flat=True))
    assert paths[:2] == ["UK", "UK/Geographic"]
    parents = destination_parents()
    assert sum(parent is None for parent in parents.values()) == 2
    understood, found = destination_for_number("00441534456789", "GB")
    assert understood.canonical == "+441534456789"
    assert found is not None
    assert found.path == "International/Europe/Jersey"
    assert destination_for_number("nonsense", "GB")[1] is None
    assert destination_for_number("999", "GB")[1] is None
    assert destination_for_number("07700900123", "??")[1] is None
    assert [d.name for d in destinations_named("jers")] == ["Jersey"]
    assert [d.name for d in destinations_named("je")] == ["Jersey"]


def test_a_new_destination_copies_the_values_of_the_one_its_prefixes_left(cast: Cast) -> None:
    bring(cast, HEAD + "One,International/Europe/France,120,0.5,,\n")
    with tenancy.reading(cast.scope):
        profile = LimitProfile.objects.get(name="One")
    services.profile_allocate(
        client_id=cast.client.pk,
        profile_ids=[profile.pk],
        acting_user=None,
        scope=cast.scope,
        at=AT,
    )
    OutboxEntry.objects.all().delete()
    extend("path,country,prefixes\nInternational/Europe/France Mobile,FR,336 +337\n")
    assert rows(cast, "One")["International/Europe/France Mobile"] == Values(
        minutes=120, max_price_per_minute=Decimal("0.5")
    )
    found = destination_for_key("33612345678")
    assert found is not None
    assert found.path == "International/Europe/France Mobile"
    assert found.parent is not None
    assert found.parent.path == "International/Europe"
    topics = set(OutboxEntry.objects.values_list("topic", flat=True))
    assert topics == {"policy.catalogue", "policy.client"}


def test_prefixes_of_a_known_destination_are_added(cast: Cast) -> None:
    extend("path,prefixes\nUK/Mobile,4456\n")
    found = destination_for_key("445612345678")
    assert found is not None
    assert found.path == "UK/Mobile"
    assert Destination.objects.count() == 262


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("Mars/North,,99", "begins with UK/ or International/"),
        ("UK/Mobile/EE,GB,44799", "has prefixes"),
        ("International/Europe,,99", "destinations below it"),
        ("UK/ Odd,GB,99", "empty or too long"),
        ("UK/New,GBR,99", "country code"),
        ("UK/New,GB,", "Prefixes are digits"),
        ("UK/New,GB,07x", "Prefixes are digits"),
        ("UK/New,GB,4477 4420", "UK/Geographic, UK/Mobile"),
        ("UK/New,GB,4477\nUK/Newer,GB,4477", "4477 is given to"),
        ("UK/New,GB,4477\nUK/New,GB,4478", "twice"),
        ("UK/New/A,GB,4477\nUK/New,GB,4478", "destinations below it"),
    ],
)
def test_a_wrong_destination_is_refused_whole(cast: Cast, line: str, told: str) -> None:
    with pytest.raises(FileRefused, match=told):
        extend(f"path,country,prefixes\nUK/Good,GB,44123\n{line}\n")
    assert not Destination.objects.filter(path="UK/Good").exists()


def test_only_the_platform_extends_the_catalogue(cast: Cast) -> None:
    with pytest.raises(DomainError):
        destinations_import(content=b"", acting_user=None, scope=cast.scope, at=AT)


def test_import_destinations_tells_what_is_new(
    cast: Cast, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "d.csv"
    file.write_text("path,country,prefixes\nInternational/Atlantis/Poseidonia,,999\n")
    call_command("import_destinations", str(file), "--json")
    assert json.loads(capsys.readouterr().out) == {
        "created": ["International/Atlantis/Poseidonia"],
        "prefixes": 1,
    }
    with tenancy.reading(PLATFORM):
        assert LimitRow.objects.count() == 0
