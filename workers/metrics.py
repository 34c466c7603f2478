"""Every metric of the workers and the scheduler, by name.

Pool processes count in files that they share with the process that forked them (Prometheus' multiprocess mode, see
workers.exporter), so one scrape of a worker covers its whole pool. What is the same wherever one asks, the length of
the stream and the like, is a gauge of the scheduler alone (:data:`GAUGES`): a sum over processes stays a true sum.
"""

from prometheus_client import Counter, Histogram

DRAINED = Counter("muster_worker_drained_events_total", "Events settled.", ["origin"])
DRAIN_SECONDS = Histogram(
    "muster_worker_drain_seconds",
    "One batch, from reading it to settling it.",
    ["origin"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
BURIED = Counter("muster_worker_buried_events_total", "Events that could not be applied and became dead letters.")
TASKS = Counter("muster_worker_tasks_total", "Tasks that ended, by how.", ["task", "state"])
TASK_SECONDS = Histogram(
    "muster_worker_task_seconds",
    "One task, from its call to its end.",
    ["task"],
    buckets=(0.01, 0.05, 0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 300),
)
CANARY_SECONDS = Histogram(
    "muster_worker_canary_seconds",
    "From a canary's acceptance until everybody may see it.",
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60),
)
CALLS = Counter("muster_scheduler_calls_total", "Tasks that the schedule has called.", ["task"])

GAUGES = {
    "stream_entries": ("muster_pipeline_stream_entries", "Entries of accepted events in the stream."),
    "oldest_seconds": ("muster_pipeline_oldest_seconds", "Age of the oldest entry in the stream."),
    "inbox_events": ("muster_pipeline_inbox_events", "Events that wait in PostgreSQL's inbox."),
    "dead_letters": ("muster_pipeline_dead_letters", "Dead letters that nobody has dealt with."),
    "suggestions_due": ("muster_pipeline_suggestions_due", "Sessions whose suggestions wait to be computed."),
    "canary_seconds": ("muster_pipeline_canary_seconds", "How long the last canary took from accepted to visible."),
    "canary_age": (
        "muster_pipeline_canary_age_seconds",
        "How long ago the last canary that became visible was accepted.",
    ),
}
"""Field of a condition → its gauge and what it says. Absent while nobody knows."""
QUEUE_LENGTH = ("muster_pipeline_queue_calls", "Calls that wait in a Celery queue.")
STALLED = ("muster_pipeline_stalled", "1 while a queue has work and nobody does it.")
SOCKETS = ("muster_pipeline_sockets", "Sockets that all gateways hold.")
GATEWAYS = ("muster_pipeline_gateways", "Gateways that report.")
