"""``/reports``: what many sessions come to, a page and a file per report (1-domain 1.6, 6-pages)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from api.body import parse_query
from api.courses import list_courses
from api.cursors import DEFAULT_LIMIT, MAX_LIMIT
from api.fields import CamelView
from api.pages.dates import full_day
from api.pages.people import for_staff, go, person_of
from api.pages.rendering import page
from api.pages.texts import language_of
from api.pages.trend import draw
from api.problems import Problem
from api.reports.reading import AGREEMENT, COURSES, STUDENTS, TEACHERS, TREND, Report, read_file, read_page
from api.reports.views import ReportFormat, ReportQuery, WeekRow
from api.services import Services
from api.views import CourseView
from shared.tokens import Identity

START, FILE = "/reports", "/file"
CHOICES = ("from", "to", "courseId")
"""What the form asks for, as the API calls it."""
MOST_COURSES = 500
"""More are no list to choose from; every course is linked to from its report as well."""


@dataclass(frozen=True, slots=True)
class Tab:
    """A report's page. ``most``: rows on it."""

    path: str
    report: Report
    most: int = DEFAULT_LIMIT


TABS = (
    Tab(START, TREND, MAX_LIMIT),  # nine years of weeks: a chart that stops after one would mislead
    *(Tab(f"{START}/{report.name}", report) for report in (COURSES, STUDENTS, TEACHERS, AGREEMENT)),
)
BY_PATH = {tab.path: tab for tab in TABS}


@dataclass(frozen=True, slots=True)
class Found:
    """A page of rows and the next one's cursor; or the fields that were wrong, and nothing."""

    rows: Sequence[CamelView] = ()
    following: str | None = None
    wrong: Sequence[str] = ()


@for_staff
async def show(request: Request, who: Identity) -> Response:
    """A report as a page; what was typed and makes no sense is named on it (422)."""
    services: Services = request.app.state.services
    tab, language = BY_PATH[request.url.path], language_of(request)
    typed = {name: value for name in (*CHOICES, "cursor") if (value := request.query_params.get(name, "").strip())}
    found = await _read(services, who, tab, typed)
    translate = language.translations.gettext
    values: dict[str, Any] = {
        "person": await person_of(services, who),
        "tab": tab,
        "tabs": TABS,
        "typed": typed,
        "kept": "" if found.wrong else urlencode({name: typed[name] for name in CHOICES if name in typed}),
        "courses": _choices(await list_courses(services, who), typed.get("courseId")),
        "found": found,
        "trend": draw([row for row in found.rows if isinstance(row, WeekRow)], translate),
        "day": lambda day: full_day(day, translate),
    }
    return page(request, "reports/index.html", values, 422 if found.wrong else 200)


@for_staff
async def download(request: Request, who: Identity) -> Response:
    """The whole report as a file. The page instead where none is asked for, as after a login on the way here, or where
    what is asked makes no sense: the page names it."""
    tab = BY_PATH[request.url.path.removesuffix(FILE)]
    try:
        wanted = parse_query(request.query_params, ReportQuery)
    except Problem as problem:
        if problem.code != "validation_failed":
            raise
        return go(f"{tab.path}?{request.url.query}")
    if wanted.format is ReportFormat.JSON:
        return go(tab.path)
    return (await read_file(request.app.state.services, who, tab.report, wanted)).as_download()


async def _read(services: Services, who: Identity, tab: Tab, typed: Mapping[str, str]) -> Found:
    try:
        wanted = parse_query({**typed, "limit": str(tab.most)}, ReportQuery)
        return Found(*await read_page(services, who, tab.report, wanted))
    except Problem as problem:
        if problem.code != "validation_failed":
            raise
        return Found(wrong=[each.field for each in problem.extra["errors"]])


def _choices(courses: Sequence[CourseView], chosen: str | None) -> list[CourseView]:
    """What the form offers: the first of many, and in any case the one that is chosen."""
    return [course for place, course in enumerate(courses) if place < MOST_COURSES or str(course.id) == chosen]
