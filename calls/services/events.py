"""Events of the store as rows: what each says, checked before any row is written."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from calls.domain.rating import Price, rate_call
from calls.models import BarredCall, CallRecord

MILLION = Decimal(1_000_000)
FIRST_MS = int(datetime(2020, 1, 1, tzinfo=UTC).timestamp() * 1000)
LAST_MS = int(datetime(2100, 1, 1, tzinfo=UTC).timestamp() * 1000)


class MalformedEventError(ValueError):
    """An event that says nothing that can be kept."""


@dataclass(frozen=True, kw_only=True)
class Piece:
    """A part of a call on one local day, in or out of working time, in whole seconds."""

    on: date
    off_hours: bool
    seconds: int


@dataclass(frozen=True, kw_only=True)
class Ended:
    """A finished call: its record, and what it adds to the day's use of its destination.

    ``above`` is the same of each reseller above the client, by its id, on the reseller's days.
    """

    record: CallRecord
    destination_id: int | None
    pieces: tuple[Piece, ...]
    above: Mapping[int, tuple[Piece, ...]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Warned:
    """A warning step that an allowance has crossed."""

    client_id: int
    destination_id: int
    on: date
    off_hours: bool
    step: int
    limit_seconds: int
    at: datetime


@dataclass(kw_only=True)
class Batch:
    """What a batch of events comes to."""

    calls: list[Ended] = field(default_factory=list)
    barred: list[BarredCall] = field(default_factory=list)
    warnings: list[Warned] = field(default_factory=list)
    last_sequence: int = 0

    def add(self, fields: Mapping[str, str]) -> None:
        """Read one event; MalformedEventError where it cannot be kept."""
        try:
            body = json.loads(fields["d"])
            kind = fields["k"]
            if kind == "call":
                self.calls.append(_ended(body))
            elif kind == "orphan":
                self.calls.append(_orphan(body))
            elif kind == "barred":
                self.barred.append(_barred(body))
            elif kind == "warning":
                self.warnings.append(_warned(body))
            else:
                raise MalformedEventError(kind)
            self.last_sequence = max(self.last_sequence, int(fields["q"]))
        except (KeyError, TypeError, ValueError, ArithmeticError) as error:
            raise MalformedEventError(f"{type(error).__name__}: {error}") from error


def moment(ms: float) -> datetime:
    """An instant of the store; ValueError for one outside this product's time."""
    if not FIRST_MS <= ms < LAST_MS:
        raise ValueError(f"{ms} is no moment")
    return datetime.fromtimestamp(int(ms) / 1000, UTC)


def _ended(body: Mapping[str, Any]) -> Ended:
    facts = body["facts"]
    seconds = int(body.get("seconds", 0))
    pieces = _pieces(body["pieces"])
    above = {int(reseller): _pieces(parts) for reseller, parts in body.get("above") or ()}
    record = CallRecord(
        id=_id(body["id"]),
        at=moment(facts["at"]),
        answered_at=moment(body["answered"]) if body.get("answered") else None,
        ended_at=moment(body["ended"]),
        talk_ms=int(body["talk"]),
        talk_seconds=seconds,
        sent_number=_text(facts.get("sent"), 64),
        emergency=bool(facts.get("emergency")),
        allowances=_kept(pieces),
        totals={str(reseller): _kept(parts) for reseller, parts in above.items()},
        currency=_text(facts.get("currency"), 3),
        **_of_end(body),
        **_of_request(facts),
    )
    rate = json.loads(body["rate"]) if body.get("rate") else None
    if rate and "review" not in record.flags:  # money waits where only the longest is known
        _price(record, rate, seconds)
    destination = facts.get("destination")
    return Ended(
        record=record,
        destination_id=int(destination) if destination else None,
        pieces=pieces,
        above=above,
    )


def _kept(pieces: Sequence[Piece]) -> list[list[Any]]:
    return [[each.on.isoformat(), each.off_hours, each.seconds] for each in pieces]


def _pieces(parts: Sequence[Any]) -> tuple[Piece, ...]:
    return tuple(
        Piece(on=date.fromisoformat(day), off_hours=bool(off), seconds=int(length))
        for day, off, length in parts or ()
        if day
    )


def _price(record: CallRecord, rate: Mapping[str, Any], seconds: int) -> None:
    price = Price(
        per_minute=Decimal(int(rate["price"])) / MILLION,
        setup=Decimal(int(rate["setup"])) / MILLION,
        minimum_seconds=int(rate["minimum"]),
        increment_seconds=int(rate["increment"]),
    )
    charge = rate_call(seconds, price)
    record.amount = charge.amount
    record.versions = {"rate_table": int(rate["table"]), "version": int(rate["version"])}
    record.rating = [
        {"kind": "setup", "amount": str(charge.setup_amount)},
        {
            "kind": "talk",
            "prefix": rate["prefix"],
            "per_minute": str(price.per_minute),
            "seconds": seconds,
            "billed_seconds": charge.billed_seconds,
            "amount": str(charge.talk_amount),
        },
    ]


def _orphan(body: Mapping[str, Any]) -> Ended:
    """An end of a call that nobody authorised, or of one long forgotten."""
    ended_at, talk = moment(body["at"]), int(body["talk"])
    authorised_ms = str(body["id"]).partition("-")[0]
    at = moment(int(authorised_ms)) if authorised_ms.isdecimal() else ended_at
    record = CallRecord(
        id=_id(body["id"]), at=at, ended_at=ended_at, talk_ms=talk, talk_seconds=-(-talk // 1000),
        **(_of_end(body) | {"flags": ["orphan"]}),
    )  # fmt: skip
    return Ended(record=record, destination_id=None, pieces=())


def _of_end(body: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "ended_by": _text(body.get("who"), 10),
        "why": _text(body.get("why"), 20),
        "code": body.get("code"),
        "parameters": body.get("params") or {},
        "sip_code": _small(body.get("sip")),
        "q850": _small(body.get("q850")),
        "flags": list(body.get("flags") or ()),
    }


def _of_request(facts: Mapping[str, Any]) -> dict[str, Any]:
    tiers = [int(each) for each in facts.get("tiers") or ()]
    return {
        "reseller_id": tiers[0] if tiers else None,
        "client_id": _number(facts.get("client")),
        "account_id": _number(facts.get("account")),
        "tiers": tiers,
        "dialled": _text(facts.get("dialled"), 128),
        "number": _text(facts.get("number"), 32),
        "destination": _text(facts.get("path"), 255),
        "caller": _text(facts.get("caller"), 128),
        "source": _text(facts.get("source"), 64),
        "sip_call_id": _text(facts.get("sip_call_id"), 255),
        "node": _text(facts.get("node"), 32),
    }


def _barred(body: Mapping[str, Any]) -> BarredCall:
    return BarredCall(
        id=_id(body["id"]),
        at=moment(body["at"]),
        code=int(body["code"]),
        parameters=body.get("params") or {},
        username=_text(body.get("username"), 128),
        **_of_request(body),
    )


def _warned(body: Mapping[str, Any]) -> Warned:
    return Warned(
        client_id=int(body["client"]),
        destination_id=int(body["destination"]),
        on=date.fromisoformat(body["day"]),
        off_hours=bool(body["off"]),
        step=int(body["step"]),
        limit_seconds=int(body["limit"]) // 1000,
        at=moment(body["at"]),
    )


def _id(value: object) -> str:
    text = str(value)
    if not text or len(text) > 40 or not text.isprintable():
        raise ValueError("id")
    return text


def _text(value: object, length: int) -> str:
    return str(value or "").replace("\x00", "")[:length]


def _number(value: object) -> int | None:
    text = str(value or "")
    return int(text) if text.isdecimal() and len(text) < 19 else None


def _small(value: object) -> int | None:
    number = int(value) if isinstance(value, int | float) else None
    return number if number is not None and 0 <= number < 32768 else None
