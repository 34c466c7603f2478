"""Canaries, progress, and what is said about the pipeline."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from redis import Redis
from sqlalchemy import Engine, text

from deploy.stack.local import LocalServices, temporary_services
from shared import keys
from shared.bus import MemoryPublisher
from shared.messages.condition import REPORT_LIFE, GatewayReport, Held, decode, encode, held
from shared.messages.events import Canary
from shared.migrations import migrate
from shared.redis import sync_redis
from shared.settings import Settings
from tests.workers.events import append_raw
from workers import canary, progress
from workers.condition import take_condition
from workers.drain import drain
from workers.gauges import ConditionGauges
from workers.metrics import GAUGES
from workers.ports import Ports, make_ports


@pytest.fixture(scope="module")
def quiet() -> Iterator[LocalServices]:
    """Services in which nothing happens but the test."""
    with temporary_services() as services:
        migrate(services.database_url)
        yield services


@pytest.fixture
def ports(quiet: LocalServices, settings: Settings) -> Iterator[Ports]:
    """A worker on the quiet services, with an empty Redis."""
    ours = settings.model_copy(update={"database_url": quiet.database_url, "redis_url": quiet.redis_url})
    made = make_ports(ours, "quiet")
    made.redis.flushdb()
    yield replace(made, publisher=MemoryPublisher())
    made.engine.dispose()
    made.redis.close()


def rows(engine: Engine) -> dict[str, int]:
    """How many rows each table of facts holds."""
    tables = ("check_ins", "attendance_records", "presence", "connection_events", "session_analytics", "inbox")
    with engine.connect() as connection:
        return {name: connection.execute(text(f"SELECT count(*) FROM {name}")).scalar_one() for name in tables}


def test_a_canary_is_measured_and_leaves_nothing_behind(ports: Ports) -> None:
    before = rows(ports.engine)
    assert canary.send(ports)
    assert not drain(ports)
    assert rows(ports.engine) == before
    assert ports.redis.xlen(keys.EVENTS) == 0
    assert isinstance(ports.publisher, MemoryPublisher)
    assert ports.publisher.published == []
    taken = take_condition(ports)
    assert taken.canary_seconds is not None
    assert taken.canary_age is not None
    assert 0 <= taken.canary_seconds <= taken.canary_age < 5


def test_a_canary_asks_for_a_drain_only_where_none_is_on_its_way(ports: Ports) -> None:
    assert canary.send(ports)
    assert not canary.send(ports)


def test_a_late_canary_is_measured_from_its_acceptance(ports: Ports) -> None:
    ports.redis.set(keys.progress("events"), 1)
    canary.seen(ports, [Canary(datetime.now(UTC) - timedelta(seconds=7)), Canary(datetime.now(UTC) - timedelta(9))])
    assert take_condition(ports).canary_seconds == pytest.approx(7, abs=0.5)


def test_the_condition_is_what_waits(ports: Ports) -> None:
    progress.note(ports.redis, "events")
    ports.redis.xadd(keys.EVENTS, {"0": "x"}, id=f"{int(datetime.now(UTC).timestamp() - 40) * 1000}-0")
    ports.redis.rpush("exports", "one", "two")
    taken = take_condition(ports)
    assert (taken.stream_entries, taken.queues["exports"], taken.inbox_events, taken.dead_letters) == (1, 2, 0, 0)
    assert 39 <= taken.oldest_seconds < 45
    assert decode(ports.redis.get(keys.CONDITION)) == taken  # type: ignore[arg-type]


def test_without_the_database_the_rest_is_still_measured(ports: Ports, settings: Settings) -> None:
    lost = make_ports(ports.settings.model_copy(update={"database_url": "postgresql:///x?host=/nowhere"}), "lost")
    taken = take_condition(replace(ports, engine=lost.engine))
    assert (taken.inbox_events, taken.dead_letters, taken.suggestions_due) == (None, None, None)
    assert taken.stream_entries == 0
    lost.redis.close()


def test_idle_is_not_stalled(ports: Ports) -> None:
    """Nothing to do, nothing done for long: that is how a campus sleeps."""
    assert progress.stalled(ports.redis, ["events", "exports"]) == ()


def test_a_fresh_event_is_not_a_standstill_but_an_old_one_is(ports: Ports) -> None:
    ports.redis.xadd(keys.EVENTS, {"0": "x"})
    assert progress.stalled(ports.redis, ["events"]) == ()
    ports.redis.delete(keys.EVENTS)
    ports.redis.xadd(keys.EVENTS, {"0": "x"}, id="1-0")
    assert progress.stalled(ports.redis, ["events"]) == ("events",)
    progress.note(ports.redis, "events")
    assert progress.stalled(ports.redis, ["events"]) == ()
    assert 0 < ports.redis.ttl(keys.progress("events")) <= 15


def test_a_drain_that_tries_is_progress(ports: Ports) -> None:
    """Also where all it met was an entry that nobody can read: restarting would not help."""
    append_raw(ports.redis, b"\xc1")
    drain(ports)
    assert ports.redis.exists(keys.progress("events"))


def test_a_drain_that_finds_nothing_is_none(ports: Ports) -> None:
    drain(ports)
    assert not ports.redis.exists(keys.progress("events"))


def test_calls_that_nobody_takes_are_a_standstill(ports: Ports) -> None:
    ports.redis.rpush("suggestions", "call")
    assert progress.stalled(ports.redis, ["suggestions", "exports"]) == ("suggestions",)
    assert take_condition(ports).stalled == ("suggestions", progress.SCHEDULE)


def test_gateways_that_fell_silent_hold_nothing() -> None:
    now = datetime.now(UTC)
    reports = {
        b"a": encode(GatewayReport(3, now)),
        b"b": encode(GatewayReport(4, now - timedelta(seconds=1))),
        b"gone": encode(GatewayReport(5, now - REPORT_LIFE)),
    }
    assert held(reports, now) == Held(2, 7)


def test_the_gauges_show_the_condition(ports: Ports) -> None:
    canary.send(ports)
    drain(ports)
    ports.redis.rpush("exports", "one")
    ports.redis.hset(keys.GATEWAYS, "a", encode(GatewayReport(3, datetime.now(UTC))))
    take_condition(ports)
    shown = _shown(ports.redis)
    assert all(name in shown for name, _ in GAUGES.values())
    assert shown['muster_pipeline_queue_calls{queue="exports"}'] == 1
    assert shown['muster_pipeline_stalled{queue="exports"}'] == 1
    assert shown["muster_pipeline_sockets"] == 3


def test_what_nobody_has_measured_is_not_shown_as_nothing(ports: Ports) -> None:
    """An old zero would look like health."""
    assert "muster_pipeline_stream_entries" not in _shown(ports.redis)


def test_with_redis_away_the_gauges_are_gone_and_nothing_breaks(settings: Settings) -> None:
    away = sync_redis(settings.model_copy(update={"redis_url": "unix:///nowhere.sock"}))
    assert _shown(away) == {}


def _shown(redis: Redis) -> dict[str, float]:
    registry = CollectorRegistry()
    registry.register(ConditionGauges(redis))
    lines = generate_latest(registry).decode().splitlines()
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines if line[0] != "#")}
