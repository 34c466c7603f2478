"""``/status``: how the service is, for those who look after it."""

from typing import Any

import structlog
from redis.exceptions import RedisError
from starlette.requests import Request
from starlette.responses import Response

from api import ops
from api.pages.condition import lines
from api.pages.people import for_roles, person_of
from api.pages.rendering import page
from api.pages.texts import language_of
from api.services import Services
from shared import keys
from shared.domain.words import Role
from shared.messages.condition import Condition, Held, decode, held
from shared.tokens import Identity

log = structlog.get_logger()


@for_roles({Role.ADMIN})
async def show(request: Request, who: Identity) -> Response:
    """The page; 200 also where something is amiss, since it says so itself."""
    services: Services = request.app.state.services
    language = language_of(request)
    failing = await ops.failing(services)
    said = lines(failing, *await _measured(services), language)
    values = {
        "person": await person_of(services, who),
        "lines": said,
        "well": all(line.good for line in said),
        "at": services.now().astimezone(services.settings.zone).strftime("%H:%M:%S"),
    }
    return page(request, "status/index.html", values)


async def _measured(services: Services) -> tuple[Condition | None, Held | None]:
    """What workers and gateways left in Redis; nothing while that is away."""
    redis: Any = services.redis
    try:
        condition, reports = await redis.get(keys.CONDITION), await redis.hgetall(keys.GATEWAYS)
    except RedisError as error:
        log.warning("status without the pipeline", reason=type(error).__name__)
        return None, None
    return decode(condition), held(reports, services.now())
