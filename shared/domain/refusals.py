"""Refusals: what may be said no to, as values with a stable code and a human sentence.

A rule returns or raises a :class:`Refused`; each edge (HTTP, pages) maps its code in one table.
"""

from enum import StrEnum


class Code(StrEnum):
    """Stable codes of the live family (2-http-api 2.1); clients test against them."""

    SESSION_NOT_ACTIVE = "session_not_active"
    SESSION_ALREADY_ACTIVE = "session_already_active"
    CODE_EXPIRED = "code_expired"
    CODE_INVALID = "code_invalid"
    CODE_ALREADY_USED = "code_already_used"
    CODE_HIDDEN = "code_hidden"
    NOT_ENROLLED = "not_enrolled"
    OUTSIDE_GEOFENCE = "outside_geofence"
    LOCATION_REQUIRED = "location_required"
    DEVICE_ALREADY_USED = "device_already_used"
    NO_CALL = "no_call"
    CALL_OPEN = "call_open"
    NOBODY_TO_ASK = "nobody_to_ask"
    SESSION_LOCKED = "session_locked"
    NO_SUGGESTION = "no_suggestion"
    SUGGESTION_CHANGED = "suggestion_changed"
    POLICY_CHANGED = "policy_changed"
    EXPORT_NOT_READY = "export_not_ready"
    NOT_FOUND = "not_found"
    FORBIDDEN = "forbidden"
    RATE_LIMITED = "rate_limited"
    UNAVAILABLE = "unavailable"


SENTENCES = {
    Code.SESSION_NOT_ACTIVE: "This session is not running, so nobody can check in.",
    Code.SESSION_ALREADY_ACTIVE: "Another session of this group is still running; end it first.",
    Code.CODE_EXPIRED: "This code is too old. Scan the one on the screen now.",
    Code.CODE_INVALID: "This is not a code of a running session. Check it and try again.",
    Code.CODE_ALREADY_USED: "This check-in link was used before or on another device. Scan the code yourself.",
    Code.CODE_HIDDEN: "The teacher has paused check-in. Wait until the code is shown again.",
    Code.NOT_ENROLLED: "You are not enrolled in this class.",
    Code.OUTSIDE_GEOFENCE: "You seem to be outside the place where this class meets. Go closer and try again.",
    Code.LOCATION_REQUIRED: "This class asks where you are. Allow your location for this page and try again.",
    Code.DEVICE_ALREADY_USED: "Somebody else has checked in to this class on this device.",
    Code.NO_CALL: "Nobody is asking you to confirm right now.",
    Code.NOBODY_TO_ASK: "Nobody is marked present or late yet, so there is nobody to ask.",
    Code.CALL_OPEN: "A call to confirm is still open; wait until it closes.",
    Code.SESSION_LOCKED: "This session has ended and its marks are locked.",
    Code.NO_SUGGESTION: "There is no suggestion to accept here. Please mark attendance by hand.",
    Code.SUGGESTION_CHANGED: "The suggestion has changed since you saw it. Look at the new one and decide again.",
    Code.POLICY_CHANGED: "Somebody changed this policy meanwhile. Look at the new one and change it again.",
    Code.EXPORT_NOT_READY: "This export is not written yet. Its progress says how far it is.",
    Code.NOT_FOUND: "There is nothing here, or you have no part in it.",
    Code.FORBIDDEN: "Your role may not do this.",
    Code.RATE_LIMITED: "Too many tries. Wait a moment and try again.",
    Code.UNAVAILABLE: "This cannot be recorded right now. Nothing was changed; try again in a moment.",
}


class Refused(Exception):
    """A request that was understood and said no to.

    ``extra`` holds members that an answer carries beside the code, e.g. ``activeSessionId``.
    """

    def __init__(self, code: Code, detail: str | None = None, **extra: str | int) -> None:
        self.code = code
        self.detail = detail or SENTENCES[code]
        self.extra = extra
        super().__init__(f"{code}: {self.detail}")
