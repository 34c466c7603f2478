"""Keys for one purpose each, derived from the campus secret, so that no signature can pass for another."""

import hashlib
import hmac


def derive(secret: bytes, purpose: str) -> bytes:
    """A 256-bit key for one purpose."""
    return hmac.digest(secret, b"muster key: " + purpose.encode(), hashlib.sha256)
