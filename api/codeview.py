"""The code on the screen: token, short code, link and picture of the step that is shown now.

A picture is rendered once per step and shared by every viewer; versions past the current step are forgotten.
"""

import asyncio
import io
from collections import OrderedDict
from concurrent.futures import Executor
from datetime import datetime
from itertools import groupby
from urllib.parse import urlsplit

import qrcode
from qrcode.constants import ERROR_CORRECT_M
from qrcode.image.pure import PyPNGImage

from api.facts import SessionFacts
from api.fields import CamelView
from api.metrics import PICTURES
from shared.domain.codes import make_short_code, make_token

KEPT = 2_000
"""Pictures kept per process: two kinds for 1,000 sessions."""


class CodeView(CamelView):
    """The code of the current step; null codes while hidden.

    ``generation`` grows whenever codes start anew: a code of an older one is dead.
    """

    token: str | None
    qr_code_data: str | None
    check_in_url: str | None
    short_code: str | None
    step: int
    generation: int
    expires_at: datetime
    rotate_seconds: int
    visible: bool


def check_in_url(public_url: str, token: str) -> str:
    """The link inside the picture. Scheme and host ignore case, so upper case keeps the picture in QR's dense
    alphanumeric mode; a path prefix would not survive it and stays as it is."""
    parts = urlsplit(public_url)
    if parts.path:
        return f"{public_url}/C/{token}"
    return f"{public_url.upper()}/C/{token}"


def view_code(secret: bytes, public_url: str, facts: SessionFacts, now: datetime) -> CodeView:
    """What is shown at ``now``."""
    face = facts.face
    step = face.step_at(now)
    token = make_token(secret, face, step) if face.visible else None
    link = check_in_url(public_url, token) if token else None
    return CodeView(
        token=token,
        qr_code_data=link,
        check_in_url=link,
        short_code=make_short_code(secret, face, step) if face.visible else None,
        step=step,
        generation=face.generation,
        expires_at=face.step_end(step),
        rotate_seconds=face.rotate_seconds,
        visible=face.visible,
    )


class CodePictures:
    """Renders QR pictures off the event loop, each once."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor
        self._kept: OrderedDict[tuple[str, str], asyncio.Future[bytes]] = OrderedDict()

    async def picture(self, link: str, kind: str) -> bytes:
        """The picture of a link; ``kind`` is ``svg`` or ``png``."""
        key = (link, kind)
        if key not in self._kept:
            PICTURES.inc()
            draw = draw_svg if kind == "svg" else draw_png
            self._kept[key] = asyncio.get_running_loop().run_in_executor(self._executor, draw, link)
            if len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        try:
            return await asyncio.shield(self._kept[key])
        except Exception:
            self._kept.pop(key, None)
            raise


def qr_code(link: str) -> "qrcode.QRCode[PyPNGImage]":
    """The matrix: medium error correction, quiet zone of four modules as ISO 18004 asks."""
    code = qrcode.QRCode(error_correction=ERROR_CORRECT_M, border=4)
    code.add_data(link)
    return code


def draw_svg(link: str) -> bytes:
    """A scalable picture: dark on white whatever the page's colours, with the quiet zone that scanners need.

    One rectangle per run of dark modules: half the size, and two thirds of the time, of one per module.
    """
    matrix = qr_code(link).get_matrix()
    side = len(matrix)
    dark = "".join(_runs(y, row) for y, row in enumerate(matrix))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {side} {side}" shape-rendering="crispEdges">'
        f'<rect width="{side}" height="{side}" fill="#fff"/><path d="{dark}"/></svg>'
    ).encode()


def _runs(y: int, row: list[bool]) -> str:
    path, x = "", 0
    for dark, run in groupby(row):
        length = len(list(run))
        path += f"M{x},{y}h{length}v1h-{length}z" if dark else ""
        x += length
    return path


def draw_png(link: str) -> bytes:
    """A bitmap of 12 pixels per module."""
    code = qr_code(link)
    code.box_size = 12
    image = code.make_image(image_factory=PyPNGImage)
    out = io.BytesIO()
    image.save(out)
    return out.getvalue()
