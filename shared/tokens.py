"""JSON Web Tokens: who is asking (2-http-api 2.6).

An allow-list of algorithms, an exact ``kid``, required ``exp iat iss aud sub``, a size cap before anything is
decoded and a cap on a token's life. HS256 is only ever checked with the local secret, the other algorithms only
with the configured JWKS, so one can never stand in for the other.
"""

import hashlib
import hmac
import warnings
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from joserfc import jwt
from joserfc.errors import BadSignatureError, JoseError, SecurityWarning
from joserfc.jwk import GuestProtocol, KeySet, OctKey

from shared.domain.words import Role
from shared.ids import new_id
from shared.settings import Settings

MAX_TOKEN_BYTES = 4096
MAX_LIFE = timedelta(hours=24)
CLOCK_SKEW = timedelta(seconds=30)
"""How far an outside issuer's clock may be ahead of ours."""
REMEMBERED = 20_000
"""Verified tokens kept per process: verifying costs as much as the rest of a request (4-pipeline)."""

LOCAL_KEY = "local"
OWN_HEADER = {"alg": "HS256", "kid": LOCAL_KEY}
REQUIRED = ("exp", "iat", "iss", "aud", "sub")


class InvalidToken(Exception):
    """The token proves nothing. The message is for logs, never for the caller."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a valid token speaks for. ``token_id`` is what logging out kills."""

    user_id: UUID
    role: Role
    token_id: str
    expires_at: datetime


class _ForgedHere(InvalidToken):
    """The signature is not of this key; it may be of another."""


KeySource = Callable[[], KeySet | None]
"""Gives the keys of the outside issuer as they are now; ``None`` when there is none."""


class Tokens:
    """Makes and verifies tokens, and remembers those it has verified until they end or are forgotten."""

    def __init__(self, settings: Settings, outside_keys: KeySource = lambda: None) -> None:
        self._algorithms = list(settings.jwt_algorithms)
        self._issuer = settings.jwt_issuer
        self._audience = settings.jwt_audience
        self._secrets = settings.secrets if "HS256" in self._algorithms else ()
        self._keys = [OctKey.import_key(secret, {"kid": LOCAL_KEY}) for secret in settings.secrets]
        self._own_header = jwt.encode(OWN_HEADER, {}, self._keys[0]).partition(".")[0]
        self._outside_keys = outside_keys
        self._verified_under = outside_keys()
        self._verified: OrderedDict[str, Identity] = OrderedDict()
        self.forgotten = 0
        """How often something was forgotten: an answer asked for before is not to be remembered after."""
        if "EdDSA" in self._algorithms:
            # RFC 9864 gives its curves names of their own. Issuers still say EdDSA, and every check of it would warn.
            warnings.filterwarnings("ignore", "EdDSA is deprecated", SecurityWarning)

    def issue(self, user_id: UUID, role: Role, now: datetime, life: timedelta) -> tuple[str, Identity]:
        """A fresh local token and what it says."""
        identity = Identity(user_id, role, new_id().hex, (now + min(life, MAX_LIFE)).replace(microsecond=0))
        claims = {
            "iss": self._issuer,
            "aud": self._audience,
            "sub": str(user_id),
            "role": role.value,
            "jti": identity.token_id,
            "iat": int(now.timestamp()),
            "exp": int(identity.expires_at.timestamp()),
        }
        return jwt.encode(OWN_HEADER, claims, self._keys[0]), identity

    def recall(self, token: str, now: datetime) -> Identity | None:
        """What a token verified before says, if it still holds. New keys make every token prove itself again."""
        if (keys := self._outside_keys()) is not self._verified_under:
            self._verified.clear()
            self._verified_under = keys
        identity = self._verified.get(token)
        if identity is not None and identity.expires_at <= now:
            del self._verified[token]
            return None
        return identity

    def verify(self, token: str, now: datetime) -> Identity:
        """What the token says; raises :class:`InvalidToken`. Does not know about logouts: see :meth:`remember`."""
        if len(token) > MAX_TOKEN_BYTES:
            raise InvalidToken("too long")
        if (claims := self._own_claims(token)) is not None:
            return self._read(claims, token, now)
        for local in self._keys[:-1]:
            try:
                return self._verify(token, local, now)
            except _ForgedHere:
                continue
        return self._verify(token, self._keys[-1], now)

    def remember(self, token: str, identity: Identity) -> None:
        """Keep a verified token that is known not to be logged out."""
        self._verified[token] = identity
        if len(self._verified) > REMEMBERED:
            self._verified.popitem(last=False)

    def forget(self, dead: Callable[[Identity], bool]) -> None:
        """Drop remembered tokens that are dead now."""
        self.forgotten += 1
        for token in [token for token, identity in self._verified.items() if dead(identity)]:
            del self._verified[token]

    def _own_claims(self, token: str) -> dict[str, Any] | None:
        """What a token says that was made here. The library takes ten times as long, which a whole campus that comes
        at once would pay for; it judges everything that is not, byte for byte, what :meth:`issue` writes."""
        signed, _, signature = token.rpartition(".")
        header, _, payload = signed.partition(".")
        if header != self._own_header or not token.isascii():
            return None
        for secret in self._secrets:
            ours = urlsafe_b64encode(hmac.digest(secret, signed.encode(), "sha256")).rstrip(b"=")
            if hmac.compare_digest(ours, signature.encode()):
                return _object(payload)
        return None

    def _verify(self, token: str, local: OctKey, now: datetime) -> Identity:
        """What the token says if it proves it, with this local key where it was made here."""
        try:
            decoded = jwt.decode(token.encode("ascii"), lambda guest: self._key_for(guest, local), self._algorithms)
        except BadSignatureError as error:
            raise _ForgedHere(type(error).__name__) from None
        except (JoseError, ValueError, TypeError, RecursionError) as error:
            raise InvalidToken(type(error).__name__) from None
        return self._read(decoded.claims, token, now)

    def _key_for(self, token: GuestProtocol, local: OctKey) -> OctKey | KeySet:
        header: Mapping[str, Any] = token.headers()
        algorithm, key_id = header.get("alg"), header.get("kid")
        if algorithm not in self._algorithms:
            raise InvalidToken("algorithm is not allowed")
        if algorithm == "HS256":
            if key_id not in (None, LOCAL_KEY):
                raise InvalidToken("unknown key")
            return local
        keys = self._outside_keys()
        if keys is None or not any(key.kid == key_id and key.key_type != "oct" for key in keys.keys):
            raise InvalidToken("unknown key")
        return keys

    def _read(self, claims: dict[str, Any], token: str, now: datetime) -> Identity:
        if missing := [name for name in REQUIRED if claims.get(name) is None]:
            raise InvalidToken(f"missing {missing[0]}")
        audience = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
        if claims["iss"] != self._issuer or self._audience not in audience:
            raise InvalidToken("not for us")
        issued, expires = _moment(claims["iat"]), _moment(claims["exp"])
        if expires <= now:
            raise InvalidToken("expired")
        if issued > now + CLOCK_SKEW or expires - issued > MAX_LIFE or not _begun(claims.get("nbf"), now):
            raise InvalidToken("life is out of bounds")
        try:
            user_id, role = UUID(claims["sub"]), Role(claims["role"])
        except (KeyError, ValueError, AttributeError):
            raise InvalidToken("sub or role is malformed") from None
        return Identity(user_id, role, _token_id(claims, token), expires)


def _object(payload: str) -> dict[str, Any] | None:
    """The JSON object that a part of a token is, if it is one."""
    try:
        found = msgspec.json.decode(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (ValueError, RecursionError):  # msgspec's own are ValueErrors
        return None
    return found if isinstance(found, dict) else None


def _moment(seconds: object) -> datetime:
    """A NumericDate (RFC 7519) as a time."""
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        raise InvalidToken("a time is malformed")
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError):
        raise InvalidToken("a time is out of bounds") from None


def _begun(not_before: object, now: datetime) -> bool:
    return not_before is None or _moment(not_before) <= now + CLOCK_SKEW


def _token_id(claims: dict[str, Any], token: str) -> str:
    """The ``jti``, or the token's digest where an outside issuer gives none that can be written down."""
    given = claims.get("jti")
    if isinstance(given, str) and 0 < len(given) <= 128 and given.isprintable():
        return given
    return hashlib.sha256(token.encode()).hexdigest()
