"""Where a rig's services keep their data, and how they are reached: directly, or through proxies."""

import sys
from pathlib import Path
from urllib.parse import urlsplit

from deploy.stack.home import Home
from deploy.stack.ports import free_port
from deploy.stack.postgres import prepare_postgres
from deploy.stack.service import Service
from deploy.stack.services import Embedded, find_services
from deploy.stack.settings import effective
from deploy.stack.valkey import prepare_valkey


def services_of(home: Home) -> dict[str, Service]:
    """PostgreSQL and Valkey of this home, not started yet."""
    database, redis = find_services({})
    assert isinstance(database, Embedded)
    assert isinstance(redis, Embedded)
    postgres = prepare_postgres(home, database.program, lambda line: print(line, file=sys.stderr))
    return {"postgres": postgres, "valkey": prepare_valkey(home, redis.program)}


def data_of(service: Service) -> Path:
    """Where a service keeps its data, as its command line says."""
    words = service.program.command
    option = "-D" if "-D" in words else "--dir"
    return Path(words[words.index(option) + 1])


def socket_of(name: str, url: str) -> Path:
    """The unix socket on which a service listens."""
    if name == "valkey":
        return Path(urlsplit(url).path)
    return Path(urlsplit(url).query.removeprefix("host=")) / ".s.PGSQL.5432"


def by_proxy(ports: dict[str, int]) -> dict[str, str]:
    """The variables that lead every process through the proxies on these ports."""
    return {
        "MUSTER_DATABASE_URL": f"postgresql://muster@127.0.0.1:{ports['postgres']}/muster?sslmode=disable&gssencmode=disable",
        "MUSTER_REDIS_URL": f"redis://127.0.0.1:{ports['valkey']}/0",
    }


def variables_of(home: Home, database_url: str, redis_url: str) -> dict[str, str]:
    """The variables of every process, on ports that are free."""
    api_port, gateway_port = free_port("127.0.0.1"), free_port("127.0.0.1")
    variables = effective(
        {},
        database_url=database_url,
        redis_url=redis_url,
        secret_key=home.secret(),
        api_port=api_port,
        gateway_port=gateway_port,
    )
    quiet = {"MUSTER_API_METRICS_PORT": "0", "MUSTER_GATEWAY_METRICS_PORT": "0"}
    return {**variables, **quiet}
