"""Small but nasty worlds, and what happens in them, for Hypothesis.

Limits are of a few seconds, prices equal their caps, clocks stand just before midnights, closing
times and changes of summer time, and several calls run at once. A `Scenario` is played by
`tests.model.play`, which turns relative steps ("to just before the next cut") into instants.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from typing import TypeVar

from hypothesis import strategies as st

from tests.model.rules import MINUTE, day_start
from tests.model.world import (
    OFFICE,
    REST,
    UNLIMITED,
    Account,
    Brief,
    Client,
    Day,
    Destination,
    NumberPlan,
    Profile,
    Rate,
    Reseller,
    Row,
    Schedule,
    World,
)

T = TypeVar("T")

PLANS = {
    "GB": NumberPlan("GB", "44", "00", "0", {"123": "UK/Short codes"}, frozenset({"999"})),
    "ES": NumberPlan("ES", "34", "00", "", {}, frozenset({"061"})),
    "US": NumberPlan("US", "1", "011", "1", {}, frozenset({"911"})),
    "HU": NumberPlan("HU", "36", "00", "06", {}, frozenset({"104"})),
}

LENGTHS = {
    "44": frozenset({9, 10}),
    "33": frozenset({9}),
    "34": frozenset({9}),
    "36": frozenset({8, 9}),
    "1": frozenset({10}),
    "881": frozenset({9}),
    "999": frozenset({8}),
}

EUROPE, AMERICA = "International/Europe", "International/North America"
DESTINATIONS = (
    Destination("UK", "GB"),
    Destination("UK/Mobile", "GB", ("+447",)),
    Destination("UK/Geographic", "GB", ("+441", "+442")),
    Destination("UK/Short codes", "GB"),
    Destination("International", None),
    Destination(EUROPE, None),
    Destination(f"{EUROPE}/France", "FR", ("+33",)),
    Destination(f"{EUROPE}/Spain", "ES", ("+34",)),
    Destination(f"{EUROPE}/Jersey", "JE", ("+447797", "+441534")),
    Destination(f"{EUROPE}/Hungary", "HU", ("+36",)),
    Destination(AMERICA, None),
    Destination(f"{AMERICA}/United States", "US", ("+1",)),
    Destination("Satellite & global", None, ("+881",)),
)
LEAVES = (*(d.name for d in DESTINATIONS if d.prefixes), "UK/Short codes")
PARENTS = ("UK", "International", EUROPE, AMERICA)

NUMBERS = (
    ("44", "7700900123"),
    ("33", "612345678"),
    ("44", "7700900777"),
    ("34", "612345678"),
    ("44", "2079460000"),
    ("44", "7797123456"),
    ("36", "201234567"),
    ("1", "2025550123"),
    ("881", "612345678"),
    ("999", "12345678"),
)
"""Calling code and national number; the last has no destination."""

ODD_NUMBERS = (
    "123",
    "1234",
    "",
    "+",
    "07700x900",
    "+44770090012345678",
    "0",
    "999",
    "112",
    "18000",
    "9990",
)

ZONES_AND_DAYS = (
    ("Europe/London", date(2026, 6, 12)),
    ("Europe/London", date(2026, 3, 29)),
    ("Europe/London", date(2026, 10, 25)),
    ("Europe/London", date(2026, 12, 31)),
    ("Africa/Cairo", date(2026, 4, 24)),
    ("Asia/Beirut", date(2026, 10, 25)),
    ("Asia/Kathmandu", date(2026, 2, 28)),
    ("America/New_York", date(2026, 11, 1)),
    ("Australia/Lord_Howe", date(2026, 4, 5)),
    ("Atlantic/Azores", date(2026, 10, 25)),
)

OPEN, SHUT = Day(((0, 1440),)), Day((), 0)
FLICKER = tuple((minute, minute + 1) for minute in (0, 2, 60, 62, 121, 123, 719, 721, 723, 1051))
DAYS = (
    OPEN,
    OFFICE,
    REST,
    replace(OFFICE, percent=50),
    replace(OFFICE, percent=10),
    Day(((0, 720), (780, 1440)), 33),
    Day(((720, 721), (722, 1020)), 7),
    Day(((0, 60), (120, 1440)), 50),
    Day(((0, 180),), 20),
    Day((), 50),
    Day((), 1),
    Day(FLICKER, 60),
    Day(((0, 720),), 0),
    Day(((0, 1440),), 0),
    Day(FLICKER),
    SHUT,
)

NUMBERS_OF_MINUTES = tuple(Decimal(n) for n in (5, 1, 30, 2, 15, 1000, 4, 10, 60, 7, 3, 0))
MINUTES = (*NUMBERS_OF_MINUTES[:-1], *NUMBERS_OF_MINUTES[:-2], None, UNLIMITED, UNLIMITED)
PRICES = tuple(Decimal(text) for text in ("0.05", "0.01", "0", "0.050001", "0.2"))
CAPS = (
    (Decimal("0.05"), None),
    (Decimal("0.050001"), None),
    (None, Decimal("0.01")),
    (Decimal("0.2"), Decimal("0.05")),
    (Decimal("0.06"), None),
    (Decimal(0), None),
)
LISTED = ("+447", "+44", "+33612345678", "+3", "+447700900777", "+1", "123")
FLAWS = (
    "client suspended",
    "reseller suspended",
    "reseller above suspended",
    "inactive",
    "prepaid",
    "no route",
    "client full at 2",
    "client full at 1",
    "client has none",
    "account full at 3",
    "reseller full at 2",
    "reseller above full at 1",
)


# --- Steps ---------------------------------------------------------------------------------------


@dataclass(frozen=True, repr=False)
class Dial(Brief):
    """A call by one account, answered `answered_after` ms later (None: left ringing), `times`."""

    account: int
    dialled: str
    times: int = 1
    answered_after: int | None = 0


@dataclass(frozen=True, repr=False)
class Answer(Brief):
    """The answer of a call, told `late` ms after it happened; it may have been told before."""

    call: int
    late: int = 0


@dataclass(frozen=True, repr=False)
class End(Brief):
    """The end of a call, told `late` ms after it happened. With `instead_of_answer` it carries
    that talk time, for a call whose answer is not known."""

    call: int
    late: int = 0
    instead_of_answer: int | None = None


@dataclass(frozen=True, repr=False)
class Wait(Brief):
    """Time passes: `until` "" for `length` ms, else to `length` ms from the next "cut" or
    "boundary" (of a day or of working time), never backwards."""

    length: int
    until: str = ""


@dataclass(frozen=True, repr=False)
class Repeat(Brief):
    """An earlier `authorize` is sent again."""

    request: int


@dataclass(frozen=True, repr=False)
class Publish(Brief):
    """Another world holds from here on."""

    world: World


Step = Dial | Answer | End | Wait | Repeat | Publish


@dataclass(frozen=True, repr=False)
class Scenario(Brief):
    """`prompt`: the switch hangs up what it is told to; else those calls run on for a while."""

    world: World
    starts_at: int
    steps: tuple[Step, ...]
    prompt: bool = True


# --- Worlds --------------------------------------------------------------------------------------


@cache
def among(*values: T) -> st.SearchStrategy[T]:
    """One of the values; made once, which Hypothesis is quicker with."""
    return st.sampled_from(values)


@cache
def rarely(usual: T, *others: T, times: int) -> st.SearchStrategy[T]:
    """The usual value, and each other one as often as 1 in `times`."""
    return st.sampled_from((usual,) * (times - len(others)) + others)


def a_profile(draw: st.DrawFn) -> Profile:
    """Most leaves have minutes, few parents do; caps and lists are rare."""
    shared = draw(among(*MINUTES))
    found = dict.fromkeys(LEAVES[3:], Row(shared))
    found |= {name: Row(draw(among(*MINUTES))) for name in LEAVES[:3]}
    found |= {name: Row(draw(rarely(None, *NUMBERS_OF_MINUTES, times=60))) for name in PARENTS[:3]}
    if caps := draw(rarely(None, *CAPS, times=16)):
        name = draw(among(*LEAVES[:3], *PARENTS[:3]))
        found[name] = Row(found[name].minutes, *caps)
    level = draw(among(1, 1, 1, 0))
    lists = draw(rarely("", "block", "allow", "allow", "both", times=20))
    listed = (draw(among(*LISTED)),) if lists else ()
    blocked = listed if lists in {"block", "both"} else ()
    return Profile(found, level, blocked, listed if lists in {"allow", "both"} else ())


def a_schedule(draw: st.DrawFn, today: date) -> Schedule:
    first, second = draw(among(*DAYS)), draw(among(*DAYS))
    holiday = draw(rarely(None, today, today + timedelta(days=1), times=12))
    return Schedule(
        divisor=draw(among(30, 24)),
        weekdays=tuple(first if day == today.weekday() else second for day in range(7)),
        holiday=draw(among(*DAYS)) if holiday else REST,
        holidays=frozenset({holiday} if holiday else ()),
        bar_high_price=draw(rarely(False, True, times=3)),
        bar_international=draw(rarely(False, True, times=5)),
    )


ALLOWED_TWICE = (Profile({}, 0, allow=("+4477",)), Profile({}, 1, allow=("+447",)))


def a_client(draw: st.DrawFn, zone: str, today: date, reseller: str) -> Client:
    profiles = tuple(a_profile(draw) for _ in range(draw(among(1, 1, 2, 3))))
    profiles += ALLOWED_TWICE if draw(rarely(False, True, times=20)) else ()
    return Client(
        reseller=reseller,
        country=draw(rarely("GB", "ES", "US", "HU", times=6)),
        zone=zone,
        profiles=profiles,
        schedule=a_schedule(draw, today),
        long_call_minutes=draw(among(180, 1, 2, 10)),
        high_price=draw(among(None, Decimal("0.06"), Decimal("0.05"), Decimal("0.2"))),
        rate_table=draw(rarely(None, "special", times=5)),
    )


def rate_tables(draw: st.DrawFn, now: int) -> Mapping[str, tuple[Rate, ...]]:
    prices = among(*PRICES)
    standard = [
        Rate(prefix, draw(prices), draw(prices) if prefix == "+44" else Decimal("0.01"))
        for prefix in ("+44", "+33", "+3")
    ]
    standard += [Rate(prefix, standard[0].price) for prefix in ("+1", "+881", "123")]
    change = draw(rarely("", "mobile", "mobile twice", "ends", "missing", times=10))
    moment = now + draw(among(0, 1, 1500, 60_000)) if change else now
    if change.startswith("mobile"):
        standard.append(Rate("+447", draw(prices), draw(prices)))
        if change.endswith("twice"):
            standard.append(Rate("+447", draw(prices), draw(prices), starts_at=moment))
    elif change == "ends":
        standard[0] = replace(standard[0], ends_at=moment)
    elif change == "missing":
        standard = standard[1:]
    special = (Rate("+44", draw(prices)), Rate("+3", draw(prices)), Rate("+1", Decimal("0.02")))
    return {"standard": tuple(standard), "special": special}


def flawed(world: World, flaw: str) -> World:
    """The world with one thing wrong that refuses calls for itself."""
    resellers, clients, accounts = dict(world.resellers), dict(world.clients), dict(world.accounts)
    word = flaw.rsplit(" ", 1)[-1]
    number = int(word) if word.isdigit() else 0 if word == "none" else None
    if flaw.startswith("reseller"):
        name = "top" if "above" in flaw else "below"
        resellers[name] = replace(resellers[name], capacity=number, suspended=number is None)
    elif flaw.startswith("client"):
        clients["acme"] = replace(clients["acme"], capacity=number, suspended=number is None)
    elif flaw == "prepaid":
        clients["acme"] = replace(clients["acme"], prepaid=True)
    elif flaw:
        accounts["first"] = replace(accounts["first"], capacity=number, active=flaw != "inactive")
    return replace(
        world, resellers=resellers, clients=clients, accounts=accounts, routed=flaw != "no route"
    )


def a_world(draw: st.DrawFn, zone: str, today: date, now: int) -> World:
    found = {"acme": a_client(draw, zone, today, draw(among("below", "top")))}
    if draw(rarely(False, True, times=3)):
        found["beta"] = a_client(draw, "Europe/London", today, "top")
    world = World(
        plans=PLANS,
        lengths=LENGTHS,
        destinations=DESTINATIONS,
        resellers={"top": Reseller(None, "standard"), "below": Reseller("top", "special")},
        clients=found,
        accounts={
            "first": Account("acme", tech_prefix=draw(rarely("", "55", times=9))),
            "second": Account(list(found)[-1], rate_table=draw(rarely(None, "special", times=5))),
        },
        rate_tables=rate_tables(draw, now),
    )
    return flawed(world, draw(rarely("", *FLAWS, times=32)))


# --- What happens --------------------------------------------------------------------------------


def written(plan: NumberPlan, code: str, national: str, form: int) -> str:
    """A number written in one of the ways people of a country write it."""
    at_home = plan.trunk_prefix + national
    abroad = f"{plan.international_prefix}{code}{national}"
    short = at_home if code == plan.calling_code else abroad
    forms = (
        f"+{code}{national}",
        short,
        abroad,
        f"{code}{national}",
        f"tel:+{code}-{national[:3]}.{national[3:]}",
        f" {short[:3]} ({short[3:]}) ;ext=22",
        f"141{short}" if plan.country == "GB" else short,
        f"1470{abroad}" if plan.country == "GB" else abroad,
    )
    return forms[form % len(forms)]


def a_dial(draw: st.DrawFn, world: World) -> Dial:
    index = draw(rarely(0, 1, times=4))
    account = list(world.accounts.values())[index]
    plan = world.plans[world.clients[account.client].country]
    choice = draw(st.integers(0, 40))
    if choice < 38:
        number = NUMBERS[choice % 3 if choice < 18 else choice % len(NUMBERS)]
        dialled = written(plan, *number, draw(st.integers(0, 7)))
    else:
        dialled = draw(among(*ODD_NUMBERS))
    if not dialled.startswith("tel:") and not draw(rarely(False, True, times=12)):
        dialled = account.tech_prefix + dialled
    return Dial(index, dialled, draw(among(1, 1, 1, 2, 3, 10)), draw(among(0, 0, 700, 2000, None)))


def a_change(draw: st.DrawFn, world: World) -> Publish:
    """The same world after an edit: mostly a limit raised or lowered."""
    acme = world.clients["acme"]
    kind = draw(rarely("limit", "suspend", "capacity", "inactive", times=9))
    if kind == "inactive":
        return Publish(flawed(world, "inactive"))
    if kind == "limit":
        name = draw(among(*LEAVES[:3], *PARENTS[:2]))
        row = replace(acme.profiles[0].rows[name], minutes=draw(among(*NUMBERS_OF_MINUTES)))
        first = replace(acme.profiles[0], rows={**acme.profiles[0].rows, name: row})
        acme = replace(acme, profiles=(first, *acme.profiles[1:]))
    elif kind == "suspend":
        acme = replace(acme, suspended=not acme.suspended)
    else:
        acme = replace(acme, capacity=draw(among(None, 0, 2)))
    return Publish(replace(world, clients={**world.clients, "acme": acme}))


WAITS: st.SearchStrategy[Wait] = among(
    *(Wait(ms) for ms in (1000, 1, 500, 999, 1001, 1600, 6000, 29_999, 60_000, 310_000)),
    *(Wait(ms, "cut") for ms in (0, -1, 1, -999, -1000, -1001, 700)),
    *(Wait(ms, "boundary") for ms in (0, -1, 1, -1600, 2100, 999)),
)


def a_step(draw: st.DrawFn, world: World) -> Step:
    kind = draw(st.integers(0, 19))
    if kind < 6:
        return a_dial(draw, world)
    if kind < 13:
        return draw(WAITS)
    if kind < 16:
        late, instead = draw(among(0, 0, 700, 2000)), draw(among(None, None, 1500, 3000))
        return End(draw(st.integers(0, 9)), late, instead)
    if kind == 16:
        return Answer(draw(st.integers(0, 9)), draw(among(0, 700)))
    if kind == 17:
        return Repeat(draw(st.integers(0, 9)))
    return a_change(draw, world)


@st.composite
def scenarios(draw: st.DrawFn) -> Scenario:
    """A world, a moment to begin at, and three to fourteen things that happen then."""
    zone, today = draw(among(*ZONES_AND_DAYS))
    hour = draw(among(12 * 60, 17 * 60 + 30, 0, 24 * 60, 60, 8 * 60 + 30, 120, 180))
    offset = draw(among(-2500, 0, -1, -30_000, 10_000, -1600))
    starts_at = day_start(zone, today) + hour * MINUTE + offset
    first = world = a_world(draw, zone, today, starts_at)
    steps: list[Step] = [a_dial(draw, world)]
    for _ in range(draw(st.integers(2, 13))):
        steps.append(a_step(draw, world))
        if isinstance(steps[-1], Publish):
            world = steps[-1].world
    return Scenario(first, starts_at, tuple(steps), draw(st.booleans()))
