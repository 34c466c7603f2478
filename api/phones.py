"""What a request shows of the phone behind it."""

import ipaddress
from functools import lru_cache

from starlette.requests import Request

from api.auth import device_of
from api.services import Services
from api.shown import Phone

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def phone_of(request: Request) -> Phone:
    """The device's cookie, and whether the address lies in a campus network (None where none are configured)."""
    services: Services = request.app.state.services
    networks = _networks(tuple(services.settings.campus_networks))
    return Phone(device_of(request), _in_any(networks, request.client.host if request.client else ""))


def _in_any(networks: tuple[Network, ...], host: str) -> bool | None:
    if not networks:
        return None
    try:
        address = ipaddress.ip_address(host.split("%")[0])
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return any((mapped or address) in network for network in networks)


@lru_cache(maxsize=8)
def _networks(given: tuple[str, ...]) -> tuple[Network, ...]:
    return tuple(ipaddress.ip_network(network) for network in given)
