"""The call-control decision as the specification words it, slow and with nothing clever.

There are no running counters: each question about usage is answered by cutting every call known
so far into its parts by local day and working time, and adding those up. So an event may come
late, twice or out of order without any code for it. Written from the specification alone, to be
held against the function in the store.
"""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from ipaddress import ip_address, ip_network

from tests.model.rules import (
    MINUTE,
    SECOND,
    Counter,
    Period,
    canonical,
    daily_seconds,
    day_of,
    day_rules,
    day_start,
    is_emergency,
    minutes,
    off_hours_seconds,
    path,
    periods,
    price_cap,
    without_caller_id_code,
    written_plainly,
)
from tests.model.world import NumberPlan, Profile, Rate, World

REPEAT_WINDOW = 5 * MINUTE

SIP_STATUS = {
    **dict.fromkeys((101, 102, 103, 104, 105, 106, 107, 109, 110), 403),
    108: 480,
    201: 484,
    **dict.fromkeys((202, 203, 313), 404),
    **dict.fromkeys((305, 306, 307, 308, 309, 310, 311, 401), 403),
}


@dataclass(frozen=True)
class Verdict:
    """The answer to `authorize`. `code` None: allowed; `max_seconds` None: no end is set."""

    code: int | None = None
    max_seconds: int | None = None
    destination: str | None = None
    number: str | None = None
    emergency: bool = False
    call: str | None = None

    @property
    def sip_status(self) -> int:
        return 200 if self.code is None else SIP_STATUS[self.code]


@dataclass
class Call:
    account: str
    client: str
    number: str
    destination: str | None
    authorized_at: int
    answered_at: int | None = None
    ended_at: int | None = None
    suspended: bool = False


class Model:
    """The whole of call control for one world, which may be replaced while calls run."""

    def __init__(self, world: World) -> None:
        self.calls: dict[str, Call] = {}
        self._answers: dict[str, tuple[int, Verdict]] = {}
        self._resets: dict[tuple[str, Counter], int] = {}
        self.world = world

    def publish(self, world: World) -> None:
        """From now on another world holds, for new calls and for those in progress.

        A suspension cuts the calls there are, even if it is lifted at once.
        """
        self.world = world
        for call in self.calls.values():
            call.suspended = call.suspended or self._suspended(call.client)

    # Events

    def authorize(
        self,
        at: int,
        request_id: str,
        account: str,
        dialled: str,
        caller: str = "",
        source: str = "192.0.2.1",
    ) -> Verdict:
        """Decide a call and, where it passes, reserve it."""
        if request_id in self._answers:
            answered, verdict = self._answers[request_id]
            if at - answered <= REPEAT_WINDOW:
                return verdict
        verdict = self.decide(at, account, dialled, caller, source)
        if verdict.code is None:
            assert verdict.number is not None
            name = f"call-{len(self.calls) + 1}"
            client = self.world.accounts[account].client
            self.calls[name] = Call(account, client, verdict.number, verdict.destination, at)
            verdict = replace(verdict, call=name)
        self._answers[request_id] = (at, verdict)
        return verdict

    def answer(self, at: int, call: str) -> None:
        """The call was answered at `at`, which may be told twice, or after its end."""
        if self.calls[call].answered_at is None:
            self.calls[call].answered_at = at

    def end(self, at: int, call: str, talk_ms: int | None = None) -> None:
        """The call ended at `at`; its talk time stands in for an answer that never came."""
        known = self.calls[call]
        if known.ended_at is None:
            known.ended_at = at
            if talk_ms is not None and known.answered_at is None:
                known.answered_at = at - talk_ms

    def reset(self, at: int, client: str, destination: str) -> None:
        """Start the day's usage of one destination again, and of nothing above it."""
        used = self._usage(at, client)
        today = day_of(self.world.clients[client].zone, at)
        for off_hours in (False, True):
            counter = (destination, today, off_hours)
            self._resets[client, counter] = used.get(counter, 0)

    def cut(self, at: int, long_call_grace: int = 0) -> dict[str, set[int]]:
        """The calls that must be hung up now, each with every reason there is.

        A long call may be left to the switch's own timer for `long_call_grace` ms.
        """
        found: dict[str, set[int]] = {}
        for name, call in self.calls.items():
            if call.ended_at is not None or call.destination is None:
                continue
            reasons = {309} if call.suspended else set()
            if call.answered_at is not None:
                client = self.world.clients[call.client]
                longest = client.long_call_minutes * MINUTE + long_call_grace
                profiles = self._profiles_that_count(call.client, call.number)
                left = self._left(at, call.client, call.destination, profiles)
                reasons |= {111} if at - call.answered_at >= longest else set()
                reasons |= {101} if any(milliseconds <= 0 for milliseconds in left) else set()
                permitted = self._permitted(call.client, call.number, call.destination)
                reasons |= set() if permitted else {107}
            if reasons:
                found[name] = reasons
        return found

    # Usage

    def counters(self, at: int, client: str) -> dict[Counter, int]:
        """Milliseconds used by every destination touched, calls in progress included."""
        used = self._usage(at, client)
        return {
            counter: value - self._resets.get((client, counter), 0)
            for counter, value in used.items()
        }

    def _usage(self, at: int, client: str) -> dict[Counter, int]:
        used: dict[Counter, int] = {}
        for call in self.calls.values():
            if call.client != client or call.destination is None:
                continue
            for period, length in self._parts(call, at):
                for name in path(call.destination):
                    for off_hours in {False, period.off_hours}:
                        counter = (name, period.day, off_hours)
                        used[counter] = used.get(counter, 0) + length
        return used

    def _parts(self, call: Call, at: int) -> list[tuple[Period, int]]:
        """The call's talk time by period in milliseconds.

        At each crossing the earlier part is floored to whole seconds; the last takes the rest,
        and is topped up to the whole second of the call when it ends.
        """
        starts, ends = call.answered_at, at if call.ended_at is None else call.ended_at
        if starts is None or starts > ends or starts == call.ended_at:
            return []
        zone, ended = self.world.clients[call.client].zone, call.ended_at is not None
        periods, day = [], day_of(zone, starts)
        while day_start(zone, day) <= ends:
            for period in self.periods_of(call.client, day):
                entered = period.starts_at < ends or (period.starts_at == ends and not ended)
                if entered and starts < period.ends_at:
                    periods.append(period)
            day += timedelta(days=1)
        earlier = [
            (period, (period.ends_at - max(starts, period.starts_at)) // SECOND * SECOND)
            for period in periods[:-1]
        ]
        whole = -(-(ends - starts) // SECOND) * SECOND if ended else ends - starts
        return [*earlier, (periods[-1], whole - sum(length for _, length in earlier))]

    def periods_of(self, client: str, day: date) -> tuple[Period, ...]:
        """A client's local day cut wherever its working time begins or ends."""
        return periods(self.world.clients[client], day)

    def off_hours(self, at: int, client: str) -> bool:
        """Whether an instant is outside the client's working time."""
        today = self.periods_of(client, day_of(self.world.clients[client].zone, at))
        return any(p.off_hours for p in today if p.starts_at <= at < p.ends_at)

    def _left(self, at: int, client: str, leaf: str, profiles: list[Profile]) -> list[int]:
        """What is left, in milliseconds, of each allowance a call to `leaf` draws on now."""
        rules = self.world.clients[client]
        divisor, today = rules.schedule.divisor, day_of(rules.zone, at)
        used = self.counters(at, client)
        left: list[int] = []
        for name in path(leaf):
            monthly = minutes(profiles, name)
            if monthly is None or monthly.is_infinite():
                continue
            limit = daily_seconds(monthly, divisor) * SECOND
            left.append(limit - used.get((name, today, False), 0))
            if self.off_hours(at, client):
                percent = day_rules(rules, today).percent
                limit = off_hours_seconds(monthly, divisor, percent) * SECOND
                left.append(limit - used.get((name, today, True), 0))
        return left

    # The decision

    def _chain(self, client: str) -> list[str]:
        chain, reseller = [], self.world.clients[client].reseller
        while reseller:
            chain.append(reseller)
            reseller = self.world.resellers[reseller].parent or ""
        return chain

    def _suspended(self, client: str) -> bool:
        above = (self.world.resellers[name].suspended for name in self._chain(client))
        return self.world.clients[client].suspended or any(above)

    def _destination(self, number: str, plan: NumberPlan) -> str | None:
        if number in plan.short_codes:
            return plan.short_codes[number]
        owners = {
            prefix: destination.name
            for destination in self.world.destinations
            for prefix in destination.prefixes
            if number.startswith(prefix)
        }
        return owners[max(owners, key=len)] if owners else None

    def _rate(self, at: int, account: str, number: str) -> Rate | None:
        holder = self.world.accounts[account]
        client = self.world.clients[holder.client]
        default = self.world.resellers[client.reseller].default_table
        table = holder.rate_table or client.rate_table or default
        in_force = [
            rate
            for rate in self.world.rate_tables.get(table or "", ())
            if number.startswith(rate.prefix)
            and rate.starts_at <= at
            and (rate.ends_at is None or at < rate.ends_at)
        ]
        return max(in_force, key=lambda rate: (len(rate.prefix), rate.starts_at), default=None)

    def _allowed_by(self, client: str, number: str) -> int | None:
        """The highest level whose allow list has the number."""
        profiles = self.world.clients[client].profiles
        return min((p.level for p in profiles if number.startswith(p.allow)), default=None)

    def _profiles_that_count(self, client: str, number: str) -> list[Profile]:
        """The profiles whose limits hold for a number: an allow list puts aside those of its own
        level and below."""
        level = self._allowed_by(client, number)
        profiles = self.world.clients[client].profiles
        return [profile for profile in profiles if level is None or profile.level < level]

    def _full(self, account: str) -> bool:
        holder = self.world.accounts[account]
        held = [c for c in self.calls.values() if c.destination is not None and c.ended_at is None]
        chain = self._chain(holder.client)
        slots = [
            (holder.capacity, [c for c in held if c.account == account]),
            (
                self.world.clients[holder.client].capacity,
                [c for c in held if c.client == holder.client],
            ),
        ]
        for name in chain:
            below = [c for c in held if name in self._chain(c.client)]
            slots.append((self.world.resellers[name].capacity, below))
        return any(capacity is not None and len(calls) >= capacity for capacity, calls in slots)

    def decide(self, at: int, account: str, dialled: str, caller: str, source: str) -> Verdict:
        """The verdict on a call, reserving nothing. The first refusal in the order wins."""
        holder = self.world.accounts.get(account)
        if holder is None:
            return Verdict(305)
        address = ip_address(source)
        if holder.addresses and not any(address in ip_network(net) for net in holder.addresses):
            return Verdict(307)
        text = written_plainly(dialled)
        if not text.startswith(holder.tech_prefix):
            return Verdict(310)
        if holder.callers and caller not in holder.callers:
            return Verdict(311)
        client = self.world.clients[holder.client]
        plan = self.world.plans[client.country]
        text = without_caller_id_code(text[len(holder.tech_prefix) :], plan)
        if is_emergency(text, plan):
            return Verdict(number=text, emergency=True)
        number = canonical(text, plan, self.world.lengths)
        if number is None:
            return Verdict(201)
        destination = self._destination(number, plan)
        code = self._status_refusal(account) or (202 if destination is None else None)
        left: list[int] = []
        if destination is not None and code is None:
            profiles = self._profiles_that_count(holder.client, number)
            left = self._left(at, holder.client, destination, profiles)
            code = self._refusal(at, account, number, destination, left)
        if code is not None:
            return Verdict(code, number=number, destination=destination)
        longest = min([client.long_call_minutes * MINUTE, *left]) // SECOND
        return Verdict(max_seconds=longest, number=number, destination=destination)

    def _status_refusal(self, account: str) -> int | None:
        holder = self.world.accounts[account]
        if not holder.active:
            return 308
        return 309 if self._suspended(holder.client) else None

    def _refusal(
        self, at: int, account: str, number: str, destination: str, left: list[int]
    ) -> int | None:
        """The first of 401 … 313 that refuses a number of a known destination."""
        barred = self._barred(at, self.world.accounts[account].client, number, destination)
        priced = self._priced(at, account, number, destination)
        return barred or priced or self._spent(account, left)

    def _barred(self, at: int, client: str, number: str, destination: str) -> int | None:
        rules = self.world.clients[client]
        country = next(d.country for d in self.world.destinations if d.name == destination)
        off_hours = self.off_hours(at, client)
        if any(number.startswith(profile.block) for profile in rules.profiles):
            return 401
        if not self._permitted(client, number, destination):
            return 107
        if off_hours and day_rules(rules, day_of(rules.zone, at)).percent == 0:
            return 106
        if off_hours and rules.schedule.bar_international and country != rules.country:
            return 105
        return None

    def _permitted(self, client: str, number: str, destination: str) -> bool:
        """Whether the profiles let a number be called at all: nothing is 0, its leaf not blank."""
        profiles = self._profiles_that_count(client, number)
        granted = [minutes(profiles, name) for name in path(destination)]
        leaf = not any(d.name.startswith(destination + "/") for d in self.world.destinations)
        own = granted[0] is not None and leaf
        return 0 not in granted and (own or self._allowed_by(client, number) is not None)

    def _priced(self, at: int, account: str, number: str, destination: str) -> int | None:
        key = self.world.accounts[account].client
        client, profiles = self.world.clients[key], self._profiles_that_count(key, number)
        rate = self._rate(at, account, number)
        if rate is None:
            return 203
        max_price = price_cap(profiles, destination, "max_price")
        max_setup = price_cap(profiles, destination, "max_setup")
        if max_price is not None and rate.price >= max_price:
            return 102
        if max_setup is not None and rate.setup >= max_setup:
            return 103
        dear = client.high_price is not None and rate.setup + rate.price > client.high_price
        if dear and client.schedule.bar_high_price and self.off_hours(at, key):
            return 104
        return None

    def _spent(self, account: str, left: list[int]) -> int | None:
        if any(milliseconds < SECOND for milliseconds in left):
            return 101
        if self.world.clients[self.world.accounts[account].client].prepaid:
            return 110
        if self._full(account):
            return 108
        return None if self.world.routed else 313
