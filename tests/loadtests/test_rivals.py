"""The benchmark's peers: who cannot be had is left out, and that is said."""

from pathlib import Path

import pytest

from loadtests.gateway.others import others


def test_a_machine_without_packages_of_others_leaves_them_out_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert list(others("redis://127.0.0.1:1", tmp_path)) == []
    said = capsys.readouterr().out
    assert "NATS and nchan are left out" in said
    assert "Socket.IO is left out" in said
