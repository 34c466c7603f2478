"""Every Redis key and channel name, in one place, with what is behind it and how long it lives."""

from uuid import UUID

PREFIX = "muster:"

EVENTS = PREFIX + "events"
"""Stream of accepted events; an entry lives until PostgreSQL has committed it."""

DRAIN_GROUP = "drain"
"""The one consumer group on :data:`EVENTS`."""

FAILURES = PREFIX + "failures"
"""Hash stream entry id → tries that failed; an entry leaves it when it is settled."""

NUDGED = PREFIX + "nudged"
"""Set while a drain has been called and has not begun its last look; at most :data:`NUDGE_MS`."""

DRAINING = PREFIX + "draining"
"""Who has the turn to drain; ends by itself (workers/turn.py)."""

NUDGE_MS = 1_000
"""How long an append trusts that the drain it had called will come."""

EVENT_LIMIT = PREFIX + "limit:events:"
"""Counter per person of connection events in a minute (lua/append.lua); the person's id follows."""

CHECK_IN_LIMIT = PREFIX + "limit:check_ins:"
"""Counter per student of check-ins in a minute (lua/accept.lua, api/intake.py); the student's id follows."""

CONTROL = PREFIX + "control"
"""Pub/sub: facts of a session changed, a token died (shared.messages.control)."""

CANARY = PREFIX + "canary"
"""Hash ``sent`` (ISO 8601), ``seconds``: the last canary that became visible, and how long after it was accepted."""

CONDITION = PREFIX + "condition"
"""The pipeline's condition as last measured (shared.messages.condition); a minute."""

GATEWAYS = PREFIX + "gateways"
"""Hash gateway → its last report (shared.messages.condition)."""


def progress(part: str) -> str:
    """Set by whoever does a queue's work, or calls the schedule; ends after the longest pause that is no standstill."""
    return f"{PREFIX}progress:{part}"


def appended(batch_id: str) -> str:
    """Set once a gateway's batch of points is in the stream, so that trying again cannot double it; ten minutes."""
    return f"{PREFIX}appended:{batch_id}"


def drain_call(wish_id: str) -> str:
    """Set by the one API process that calls the drain for a gateway's wish; seconds."""
    return f"{PREFIX}call:{wish_id}"


def allowance(name: str, who: str, minute: int) -> str:
    """Counter of what somebody asked for in a minute since 1970, over all API processes; two minutes."""
    return f"{PREFIX}limit:{name}:{who}:{minute}"


def session(session_id: UUID) -> str:
    """Hash ``status``, ``teacher``, ``opens``: what gate and gateway must know. A projection, rebuilt when missing."""
    return f"{PREFIX}session:{session_id}"


def roster(session_id: UUID) -> str:
    """Set of the user ids of students enrolled on the session's date. Lives as long as :func:`session`."""
    return f"{PREFIX}roster:{session_id}"


def ending(session_id: UUID) -> str:
    """Set while a session is being ended: no new check-in. Ends by itself, so a crash closes no gate for long."""
    return f"{PREFIX}ending:{session_id}"


def receipts(session_id: UUID) -> str:
    """Hash student id → receipt of the first accepted check-in; a day."""
    return f"{PREFIX}receipts:{session_id}"


def answers(call_id: UUID) -> str:
    """Hash student id → time (ISO 8601) of the first answer to a call; a minute longer than it is open."""
    return f"{PREFIX}answers:{call_id}"


def devices(session_id: UUID) -> str:
    """Hash device → the first student who checked in on it; a day (lua/accept.lua)."""
    return f"{PREFIX}devices:{session_id}"


def short_code(code: str) -> str:
    """String: which session shows this short code; until it expires."""
    return f"{PREFIX}short:{code}"


def realtime_ticket(ticket: str) -> str:
    """One-time ticket for the gateway; 30 s."""
    return f"{PREFIX}ticket:{ticket}"


def revoked(token_id: str) -> str:
    """Set while a logged-out token would still be valid."""
    return f"{PREFIX}revoked:{token_id}"


def disabled(user_id: UUID) -> str:
    """String, set when a person is disabled; 24 h, the longest life of a token they may still hold."""
    return f"{PREFIX}disabled:{user_id}"


def sockets(user_id: UUID) -> str:
    """Hash gateway id → sockets a person has there; a day after the last one came."""
    return f"{PREFIX}sockets:{user_id}"


def gateway(gateway_id: str) -> str:
    """Set while a gateway lives; what one without it says in :func:`sockets` counts no more."""
    return f"{PREFIX}gateway:{gateway_id}"


def idempotency(digest: str) -> str:
    """The first answer to an Idempotency-Key; a day."""
    return f"{PREFIX}idempotency:{digest}"


def channel(session_id: UUID | str) -> str:
    """The realtime channel of a session, as clients and pub/sub name it."""
    return f"attendance_updates_{session_id}"


def position(channel_name: str) -> str:
    """Hash ``v``, ``e``: a channel's version and epoch; a week after the last push."""
    return f"{PREFIX}position:{channel_name}"


def history(channel_name: str) -> str:
    """Stream of a channel's last pushes, entry id = version; minutes."""
    return f"{PREFIX}history:{channel_name}"
