"""Courses, groups and rosters."""

from starlette.responses import Response

from api import courses
from api.endpoint import Call, Endpoint, page_of, view
from api.policies import PolicyBody, PolicyView, read_policy, set_policy
from api.views import CourseList, GroupList, StudentList


async def list_courses(call: Call) -> Response:
    """My courses with their groups; all of them for an admin."""
    return page_of(await courses.list_courses(call.services, call.who), None)


async def list_groups(call: Call) -> Response:
    """The groups of a course I have a part in."""
    return page_of(await courses.list_groups(call.services, call.who, call.path("course_id")), None)


async def list_students(call: Call) -> Response:
    """A group's roster today, for its teacher and admins."""
    return page_of(await courses.list_students(call.services, call.who, call.path("group_id")), None)


async def get_policy(call: Call) -> Response:
    """The thresholds that suggestions and check-ins of a course are judged by."""
    return view(await read_policy(call.services, call.who, call.path("course_id")))


async def put_policy(call: Call) -> Response:
    """Change thresholds; what is left out stays. A change is a new version and applies from then on."""
    return view(await set_policy(call.services, call.who, call.path("course_id"), call.body))


POLICY = "/api/v1/courses/{course_id:uuid}/policy"

ENDPOINTS = [
    Endpoint("GET", "/api/v1/courses", list_courses, "courses", {200: CourseList}),
    Endpoint("GET", "/api/v1/courses/{course_id:uuid}/groups", list_groups, "courses", {200: GroupList}, (404,)),
    Endpoint(
        "GET", "/api/v1/groups/{group_id:uuid}/students", list_students, "courses", {200: StudentList}, (403, 404)
    ),
    Endpoint("GET", POLICY, get_policy, "courses", {200: PolicyView}, (403, 404)),
    Endpoint("PUT", POLICY, put_policy, "courses", {200: PolicyView}, (403, 404, 409), body=PolicyBody),
]
