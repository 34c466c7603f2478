"""The home of a local stack."""

import os
from pathlib import Path

import pytest

from deploy.stack.errors import StackError
from deploy.stack.home import Home, open_home, read_env, write_env
from deploy.stack.lock import AlreadyRunning, locked
from deploy.stack.place import LONGEST_SOCKET, private_directory, socket_root
from deploy.stack.reset import delete, places


def test_the_secret_is_made_once_and_private(home: Path) -> None:
    secret = Home(home).secret()
    assert len(bytes.fromhex(secret)) == 32
    assert Home(home).secret() == secret
    assert (home / "secret").stat().st_mode & 0o777 == 0o600


def test_the_home_is_the_option_then_the_variable(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MUSTER_HOME", str(tmp_path / "variable"))
    assert open_home().root == tmp_path / "variable"
    assert open_home(tmp_path / "option").root == tmp_path / "option"


def test_the_environment_file_is_private_and_reads_back(tmp_path: Path) -> None:
    settings = {"MUSTER_DATABASE_URL": "postgresql://muster@/muster?host=/run/x"}
    write_env(tmp_path / "env", settings)
    assert read_env(tmp_path / "env") == settings
    assert (tmp_path / "env").stat().st_mode & 0o777 == 0o600


def test_a_held_home_names_its_holder(home: Path) -> None:
    with (
        locked(Home(home), "pages at http://localhost:8000"),
        pytest.raises(AlreadyRunning, match=rf"already runs .*pid {os.getpid()}, pages at http://localhost:8000"),
        locked(Home(home), "second"),
    ):
        pass


def test_the_lock_ends_with_its_block(home: Path) -> None:
    for _ in range(2):
        with locked(Home(home), "again"):
            pass


def test_sockets_of_a_deep_home_lie_in_a_short_private_directory(home: Path) -> None:
    deep = home / ("x" * LONGEST_SOCKET)
    deep.mkdir()
    found = socket_root(Home(deep))
    try:
        assert not found.is_relative_to(deep)
        assert found.stat().st_mode & 0o066 == 0
    finally:
        found.rmdir()


def test_a_link_in_place_of_our_directory_is_refused(tmp_path: Path) -> None:
    (tmp_path / "sockets").symlink_to("/tmp")
    with pytest.raises(StackError):
        private_directory(tmp_path / "sockets")


def test_reset_deletes_ours_and_nothing_else(home: Path) -> None:
    Home(home).secret()
    (home / "thesis.txt").touch()
    delete(places(Home(home)), Home(home))
    assert [path.name for path in home.iterdir()] == ["thesis.txt"]
