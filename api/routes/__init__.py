"""Every endpoint of the API, in one list."""

from api.endpoint import Endpoint
from api.routes.accounts import ENDPOINTS as ACCOUNTS
from api.routes.calls import ENDPOINTS as CALLS
from api.routes.checkin import ENDPOINTS as CHECKIN
from api.routes.courses import ENDPOINTS as COURSES
from api.routes.exports import ENDPOINTS as EXPORTS
from api.routes.history import ENDPOINTS as HISTORY
from api.routes.live import ENDPOINTS as LIVE
from api.routes.marking import ENDPOINTS as MARKING
from api.routes.reports import ENDPOINTS as REPORTS
from api.routes.review import ENDPOINTS as REVIEW
from api.routes.timeline import ENDPOINTS as TIMELINE
from api.routes.whiteboard import ENDPOINTS as WHITEBOARD

ENDPOINTS: list[Endpoint] = [
    *CHECKIN,
    *WHITEBOARD,
    *LIVE,
    *CALLS,
    *EXPORTS,
    *TIMELINE,
    *HISTORY,
    *REVIEW,
    *MARKING,
    *ACCOUNTS,
    *COURSES,
    *REPORTS,
]
"""Routes are tried in this order: the busiest first."""
