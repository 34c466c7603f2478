"""Keys of an outside issuer: read from the configured file or https URL, kept, and read again in time."""

import json
import urllib.request
from email.message import Message
from pathlib import Path
from typing import IO, Any

import structlog
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

MAX_JWKS_BYTES = 256 * 1024
TIMEOUT_SECONDS = 5.0

log = structlog.get_logger()


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A redirect could lead to a host nobody configured."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Message, newurl: str
    ) -> None:
        """Follow none; the opener then raises HTTPError."""


class Jwks:
    """The newest key set that could be read; an unreadable one leaves the last good one in place.

    :meth:`refresh` blocks on disk or network: call it in a thread, every ``settings.jwks_refresh_seconds``.
    """

    def __init__(self, source: str) -> None:
        self._source = source
        self._keys: KeySet | None = None
        self._text = b""

    def __call__(self) -> KeySet | None:
        """The keys as they are now; the same object until they change."""
        return self._keys

    def refresh(self) -> None:
        """Read the source again."""
        try:
            read = self._read()
            if read != self._text:
                self._keys, self._text = KeySet.import_key_set(_key_set(json.loads(read))), read
        except (OSError, ValueError, TypeError, KeyError, JoseError) as error:  # whatever a stranger publishes
            log.warning("jwks unreadable", reason=type(error).__name__, kept=self._keys is not None)

    def _read(self) -> bytes:
        if not self._source.startswith("https://"):
            return Path(self._source).read_bytes()
        opener = urllib.request.build_opener(_NoRedirects)
        with opener.open(self._source, timeout=TIMEOUT_SECONDS) as answer:  # nosec: https only, by settings
            body: bytes = answer.read(MAX_JWKS_BYTES + 1)
        if len(body) > MAX_JWKS_BYTES:
            raise ValueError("too large")
        return body


def _key_set(document: object) -> Any:
    """A JWK Set (RFC 7517, section 5), in outline."""
    if not isinstance(document, dict) or not isinstance(document.get("keys"), list):
        raise ValueError("not a key set")
    return document
