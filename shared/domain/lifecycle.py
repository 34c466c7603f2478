"""The life of a session: scheduled → active → completed, or cancelled (1-domain)."""

from shared.domain.refusals import Code, Refused
from shared.domain.words import SessionStatus

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
