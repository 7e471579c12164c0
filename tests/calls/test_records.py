"""Events become records, usage and warnings, each once, whatever happens on the way."""

import os
import subprocess
import sys
import time
from datetime import UTC, datetime
from decimal import Decimal

import pytest
import redis
from django.db import connection
from django.utils import timezone

from accounts.models import Account, DefaultRoute, OutboundEmail
from calls.models import BarredCall, CallRecord, SetAsideEvent
from calls.services import enforcement, policy, records, usage
from calls.store import functions, publish
from calls.store.connection import IDENTITIES, tag
from calls.store.functions import Request
from clients import tenancy
from clients.errors import DomainError
from clients.models import Client, Reseller
from clients.tenancy import PLATFORM
from limits.models import (
    DailyUsage,
    LimitProfile,
    LimitRow,
    LimitWarning,
    ProfilePrefix,
    ResellerTotal,
    ResellerUsage,
)
from limits.services import allocation
from tests.cast import Cast

pytestmark = pytest.mark.django_db
SINCE = datetime(2026, 4, 1, tzinfo=UTC)  # what the cast brings is older
STEPS = ["events.read", "events.written", "events.committed", "events.acknowledged"]


def noon_now() -> str:
    """A time zone in which a call that ends now began on the same day."""
    ahead = 12 - timezone.now().astimezone(UTC).hour
    return f"Etc/GMT{-ahead:+d}"


class Live:
    """The cast's client on the real store, at the store's own time, where it is noon now."""

    def __init__(self, store: redis.Redis, cast: Cast) -> None:
        self.store = store
        self.cast = cast
        self.shard = tag(cast.ours.reseller.shard)
        with tenancy.writing(PLATFORM):
            Client.objects.filter(pk=cast.ours.client.pk).update(time_zone=noon_now())
            ProfilePrefix.objects.all().delete()
            ResellerTotal.objects.all().delete()
            carrier = Client.objects.create(name="Carrier", reference="CARRIER", type="vendor")
            gateway = Account.objects.create(
                client=carrier, name="Gateway", term_enabled=True, term_host="192.0.2.10"
            )
            DefaultRoute.objects.create(account=gateway)
        policy.rebuild(store, at=timezone.now())
        enforcement.sweep(store)

    def talk(self, seconds: float, dialled: str = "07700900123") -> str:
        request = Request(account_id=self.cast.ours.account.pk, dialled=dialled, node="sw1")
        verdict = functions.authorize(self.store, self.shard, request)
        assert verdict.allowed, verdict.sentence
        functions.end(
            self.store,
            self.shard,
            verdict.call_id,
            talk_ms=int(seconds * 1000),
            sip_code=200,
            q850=16,
            who="caller",
        )
        return verdict.call_id

    def refuse(self, dialled: str = "nonsense") -> None:
        request = Request(account_id=self.cast.ours.account.pk, dialled=dialled)
        assert not functions.authorize(self.store, self.shard, request).allowed

    def take_in(self) -> int:
        return records.take_in_events(self.store, at=timezone.now())

    def used_ms(self) -> int:
        with tenancy.reading(PLATFORM):
            rows = DailyUsage.objects.filter(client=self.cast.ours.client, on__gt="2026-04-01")
            return sum(row.day_ms for row in rows)


@pytest.fixture
def live(valkey, cast):
    return Live(valkey, cast)


def calls_of(live: Live) -> list[CallRecord]:
    with tenancy.reading(PLATFORM):
        return list(CallRecord.objects.filter(client_id=live.cast.ours.client.pk, at__gt=SINCE))


def test_a_finished_call_is_recorded_rated_and_counted(live):
    call_id = live.talk(20.1)
    assert live.take_in() == 1
    (record,) = calls_of(live)
    ours = live.cast.ours
    assert (record.pk, record.talk_ms, record.talk_seconds) == (call_id, 20_100, 21)
    assert (record.reseller_id, record.account_id) == (ours.reseller.pk, ours.account.pk)
    assert record.tiers == [ours.reseller.pk, live.cast.above.reseller.pk]
    assert (record.destination, record.number) == ("UK/Mobile", "+447700900123")
    assert (record.sip_code, record.q850, record.ended_by) == (200, 16, "caller")
    assert record.amount == Decimal("0.0035")
    assert record.versions == {"rate_table": ours.table.pk, "version": 1}
    assert live.used_ms() == 21_000


def test_bytes_that_are_no_text_hold_up_no_event(live):
    junk = b"306|sw1|192.0.2.1|udp|us\xff\xfe|12\x00" + "é".encode() * 127
    live.store.execute_command("FCALL", "tp_refused", 1, IDENTITIES, junk)
    live.refuse("1" + "é" * 127)
    live.talk(1)
    assert live.take_in() == 3
    with tenancy.reading(PLATFORM):
        barred = {each.code: each for each in BarredCall.objects.filter(at__gt=SINCE)}
        assert not SetAsideEvent.objects.exists()
    assert (barred[306].username, len(barred[306].dialled)) == ("us??", 128)
    assert barred[201].dialled == "1" + "?" * 127


def test_a_stream_that_cannot_be_read_holds_up_no_other(live):
    live.store.set(f"{IDENTITIES}:ev", "not a stream")
    live.talk(1)
    assert live.take_in() == 1
    assert len(calls_of(live)) == 1


@pytest.mark.parametrize("junk", ["9" * 400, "1e999", "nan", "-1", "Q.850;text=x"])
def test_a_strangers_cause_of_the_end_loses_no_record(live, junk):
    request = Request(account_id=live.cast.ours.account.pk, dialled="07700900123")
    call_id = functions.authorize(live.store, live.shard, request).call_id
    packed = f"{call_id}|normal|2000|200|{junk}|caller|"
    assert live.store.fcall("tp_end", 1, live.shard, packed)[0] == "OK"
    assert live.take_in() == 1
    (record,) = calls_of(live)
    assert (record.talk_ms, record.q850, record.ended_by) == (2000, None, "caller")


def test_a_refusal_is_in_the_barred_log_with_code_and_parameters(live):
    live.refuse("07700 900123 nonsense")
    functions.refused(live.store, "306|sw1|192.0.2.1|udp|somebody|123")
    live.take_in()
    with tenancy.reading(PLATFORM):
        barred = {each.code: each for each in BarredCall.objects.filter(at__gt=SINCE)}
    assert barred[201].parameters == {"dialled": "07700 900123 nonsense"}
    assert barred[201].client_id == live.cast.ours.client.pk
    assert (barred[306].username, barred[306].reseller_id) == ("somebody", None)


def test_events_that_arrive_twice_are_kept_once(live):
    live.talk(5)
    entries = live.store.xrange(f"{live.shard}:ev")
    live.take_in()
    for _, fields in entries:
        live.store.xadd(f"{live.shard}:ev", fields)
    live.take_in()
    assert len(calls_of(live)) == 1
    assert live.used_ms() == 5_000


def test_a_poison_event_is_set_aside_and_holds_nobody_up(live):
    live.talk(5)
    stream = f"{live.shard}:ev"
    live.store.xadd(stream, {"k": "call", "q": "2", "d": "{not json"})
    live.store.xadd(stream, {"k": "wonder", "q": "3", "d": "{}"})
    live.store.xadd(stream, {"unheard": "of"})
    live.talk(7)
    assert live.take_in() == 5
    assert len(calls_of(live)) == 2
    assert live.used_ms() == 12_000
    with tenancy.reading(PLATFORM):
        assert SetAsideEvent.objects.count() == 3
    assert live.store.xlen(stream) == 0


def test_an_orphan_is_recorded_without_a_tenant(live):
    functions.end(live.store, live.shard, "1790000000000-s04-9", talk_ms=4_100)
    live.take_in()
    with tenancy.reading(PLATFORM):
        record = CallRecord.objects.get(pk="1790000000000-s04-9")
    assert (record.flags, record.talk_seconds, record.client_id) == (["orphan"], 5, None)


@pytest.mark.parametrize("at_once", [True, False], ids=["in one batch", "one by one"])
def test_a_call_given_up_waits_unpriced_until_its_late_end_corrects_it_once(live, at_once):
    request = Request(account_id=live.cast.ours.account.pk, dialled="07700900123")
    verdict = functions.authorize(live.store, live.shard, request)
    now_ms = int(time.time() * 1000) + 301_000
    functions.sweep(live.store, live.shard, now_ms=now_ms)
    if not at_once:
        live.take_in()
        (record,) = calls_of(live)
        assert (record.flags, record.amount, record.rating) == (["lost", "review"], None, [])
        assert record.ended_at == datetime.fromtimestamp(now_ms / 1000, UTC)
        assert (record.talk_seconds, live.used_ms()) == (2000, 2_000_000)
    functions.end(
        live.store, live.shard, verdict.call_id, talk_ms=20_100, who="caller", now_ms=now_ms
    )
    late = live.store.xrange(f"{live.shard}:ev")[-1][1]
    live.take_in()
    for _ in range(2):
        (record,) = calls_of(live)
        assert (record.flags, record.talk_seconds) == (["late", "unanswered"], 21)
        assert (record.amount, record.ended_by) == (Decimal("0.0035"), "caller")
        assert live.used_ms() == 21_000
        live.store.xadd(f"{live.shard}:ev", late)
        assert live.take_in() == 1
    assert usage.differences(live.store, at=timezone.now()) == []


def test_each_warning_step_is_mailed_once_to_the_alerts_address(live):
    with tenancy.writing(PLATFORM):
        LimitRow.objects.filter(pk=live.cast.ours.row.pk).update(minutes=30)
    policy.client_changed(client_id=live.cast.ours.client.pk)
    live.talk(50)
    live.talk(9)
    live.take_in()
    with tenancy.reading(PLATFORM):
        warnings = LimitWarning.objects.filter(on__gt="2026-04-01").order_by("step")
        assert [each.step for each in warnings] == [80, 95]
        mails = OutboundEmail.objects.filter(key__startswith="warning").count()
        mails = OutboundEmail.objects.filter(kind="warning").count()
    assert mails == 2


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("step", STEPS)
def test_a_worker_killed_at_any_step_leaves_one_record_and_one_count(live, step, servers):
    live.talk(5)
    live.refuse()
    script = (
        "import django; django.setup();"
        "from django.utils import timezone;"
        "from calls.services import records; from calls.store.connection import store;"
        "records.take_in_events(store(), at=timezone.now())"
    )
    name = connection.settings_dict["NAME"]
    tested = f"{servers.database_url.rpartition('/')[0]}/{name}"
    environment = os.environ | {"TRUNKPORTAL_CRASH_AT": step, "DATABASE_URL": tested}
    killed = subprocess.run(
        [sys.executable, "-c", script],
        env=environment,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert killed.returncode == -9, killed.stderr.decode()[-2000:]
    live.take_in()
    assert len(calls_of(live)) == 1
    assert live.used_ms() == 5_000
    assert live.store.xlen(f"{live.shard}:ev") == 0
    with tenancy.reading(PLATFORM):
        assert BarredCall.objects.filter(at__gt=SINCE).count() == 1


def test_counters_are_rebuilt_from_postgresql_and_calls_in_progress(live):
    live.talk(5)
    request = Request(account_id=live.cast.ours.account.pk, dialled="07700900123")
    running = functions.authorize(live.store, live.shard, request)
    functions.answer(live.store, live.shard, running.call_id)
    client = live.cast.ours.client
    counter = next(live.store.scan_iter(f"{live.shard}:a:{client.pk}:*:d"))
    live.store.hincrby(counter, "used", 777_000)
    assert [each.store_ms for each in usage.differences(live.store, at=timezone.now())] != []
    usage.rebuild_counters(live.store, at=timezone.now())
    assert usage.differences(live.store, at=timezone.now()) == []
    functions.end(live.store, live.shard, running.call_id, talk_ms=3_000)
    live.take_in()
    assert live.used_ms() == 8_000
    assert usage.differences(live.store, at=timezone.now()) == []


def test_an_emptied_store_decides_nothing_until_it_is_rebuilt(live):
    live.talk(1900)
    live.take_in()
    live.store.flushall()
    request = Request(account_id=live.cast.ours.account.pk, dialled="07700900123")
    assert functions.authorize(live.store, live.shard, request).code == 501
    assert policy.ensure_whole(live.store, at=timezone.now())
    enforcement.sweep(live.store)
    verdict = functions.authorize(live.store, live.shard, request)
    assert verdict.max_seconds == 100
    assert not policy.ensure_whole(live.store, at=timezone.now())


def test_a_store_restored_from_an_older_copy_is_rebuilt(live):
    live.talk(5)
    live.take_in()
    live.store.set(f"{live.shard}:seq", 0)
    assert usage.is_behind(live.store)
    assert policy.ensure_whole(live.store, at=timezone.now())
    assert not policy.ensure_whole(live.store, at=timezone.now())
    live.talk(5)
    live.take_in()
    assert len(calls_of(live)) == 2


def test_what_is_deleted_in_postgresql_is_gone_from_the_store(live):
    account = live.cast.ours.account
    with tenancy.writing(PLATFORM):
        account.mails.all().delete()
        type(live.cast.ours.link).objects.filter(account=account).delete()
        account.delete()
    policy.client_changed(client_id=live.cast.ours.client.pk)
    assert functions.identify_name(live.store, "user-ours") == ["NONE"]
    live.refuse("07700900123")


def test_a_name_is_found_with_its_shard_and_digest(live):
    account = live.cast.ours.account
    found = functions.identify_name(live.store, "USER-ours")
    assert found == ["OK", live.shard, str(account.pk), account.ha1_md5, ""]
    assert IDENTITIES not in publish.shards_in_use(live.store)


def test_a_suspended_reseller_s_clients_are_refused(live):
    with tenancy.writing(PLATFORM):
        above = live.cast.above.reseller
        above.status = "suspended"
        above.save()
    policy.reseller_changed(reseller_id=above.pk)
    request = Request(account_id=live.cast.ours.account.pk, dialled="07700900123")
    assert functions.authorize(live.store, live.shard, request).code == 309


def test_calls_take_the_configured_route_until_the_platform_has_one(live, settings):
    with tenancy.writing(PLATFORM):
        DefaultRoute.objects.all().delete()
    settings.DEFAULT_ROUTE = "tcp:192.0.2.99:5080"
    publish.publish_routing(live.store, [live.shard])
    for dialled in ("07700900123", "999"):
        request = Request(account_id=live.cast.ours.account.pk, dialled=dialled)
        (route,) = functions.authorize(live.store, live.shard, request).routes
        assert route.endswith("@192.0.2.99:5080;transport=tcp")
    settings.DEFAULT_ROUTE = ""
    publish.publish_routing(live.store, [live.shard])
    live.refuse("07700900123")


def hold_above_to(live: Live, minutes: int) -> None:
    """A total of mobile minutes a month for all below the reseller above ours."""
    with tenancy.writing(PLATFORM):
        profile = LimitProfile.objects.create(name="Total")
        mobile = live.cast.ours.row.destination
        LimitRow.objects.create(profile=profile, destination=mobile, minutes=minutes)
    allocation.totals_set(
        reseller_id=live.cast.above.reseller.pk,
        profile_ids=[profile.pk],
        acting_user=None,
        scope=PLATFORM,
        at=timezone.now(),
    )
    policy.totals_changed(reseller_id=live.cast.above.reseller.pk)


def test_a_total_is_counted_for_every_reseller_above_and_survives_an_emptied_store(live):
    with tenancy.writing(PLATFORM):
        Reseller.objects.update(time_zone=noon_now())
    hold_above_to(live, 30)
    live.talk(20.1)
    live.take_in()
    above = live.cast.above.reseller
    with tenancy.reading(PLATFORM):
        used = dict(
            ResellerUsage.objects.filter(on__gt="2026-04-01").values_list("reseller_id", "day_ms")
        )
    assert used == {above.pk: 21_000, live.cast.ours.reseller.pk: 21_000}
    live.store.flushall()
    assert policy.ensure_whole(live.store, at=timezone.now())
    enforcement.sweep(live.store)
    request = Request(account_id=live.cast.ours.account.pk, dialled="07700900123")
    assert functions.authorize(live.store, live.shard, request).max_seconds == 39
    assert usage.differences(live.store, at=timezone.now()) == []


def test_a_total_given_to_a_reseller_takes_effect_without_a_rebuild(live):
    hold_above_to(live, 0)
    request = Request(account_id=live.cast.ours.account.pk, dialled="07700900123")
    verdict = functions.authorize(live.store, live.shard, request)
    assert (verdict.code, verdict.sentence) == (109, "Provider limit reached.")


def test_only_the_provider_above_sets_a_resellers_totals(live):
    ours = live.cast.ours
    told = {"profile_ids": [], "acting_user": ours.owner, "scope": ours.scope}
    with pytest.raises(DomainError, match="Only the provider above"):
        allocation.totals_set(reseller_id=ours.reseller.pk, at=timezone.now(), **told)
    above = live.cast.above.reseller.pk
    with pytest.raises(Reseller.DoesNotExist):
        allocation.totals_set(reseller_id=above, at=timezone.now(), **told)


def test_a_profile_of_another_reseller_is_no_total(live):
    above, ours = live.cast.above, live.cast.ours
    with pytest.raises(DomainError, match="does not belong to the provider above"):
        allocation.totals_set(
            reseller_id=ours.reseller.pk,
            profile_ids=[ours.profile.pk],
            acting_user=above.owner,
            scope=above.scope,
            at=timezone.now(),
        )
