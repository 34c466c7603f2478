"""What Muster is measured against, kept here so that every comparison can be repeated."""

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route


async def _post(request: Request) -> Response:
    body = await request.json()
    return JSONResponse({"accepted": True, "fields": len(body)}, 202)


bare = Starlette(routes=[Route("/api/v1/sessions/{session_id:uuid}/attendance", _post, methods=["POST"])])
"""Bare Starlette under uvicorn: read a JSON body, answer JSON. The ceiling of any Starlette service."""
