"""The tasks, each a few lines: what they do stands in the modules they call."""

from uuid import UUID

from celery import shared_task

from shared.queue import DRAIN, EXPORT, NUDGE_SECONDS, SUGGEST
from workers import canary, exports, maintenance, suggestions
from workers.call_rules import ask_by_rule
from workers.condition import take_condition
from workers.drain import drain as drain_events
from workers.flags import flag_patterns
from workers.ports import current
from workers.sweep import sweep


@shared_task(name=DRAIN)
def drain() -> None:
    """Apply accepted events until none are left. Called often, may run many times at once."""
    if drain_events(current()):
        drain.apply_async(queue="events", expires=NUDGE_SECONDS)


@shared_task(name=SUGGEST)
def suggest(session_ids: list[str]) -> None:
    """Compute the suggestions of sessions somebody waits for."""
    suggestions.compute(current(), [UUID(session_id) for session_id in session_ids])


@shared_task(name="suggestions.compute_due")
def suggest_due() -> None:
    """Compute the suggestions of sessions whose facts changed."""
    suggestions.compute_due(current())


@shared_task(name="suggestions.flag_patterns")
def look_for_patterns() -> None:
    """Flag what check-ins of different people and weeks show together."""
    flag_patterns(current())


@shared_task(name=EXPORT)
def write_exports() -> None:
    """Write the exports that wait. Called by a nudge, and by the schedule in case one was lost."""
    if exports.write_waiting(current()):
        write_exports.apply_async(queue="exports", expires=NUDGE_SECONDS)


@shared_task(name="maintenance.forget_exports")
def forget_exports() -> None:
    """Delete exports that have expired."""
    exports.forget_expired(current())


@shared_task(name="maintenance.close_overdue")
def close_overdue() -> None:
    """Close sessions that their teachers forgot."""
    if maintenance.close_overdue(current()):
        drain.apply_async(queue="events", expires=NUDGE_SECONDS)


@shared_task(name="maintenance.ask_by_rule")
def ask_to_confirm() -> None:
    """Ask to confirm where a session's own rule says that it is time."""
    if ask_by_rule(current()):
        drain.apply_async(queue="events", expires=NUDGE_SECONDS)


@shared_task(name="maintenance.sweep")
def sweep_vanished() -> None:
    """Note participants who vanished without a goodbye."""
    sweep(current())


@shared_task(name="maintenance.take_snapshots")
def take_snapshots() -> None:
    """Keep the counters of sessions in which something changed."""
    maintenance.take_snapshots(current())


@shared_task(name="maintenance.forget_deliveries")
def forget_deliveries() -> None:
    """Forget which deliveries were counted, once they cannot come again."""
    maintenance.forget_deliveries(current())


@shared_task(name="maintenance.project_sessions")
def project_sessions() -> None:
    """Tell Redis again what it may have forgotten."""
    maintenance.project_sessions(current())


@shared_task(name="maintenance.take_condition")
def measure() -> None:
    """Look how the pipeline is."""
    take_condition(current())


@shared_task(name="maintenance.send_canary")
def send_canary() -> None:
    """Measure how long an event takes until everybody may see it."""
    if canary.send(current()):
        drain.apply_async(queue="events", expires=NUDGE_SECONDS)
