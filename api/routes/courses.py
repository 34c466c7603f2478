"""Courses, groups and rosters."""

from starlette.responses import Response

from api import courses
from api.endpoint import Call, Endpoint, page_of
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


ENDPOINTS = [
    Endpoint("GET", "/api/v1/courses", list_courses, "courses", {200: CourseList}),
    Endpoint("GET", "/api/v1/courses/{course_id:uuid}/groups", list_groups, "courses", {200: GroupList}, (404,)),
    Endpoint(
        "GET", "/api/v1/groups/{group_id:uuid}/students", list_students, "courses", {200: StudentList}, (403, 404)
    ),
]
