"""What presence suggests, and what a person decides."""

from starlette.responses import Response

from api.endpoint import Call, Endpoint, view
from api.review import decide
from api.suggestions import read_suggestion
from api.tutoring import ReviewBody, ReviewedView, SuggestionView

SESSION = "/api/tutor/sessions/{session_id:uuid}"
TAG = "attendance"


async def get_attendance_suggestion(call: Call) -> Response:
    """What presence suggests for everybody, with how sure it is and why; for the tutor and admins."""
    return view(await read_suggestion(call.services, call.who, call.path("session_id")))


async def put_attendance(call: Call) -> Response:
    """Accept the suggestion, for all or by confidence, or mark by hand; statuses win for whom they name."""
    return view(await decide(call.services, call.who, call.path("session_id"), call.body))


ENDPOINTS = [
    Endpoint(
        "GET",
        SESSION + "/attendance-suggestion",
        get_attendance_suggestion,
        TAG,
        {200: SuggestionView},
        (403, 404, 503),
    ),
    Endpoint(
        "PUT",
        SESSION + "/attendance",
        put_attendance,
        TAG,
        {200: ReviewedView},
        (400, 403, 404, 409, 503),
        body=ReviewBody,
    ),
]
