"""Reports, as JSON in pages or as a whole file."""

from starlette.responses import Response

from api.endpoint import Call, Endpoint, page_of
from api.reports.reading import AGREEMENT, COURSES, STUDENTS, TEACHERS, TREND, Report, read_file, read_page
from api.reports.views import (
    AgreementReport,
    CourseReport,
    ReportFormat,
    ReportQuery,
    StudentReport,
    TeacherReport,
    TrendReport,
)
from shared.sheets import SheetFormat

REPORTS = "/api/v1/reports"
TAG = "reports"
SHEETS = tuple(form.media_type.partition(";")[0] for form in SheetFormat)


async def get_student_report(call: Call) -> Response:
    """Every student's attendance rate over the sessions they were marked in, and their active minutes."""
    return await _answer(call, STUDENTS)


async def get_course_report(call: Call) -> Response:
    """The attendance rate of every course and of each of its groups, over completed sessions."""
    return await _answer(call, COURSES)


async def get_teacher_report(call: Call) -> Response:
    """Every teacher's attendance rate, and the average active minutes and engagement where there was presence."""
    return await _answer(call, TEACHERS)


async def get_trend_report(call: Call) -> Response:
    """The attendance rate week by week, over completed sessions."""
    return await _answer(call, TREND)


async def get_agreement_report(call: Call) -> Response:
    """How often people decided what was suggested, by confidence and course."""
    return await _answer(call, AGREEMENT)


async def _answer(call: Call, report: Report) -> Response:
    if call.query.format is ReportFormat.JSON:
        return page_of(*await read_page(call.services, call.who, report, call.query))
    return (await read_file(call.services, call.who, report, call.query)).as_download()


ENDPOINTS = [
    Endpoint("GET", f"{REPORTS}/{name}", handler, TAG, {200: (model, *SHEETS)}, (403,), query=ReportQuery)
    for name, handler, model in (
        ("students", get_student_report, StudentReport),
        ("courses", get_course_report, CourseReport),
        ("teachers", get_teacher_report, TeacherReport),
        ("trend", get_trend_report, TrendReport),
        ("agreement", get_agreement_report, AgreementReport),
    )
]
