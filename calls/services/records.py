"""Events of the store into PostgreSQL, each exactly once.

A batch is read by the consumer group, written in one transaction and acknowledged after it. A
worker that dies in between leaves the batch pending: the next one writes what is not yet there.
One worker at a time takes a stream in, by an advisory lock of its transaction.
"""

import logging
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any, cast

import redis
from django.db import DatabaseError, transaction
from django.db import connection as database
from django.db.models import Model

from accounts.mail import limit_warning_queue
from calls.models import BarredCall, CallRecord, SetAsideEvent, StreamPosition
from calls.services.events import Batch, Ended, MalformedEventError, Piece, Warned
from calls.store.connection import IDENTITIES
from calls.store.publish import shards_in_use
from clients import tenancy
from clients.models import Client
from clients.tenancy import PLATFORM
from limits.models import Destination, LimitWarning
from trunkportal import crashpoints

logger = logging.getLogger(__name__)
GROUP = CONSUMER = "portal"
BATCH = 1000
Entry = tuple[str, Mapping[str, str]]

_ADD_USAGE = """
INSERT INTO limits_dailyusage (reseller_id, client_id, destination_id, "on", day_ms, off_hours_ms)
VALUES (%s, %s, %s, %s, %s, %s)
ON CONFLICT (client_id, destination_id, "on") DO UPDATE
SET day_ms = limits_dailyusage.day_ms + EXCLUDED.day_ms,
    off_hours_ms = limits_dailyusage.off_hours_ms + EXCLUDED.off_hours_ms
"""

_ADD_RESELLER_USAGE = """
INSERT INTO limits_resellerusage (reseller_id, destination_id, "on", day_ms)
VALUES (%s, %s, %s, %s)
ON CONFLICT (reseller_id, destination_id, "on") DO UPDATE
SET day_ms = limits_resellerusage.day_ms + EXCLUDED.day_ms
"""


def take_in_events(store: redis.Redis, *, at: datetime) -> int:
    """Write what is in every stream; returns the number of events.

    A stream that cannot be taken in is logged and keeps its events; it holds up no other.
    """
    taken = 0
    for tag in sorted({IDENTITIES, *shards_in_use(store)}):
        try:
            taken += take_in_stream(store, f"{tag}:ev", at=at)
        except Exception:
            logger.exception("the events of %s wait", tag)
    return taken


def take_in_stream(store: redis.Redis, stream: str, *, at: datetime) -> int:
    """Write one stream batch by batch until it is empty."""
    _ensure_group(store, stream)
    taken = 0
    while entries := _take_in_batch(store, stream, at=at):
        taken += entries
    return taken


def _take_in_batch(store: redis.Redis, stream: str, *, at: datetime) -> int:
    with tenancy.writing(PLATFORM):
        if not _lock(stream):
            return 0
        entries = _read(store, stream)
        if not entries:
            return 0
        crashpoints.reached("events.read")
        _write(stream, entries, at=at)
        crashpoints.reached("events.written")
    crashpoints.reached("events.committed")
    ids = [entry_id for entry_id, _ in entries]
    with store.pipeline(transaction=True) as both:
        both.xack(stream, GROUP, *ids)
        both.xdel(stream, *ids)
        both.execute()
    crashpoints.reached("events.acknowledged")
    return len(ids)


def _ensure_group(store: redis.Redis, stream: str) -> None:
    try:
        store.xgroup_create(stream, GROUP, id="0", mkstream=True)
    except redis.ResponseError as error:
        if "BUSYGROUP" not in str(error):
            raise


def _lock(stream: str) -> bool:
    with database.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(hashtext(%s))", [stream])
        return bool(cursor.fetchone()[0])


def _read(store: redis.Redis, stream: str) -> list[Entry]:
    """What an earlier worker read and did not acknowledge, else what is new."""
    for since in ("0", ">"):
        reply = cast(
            "list[tuple[str, list[Entry]]]",
            store.xreadgroup(GROUP, CONSUMER, {stream: since}, count=BATCH),
        )
        if reply and reply[0][1]:
            return list(reply[0][1])
    return []


def _write(stream: str, entries: Sequence[Entry], *, at: datetime) -> None:
    """One savepoint for the batch; where it fails, one for each event: bad ones are set aside."""
    try:
        with transaction.atomic():
            _write_batch(stream, entries)
    except (MalformedEventError, DatabaseError) as error:
        logger.warning("%s: %s events one by one: %s", stream, len(entries), error)
        for entry in entries:
            try:
                with transaction.atomic():
                    _write_batch(stream, [entry])
            except (MalformedEventError, DatabaseError) as bad:
                _set_aside(stream, entry, bad, at=at)


def _set_aside(stream: str, entry: Entry, error: Exception, *, at: datetime) -> None:
    logger.error("%s %s set aside: %s", stream, entry[0], error)
    SetAsideEvent.objects.get_or_create(
        stream=stream,
        entry=entry[0],
        defaults={"fields": dict(entry[1] or {}), "error": str(error)[:2000], "at": at},
    )


def _write_batch(stream: str, entries: Sequence[Entry]) -> None:
    batch = Batch()
    for _, fields in entries:
        batch.add(fields)
    new = _insert_calls(batch.calls)
    _insert_barred(batch.barred)
    _add_usage([*new, *_correct_lost(batch.calls)])
    for warned in batch.warnings:
        _warn(warned)
    _remember_position(stream, batch.last_sequence)
    for ended in new:
        if "orphan" in ended.record.flags:
            logger.error("call %s ended but was not authorised", ended.record.pk)


def _insert_calls(calls: Sequence[Ended]) -> list[Ended]:
    """Insert the records that are not there yet; they are returned."""
    first = {ended.record.pk: ended for ended in reversed(calls)}
    known = set(CallRecord.objects.filter(pk__in=first).values_list("pk", flat=True))
    new = [ended for pk, ended in first.items() if pk not in known]
    _ensure_months(CallRecord, (ended.record.at for ended in new))
    CallRecord.objects.bulk_create(ended.record for ended in new)
    return new


def write_records(calls: Sequence[CallRecord]) -> None:
    """Write records that no event has told of; those that are known are left as they are."""
    ended = [Ended(record=each, destination_id=None, pieces=()) for each in calls]
    with tenancy.writing(PLATFORM):
        _insert_calls(ended)


def _correct_lost(calls: Sequence[Ended]) -> list[Ended]:
    """Write late ends over the records of calls that had been given up, each once.

    Returned is what they add to usage, and with negative pieces what was counted before.
    """
    changes = []
    for ended in calls:
        if "late" not in ended.record.flags:
            continue
        given_up = CallRecord.objects.filter(pk=ended.record.pk, flags__contains=["lost"])
        if (lost := given_up.select_for_update().first()) is None:
            continue
        ended.record.save(force_update=True)
        above = {int(pk): _taken_back(counted) for pk, counted in lost.totals.items()}
        changes += [replace(ended, pieces=_taken_back(lost.allowances), above=above), ended]
    return changes


def _taken_back(counted: Iterable[Sequence[Any]]) -> tuple[Piece, ...]:
    return tuple(
        Piece(on=date.fromisoformat(on), off_hours=off, seconds=-seconds)
        for on, off, seconds in counted
    )


def _insert_barred(barred: Sequence[BarredCall]) -> None:
    first = {each.pk: each for each in barred}
    known = set(BarredCall.objects.filter(pk__in=first).values_list("pk", flat=True))
    new = [each for pk, each in first.items() if pk not in known]
    _ensure_months(BarredCall, (each.at for each in new))
    BarredCall.objects.bulk_create(new)


def _ensure_months(model: type[Model], moments: Iterable[datetime]) -> None:
    """Make the partitions that rows of these moments go into."""
    months = {moment.date().replace(day=1) for moment in moments}
    table = model._meta.db_table  # noqa: SLF001 - Django's own name for it
    with database.cursor() as cursor:
        for month in sorted(months):
            cursor.execute("SELECT ensure_month_partition(%s, %s)", [table, month])


def _add_usage(calls: Sequence[Ended]) -> None:
    sums: dict[tuple[Any, ...], list[int]] = {}
    above: Counter[tuple[Any, ...]] = Counter()
    for ended in calls:
        record = ended.record
        if ended.destination_id is None:  # an emergency call counts nowhere
            continue
        for piece in ended.pieces:
            key = (record.reseller_id, record.client_id, ended.destination_id, piece.on)
            total = sums.setdefault(key, [0, 0])
            total[0] += piece.seconds * 1000
            total[1] += piece.seconds * 1000 if piece.off_hours else 0
        for reseller_id, pieces in ended.above.items():
            for piece in pieces:
                above[reseller_id, ended.destination_id, piece.on] += piece.seconds * 1000
    with database.cursor() as cursor:
        for key in sorted(sums, key=str):  # in one order, so that no two wait for each other
            cursor.execute(_ADD_USAGE, [*key, *sums[key]])
        for key in sorted(above, key=str):
            cursor.execute(_ADD_RESELLER_USAGE, [*key, above[key]])


def _warn(warned: Warned) -> None:
    client = Client.objects.select_related("reseller").get(pk=warned.client_id)
    if client.reseller is None:
        return
    destination = Destination.objects.get(pk=warned.destination_id)
    _, created = LimitWarning.objects.get_or_create(
        client=client,
        destination=destination,
        on=warned.on,
        off_hours=warned.off_hours,
        step=warned.step,
        defaults={
            "reseller": client.reseller,
            "limit_seconds": warned.limit_seconds,
            "at": warned.at,
        },
    )
    if created:
        limit_warning_queue(
            client=client,
            destination=destination.path,
            on=warned.on,
            off_hours=warned.off_hours,
            step=warned.step,
            limit_seconds=warned.limit_seconds,
            at=warned.at,
        )


def _remember_position(stream: str, sequence: int) -> None:
    position, created = StreamPosition.objects.get_or_create(
        stream=stream, defaults={"sequence": sequence}
    )
    if not created and sequence > position.sequence:
        position.sequence = sequence
        position.save(update_fields=["sequence"])
