"""The settings of a local stack: what was given wins, the rest is made up to fit."""

from collections.abc import Mapping

from pydantic import ValidationError

from deploy.stack.errors import StackError
from deploy.stack.ports import free_port, is_free, require_free
from shared.settings import EXIT_CONFIG, Settings, explain


class WrongSettings(StackError):
    """A setting is wrong; a restart will not help."""

    exit_code = EXIT_CONFIG


def effective(
    given: Mapping[str, str],
    *,
    database_url: str,
    redis_url: str,
    secret_key: str,
    api_port: int | None = None,
    gateway_port: int | None = None,
) -> dict[str, str]:
    """The ``MUSTER_*`` variables of every process of a local stack. Ports given here win over ``given``."""
    muster = {name: value for name, value in given.items() if name.startswith("MUSTER_") and value}
    muster |= {"MUSTER_DATABASE_URL": database_url, "MUSTER_REDIS_URL": redis_url}
    if api_port is not None:
        muster["MUSTER_API_PORT"] = str(api_port)
    if gateway_port is not None:
        muster["MUSTER_GATEWAY_PORT"] = str(gateway_port)
    defaults = {
        "MUSTER_ENVIRONMENT": "local",
        "MUSTER_LOG_FORMAT": "text",
        "MUSTER_SECRET_KEY": secret_key,
        "MUSTER_API_PORT": "8000",
        "MUSTER_GATEWAY_PORT": "8001",
    }
    muster = defaults | muster
    urls = {
        "MUSTER_PUBLIC_URL": f"http://localhost:{muster['MUSTER_API_PORT']}",
        "MUSTER_GATEWAY_URL": f"ws://localhost:{muster['MUSTER_GATEWAY_PORT']}",
    }
    return urls | muster


def checked(variables: Mapping[str, str]) -> Settings:
    """``variables`` as settings; :class:`WrongSettings`, one line, where they are not."""
    values = {name.removeprefix("MUSTER_").lower(): value for name, value in variables.items()}
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        raise WrongSettings(explain(error)) from None


def settle_ports(variables: Mapping[str, str]) -> dict[str, str]:
    """Refuse taken ports; a metrics port that nobody chose gives way instead, its default is popular."""
    settings = checked(variables)
    require_free(settings.api_host, settings.api_port, "--api-port")
    require_free(settings.gateway_host, settings.gateway_port, "--gateway-port")
    moved = {}
    for name, host in (
        ("api_metrics_port", settings.api_host),
        ("gateway_metrics_port", settings.gateway_host),
    ):
        variable, port = f"MUSTER_{name.upper()}", getattr(settings, name)
        if variable in variables and port:
            require_free(host, port, variable)
        elif port and not is_free(host, port):
            moved[variable] = str(free_port(host))
    return {**variables, **moved}
