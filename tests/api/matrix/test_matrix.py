"""Who may do what: every route, asked by everybody, about what is theirs, another's, and nobody's (matrix.toml)."""

import tomllib
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine
from starlette.applications import Starlette
from starlette.routing import Mount, Route

from api.endpoint import UNSAFE, Endpoint
from shared.domain.words import Role
from shared.settings import Settings
from shared.tokens import Tokens
from tests.api.every import Target
from tests.api.matrix.campus import NOTHING, Room, body_of, make_room, speak
from tests.campus import Person, Visitor, make_admin
from workers.ports import Ports, make_ports
from workers.suggestions import compute

TABLE: dict[str, str] = tomllib.loads((Path(__file__).parent / "matrix.toml").read_text())
MOUNTS = {"/static", "/admin"}
"""Not routes of ours: files anybody may read, and the admin interface, which has tests of its own."""


REFUSED = frozenset({401, 403, 404})
SHOWN = frozenset({"create_check_in", "create_check_in_ticket", "create_confirmation", "scanned"})
"""Routes that want the code on the screen."""


@dataclass(frozen=True)
class Cell:
    """Who asks, about whose."""

    role: Role | None
    whose: str


CELLS = [
    Cell(None, "own"),
    *(Cell(role, whose) for role in (Role.STUDENT, Role.PARENT, Role.TEACHER) for whose in ("own", "other", "none")),
    Cell(Role.ADMIN, "own"),
    Cell(Role.ADMIN, "none"),
]


def every_route(app: Starlette) -> dict[str, Route]:
    """Every route of the application, by method and path."""
    found = {}
    for route in app.routes:
        if isinstance(route, Route):
            for method in (route.methods or set()) - {"HEAD"}:
                found[f"{method} {route.path}"] = route
        else:
            assert isinstance(route, Mount)
            assert route.path in MOUNTS
    return found


@dataclass(frozen=True)
class World:
    """Two classes, and an admin."""

    visitor: Visitor
    owner: Engine
    ports: Ports
    admin: Person
    mine: Room
    other: Room

    async def ask(self, key: str, route: Route, cell: Cell) -> int:
        """The status that this person gets."""
        about = self.other if cell.whose == "other" else self.mine
        ids = NOTHING if cell.whose == "none" else about.ids
        if ids is not NOTHING and route.name in SHOWN:
            ids = {**ids, "token": await about.lecture.token()}
        method, path = key.split(" ", 1)
        endpoint = route.endpoint if isinstance(route.endpoint, Endpoint) else None
        client = speak(self.visitor, self._person(cell), page=endpoint is None)
        sent = {**(Target(endpoint, about.lecture).body if endpoint else {}), **body_of(route.name, about, ids)}
        content: dict[str, Any] = {"json": sent} if endpoint and endpoint.body else {"data": sent or {"-": "-"}}
        url = path.replace(":uuid}", "}").format_map(ids)
        return (await client.request(method, url, **(content if method in UNSAFE else {}))).status_code

    async def renewed(self) -> "World":
        """The same world with a fresh class to ask about; its suggestions are computed beforehand."""
        mine = await make_room(self.owner, self.visitor)
        compute(self.ports, [UUID(mine.lecture.id)])
        return replace(self, mine=mine)

    def _person(self, cell: Cell) -> Person | None:
        if cell.role is None:
            return None
        return self.admin if cell.role is Role.ADMIN else self.mine.person(cell.role)


def expected(row: str) -> list[int]:
    """One status per cell."""
    return [int(status) for status in row.replace("|", " ").split()]


@pytest.fixture(scope="module")
async def world(app: Starlette, tokens: Tokens, owner: Engine, settings: Settings) -> AsyncIterator[World]:
    """Serves every test; what changes something gets a class of its own."""
    visitor, ports = Visitor(app, tokens), make_ports(settings, "matrix")
    rooms = [await make_room(owner, visitor) for _ in range(2)]
    yield await World(visitor, owner, ports, make_admin(owner), *rooms).renewed()
    await visitor.close()
    ports.engine.dispose()
    ports.redis.close()


def test_every_route_has_a_row_and_every_row_a_route(app: Starlette) -> None:
    assert sorted(TABLE) == sorted(every_route(app))
    assert {len(expected(row)) for row in TABLE.values()} == {len(CELLS)}


@pytest.mark.parametrize("key", TABLE)
async def test_everybody_gets_what_the_table_says(app: Starlette, world: World, key: str) -> None:
    """What is refused is asked first: it changes nothing. Then what changes something has a fresh class each time."""
    route, changes = every_route(app)[key], key.split()[0] in UNSAFE
    cells = sorted(zip(CELLS, expected(TABLE[key]), strict=True), key=lambda cell: cell[1] not in REFUSED)
    got = {}
    for cell, status in cells:
        current = await world.renewed() if changes and status not in REFUSED else world
        got[cell] = await current.ask(key, route, cell)
    assert got == dict(cells)
