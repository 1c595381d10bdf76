"""A client in a process of its own, which writes down what was acknowledged to it.

    python client.py PLAN

``PLAN`` (JSON): ``host``, ``port``, ``bodies`` (a file: one JSON row a line), ``out`` (a file), ``rate``
(requests a second, all connections together; 0: as fast as answers come), ``connections``, ``many`` (share
of requests with five rows), ``feedback`` (share of requests that send an outcome), ``outcomes`` (the
classes). Ends when its input closes.

Each line of ``out`` is what one whole answer with status 200 (202 for feedback) has acknowledged: ``p ID``
or ``f ID``; ``u ID`` is feedback that was sent and not acknowledged, which the log may hold or not. The last
words, on standard output, are counts and latencies.
"""

from __future__ import annotations

import asyncio
import json
import math
import random
import sys
import threading
import time
from pathlib import Path
from typing import Any, TextIO

STEPS = 32
"""Buckets of the latencies' histogram to each doubling."""


class Client:
    def __init__(self, plan: dict[str, Any], out: TextIO) -> None:
        self.plan = plan
        self.out = out
        self.rows = Path(plan["bodies"]).read_text(encoding="utf-8").splitlines()
        self.rng = random.Random(plan.get("seed", 0))
        self.stop = False
        self.statuses: dict[str, int] = {}
        self.broken = 0
        """Requests that were sent and got no whole answer."""
        self.refused = 0
        """Connections that were not taken."""
        self.errors: dict[str, int] = {}
        self.histogram: dict[int, int] = {}
        self.worst = 0.0
        self.late = 0
        """Requests that could not be sent in time, because all connections were waiting."""
        self.turn = time.perf_counter()

    async def run(self) -> None:
        await asyncio.gather(*(self.connection() for _ in range(self.plan["connections"])))

    async def connection(self) -> None:
        while not self.stop:
            try:
                reader, writer = await asyncio.open_connection(self.plan["host"], self.plan["port"])
            except OSError:
                self.refused += 1
                await asyncio.sleep(0.02)
                continue
            try:
                await self.talk(reader, writer)
            finally:
                writer.close()

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Requests on one connection, until it ends."""
        back: list[str] = []
        while not self.stop:
            await self.wait()
            if back and self.rng.random() < self.plan["feedback"]:
                ident = back.pop()
                outcome = self.rng.choice(self.plan["outcomes"])
                body = json.dumps({"id": ident, "outcome": outcome})
                answer = await self.ask(reader, writer, "/feedback", body)
                self.out.write(f"{'f' if answer else 'u'} {ident}\n")
            else:
                many = self.rng.random() < self.plan["many"]
                rows = [self.rng.choice(self.rows) for _ in range(5 if many else 1)]
                answer = await self.ask(
                    reader, writer, "/predict", f'{{"rows":[{",".join(rows)}]}}' if many else rows[0]
                )
                if answer is not None:
                    ids = [one["id"] for one in answer.get("predictions", [answer]) if "id" in one]
                    self.out.write("".join(f"p {ident}\n" for ident in ids))
                    back = [*back, *ids][-20:]
            if answer is None:
                return

    async def wait(self) -> None:
        """For this request's turn, where a rate is asked for."""
        rate = self.plan["rate"]
        if not rate:
            return
        now = time.perf_counter()
        if self.turn < now - 1.0:  # the server was away: what was missed is not made up for
            self.late += int((now - self.turn) * rate)
            self.turn = now
        self.turn += 1.0 / rate
        if self.turn > now:
            await asyncio.sleep(self.turn - now)

    async def ask(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, path: str, body: str
    ) -> dict[str, Any] | None:
        """The answer, {} where it is an error; None where no whole answer came."""
        data = body.encode()
        head = f"POST {path} HTTP/1.1\r\nHost: soak\r\nContent-Type: application/json\r\n"
        began = time.perf_counter()
        try:
            writer.write(f"{head}Content-Length: {len(data)}\r\n\r\n".encode() + data)
            await writer.drain()
            lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
            length = int(lines.partition("content-length: ")[2].partition("\r\n")[0])
            said = await reader.readexactly(length)
        except (OSError, asyncio.IncompleteReadError) as error:
            self.broken += 1
            name = type(error).__name__
            self.errors[name] = self.errors.get(name, 0) + 1
            return None
        took = time.perf_counter() - began
        self.worst = max(self.worst, took)
        bucket = int(math.log2(max(took, 1e-6) * 1e6) * STEPS)
        self.histogram[bucket] = self.histogram.get(bucket, 0) + 1
        status = lines.split(" ", 2)[1]
        self.statuses[status] = self.statuses.get(status, 0) + 1
        if status not in ("200", "202"):
            code = str(json.loads(said).get("error", {}).get("code"))
            self.errors[code] = self.errors.get(code, 0) + 1
            return {}
        answer: dict[str, Any] = json.loads(said)
        return answer

    def percentile(self, share: float) -> float | None:
        """Milliseconds."""
        wanted, passed = share * sum(self.histogram.values()), 0
        for bucket in sorted(self.histogram):
            passed += self.histogram[bucket]
            if passed >= wanted:
                return round(2 ** ((bucket + 0.5) / STEPS) / 1000, 3)
        return None

    def said(self) -> dict[str, Any]:
        return {
            "statuses": self.statuses,
            "broken": self.broken,
            "refused_connections": self.refused,
            "errors": self.errors,
            "p50_ms": self.percentile(0.5),
            "p95_ms": self.percentile(0.95),
            "p99_ms": self.percentile(0.99),
            "worst_ms": round(self.worst * 1000, 3),
            "late": self.late,
        }


def main() -> None:
    plan = json.loads(sys.argv[1])
    with Path(plan["out"]).open("w", encoding="ascii") as out:
        client = Client(plan, out)

        def listen() -> None:
            sys.stdin.read()
            client.stop = True

        threading.Thread(target=listen, daemon=True).start()
        began = time.monotonic()
        asyncio.run(client.run())
        seconds = round(time.monotonic() - began, 3)
    print(json.dumps({**client.said(), "seconds": seconds}), flush=True)


if __name__ == "__main__":
    main()
