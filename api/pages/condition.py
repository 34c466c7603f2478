"""The condition of the service in plain words: pure functions from what was measured to what people read."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from api.pages.texts import Language
from shared.messages.condition import Condition, Held

SLOW_SECONDS = 1.0
"""An event may take this long to become visible (4-pipeline 4.4, p99)."""
CANARY_LATE = 150.0
"""A canary is sent every minute; two that are missing are no accident."""


@dataclass(frozen=True, slots=True)
class Line:
    """One part of the service: whether it is well, and the sentence that says so or what follows from it."""

    part: str
    good: bool
    says: str


def lines(failing: Collection[str], condition: Condition | None, held: Held | None, language: Language) -> list[Line]:
    """Everything there is to say. ``failing`` are the checks of /readyz that fail."""
    said = [*_stores(failing, language)]
    if condition is None:
        _ = language.translations.gettext
        silence = _("Nobody has measured for a minute. Do the scheduler and the maintenance worker run?")
        said.append(Line(_("Pipeline"), False, silence))
    else:
        said += [_lag(condition, language), _waiting(condition, language), _queues(condition, language)]
        said += [*_kept(condition, language)]
    return [*said, _connections(held, language)]


def _stores(failing: Collection[str], language: Language) -> Iterator[Line]:
    _ = language.translations.gettext
    if "database" in failing:
        yield Line(
            _("Database"),
            False,
            _("PostgreSQL does not answer. Check-ins of running sessions are accepted and kept; the rest waits."),
        )
    elif "migrations" in failing:
        yield Line(_("Database"), False, _("The schema is not the one of this version. Run “muster migrate”."))
    else:
        yield Line(_("Database"), True, _("PostgreSQL answers, with the schema of this version."))
    if "queue" in failing:
        yield Line(
            _("Queue"),
            False,
            _("Redis does not answer. Check-ins are kept in PostgreSQL; live pages stand still, nobody can log in."),
        )
    else:
        yield Line(_("Queue"), True, _("Redis answers."))


def _lag(condition: Condition, language: Language) -> Line:
    _ = language.translations.gettext
    seconds, age = condition.canary_seconds, condition.canary_age
    if seconds is None or age is None:
        return Line(_("Delay"), False, _("No test event has come through yet. The first one takes a minute."))
    if age > CANARY_LATE:
        return Line(
            _("Delay"),
            False,
            _("The last test event came through %(n)d s ago; there should be one every minute.") % {"n": age},
        )
    says = _("An event is visible %(s)s s after it was accepted.") % {"s": language.decimal(seconds, 2)}
    return Line(_("Delay"), seconds <= SLOW_SECONDS, says)


def _waiting(condition: Condition, language: Language) -> Line:
    _, count = language.translations.gettext, condition.stream_entries
    if not count:
        return Line(_("Events"), True, _("No event waits."))
    says = language.translations.ngettext(
        "%(n)d batch of events waits, for %(s)s s.", "%(n)d batches of events wait, the oldest for %(s)s s.", count
    )
    return Line(
        _("Events"),
        "events" not in condition.stalled,
        says % {"n": count, "s": language.decimal(condition.oldest_seconds)},
    )


def _queues(condition: Condition, language: Language) -> Line:
    _ = language.translations.gettext
    if condition.stalled:
        says = _("There is work and nobody does it: %(names)s.") % {"names": ", ".join(condition.stalled)}
        return Line(_("Workers"), False, says)
    waiting = sum(condition.queues.values())
    says = language.translations.ngettext(
        "All queues move; %(n)d call waits.", "All queues move; %(n)d calls wait.", waiting
    )
    return Line(_("Workers"), True, says % {"n": waiting})


def _kept(condition: Condition, language: Language) -> Iterator[Line]:
    _, ngettext = language.translations.gettext, language.translations.ngettext
    if condition.inbox_events:
        count = condition.inbox_events
        says = ngettext("%(n)d event waits in PostgreSQL.", "%(n)d events wait in PostgreSQL.", count) % {"n": count}
        yield Line(_("Inbox"), count < 10_000, says)
    if condition.dead_letters:
        count = condition.dead_letters
        says = ngettext(
            "%(n)d event could not be applied and waits for a person.",
            "%(n)d events could not be applied and wait for a person.",
            count,
        )
        yield Line(_("Dead letters"), False, says % {"n": count})


def _connections(held: Held | None, language: Language) -> Line:
    _, ngettext = language.translations.gettext, language.translations.ngettext
    if held is None or not held.gateways:
        return Line(_("Connections"), False, _("No gateway reports. Live pages ask every few seconds instead."))
    sockets = ngettext("%(n)d open connection", "%(n)d open connections", held.sockets) % {"n": held.sockets}
    gateways = ngettext("%(n)d gateway", "%(n)d gateways", held.gateways) % {"n": held.gateways}
    return Line(_("Connections"), True, f"{sockets} · {gateways}")
