"""Every metric of the API, by name."""

from prometheus_client import Counter, Histogram

REQUESTS = Counter("muster_api_requests_total", "Requests answered", ["route", "status"])
SECONDS = Histogram(
    "muster_api_request_seconds",
    "Time from the first byte of a request to the first of its answer",
    ["route"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
)
CHECK_INS = Counter("muster_api_check_ins_total", "Check-ins made durable", ["way"])
"""``way``: ``stream`` or ``inbox``."""
PICTURES = Counter("muster_api_code_pictures_total", "Pictures of codes drawn: one per step and session, whoever looks")
