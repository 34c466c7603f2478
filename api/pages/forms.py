"""What a form sends: small, URL-encoded, read under the same cap as any other body."""

from urllib.parse import parse_qsl, urlsplit

from starlette.requests import Request

from api.body import read_body
from api.headers import media_type
from api.problems import Problem

MOST_FIELDS = 20
MEDIA_TYPE = "application/x-www-form-urlencoded"


async def read_form(request: Request) -> dict[str, str]:
    """The fields of a form; of a repeated one the last. 415 for another media type, 400 for what is not a form."""
    _require_form(request)
    return _fields(await read_body(request))


async def read_fields(request: Request, most: int) -> list[tuple[str, str]]:
    """The fields of a form in which one may be repeated, in their order; ``most`` of them."""
    _require_form(request)
    return _pairs(await read_body(request), most)


async def read_form_if_any(request: Request) -> dict[str, str]:
    """The same, for a request that may also come without a body: then there are no fields, whatever its type."""
    raw = await read_body(request)
    if not raw:
        return {}
    _require_form(request)
    return _fields(raw)


def _require_form(request: Request) -> None:
    if media_type(request) != MEDIA_TYPE:
        raise Problem(415, "unsupported_media_type", "Send the form as the page does.")


def _fields(raw: bytes) -> dict[str, str]:
    return dict(_pairs(raw, MOST_FIELDS))


def _pairs(raw: bytes, most: int) -> list[tuple[str, str]]:
    try:
        return parse_qsl(raw.decode(), keep_blank_values=True, max_num_fields=most, errors="strict")
    except ValueError:
        raise Problem(400, "malformed", "This is not a form.") from None


def safe_next(wanted: str | None) -> str | None:
    """A path of this site to go on to, or None: a link must not turn a login into a trip to somebody else's page.

    Browsers read a backslash as a slash and drop tabs and line ends, so neither is allowed.
    """
    if not wanted or not wanted.startswith("/") or wanted.startswith("//"):
        return None
    if "\\" in wanted or any(ord(character) <= 32 or ord(character) == 127 for character in wanted):
        return None
    parts = urlsplit(wanted)
    return None if parts.scheme or parts.netloc else wanted
