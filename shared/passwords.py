"""Passwords of local accounts: Argon2id with the library's current recommendation (RFC 9106, low memory)."""

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

MAX_PASSWORD_BYTES = 1024
_hasher = PasswordHasher()
NOBODYS = "$argon2id$v=19$m=65536,t=3,p=4$gd4bGWd8c+O6aTbCohLRaA$jrGGjzAMgSo8/YqnZzL6X0l8X48V55NmDFbLNIe4ICU"
"""What the passwords of unknown people are compared with: the hash of 32 random bytes that nobody knows, written down
because making one at every start costs a process 0.1 s of CPU. A test keeps its parameters today's."""


def hash_password(password: str) -> str:
    """A PHC string for the credentials table. Takes some 50 ms of CPU: never on an event loop."""
    return _hasher.hash(password)


def password_matches(stored: str | None, password: str) -> bool:
    """Whether the password is right. Unknown people (``None``) cost the same time as known ones."""
    try:
        return _hasher.verify(stored or NOBODYS, password) and stored is not None
    except (VerificationError, InvalidHashError):
        return False


def needs_rehash(stored: str) -> bool:
    """Whether the hash was made with older parameters than today's."""
    return _hasher.check_needs_rehash(stored)
