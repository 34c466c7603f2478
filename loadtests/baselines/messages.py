"""One Celery message per event, sent from a thread: the usual way to keep a broker off the event loop."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from celery import Celery
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

QUEUE = "baseline"


@asynccontextmanager
async def _lifespan(app: Starlette) -> AsyncIterator[None]:
    app.state.celery = Celery("baseline", broker=os.environ["BASELINE_BROKER_URL"], set_as_current=False)
    yield
    app.state.celery.close()


async def _heartbeat(request: Request) -> Response:
    body = await request.json()
    event = {**body, "session_id": request.path_params["session_id"], "timestamp": datetime.now(UTC).isoformat()}
    await run_in_threadpool(
        request.app.state.celery.send_task, "record_heartbeat", kwargs=event, queue=QUEUE, ignore_result=True
    )
    return JSONResponse({"accepted": True, **event}, 202)


app = Starlette(
    routes=[Route("/api/whiteboard/sessions/{session_id}/heartbeat", _heartbeat, methods=["POST"])],
    lifespan=_lifespan,
)
