"""The settings that a local stack makes up, and the ports it takes."""

import socket

import pytest

from deploy.stack.errors import StackError
from deploy.stack.ports import free_port
from deploy.stack.settings import WrongSettings, checked, effective, settle_ports

SECRET = "0123456789abcdef" * 4


def variables(given: dict[str, str] | None = None, **options: int) -> dict[str, str]:
    """What a stack would hand to its processes."""
    return effective(given or {}, database_url="postgresql:///", redis_url="unix:///", secret_key=SECRET, **options)


def test_the_addresses_follow_the_ports() -> None:
    made = variables(api_port=8010, gateway_port=8011)
    assert made["MUSTER_PUBLIC_URL"] == "http://localhost:8010"
    assert made["MUSTER_GATEWAY_URL"] == "ws://localhost:8011"


def test_what_was_given_wins_over_what_is_made_up() -> None:
    given = {"MUSTER_LOG_FORMAT": "json", "MUSTER_PUBLIC_URL": "https://muster.example.edu", "PATH": "/bin"}
    made = variables(given)
    assert made["MUSTER_LOG_FORMAT"] == "json"
    assert made["MUSTER_PUBLIC_URL"] == "https://muster.example.edu"
    assert "PATH" not in made


def test_the_option_wins_over_the_variable() -> None:
    assert variables({"MUSTER_API_PORT": "9000"}, api_port=8010)["MUSTER_API_PORT"] == "8010"


def test_a_wrong_setting_is_one_line_and_the_status_for_it() -> None:
    with pytest.raises(WrongSettings, match="configuration: MUSTER_TIME_ZONE: no such time zone: Moon") as caught:
        checked(variables({"MUSTER_TIME_ZONE": "Moon"}))
    assert caught.value.exit_code == 78


def test_a_taken_port_is_named_with_the_option_that_helps() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(StackError, match=f"port {port} is taken on 127.0.0.1; choose another with --api-port"):
            settle_ports(variables(api_port=port, gateway_port=free_port("127.0.0.1")))


def test_a_metrics_port_that_nobody_chose_gives_way() -> None:
    ports = {"api_port": free_port("127.0.0.1"), "gateway_port": free_port("127.0.0.1")}
    chosen = {"MUSTER_GATEWAY_METRICS_PORT": "0"}
    try:
        server = socket.create_server(("127.0.0.1", 9100))
    except OSError:
        server = None  # Someone else's is as good.
    try:
        assert settle_ports(variables(chosen, **ports))["MUSTER_API_METRICS_PORT"] != "9100"
    finally:
        if server:
            server.close()
