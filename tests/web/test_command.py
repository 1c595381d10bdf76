"""``modelwright ui`` as a command: what it tells, and what it refuses."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from modelwright.cli.main import call


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert call(["ui", *arguments]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert "\n\nhint: " in said.err
    return said.err


def test_a_token_on_the_command_line_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    said = refused(capsys, "--token", "abcdefghijklmnopqrst")
    assert "--token takes no token itself" in said
    assert "abcdefghijklmnopqrst" not in said


def test_a_taken_port_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert "--port takes another one" in refused(capsys, "--port", str(port))


def test_an_address_of_no_machine_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    said = refused(capsys, "--host", "192.0.2.1", "--port", "0")
    assert "--host" in said


@pytest.mark.slow  # the command starts as a process of its own
def test_another_host_makes_a_token_and_tells_it_once(tmp_path: Path) -> None:
    command = [sys.executable, "-P", "-m", "modelwright", "ui", "--host", "0.0.0.0", "--port", "0", "--quiet"]
    with subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        address = process.stdout.readline().strip().replace("0.0.0.0", "127.0.0.1")
        token = process.stderr.readline().strip().removeprefix("token: ")
        assert len(token) >= 32
        with httpx.Client(base_url=address, follow_redirects=True, timeout=120.0) as visitor:
            asked = visitor.get("/")
            assert asked.url.path == "/enter"
            assert token not in asked.text
            assert visitor.get("/", headers={"host": "evil.example"}).status_code == 421
        process.terminate()
        process.communicate(timeout=120)
        assert process.returncode in (0, -15)
    assert list(tmp_path.iterdir()) == []  # it writes nothing
