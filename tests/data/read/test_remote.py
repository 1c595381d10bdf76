"""Sources behind addresses, from a real web server and a real S3 server on this machine."""

from __future__ import annotations

import functools
import gzip
import http.server
import socket
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from modelwright.core.errors import BadData
from modelwright.data.read import batches, read

ROWS = "name,age\nann,31\nbob,42\n"

pytestmark = pytest.mark.skipif(
    find_spec("fsspec") is None or find_spec("aiohttp") is None, reason="the extra `remote` is not installed"
)


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *words: object) -> None:  # type: ignore[override]
        """Nothing."""

    def do_GET(self) -> None:
        if self.path.startswith("/secret"):
            self.send_error(403)
        elif self.path.startswith("/cut"):
            self.send_response(200)
            self.send_header("content-length", "1000000")
            self.end_headers()
            self.wfile.write(b"name,age\n")
        else:
            super().do_GET()


@pytest.fixture
def web(tmp_path: Path) -> Iterator[str]:
    """The address of a server of some files."""
    folder = tmp_path / "web"
    folder.mkdir()
    (folder / "people.csv").write_text(ROWS)
    (folder / "people.csv.gz").write_bytes(gzip.compress(ROWS.encode()))
    with zipfile.ZipFile(folder / "two.zip", "w") as archive:
        archive.writestr("a.csv", ROWS)
        archive.writestr("b.csv", ROWS)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Quiet, directory=folder))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_file_is_read_as_if_it_were_here(web: str, tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_text(ROWS)
    here, there = read(str(tmp_path / "people.csv")), read(f"{web}/people.csv?token=s3cret")
    assert there.frame.equals(here.frame)
    assert there.facts.digest == here.facts.digest
    assert there.facts.name == f"{web}/people.csv"
    assert read(f"{web}/people.csv.gz").frame.equals(here.frame)
    assert read(f"{web}/two.zip#a.csv").frame.equals(here.frame)
    assert [batch.frame.height for batch in batches(f"{web}/people.csv", 1)] == [1, 1]


@pytest.mark.parametrize(
    ("path", "code", "said"),
    [
        ("/none.csv", "data.missing-file", "there is nothing at"),
        ("/secret.csv?key=s3cret", "data.permission", "may not be read"),
        ("/cut.csv", "data.unreachable", "cannot be fetched"),
        ("/two.zip#c.csv", "data.no-match", "c.csv"),
    ],
)
def test_what_is_wrong_is_said_without_secrets(web: str, path: str, code: str, said: str) -> None:
    with pytest.raises(BadData) as caught:
        read(web + path)
    assert caught.value.code == code
    assert said in caught.value.message
    assert "s3cret" not in caught.value.message + (caught.value.hint or "")


def test_nobody_answers() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(BadData) as caught:
        read(f"http://127.0.0.1:{port}/people.csv")
    assert caught.value.code == "data.unreachable"


def test_nothing_is_left_behind(web: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "temporary"
    place.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(place))
    read(f"{web}/people.csv")
    with pytest.raises(BadData):
        read(f"{web}/cut.csv")
    assert not list(place.iterdir())


# The server of S3 takes seconds to start.
@pytest.mark.slow
def test_a_bucket_of_s3(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if find_spec("moto") is None or find_spec("s3fs") is None:
        pytest.skip("moto, a server of S3, is not installed")
    import boto3

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "ann")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s3cret")
    monkeypatch.setenv("AWS_ENDPOINT_URL", address)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    server = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        until = time.monotonic() + 60
        while time.monotonic() < until:
            try:
                socket.create_connection(("127.0.0.1", port), 1.0).close()
                break
            except OSError:
                time.sleep(0.2)
        store = boto3.client("s3")
        store.create_bucket(Bucket="shop")
        for name in ("2025/people.csv", "2026/people.csv", "2026/more.csv"):
            store.put_object(Bucket="shop", Key=name, Body=ROWS.encode())
        one = read("s3://shop/2026/people.csv")
        assert one.frame["name"].to_list() == ["ann", "bob"]
        assert one.facts.name == "s3://shop/2026/people.csv"
        assert one.facts.modified
        assert read("s3://shop/2026/*.csv").frame.height == 4
        assert read("s3://shop/*/people.csv").frame.height == 4
        for source, code in (
            ("s3://shop/none.csv", "data.missing-file"),
            ("s3://shop/x*.csv", "data.no-match"),
        ):
            with pytest.raises(BadData) as caught:
                read(source)
            assert caught.value.code == code
    finally:
        server.terminate()
        server.wait()
