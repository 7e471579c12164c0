"""The shipped catalogue: made again it is the same, and it groups numbers as the product says."""

from __future__ import annotations

from itertools import chain

import pytest

from limits.catalogue import build
from limits.catalogue.patterns import owners, prefix_rules, strings
from limits.catalogue.shipped import destinations

LEAVES = destinations()
BY_PREFIX = {prefix: leaf.path for leaf in LEAVES for prefix in leaf.prefixes}


def path_of(key: str) -> str | None:
    lengths = range(len(key), 0, -1)
    return next((BY_PREFIX[key[:n]] for n in lengths if key[:n] in BY_PREFIX), None)


def test_building_again_gives_the_shipped_files() -> None:
    plans = (build.DATA / "number_plans.json").read_text(encoding="utf-8")
    table = (build.DATA / "destinations.csv").read_text(encoding="utf-8")
    assert build.number_plans() == plans
    assert build.destinations() == table


def test_each_prefix_belongs_to_one_destination_and_each_leaf_has_one() -> None:
    prefixes = list(chain.from_iterable(leaf.prefixes for leaf in LEAVES))
    assert len(prefixes) == len(set(prefixes))
    assert all(leaf.prefixes for leaf in LEAVES)
    assert len({leaf.path for leaf in LEAVES}) == len(LEAVES)


@pytest.mark.parametrize(
    ("number", "path"),
    [
        ("442079460123", "UK/Geographic"),
        ("441632960123", "UK/Geographic"),
        ("443069990123", "UK/Non-geographic"),
        ("447700900123", "UK/Mobile"),
        ("448081570123", "UK/Freephone"),
        ("448001111", "UK/Freephone"),
        ("448457464700", "UK/Special services"),
        ("448712345678", "UK/Special services"),
        ("445512345678", "UK/Special services"),
        ("449098790123", "UK/Premium"),
        ("447012345678", "UK/Personal numbering"),
        ("447640123456", "UK/Personal numbering"),
        ("GB:118500", "UK/Operator & directory enquiries"),
        ("GB:101", "UK/Short codes"),
        ("GB:116123", "UK/Short codes"),
        ("441534456789", "International/Europe/Jersey"),
        ("447797712345", "International/Europe/Jersey"),
        ("447700312345", "International/Europe/Jersey"),
        ("441481256789", "International/Europe/Guernsey"),
        ("447781123456", "International/Europe/Guernsey"),
        ("441624756789", "International/Europe/Isle of Man"),
        ("447624312345", "International/Europe/Isle of Man"),
        ("447924123456", "International/Europe/Isle of Man"),
        ("447911123456", "International/Europe/Guernsey"),
        ("447911812345", "UK/Mobile"),
        ("33142685300", "International/Europe/France"),
        ("12125550123", "International/North America/United States"),
        ("14165550123", "International/North America/Canada"),
        ("18765550123", "International/North America/Jamaica"),
        ("17875550123", "International/North America/Puerto Rico"),
        ("74951234567", "International/Europe/Russia"),
        ("77172123456", "International/Asia/Kazakhstan"),
        ("390669812345", "International/Europe/Vatican City"),
        ("390612345678", "International/Europe/Italy"),
        ("35818123456", "International/Europe/Åland Islands"),
        ("4779123456", "International/Europe/Svalbard and Jan Mayen"),
        ("61891641234", "International/Oceania/Christmas Island"),
        ("212528812345", "International/Africa/Western Sahara"),
        ("262269601234", "International/Africa/Mayotte"),
        ("59995181234", "International/North America/Curaçao"),
        ("5993181234", "International/North America/Caribbean Netherlands"),
        ("870773111632", "International/Satellite & global"),
        ("88213123456", "International/Satellite & global"),
        ("999", None),
    ],
)
def test_the_longest_prefix_finds_the_destination(number: str, path: str | None) -> None:
    assert path_of(number) == path


def test_patterns_become_prefixes_and_lengths() -> None:
    assert prefix_rules([r"[12]\d{2}", r"2\d{3}"], 9) == [("1", [3]), ("2", [3, 4])]
    assert prefix_rules([r"\d{8}"], 9) == [("", [8])]
    assert prefix_rules([r"1(?:0\d|1)\d?"], 9) == [("10", [3, 4]), ("11", [2, 3])]
    assert strings([r"1(?:1[02]|99?)", "999"]) == ["110", "112", "19", "199", "999"]


def test_owners_get_the_shortest_prefix_that_only_they_use() -> None:
    patterns = {"main": [r"1[0-24-9]\d\d", r"2\d{3}"], "isle": [r"13\d\d", r"3\d{3}"]}
    assert owners(patterns, "main") == {"isle": ["13", "3"]}


def test_what_several_own_stays_with_the_main_owner() -> None:
    assert owners({"main": [r"1\d\d"], "isle": [r"1[01]\d"]}, "main") == {"isle": []}
