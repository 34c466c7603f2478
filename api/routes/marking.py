"""Marking by hand and reading marks; this family's errors are plain, and its paths end with a slash."""

from starlette.responses import Response

from api import marking
from api.endpoint import Call, Endpoint, view
from api.marking_bodies import BulkMarkBody, MarkBody, RollFilter, StudentFilter, UpdateBody
from api.marking_views import Initialized, Marked, RollView, StudentHistory, Updated
from api.plain import PLAIN
from api.roll import read_roll_view
from api.student_history import read_student

TAG = "attendance-records"
BULK_BODY = 1024 * 1024


async def mark_attendance(call: Call) -> Response:
    """Mark one student, who has no mark yet, or many at once: made or changed, all or none of them."""
    services, who, body = call.services, call.who, call.body
    if body.records is not None:
        return view(await marking.mark_many(services, who, body.session_id, body.records), 201)
    marked = await marking.mark_one(services, who, body.session_id, body.student_id, body.status, body.notes)
    return view(marked, 201)


async def bulk_mark_attendance(call: Call) -> Response:
    """Mark everybody without a mark; a check-in that comes later replaces it."""
    body = call.body
    return view(await marking.bulk_mark(call.services, call.who, body.session_id, body.default_status), 201)


async def get_session_attendance(call: Call) -> Response:
    """A session's counters and its marks, newest first; for its teacher and admins."""
    return view(await read_roll_view(call.services, call.who, call.path("session_id"), call.query))


async def get_student_attendance(call: Call) -> Response:
    """A student's marks, by UUID or student number: one's own, one's child's, those of sessions one teaches."""
    return view(await read_student(call.services, call.who, call.path("student_id"), call.query))


async def update_attendance(call: Call) -> Response:
    """Change a mark's status or notes while its session is active."""
    return view(await marking.update(call.services, call.who, call.path("record_id"), call.body))


async def delete_attendance(call: Call) -> Response:
    """Delete a mark; after the end of its session only an admin may."""
    await marking.delete_mark(call.services, call.who, call.path("record_id"))
    return Response(status_code=204)


RECORD = "/api/attendance/{record_id:uuid}/"
SESSION = "/api/attendance/session/{session_id:uuid}/"
STUDENT = "/api/attendance/student/{student_id}/"

ENDPOINTS = [
    Endpoint(
        "POST",
        "/api/attendance/mark/",
        mark_attendance,
        TAG,
        {201: Marked},
        (403, 404),
        body=MarkBody,
        max_body=BULK_BODY,
        family=PLAIN,
    ),
    Endpoint(
        "POST",
        "/api/attendance/bulk-mark/",
        bulk_mark_attendance,
        TAG,
        {201: Initialized},
        (403, 404),
        body=BulkMarkBody,
        family=PLAIN,
    ),
    Endpoint(
        "GET",
        SESSION,
        get_session_attendance,
        TAG,
        {200: RollView},
        (403, 404),
        query=RollFilter,
        family=PLAIN,
    ),
    Endpoint(
        "GET",
        STUDENT,
        get_student_attendance,
        TAG,
        {200: StudentHistory},
        (403, 404),
        query=StudentFilter,
        family=PLAIN,
    ),
    Endpoint("PUT", RECORD, update_attendance, TAG, {200: Updated}, (403, 404), body=UpdateBody, family=PLAIN),
    Endpoint("DELETE", RECORD, delete_attendance, TAG, {204: None}, (403, 404), family=PLAIN),
]
