"""Check-in tickets: a scanned step exchanged for something personal that outlives it (5-security).

A ticket is signed, not stored: it survives a lost Redis and costs no write to issue. Single use is enforced
where it is redeemed (set-if-absent in Redis, unique in PostgreSQL) by its random id.

    base64url( version 1 | session 16 | scanned at 6 (ms) | id 10 | device 8 | user 8 | step age 4 (ms) | mac 16 )

69 bytes are exactly 92 characters: no bit of the text is without meaning.
"""

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from shared.domain.refusals import Code, Refused

LIFE = timedelta(seconds=120)
"""Long enough for a slow login, too short to be forwarded around (2-http-api 2.1)."""

ID_BYTES = 10
_VERSION = b"\x01"
_BODY_BYTES = 1 + 16 + 6 + ID_BYTES + 8 + 8 + 4
_MAC_BYTES = 16
_NOBODY = bytes(8)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_TEXT = re.compile(r"[A-Za-z0-9_-]{92}")
"""The one spelling of a ticket: Python's reader would also take ``+`` for ``-``, ``/`` for ``_``, and padding."""


@dataclass(frozen=True, slots=True)
class CheckInTicket:
    """A redeemable ticket. ``device`` and ``user`` are 8-byte fingerprints; a zero user means unknown.

    ``step_age_ms`` is how far into its step the code was scanned: evidence for relay flags.
    """

    session_id: UUID
    scanned_at: datetime
    ticket_id: bytes
    device: bytes
    user: bytes = _NOBODY
    step_age_ms: int = 0

    @property
    def expires_at(self) -> datetime:
        """The last moment at which it is accepted."""
        return self.scanned_at + LIFE


def fingerprint(value: str) -> bytes:
    """Eight bytes that stand for a device or user id inside a ticket."""
    return hashlib.sha256(value.encode()).digest()[:8]


def to_millis(moment: datetime) -> int:
    """Whole milliseconds since 1970, rounded down."""
    return (moment - _EPOCH) // _MILLISECOND


def from_millis(millis: int) -> datetime:
    """The inverse of :func:`to_millis`."""
    return _EPOCH + millis * _MILLISECOND


def whole_millis(moment: datetime) -> datetime:
    """The moment, rounded down to the millisecond."""
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def seal(key: bytes, ticket: CheckInTicket) -> str:
    """The ticket as the text a client carries; times are kept to the millisecond."""
    body = (
        _VERSION
        + ticket.session_id.bytes
        + to_millis(ticket.scanned_at).to_bytes(6)
        + ticket.ticket_id
        + ticket.device
        + ticket.user
        + min(ticket.step_age_ms, 2**32 - 1).to_bytes(4)
    )
    mac = hmac.digest(key, body, hashlib.sha256)[:_MAC_BYTES]
    return base64.urlsafe_b64encode(body + mac).decode()


def unseal(key: bytes, text: str) -> CheckInTicket:
    """The genuine ticket behind the text; anything else is ``code_invalid``."""
    if not _TEXT.fullmatch(text):
        raise Refused(Code.CODE_INVALID)
    raw = base64.urlsafe_b64decode(text)
    body, mac = raw[:_BODY_BYTES], raw[_BODY_BYTES:]
    genuine = hmac.digest(key, body, hashlib.sha256)[:_MAC_BYTES]
    if not hmac.compare_digest(mac, genuine):
        raise Refused(Code.CODE_INVALID)
    return CheckInTicket(
        session_id=UUID(bytes=body[1:17]),
        scanned_at=from_millis(int.from_bytes(body[17:23])),
        ticket_id=body[23:33],
        device=body[33:41],
        user=body[41:49],
        step_age_ms=int.from_bytes(body[49:53]),
    )


def check_holder(ticket: CheckInTicket, device: str | None, user: str, now: datetime) -> None:
    """Refuse a ticket shown too late, from another device, or by another person than it was made for."""
    if now > ticket.expires_at:
        raise Refused(Code.CODE_EXPIRED, "This check-in link has ended. Scan the code on the screen again.")
    if device is None or fingerprint(device) != ticket.device:
        raise Refused(Code.CODE_ALREADY_USED)
    if ticket.user not in (_NOBODY, fingerprint(user)):
        raise Refused(Code.CODE_ALREADY_USED)
