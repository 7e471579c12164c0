"""Small but nasty worlds, and what happens in them, for Hypothesis.

Limits are of a few seconds, prices equal their caps, clocks stand just before midnights, closing
times and changes of summer time, and several calls run at once. A `Scenario` is played by
`tests.model.play`, which turns relative steps ("to just before the next cut") into instants.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Protocol, TypeVar

from hypothesis import strategies as st

from tests.model.rules import MINUTE, day_start, periods
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
PRICES = tuple(Decimal(text) for text in ("0.05", "0.05", "0.01", "0", "0.050001", "0.2"))
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
    """The answer of a call, told `late` ms after it happened; it may have been told before.

    `call` below 10 is one of those that have not ended, where there are any; else one of all.
    """

    call: int
    late: int = 0


@dataclass(frozen=True, repr=False)
class End(Brief):
    """The end of a call, told `late` ms after it happened; `call` as for an answer. With
    `instead_of_answer` it carries that talk time, for a call whose answer is not known."""

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


class Draw(Protocol):
    """Chooses one of the values; the first is the plainest."""

    def __call__(self, values: Sequence[T]) -> T: ...


def rarely(usual: T, *others: T, times: int) -> Sequence[T]:
    """The usual value, and each other one as often as 1 in `times`."""
    return (usual,) * (times - len(others)) + others


def a_profile(draw: Draw) -> Profile:
    """Most leaves have minutes, few parents do; caps and lists are rare."""
    shared = draw(MINUTES)
    found = dict.fromkeys(LEAVES[3:], Row(shared))
    found |= {name: Row(draw(MINUTES)) for name in LEAVES[:3]}
    found |= {name: Row(draw(rarely(None, *NUMBERS_OF_MINUTES, times=60))) for name in PARENTS[:3]}
    if caps := draw(rarely(None, *CAPS, times=24)):
        name = draw((*LEAVES[:3], *PARENTS[:3]))
        found[name] = Row(found[name].minutes, *caps)
    level = draw((1, 1, 1, 0))
    lists = draw(rarely("", "block", "allow", "allow", "both", times=20))
    listed = (draw(LISTED),) if lists else ()
    blocked = listed if lists in {"block", "both"} else ()
    return Profile(found, level, blocked, listed if lists in {"allow", "both"} else ())


def a_schedule(draw: Draw, today: date) -> Schedule:
    first, second = draw(DAYS), draw(DAYS)
    holiday = draw(rarely(None, today, today + timedelta(days=1), times=12))
    return Schedule(
        divisor=draw((30, 24)),
        weekdays=tuple(first if day == today.weekday() else second for day in range(7)),
        holiday=draw(DAYS) if holiday else REST,
        holidays=frozenset({holiday} if holiday else ()),
        bar_high_price=draw((False, True)),
        bar_international=draw(rarely(False, True, times=7)),
    )


EMPTY = dict.fromkeys((*LEAVES, *PARENTS[:3]), Row())
ALLOWED_TWICE = (Profile({}, 0, allow=("+4477",)), Profile({}, 1, allow=("+447",)))


def a_client(draw: Draw, zone: str, today: date, reseller: str) -> Client:
    profiles = tuple(a_profile(draw) for _ in range(draw((1, 1, 2, 3))))
    profiles += ALLOWED_TWICE if draw(rarely(False, True, times=12)) else ()
    return Client(
        reseller=reseller,
        country=draw(rarely("GB", "ES", "US", "HU", times=6)),
        zone=zone,
        profiles=profiles,
        schedule=a_schedule(draw, today),
        long_call_minutes=draw((180, 1, 2, 10)),
        high_price=draw(rarely(Decimal("0.06"), None, Decimal("0.05"), Decimal("0.2"), times=5)),
        rate_table=draw(rarely(None, "special", times=5)),
    )


def rate_tables(draw: Draw, now: int) -> Mapping[str, tuple[Rate, ...]]:
    standard = [
        Rate(prefix, draw(PRICES), draw(PRICES) if prefix == "+44" else Decimal("0.01"))
        for prefix in ("+44", "+33", "+3")
    ]
    standard += [Rate(prefix, standard[0].price) for prefix in ("+1", "+881", "123")]
    special = [Rate("+44", draw(PRICES)), Rate("+3", draw(PRICES)), Rate("+1", Decimal("0.02"))]
    change = draw(rarely("", "mobile", "mobile twice", "ends", "missing", times=10))
    moment = now + draw((0, 0, 1, 1500, 60_000)) if change else now
    if change.startswith("mobile"):
        standard.append(Rate("+447", draw(PRICES), draw(PRICES)))
        if change.endswith("twice"):
            standard.append(Rate("+447", draw(PRICES), draw(PRICES), starts_at=moment))
    elif change == "ends":
        standard[0] = replace(standard[0], ends_at=moment)
        special[0] = replace(special[0], ends_at=moment)
    elif change == "missing":
        standard = standard[1:]
    return {"standard": tuple(standard), "special": tuple(special)}


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


def a_world(draw: Draw) -> tuple[World, int]:
    """A world, and a moment in it worth beginning at."""
    zone, today = draw(ZONES_AND_DAYS)
    found = {"acme": a_client(draw, zone, today, draw(("below", "top")))}
    if draw(rarely(False, True, times=3)):
        found["beta"] = a_client(draw, "Europe/London", today, "top")
    now = a_beginning(draw, found["acme"], today)
    world = World(
        plans=PLANS,
        lengths=LENGTHS,
        destinations=DESTINATIONS,
        resellers={"top": Reseller(None, "standard"), "below": Reseller("top", "special")},
        clients=found,
        accounts={
            "first": Account("acme", tech_prefix=draw(rarely("", "55", times=5))),
            "second": Account(list(found)[-1], rate_table=draw(rarely(None, "special", times=3))),
        },
        rate_tables=rate_tables(draw, now),
    )
    return flawed(world, draw(rarely("", *FLAWS, times=36))), now


def a_beginning(draw: Draw, client: Client, today: date) -> int:
    """Mostly just before the client's day or working time changes."""
    changes = [period.starts_at for period in periods(client, today)]
    changes += [day_start(client.zone, today + timedelta(days=1)), changes[0] + 120 * MINUTE]
    offset = draw((-2500, 0, -1, -30_000, -1600, -6000, 10_000))
    return changes[draw(range(60)) % len(changes)] + offset


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


def a_dial(draw: Draw, world: World, before: Dial | None) -> Dial:
    """A number anybody may call, one of the caller's country, an odd one, or the last again."""
    times, answered_after = draw((1, 1, 1, 2, 3, 10)), draw((0, 0, 700, 2000, None))
    if before and draw((False, True)):
        return replace(before, times=times, answered_after=answered_after)
    index = draw(rarely(0, 1, times=4))
    account = list(world.accounts.values())[index]
    plan = world.plans[world.clients[account.client].country]
    at_home = [number for number in NUMBERS if number[0] == plan.calling_code]
    choice = draw(range(41))
    if choice < 38:
        numbers = NUMBERS[:3] if choice < 16 else at_home if choice < 24 else NUMBERS
        dialled = written(plan, *numbers[choice % len(numbers)], draw(range(8)))
    else:
        dialled = draw(ODD_NUMBERS)
    if not dialled.startswith("tel:") and not draw(rarely(False, True, times=12)):
        dialled = account.tech_prefix + dialled
    return Dial(index, dialled, times, answered_after)


def a_change(draw: Draw, world: World) -> Publish:
    """The same world after an edit: mostly a limit raised, lowered or taken away."""
    acme = world.clients["acme"]
    kind = draw(rarely("limit", "empty", "suspend", "capacity", "inactive", times=9))
    if kind == "inactive":
        return Publish(flawed(world, "inactive"))
    if kind == "limit":
        name = draw(("UK/Mobile", f"{EUROPE}/France", *PARENTS[:2]))
        limit = draw((*NUMBERS_OF_MINUTES, None, UNLIMITED))
        row = replace(acme.profiles[0].rows[name], minutes=limit)
        first = replace(acme.profiles[0], rows={**acme.profiles[0].rows, name: row})
        acme = replace(acme, profiles=(first, *acme.profiles[1:]))
    elif kind == "empty":
        acme = replace(acme, profiles=(replace(acme.profiles[0], rows=EMPTY), *acme.profiles[1:]))
    elif kind == "suspend":
        acme = replace(acme, suspended=not acme.suspended)
    else:
        acme = replace(acme, capacity=draw((None, 0, 2)))
    return Publish(replace(world, clients={**world.clients, "acme": acme}))


WAITS = (
    *(Wait(ms) for ms in (1000, 1, 999, 1600, 6000, 29_999, 60_000, 310_000)),
    *(Wait(ms, "cut") for ms in (0, -1, 1, -999, -1000, -1001, 700)),
    *(Wait(ms, "boundary") for ms in (0, -1, 1, -1600, 2100, 999)),
)


def a_step(draw: Draw, world: World, before: Dial) -> Step:
    kind = draw(range(22))
    if kind < 6:
        return a_dial(draw, world, before)
    if kind < 13:
        return draw(WAITS)
    if kind < 16:
        late, instead = draw((0, 700, 3000, 30_000)), draw((None, 1500, 3000))
        return End(draw(range(15)), late, instead)
    if kind == 16:
        return Answer(draw(range(15)), draw((0, 700)))
    if kind == 17:
        return Repeat(draw(range(10)))
    return a_change(draw, world)


def scenario_of(choices: bytes) -> Scenario:
    """The scenario that a row of bytes chooses: a world, a moment, three to sixteen steps."""
    rest = iter(choices)

    def draw(values: Sequence[T]) -> T:
        return values[next(rest, 0) % len(values)]

    world, starts_at = a_world(draw)
    first = world
    last = a_dial(draw, world, None)
    steps: list[Step] = [last]
    for _ in range(draw(range(2, 16))):
        step = a_step(draw, world, last)
        steps.append(step)
        if isinstance(step, Publish):
            world = step.world
        elif isinstance(step, Dial):
            last = step
    return Scenario(first, starts_at, tuple(steps), draw((False, True)))


CHOICES = 250
"""More than a scenario needs."""


def scenarios() -> st.SearchStrategy[Scenario]:
    """Scenarios of which no two resemble each other.

    Hypothesis follows each row of values it makes up with five that repeat parts of it, which
    seldom meet anything new here: so a scenario is one value to it.
    """
    return st.binary(min_size=CHOICES, max_size=CHOICES).map(scenario_of)
