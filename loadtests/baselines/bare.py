"""Bare Starlette under uvicorn: read a JSON body, answer JSON. The ceiling of any Starlette service."""

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route


async def _post(request: Request) -> Response:
    body = await request.json()
    return JSONResponse({"accepted": True, "fields": len(body)}, 202)


app = Starlette(routes=[Route("/{path:path}", _post, methods=["POST"])])
