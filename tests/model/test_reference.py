"""The reference model against examples worked by hand from the specification."""

from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from itertools import count
from zoneinfo import ZoneInfo

import pytest

from tests.model.reference import Model
from tests.model.rules import (
    MINUTE,
    SECOND,
    canonical,
    daily_seconds,
    day_of,
    day_start,
    off_hours_seconds,
    periods,
)
from tests.model.world import (
    OFFICE,
    REST,
    UNLIMITED,
    Account,
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

GB = NumberPlan("GB", "44", "00", "0", {"123": "UK/Short codes"}, frozenset({"999"}))
ES = NumberPlan("ES", "34", "00", "", {}, frozenset({"061"}))
LENGTHS = {
    "44": frozenset({9, 10}),
    "34": frozenset({9}),
    "33": frozenset({9}),
    "7": frozenset({9}),
    "999": frozenset({8}),
}

DESTINATIONS = (
    Destination("UK", "GB"),
    Destination("UK/Mobile", "GB", ("+447",)),
    Destination("UK/Geographic", "GB", ("+441", "+442")),
    Destination("UK/Premium", "GB", ("+449",)),
    Destination("UK/Short codes", "GB"),
    Destination("International", None),
    Destination("International/Europe", None),
    Destination("International/Europe/France", "FR", ("+33",)),
    Destination("International/Europe/Jersey", "JE", ("+441534", "+447797")),
)
RATES = (
    Rate("+44", Decimal("0.02")),
    Rate("+33", Decimal("0.05"), Decimal("0.10")),
    Rate("123", Decimal("0.10")),
)
MOBILE, FRANCE = "UK/Mobile", "International/Europe/France"


def instant(*parts: int, zone: str = "Europe/London", fold: int = 0) -> int:
    year, month, day, hour, minute = (*parts, 0, 0)[:5]
    wall = datetime(year, month, day, hour, minute, fold=fold, tzinfo=ZoneInfo(zone))
    return int(wall.timestamp()) * SECOND


NOON = instant(2026, 6, 12, 12)
EVENING = instant(2026, 6, 12, 20)


def number_of_minutes(**rows: str | Decimal) -> dict[str, Row]:
    names = {"mobile": MOBILE, "france": FRANCE, "international": "International", "uk": "UK"}
    names |= {"geographic": "UK/Geographic", "short": "UK/Short codes"}
    return {names[key]: Row(minutes=Decimal(value)) for key, value in rows.items()}


def a_client(profile: Profile, **fields: object) -> Client:
    base = Client(reseller="top", country="GB", zone="Europe/London", profiles=(profile,))
    return replace(base, **fields)  # type: ignore[arg-type]


def a_world(client: Client, account: Account | None = None) -> World:
    return World(
        plans={"GB": GB, "ES": ES},
        lengths=LENGTHS,
        destinations=DESTINATIONS,
        resellers={"top": Reseller(default_table="standard")},
        clients={"acme": client},
        accounts={"trunk": account or Account("acme")},
        rate_tables={"standard": RATES},
    )


def a_model(profile: Profile | None = None, **fields: object) -> Model:
    profile = profile or Profile(number_of_minutes(mobile="1000", geographic="3000"))
    return Model(a_world(a_client(profile, **fields)))


fresh = count()


def dial(model: Model, at: int, dialled: str = "07700900123") -> int | None:
    return model.authorize(at, f"request-{next(fresh)}", "trunk", dialled).code


def talk(model: Model, at: int, dialled: str = "07700900123") -> str:
    name = f"request-{next(fresh)}"
    call = model.authorize(at, name, "trunk", dialled).call
    assert call is not None
    model.answer(at, call)
    return call


def used(model: Model, at: int, name: str = MOBILE, *, off_hours: bool = False) -> int:
    today = day_of("Europe/London", at)
    return model.counters(at, "acme").get((name, today, off_hours), 0)


@pytest.mark.parametrize(
    ("monthly", "divisor", "percent", "seconds", "shown"),
    [
        ("1000", 30, 100, 2000, "33.33"),
        ("1000", 24, 100, 2500, "41.67"),
        ("1000", 30, 50, 1000, "16.67"),
        ("10", 30, 100, 20, "0.33"),
        ("0.01", 30, 100, 0, "0.00"),
        ("1000", 24, 33, 825, "13.75"),
    ],
)
def test_a_day_has_its_share_of_the_month_in_whole_seconds(
    monthly: str, divisor: int, percent: int, seconds: int, shown: str
) -> None:
    assert off_hours_seconds(Decimal(monthly), divisor, percent) == seconds
    assert f"{seconds / 60:.2f}" == shown
    if percent == 100:
        assert daily_seconds(Decimal(monthly), divisor) == seconds


def test_one_call_may_talk_for_what_is_left_of_the_day() -> None:
    model = a_model()
    assert model.authorize(NOON, "a", "trunk", "07700900123").max_seconds == 2000
    half = a_model(schedule=Schedule(weekdays=(replace(OFFICE, percent=50),) * 7))
    assert half.authorize(EVENING, "a", "trunk", "07700900123").max_seconds == 1000


def test_ten_calls_with_sixty_seconds_left_end_after_six_seconds_each() -> None:
    model = a_model(Profile(number_of_minutes(mobile="30", geographic="30")))
    calls = {talk(model, NOON) for _ in range(10)}
    other = talk(model, NOON, "02079460000")
    assert model.cut(NOON + 5_999) == {}
    assert model.cut(NOON + 6_000) == {call: {101} for call in calls}
    assert other not in model.cut(NOON + 6_000)
    assert dial(model, NOON + 5_900) is None, "one second is left"
    assert dial(model, NOON + 5_901) == 101


def test_under_one_second_left_is_spent() -> None:
    model = a_model(Profile(number_of_minutes(mobile="1")))
    talk(model, NOON)
    at = NOON + 1_000
    assert model.authorize(at, "exactly one second", "trunk", "07700900123").max_seconds == 1
    assert dial(model, at + 1) == 101


def test_a_limit_raised_or_lowered_holds_at_once_for_the_calls_in_progress() -> None:
    model = a_model(Profile(number_of_minutes(mobile="30")))
    call = talk(model, NOON)
    at = NOON + 60_000
    assert model.cut(at) == {call: {101}}
    model.publish(a_world(a_client(Profile(number_of_minutes(mobile="60")))))
    assert model.cut(at) == {}
    model.publish(a_world(a_client(Profile(number_of_minutes(mobile="10")))))
    assert model.cut(at) == {call: {101}}


def test_a_call_is_topped_up_to_its_whole_second_when_it_ends() -> None:
    model = a_model()
    call = talk(model, NOON)
    assert used(model, NOON + 1_001) == 1_001
    model.end(NOON + 1_001, call)
    assert used(model, NOON + 1_001) == 2_000


def test_across_midnight_the_earlier_part_is_floored_and_the_last_takes_the_rest() -> None:
    model = a_model()
    midnight = instant(2026, 6, 13)
    call = talk(model, midnight - 1_600)
    model.end(midnight + 2_100, call)
    assert used(model, midnight - 1) == 1_000
    assert used(model, midnight) == 3_000


def test_across_closing_time_the_parts_add_up_to_the_day() -> None:
    model = a_model()
    closing = instant(2026, 6, 12, 17, 30)
    call = talk(model, closing - 1_600)
    model.end(closing + 2_100, call)
    assert used(model, closing) == 4_000
    assert used(model, closing, off_hours=True) == 3_000


def test_a_call_into_off_hours_is_cut_when_their_share_is_spent() -> None:
    schedule = Schedule(weekdays=(replace(OFFICE, percent=10),) * 7)
    model = a_model(schedule=schedule)
    closing = instant(2026, 6, 12, 17, 30)
    call = talk(model, closing - 300_000)
    assert model.cut(closing + 199_999) == {}
    assert model.cut(closing + 200_000) == {call: {101}}


def test_a_parent_is_shared_by_all_below_it_besides_their_own() -> None:
    rows = number_of_minutes(international="10", france="5")
    rows |= {"International/Europe/Jersey": Row(minutes=UNLIMITED)}
    model = a_model(Profile(rows))
    assert model.authorize(NOON, "own", "trunk", "0033612345678").max_seconds == 10
    call = talk(model, NOON, "01534123456")
    model.end(NOON + 15_000, call)
    shared = model.authorize(NOON + 15_000, "shared", "trunk", "0033612345678")
    assert shared.max_seconds == 5
    assert used(model, NOON + 15_000, "International") == 15_000


def test_only_the_leafs_own_value_permits() -> None:
    model = a_model(Profile(number_of_minutes(uk="1000")))
    assert dial(model, NOON) == 107
    assert dial(a_model(Profile(number_of_minutes(mobile="0"))), NOON) == 107
    assert dial(a_model(Profile(number_of_minutes(uk="0", mobile="100"))), NOON) == 107


def test_the_strictest_of_several_profiles_wins_and_blank_is_no_opinion() -> None:
    generous = Profile({MOBILE: Row(UNLIMITED, max_price=Decimal("0.03"))})
    strict = Profile({MOBILE: Row(Decimal(30))})
    model = a_model(profiles=(generous, strict, Profile({})))
    assert model.authorize(NOON, "a", "trunk", "07700900123").max_seconds == 60
    capped = Profile({"UK": Row(max_price=Decimal("0.02"))})
    assert dial(a_model(profiles=(generous, strict, capped)), NOON) == 102


def test_a_rows_own_cap_replaces_the_one_above_it_within_a_profile() -> None:
    rows = {
        "UK": Row(max_price=Decimal("0.01")),
        MOBILE: Row(UNLIMITED, max_price=Decimal("0.03")),
    }
    assert dial(a_model(Profile(rows)), NOON) is None


@pytest.mark.parametrize(
    ("row", "code"),
    [
        (Row(UNLIMITED, max_price=Decimal("0.05")), 102),
        (Row(UNLIMITED, max_price=Decimal("0.050001")), None),
        (Row(UNLIMITED, max_setup=Decimal("0.1")), 103),
        (Row(UNLIMITED, max_setup=Decimal("0.100001")), None),
    ],
)
def test_a_price_equal_to_its_cap_is_barred(row: Row, code: int | None) -> None:
    assert dial(a_model(Profile({FRANCE: row})), NOON, "+33612345678") == code


def test_a_high_price_is_more_than_the_clients_value_and_barred_off_hours_only() -> None:
    schedule, profile = Schedule(bar_high_price=True), Profile({FRANCE: Row(UNLIMITED)})
    at_value = a_model(profile, schedule=schedule, high_price=Decimal("0.15"))
    assert dial(at_value, EVENING, "+33612345678") is None
    below = a_model(profile, schedule=schedule, high_price=Decimal("0.149999"))
    assert dial(below, EVENING, "+33612345678") == 104
    assert dial(below, NOON, "+33612345678") is None
    assert dial(a_model(profile, schedule=schedule), EVENING, "+33612345678") is None


def test_jersey_is_international_to_the_uk_off_hours() -> None:
    profile = Profile({"International/Europe/Jersey": Row(UNLIMITED), MOBILE: Row(UNLIMITED)})
    model = a_model(profile, schedule=Schedule(bar_international=True))
    assert dial(model, EVENING, "01534123456") == 105
    assert dial(model, NOON, "01534123456") is None
    assert dial(model, EVENING) is None


def test_a_period_at_nought_percent_refuses_and_a_bank_holiday_is_a_day_of_its_own() -> None:
    closed = Schedule(holiday=Day((), 0), holidays=frozenset({date(2026, 6, 12)}))
    assert dial(a_model(schedule=closed), NOON) == 106
    assert dial(a_model(schedule=closed), NOON + 24 * 60 * MINUTE) is None


def test_blocked_beats_allowed_and_allowed_skips_what_its_own_level_set() -> None:
    prefix = ("+447",)
    assert dial(a_model(Profile({}, allow=prefix)), NOON) is None
    assert dial(a_model(Profile({}, allow=prefix, block=prefix)), NOON) == 401
    capped = Profile({MOBILE: Row(Decimal(0), max_price=Decimal(0))}, level=0)
    assert dial(a_model(profiles=(Profile({}, allow=prefix), capped)), NOON) == 107
    capped = Profile({MOBILE: Row(Decimal(30))}, level=0)
    allowed = a_model(profiles=(Profile({MOBILE: Row(Decimal(3))}, allow=prefix), capped))
    assert allowed.authorize(NOON, "a", "trunk", "07700900123").max_seconds == 60


def test_a_call_is_cut_at_the_long_call_duration() -> None:
    model = a_model(long_call_minutes=2)
    call = talk(model, NOON)
    assert model.cut(NOON + 119_999) == {}
    assert model.cut(NOON + 120_000) == {call: {111}}


def test_a_slot_is_held_from_authorisation_to_end() -> None:
    model = a_model(capacity=1)
    first = model.authorize(NOON, "a", "trunk", "07700900123")
    assert model.authorize(NOON, "b", "trunk", "07700900123").code == 108
    assert first.call is not None
    model.end(NOON + 1, first.call)
    assert model.authorize(NOON + 2, "c", "trunk", "07700900123").code is None


def test_a_suspended_client_is_refused_and_its_calls_are_cut_but_emergency_passes() -> None:
    model = a_model()
    call = talk(model, NOON)
    world = model.world
    model.publish(replace(world, clients={"acme": replace(world.clients["acme"], suspended=True)}))
    assert dial(model, NOON) == 309
    assert model.cut(NOON) == {call: {309}}
    assert dial(model, NOON, "999") is None
    assert dial(model, NOON, "9990") == 201, "an emergency number is no prefix"


def test_the_first_refusal_in_the_order_wins() -> None:
    model = a_model(prepaid=True, capacity=0)
    assert dial(model, NOON) == 110
    assert dial(model, NOON, "+33612345678") == 107
    assert dial(model, NOON, "+99912345678") == 202
    assert dial(model, NOON, "07700x") == 201
    model.publish(replace(model.world, rate_tables={}))
    assert dial(model, NOON) == 203


@pytest.mark.parametrize(
    "dialled",
    [
        "07700900123",
        "+447700900123",
        "00447700900123",
        "447700900123",
        "tel:+44-7700-900.123",
        "(07700) 900 123;ext=5",
        "14107700900123",
        "147000447700900123",
    ],
)
def test_a_number_is_the_same_however_it_is_written(dialled: str) -> None:
    verdict = a_model().authorize(NOON, "a", "trunk", dialled)
    assert (verdict.number, verdict.destination) == ("+447700900123", MOBILE)


def test_short_codes_are_whole_numbers_and_have_a_destination_of_their_own() -> None:
    model = a_model(Profile(number_of_minutes(short="60")))
    assert model.authorize(NOON, "a", "trunk", "123").destination == "UK/Short codes"
    assert dial(model, NOON, "1234") == 201


def test_bare_digits_are_national_first_only_where_there_is_no_trunk_prefix() -> None:
    assert canonical("612345678", ES, LENGTHS) == "+34612345678"
    assert canonical("33612345678", ES, LENGTHS) == "+33612345678"
    assert canonical("7700900123", GB, LENGTHS) == "+7700900123"
    assert canonical("0" * 20, ES, LENGTHS) is None


def test_a_tech_prefix_is_asked_for_and_taken_away() -> None:
    client = a_client(Profile(number_of_minutes(mobile="1000")))
    model = Model(a_world(client, Account("acme", tech_prefix="55#")))
    assert dial(model, NOON) == 310
    assert dial(model, NOON, "55#07700900123") is None


def test_a_call_from_elsewhere_is_refused_before_anything_is_said_of_the_number() -> None:
    account = Account("acme", addresses=("198.51.100.0/24", "2001:db8::/32"), callers=("+441",))
    model = Model(a_world(a_client(Profile({})), account))
    assert dial(model, NOON, "bad") == 307
    inside = model.authorize(NOON, "a", "trunk", "bad", "+441", "198.51.100.7")
    assert inside.code == 201
    assert model.authorize(NOON, "b", "trunk", "bad", "+442", "2001:db8::1").code == 311
    assert model.authorize(NOON, "c", "nobody", "bad").code == 305


def test_a_request_repeated_within_five_minutes_gets_the_same_reservation() -> None:
    model = a_model(capacity=1)
    first = model.authorize(NOON, "a", "trunk", "07700900123")
    assert model.authorize(NOON + 299_999, "a", "trunk", "07700900123") == first
    assert model.authorize(NOON + 299_999, "b", "trunk", "07700900123").code == 108


def test_events_twice_late_or_out_of_order_come_to_the_same() -> None:
    totals = set()
    for order in ("answer end", "end answer", "answer answer end end", "end", "end end answer"):
        model = a_model()
        call = model.authorize(NOON, "a", "trunk", "07700900123").call
        assert call is not None
        for event in order.split():
            if event == "answer":
                model.answer(NOON + 2_000, call)
            else:
                model.end(NOON + 9_500, call, talk_ms=7_500)
        totals.add(used(model, NOON + 10_000))
    assert totals == {8_000}


def test_an_end_without_an_answer_is_no_talk() -> None:
    model = a_model()
    call = model.authorize(NOON, "a", "trunk", "07700900123").call
    assert call is not None
    model.end(NOON + 30_000, call)
    assert used(model, NOON + 30_000) == 0


def test_a_reset_clears_one_destination_and_nothing_above_it() -> None:
    model = a_model(Profile(number_of_minutes(mobile="30", uk="60")))
    call = talk(model, NOON)
    model.reset(NOON + 60_000, "acme", MOBILE)
    assert used(model, NOON + 61_000) == 1_000
    assert used(model, NOON + 61_000, "UK") == 61_000
    assert model.cut(NOON + 61_000) == {}
    assert model.cut(NOON + 120_000) == {call: {101}}


@pytest.mark.parametrize(
    ("zone", "day", "starts", "hours"),
    [
        ("Europe/London", (2026, 3, 29), (2026, 3, 29), 23),
        ("Europe/London", (2026, 10, 25), (2026, 10, 25), 25),
        ("America/Sao_Paulo", (2018, 11, 4), (2018, 11, 4, 1), 23),
        ("Africa/Cairo", (2026, 4, 24), (2026, 4, 24, 1), 23),
        ("Pacific/Apia", (2011, 12, 30), (2011, 12, 31), 0),
        ("Asia/Kathmandu", (2026, 6, 12), (2026, 6, 12), 24),
    ],
)
def test_a_day_runs_from_its_first_instant_to_the_next_days(
    zone: str, day: tuple[int, int, int], starts: tuple[int, ...], hours: int
) -> None:
    begins, following = date(*day), date(day[0], day[1], day[2] + 1)
    assert day_start(zone, begins) == instant(*starts, zone=zone)
    assert day_start(zone, following) - day_start(zone, begins) == hours * 60 * MINUTE


def test_working_time_is_read_off_the_wall_clock_on_a_day_of_23_hours() -> None:
    schedule = Schedule(weekdays=(Day(((60, 180), (1380, 1440))),) * 7)
    client = a_client(Profile({}), schedule=schedule)
    found = periods(client, date(2026, 3, 29))
    worked = [(p.ends_at - p.starts_at) // MINUTE for p in found if not p.off_hours]
    assert worked == [60, 60], "02:00 to 03:00 is all there is of 01:00 to 03:00"
    assert periods(
        a_client(Profile({}), schedule=Schedule(weekdays=(REST,) * 7)), date(2026, 3, 29)
    )
