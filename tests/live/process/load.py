"""A client that is a process of its own: keeps connections busy until its input closes, then says what came.

``python load.py URL CONNECTIONS fresh|kept BODY``. Prints ``started`` when the first answer came and, at the
end, a JSON object: answers by status, by version, when the last request was sent that a version answered, and
what failed. A request that has been written and gets no whole answer has failed; a connection that is refused
has not been accepted and ends that client. ``slept`` is the longest time, in seconds, for which this process
did nothing: so late it may have been with a next request on a connection that was idle meanwhile. Such a
request that gets no byte of an answer fails as ``between requests``.
"""

from __future__ import annotations

import asyncio
import json
import sys
import threading
import time
from typing import Any
from urllib.parse import urlsplit


class Load:
    def __init__(self, url: str, fresh: bool, body: bytes) -> None:
        parts = urlsplit(url)
        self.host, self.port = str(parts.hostname), int(parts.port or 80)
        end = "close" if fresh else "keep-alive"
        head = f"POST {parts.path} HTTP/1.1\r\nHost: test\r\nConnection: {end}\r\n"
        head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        self.request = head.encode() + body
        self.statuses: dict[str, int] = {}
        self.versions: dict[str, int] = {}
        self.last: dict[str, float] = {}
        self.processes: dict[str, int] = {}
        self.failures: list[str] = []
        self.refused = 0
        self.slept = 0.0
        self.stop = False

    async def client(self) -> None:
        while not self.stop:
            try:
                reader, writer = await asyncio.open_connection(self.host, self.port)
            except OSError:
                self.refused += 1
                return
            answered = 0
            try:
                while not self.stop and await self.ask(reader, writer):
                    answered += 1
            except (OSError, asyncio.IncompleteReadError, ValueError) as error:
                nothing = isinstance(error, OSError) or not getattr(error, "partial", b"x")
                where = "between requests" if answered and nothing else "within a request"
                self.failures.append(f"{where}: {time.time():.3f} {type(error).__name__}: {error}")
            finally:
                writer.close()

    async def beat(self) -> None:
        while True:
            before = time.monotonic()
            await asyncio.sleep(0.02)
            self.slept = max(self.slept, time.monotonic() - before - 0.02)

    async def ask(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """One request; whether the connection stays."""
        sent = time.time()
        writer.write(self.request)
        await writer.drain()
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        length = int(head.partition("content-length: ")[2].partition("\r\n")[0])
        answer: dict[str, Any] = json.loads(await reader.readexactly(length))
        status = head.split(" ")[1]
        if not self.statuses:
            print("started", flush=True)
        self.statuses[status] = self.statuses.get(status, 0) + 1
        version = str(answer.get("version"))
        self.versions[version] = self.versions.get(version, 0) + 1
        self.last[version] = max(sent, self.last.get(version, 0.0))
        return "connection: close" not in head


async def main(url: str, connections: int, fresh: bool, body: bytes) -> None:
    load = Load(url, fresh, body)

    def wait() -> None:
        sys.stdin.read()
        load.stop = True

    threading.Thread(target=wait, daemon=True).start()
    beating = asyncio.create_task(load.beat())
    await asyncio.gather(*(load.client() for _ in range(connections)))
    beating.cancel()
    print(json.dumps({k: v for k, v in vars(load).items() if k != "request"}), flush=True)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), sys.argv[3] == "fresh", sys.argv[4].encode()))
