"""Passwords of local accounts: Argon2id with the library's current recommendation (RFC 9106, low memory)."""

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

MAX_PASSWORD_BYTES = 1024
_hasher = PasswordHasher()
_nobodys = _hasher.hash("the password of nobody")


def hash_password(password: str) -> str:
    """A PHC string for the credentials table. Takes some 50 ms of CPU: never on an event loop."""
    return _hasher.hash(password)


def password_matches(stored: str | None, password: str) -> bool:
    """Whether the password is right. Unknown people (``None``) cost the same time as known ones."""
    try:
        return _hasher.verify(stored or _nobodys, password) and stored is not None
    except (VerificationError, InvalidHashError):
        return False


def needs_rehash(stored: str) -> bool:
    """Whether the hash was made with older parameters than today's."""
    return _hasher.check_needs_rehash(stored)
