"""Rotating check-in codes: what the projector shows and when it is accepted (5-security).

A code is computed, never stored, so any number of screens show the same one. It names the session (a
random 40-bit reference), a *generation* (a new one starts when the code is shown again after hiding, or the
rotation changes; older ones are expired) and a *step* of ``rotate_seconds`` since the session was made, and
ends in 80 bits of HMAC-SHA256 under a per-session 256-bit key that is derived from the campus secret.

    token = Crockford32( reference 40 | generation 16 | step 24 | mac 80 )      32 characters, upper case

In QR alphanumeric mode with the URL around it, that is version 3: large modules, readable from the last row.
"""

import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from shared.domain.refusals import Code, Refused

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: no I, L, O, U, so that nothing is misread from a projector."""

MARGIN = timedelta(seconds=5)
"""How long a step is still accepted after its end: a phone needs a moment to open the link."""

RECENT_STEPS = 20
"""How far back a typed code is recognised as expired rather than unknown."""

VERSION = b"muster-code-1"
TOKEN_LENGTH = 32
SHORT_LENGTH = 8
MAX_GENERATION = 2**16 - 1
MAX_REFERENCE = 2**40 - 1

_MILLISECOND = timedelta(milliseconds=1)
_TOKEN = re.compile(f"[{ALPHABET}]{{{TOKEN_LENGTH}}}")
_PLAIN_DIGITS = str.maketrans(ALPHABET, "0123456789abcdefghijklmnopqrstuv")
"""Python's own base 32 digits."""
_MISREAD = str.maketrans({"O": "0", "I": "1", "L": "1", "-": None, " ": None})


@dataclass(frozen=True, slots=True)
class CodeFace:
    """What decides the code of a session at a moment.

    ``epoch`` is when the session was made, so that sessions do not all turn at the same instant; step n covers
    [epoch + n·rotate, epoch + (n+1)·rotate).
    """

    reference: int
    generation: int
    epoch: datetime
    rotate_seconds: int
    visible: bool

    def step_at(self, now: datetime) -> int:
        """The step that is shown at ``now``; 0 before the epoch."""
        return max(0, (now - self.epoch) // timedelta(seconds=self.rotate_seconds))

    def step_end(self, step: int) -> datetime:
        """The first moment at which the step is no longer shown."""
        return self.epoch + timedelta(seconds=self.rotate_seconds * (step + 1))

    def age_ms(self, step: int, now: datetime) -> int:
        """Whole milliseconds from the step's begin to ``now``; 0 before it."""
        return max(0, (now - self.epoch) // _MILLISECOND - 1000 * self.rotate_seconds * step)


@dataclass(frozen=True, slots=True)
class ParsedToken:
    """A genuine token's parts."""

    reference: int
    generation: int
    step: int


def encode32(value: bytes) -> str:
    """Crockford base 32 of a byte string whose length is a multiple of five."""
    number = int.from_bytes(value)
    digits = len(value) * 8 // 5
    return "".join(ALPHABET[number >> 5 * place & 31] for place in reversed(range(digits)))


def decode32(text: str) -> bytes:
    """The inverse of :func:`encode32`; the text holds alphabet characters only."""
    return int(text.translate(_PLAIN_DIGITS), 32).to_bytes(len(text) * 5 // 8)


@lru_cache(maxsize=4096)
def session_key(secret: bytes, reference: int) -> bytes:
    """The session's own 256-bit key. Deriving it keeps it out of the database and its backups."""
    return hmac.digest(secret, VERSION + reference.to_bytes(5), hashlib.sha256)


def _body(reference: int, generation: int, step: int) -> bytes:
    return reference.to_bytes(5) + generation.to_bytes(2) + step.to_bytes(3)


def _mac(secret: bytes, body: bytes) -> bytes:
    key = session_key(secret, int.from_bytes(body[:5]))
    return hmac.digest(key, b"token" + body, hashlib.sha256)[:10]


def make_token(secret: bytes, face: CodeFace, step: int) -> str:
    """The token of one step."""
    body = _body(face.reference, face.generation, step)
    return encode32(body + _mac(secret, body))


def make_short_code(secret: bytes, face: CodeFace, step: int, generation: int | None = None) -> str:
    """The step's eight characters for those who cannot scan (40 bits, its own MAC)."""
    body = _body(face.reference, face.generation if generation is None else generation, step)
    key = session_key(secret, face.reference)
    return encode32(hmac.digest(key, b"short" + body, hashlib.sha256)[:5])


@lru_cache(maxsize=4096)
def parse_token(secret: bytes, token: str) -> ParsedToken:
    """The parts of a genuine token; anything else is ``code_invalid``.

    Needs no stored fact, so a forged token costs one HMAC and no query. A genuine one is remembered, for a whole
    class shows the same; a forged one never is.
    """
    if not _TOKEN.fullmatch(token):
        raise Refused(Code.CODE_INVALID)
    raw = decode32(token)
    body, mac = raw[:10], raw[10:]
    if not hmac.compare_digest(mac, _mac(secret, body)):
        raise Refused(Code.CODE_INVALID)
    return ParsedToken(int.from_bytes(body[:5]), int.from_bytes(body[5:7]), int.from_bytes(body[7:10]))


def check_step(face: CodeFace, generation: int, step: int, now: datetime) -> None:
    """Refuse a genuine code that is not accepted at ``now``.

    Hidden beats expired: while hidden nothing is accepted. A step's last accepted moment is its end plus
    :data:`MARGIN`, both inclusive.
    """
    if not face.visible:
        raise Refused(Code.CODE_HIDDEN)
    if generation != face.generation or now > face.step_end(step) + MARGIN:
        raise Refused(Code.CODE_EXPIRED)
    if step > face.step_at(now):
        raise Refused(Code.CODE_INVALID)


def tidy_short_code(typed: str) -> str:
    """A typed short code as it was meant: upper case, without spaces and dashes, O→0, I and L→1.

    Anything that cannot be one is ``code_invalid``.
    """
    text = typed.upper().translate(_MISREAD)
    if len(text) != SHORT_LENGTH or any(character not in ALPHABET for character in text):
        raise Refused(Code.CODE_INVALID)
    return text


def find_short_step(secret: bytes, face: CodeFace, typed: str, now: datetime) -> int:
    """The step whose short code was typed.

    One that was shown lately (20 steps of this generation and the one before) is ``code_expired``; one that
    was never shown is ``code_invalid``.
    """
    code = tidy_short_code(typed)
    current = face.step_at(now)
    for generation in (face.generation, face.generation - 1):
        for step in range(current, max(-1, current - RECENT_STEPS), -1):
            if generation >= 0 and hmac.compare_digest(code, make_short_code(secret, face, step, generation)):
                check_step(face, generation, step, now)
                return step
    raise Refused(Code.CODE_HIDDEN if not face.visible else Code.CODE_INVALID)
