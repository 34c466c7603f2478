"""The code on the screen: the same for every viewer, never stored, never for students (2-http-api 2.1)."""

import asyncio
import re
from xml.etree import ElementTree

import httpx
import png  # type: ignore[import-untyped]
import pytest
import qrcode
from prometheus_client import REGISTRY

from api.codeview import check_in_url
from shared.domain.codes import ALPHABET
from tests.api.answers import good, moment, refusal, wrong_fields
from tests.api.lecture import Clock, Lecture, open_lecture
from tests.campus import Classroom, Visitor

CODES = {"token", "qrCodeData", "checkInUrl", "shortCode"}
MEMBERS = CODES | {"step", "generation", "expiresAt", "rotateSeconds", "visible"}
VIEWS = ["qr", "qr.svg", "qr.png"]

Modules = list[list[bool]]


def expected(link: str) -> Modules:
    """The matrix of a link, with its quiet zone of four modules."""
    code = qrcode.QRCode(error_correction=qrcode.ERROR_CORRECT_M, border=4)
    code.add_data(link)
    return [[bool(module) for module in row] for row in code.get_matrix()]


def read_png(content: bytes) -> Modules:
    """What a scanner's camera sees, sampled in the middle of each module of 12 pixels."""
    width, height, rows, form = png.Reader(bytes=content).asDirect()
    pixels = [list(row)[:: form["planes"]] for row in rows]
    return [[pixels[y][x] == 0 for x in range(6, width, 12)] for y in range(6, height, 12)]


def read_svg(content: bytes) -> Modules:
    """The modules that the path fills, run by run."""
    root = ElementTree.fromstring(content)
    side = int(root.attrib["viewBox"].split()[2])
    [path] = [element for element in root.iter() if element.tag.endswith("path")]
    runs = re.findall(r"M(\d+),(\d+)h(\d+)v1h-(\d+)z", path.attrib["d"])
    assert "".join(f"M{x},{y}h{run}v1h-{back}z" for x, y, run, back in runs) == path.attrib["d"]
    found = {(int(x) + step, int(y)) for x, y, run, _back in runs for step in range(int(run))}
    return [[(x, y) in found for x in range(side)] for y in range(side)]


async def test_the_code_has_the_contracts_members(timed: Lecture, clock: Clock) -> None:
    answer = await timed.teacher.get(f"{timed.path}/qr")
    body = good(answer)
    assert body.keys() == MEMBERS
    assert body["qrCodeData"] == body["checkInUrl"] == f"HTTP://LOCALHOST:8000/C/{body['token']}"
    assert re.fullmatch(f"[{ALPHABET}]{{32}}", body["token"])
    assert re.fullmatch(f"[{ALPHABET}]{{8}}", body["shortCode"])
    assert (body["step"], body["rotateSeconds"], body["visible"]) == (0, 15, True)
    assert (moment(body["expiresAt"]) - clock.now).total_seconds() == 15


@pytest.mark.parametrize("view", VIEWS)
async def test_a_code_is_never_stored(lecture: Lecture, view: str) -> None:
    answer = await lecture.teacher.get(f"{lecture.path}/{view}")
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")


async def test_every_screen_shows_the_same_code(timed: Lecture, punctual: Visitor) -> None:
    beamer = punctual.speaking_as(timed.classroom.teacher)
    assert good(await beamer.get(f"{timed.path}/qr")) == await timed.code()


async def test_the_bitmap_holds_exactly_the_link(timed: Lecture) -> None:
    answer = await timed.teacher.get(f"{timed.path}/qr.png")
    assert answer.headers["content-type"] == "image/png"
    assert read_png(answer.content) == expected((await timed.code())["qrCodeData"])


async def test_the_scalable_picture_holds_exactly_the_link(timed: Lecture) -> None:
    answer = await timed.teacher.get(f"{timed.path}/qr.svg")
    assert answer.headers["content-type"] == "image/svg+xml"
    assert read_svg(answer.content) == expected((await timed.code())["qrCodeData"])


async def test_the_link_is_a_small_picture() -> None:
    """32 characters behind a short host stay within version 4: readable from the last row."""
    side = len(expected(check_in_url("https://muster.example.edu", "0" * 32))) - 8
    assert side <= 33


def test_a_path_prefix_keeps_its_case() -> None:
    assert check_in_url("https://campus.edu/Muster", "A") == "https://campus.edu/Muster/C/A"
    assert check_in_url("https://campus.edu", "A") == "HTTPS://CAMPUS.EDU/C/A"


def pictures_drawn() -> float:
    """How many this process has drawn."""
    return REGISTRY.get_sample_value("muster_api_code_pictures_total") or 0


async def test_a_picture_is_drawn_once_however_many_look(lecture: Lecture) -> None:
    good(await lecture.teacher.put(f"{lecture.path}/qr", json={"rotateSeconds": 300}))
    before = pictures_drawn()
    await asyncio.gather(*(lecture.teacher.get(f"{lecture.path}/qr.png") for _ in range(10)))
    assert pictures_drawn() == before + 1


async def test_each_step_is_drawn_once_however_many_screens_there_are(timed: Lecture, clock: Clock) -> None:
    """Three steps, twenty screens: three pictures."""
    before = pictures_drawn()
    for _ in range(3):
        answers = await asyncio.gather(*(timed.teacher.get(f"{timed.path}/qr.svg") for _ in range(20)))
        assert len({answer.content for answer in answers}) == 1
        clock.forward(seconds=15)
    assert pictures_drawn() == before + 3


# --- who, and when ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("view", VIEWS)
async def test_students_and_others_never_see_a_code(
    lecture: Lecture, view: str, other_teacher: httpx.AsyncClient, stranger: httpx.AsyncClient
) -> None:
    path = f"{lecture.path}/{view}"
    assert refusal(await lecture.student.get(path)) == (403, "forbidden")
    assert refusal(await other_teacher.get(path)) == (404, "not_found")
    assert refusal(await stranger.get(path)) == (404, "not_found")


async def test_an_admin_sees_and_sets_the_code(lecture: Lecture, admin: httpx.AsyncClient) -> None:
    assert good(await admin.get(f"{lecture.path}/qr"))["token"]
    assert good(await admin.put(f"{lecture.path}/qr", json={"visible": False}))["visible"] is False


@pytest.mark.parametrize("view", VIEWS)
async def test_a_session_that_is_not_running_shows_no_code(visitor: Visitor, classroom: Classroom, view: str) -> None:
    lecture = await open_lecture(visitor, classroom, startNow=False)
    assert refusal(await lecture.teacher.get(f"{lecture.path}/{view}")) == (409, "session_not_active")
    good(await lecture.teacher.post(f"{lecture.path}/start"))
    assert (await lecture.teacher.get(f"{lecture.path}/{view}")).status_code == 200
    await lecture.end()
    assert refusal(await lecture.teacher.get(f"{lecture.path}/{view}")) == (409, "session_not_active")


# --- hiding and the rhythm --------------------------------------------------------------------------------


async def test_while_hidden_there_is_no_code_to_see(lecture: Lecture) -> None:
    hidden = await lecture.set_code(visible=False)
    shown = await lecture.code()
    assert hidden.keys() == shown.keys() == MEMBERS
    for body in (hidden, shown):
        codes = [body[name] for name in ("token", "qrCodeData", "checkInUrl", "shortCode")]
        assert (codes, body["visible"]) == ([None] * 4, False)
    for view in ("qr.svg", "qr.png"):
        assert refusal(await lecture.teacher.get(f"{lecture.path}/{view}")) == (409, "code_hidden")


async def test_hiding_twice_and_showing_twice_change_nothing(timed: Lecture) -> None:
    before = await timed.code()
    assert (await timed.set_code(visible=True)) == before
    await timed.set_code(visible=False)
    await timed.set_code(visible=False)
    anew = await timed.set_code(visible=True)
    assert anew["token"] != before["token"]
    assert (await timed.set_code(visible=True)) == (await timed.set_code()) == anew


@pytest.mark.parametrize("seconds", [5, 15, 300])
async def test_the_rhythm_may_be_five_to_three_hundred_seconds(timed: Lecture, clock: Clock, seconds: int) -> None:
    body = await timed.set_code(rotateSeconds=seconds)
    assert body["rotateSeconds"] == seconds
    assert (moment(body["expiresAt"]) - clock.now).total_seconds() == seconds


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({"rotateSeconds": 4}, {"rotateSeconds"}),
        ({"rotateSeconds": 301}, {"rotateSeconds"}),
        ({"rotateSeconds": 10**30}, {"rotateSeconds"}),
        ({"rotateSeconds": "30"}, {"rotateSeconds"}),
        ({"rotateSeconds": True}, {"rotateSeconds"}),
        ({"visible": "yes", "rotateSeconds": 1.5}, {"visible", "rotateSeconds"}),
        ({"visible": 1}, {"visible"}),
        ({"step": 3}, {"step"}),
    ],
)
async def test_any_other_setting_is_refused_and_changes_nothing(
    timed: Lecture, body: dict[str, object], fields: set[str]
) -> None:
    before = await timed.code()
    assert wrong_fields(await timed.teacher.put(f"{timed.path}/qr", json=body)) == fields
    assert await timed.code() == before


async def test_others_set_nothing(
    lecture: Lecture, other_teacher: httpx.AsyncClient, stranger: httpx.AsyncClient
) -> None:
    path, body = f"{lecture.path}/qr", {"visible": False}
    assert refusal(await other_teacher.put(path, json=body)) == (404, "not_found")
    assert refusal(await stranger.put(path, json=body)) == (404, "not_found")
    assert refusal(await lecture.student.put(path, json=body)) == (403, "forbidden")
    assert (await lecture.code())["visible"] is True


async def test_a_session_that_is_over_has_no_code_to_set(lecture: Lecture) -> None:
    await lecture.end()
    answer = await lecture.teacher.put(f"{lecture.path}/qr", json={"visible": True})
    assert refusal(answer) == (409, "session_not_active")
