"""Keys for one purpose each, derived from a campus secret, so that no signature can pass for another.

While keys are being changed there are two secrets: the first signs, both are accepted (docs/operations.md). So nobody
is logged out, and no code on a screen is refused, while processes with the old and the new key run side by side.
"""

import hashlib
import hmac
from collections.abc import Callable, Sequence
from typing import TypeVar

from shared.domain.refusals import Code, Refused

Genuine = TypeVar("Genuine")


def derive(secret: bytes, purpose: str) -> bytes:
    """A 256-bit key for one purpose."""
    return hmac.digest(secret, b"muster key: " + purpose.encode(), hashlib.sha256)


def under_any(secrets: Sequence[bytes], read: Callable[[bytes], Genuine]) -> Genuine:
    """What ``read`` finds under the first secret that does not call the text ``code_invalid``.

    Raises ``Refused`` as ``read`` did under the last one.
    """
    for secret in secrets[:-1]:
        try:
            return read(secret)
        except Refused as refused:
            if refused.code != Code.CODE_INVALID:
                raise
    return read(secrets[-1])
