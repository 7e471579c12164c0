"""Makes ``limits/data/`` from the numbering library and the small tables beside this file.

    python -m limits.catalogue.build [FOLDER]

Writes ``number_plans.json`` (records explained in ``limits.domain.numbers``) and
``destinations.csv`` (path, ISO country or nothing, prefixes separated by spaces). The same library
gives the same bytes: a test builds them again and compares.

Decisions taken here rather than by the library:

* ``uk.csv`` is the UK's own tree. 055 and 056 are priced like 084/087 and go with them; 076 paging
  goes with 070. A prefix such as ``GB:118`` is one of short codes dialled in that country.
* A country has its calling code as its only prefix, unless the code is shared. Then the main
  country has the code itself, and each other one the shortest prefixes that only its fixed lines
  and mobiles use (its free and premium numbers are those of the main country). Ranges that the
  library gives to the main country as well are in ``ALSO_OWNED``.
* The North American countries have no trunk prefix: 1 is also their calling code, and ten digits
  are how a national number is dialled there. Seven digits are local dialling, not accepted.
* Carrier selection codes longer than five digits are left out of the international prefixes.
* 112 and 999 are emergency numbers everywhere, and 18000 in GB, besides the library's.
"""

from __future__ import annotations

import csv
import io
import json
import sys
from pathlib import Path
from typing import Any

from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, PhoneMetadata

from limits.catalogue.patterns import owners, prefix_rules, strings

HERE = Path(__file__).parent
DATA = HERE.parent / "data"

SHARED_OUT = "001"  # the library's region of codes that belong to no country
SATELLITE = "International/Satellite & global"
EMERGENCY_EVERYWHERE = {"112", "999"}
EMERGENCY_ALSO = {"GB": {"18000"}}
STRIPPED = dict.fromkeys(("GB", "GG", "IM", "JE"), "1470 141")
SHORT_CODES = {"GB": "100:3 101:3 105:3 111:3 116:6 118:6 119:3 123:3 155:3 159:3"}
ALSO_OWNED = {
    "BL": ["59059027"],
    "EH": ["2125288", "2125289"],
    "IM": ["447924"],
    "MF": ["59059087"],
}
LONGEST_INTERNATIONAL_PREFIX = 5
LONGEST_NATIONAL_NUMBER = 14
NORTH_AMERICA = 1
NUMBER_KINDS = (
    "fixed_line",
    "mobile",
    "toll_free",
    "premium_rate",
    "shared_cost",
    "personal_number",
    "voip",
    "pager",
    "uan",
)


def number_plans() -> str:
    """The text of ``number_plans.json``."""
    countries: dict[str, str] = {}
    codes: dict[str, str] = {}
    for code, regions in sorted(COUNTRY_CODE_TO_REGION_CODE.items()):
        for region in regions:
            if region != SHARED_OUT:
                countries[region] = _country_record(code, region)
        patterns = [
            _metadata(code, region).general_desc.national_number_pattern for region in regions
        ]
        rules = prefix_rules(patterns, LONGEST_NATIONAL_NUMBER)
        if code == NORTH_AMERICA:
            rules = [(prefix, [10]) for prefix, _ in rules]
        codes[str(code)] = " ".join(f"{p}:{','.join(map(str, lengths))}" for p, lengths in rules)
    plans = {"countries": dict(sorted(countries.items())), "codes": dict(sorted(codes.items()))}
    return json.dumps(plans, indent=1, ensure_ascii=True) + "\n"


def destinations() -> str:
    """The text of ``destinations.csv``, in the order the tree is shown in."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["path", "country", "prefixes"])
    for row in _table("uk.csv"):
        writer.writerow([row["path"], "GB", row["prefixes"]])
    prefixes = _country_prefixes()
    for row in _table("countries.csv"):
        path = f"International/{row['continent']}/{row['name']}"
        writer.writerow([path, row["country"], " ".join(prefixes.pop(row["country"]))])
    writer.writerow([SATELLITE, "", " ".join(sorted(prefixes.pop(SHARED_OUT)))])
    if prefixes:
        raise ValueError(f"countries.csv lacks {sorted(prefixes)}")
    return out.getvalue()


def _country_prefixes() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {SHARED_OUT: []}
    for code, regions in sorted(COUNTRY_CODE_TO_REGION_CODE.items()):
        main = regions[0]
        if main == SHARED_OUT:
            found[SHARED_OUT].append(str(code))
            continue
        if main != "GB":
            found[main] = [str(code)]
        if len(regions) > 1:
            patterns = {region: _patterns(code, region, region == main) for region in regions}
            for region, own in owners(patterns, main).items():
                known = {f"{code}{prefix}" for prefix in own}
                found[region] = sorted(known.union(ALSO_OWNED.get(region, ())))
    return found


def _patterns(code: int, region: str, main: bool) -> list[str]:
    metadata = _metadata(code, region)
    kinds = (getattr(metadata, kind) for kind in NUMBER_KINDS[: None if main else 2])
    return [kind.national_number_pattern for kind in kinds if kind is not None]


def _country_record(code: int, region: str) -> str:
    metadata = _metadata(code, region)
    prefixes = strings([metadata.international_prefix or "00"])
    short = PhoneMetadata.short_metadata_for_region(region)
    known = short.emergency.national_number_pattern if short and short.emergency else None
    emergency = EMERGENCY_EVERYWHERE | EMERGENCY_ALSO.get(region, set())
    emergency |= set(strings([known])) if known else set()
    fields = (
        str(code),
        " ".join(each for each in prefixes if len(each) <= LONGEST_INTERNATIONAL_PREFIX),
        "" if code == NORTH_AMERICA else metadata.national_prefix or "",
        STRIPPED.get(region, ""),
        " ".join(sorted(emergency)),
        SHORT_CODES.get(region, ""),
    )
    return "|".join(fields)


def _metadata(code: int, region: str) -> Any:
    if region == SHARED_OUT:
        return PhoneMetadata.metadata_for_nongeo_region(code)
    return PhoneMetadata.metadata_for_region(region)


def _table(name: str) -> list[dict[str, str]]:
    with (HERE / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def main(folder: Path = DATA) -> None:
    """Write both files to ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "number_plans.json").write_text(number_plans(), encoding="utf-8")
    (folder / "destinations.csv").write_text(destinations(), encoding="utf-8")


if __name__ == "__main__":
    main(*(Path(argument) for argument in sys.argv[1:2]))
