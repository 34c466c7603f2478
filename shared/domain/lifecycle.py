"""The life of a session: scheduled → active → completed, or cancelled (1-domain), and when connections count in it."""

from datetime import datetime, timedelta

from shared.domain.refusals import Code, Refused
from shared.domain.words import Mode, SessionStatus

EARLY = timedelta(minutes=15)
"""Online sessions take connection events this long before their scheduled start (2-http-api 2.2)."""

ALLOWED = {
    SessionStatus.ACTIVE: {SessionStatus.SCHEDULED},
    SessionStatus.COMPLETED: {SessionStatus.ACTIVE},
    SessionStatus.CANCELLED: {SessionStatus.SCHEDULED, SessionStatus.ACTIVE},
}
"""For each new status, the statuses it may follow."""


def must_change(old: SessionStatus, new: SessionStatus) -> bool:
    """Whether a change is needed: False when the session is there already (a repeated request).

    Raises ``session_not_active`` when the way from ``old`` to ``new`` does not exist.
    """
    if old == new:
        return False
    if old not in ALLOWED[new]:
        raise Refused(Code.SESSION_NOT_ACTIVE, f"A session that is {old} cannot become {new}.")
    return True


def opens_at(mode: Mode, scheduled_start: datetime | None) -> datetime | None:
    """From when a session that is still scheduled takes connection events; None: not before it has started."""
    return None if mode is Mode.IN_PERSON or scheduled_start is None else scheduled_start - EARLY


def takes_events(status: SessionStatus, opens: datetime | None, now: datetime) -> bool:
    """Whether connections count now; ``opens`` is what :func:`opens_at` says."""
    early = status is SessionStatus.SCHEDULED and opens is not None and now >= opens
    return status is SessionStatus.ACTIVE or early
