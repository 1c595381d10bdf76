"""Talk on standard error: live on a terminal, plain lines elsewhere, nothing when quiet."""

from __future__ import annotations

import math
import sys
import time
from types import TracebackType
from typing import Any

from modelwright.core.secrets import masked


def error(message: str, hint: str = "") -> None:
    """An error for a person: what, a blank line, how to mend it."""
    text = f"error: {message}"
    if hint:
        text += f"\n\nhint: {hint}"
    print(masked(text), file=sys.stderr)


class Talk:
    """Hears the events of a run and tells them. Use as a context manager."""

    def __init__(self, quiet: bool = False) -> None:
        self.quiet = quiet
        self._began = time.monotonic()
        self._live: Any = None
        self._stage = ""
        self._done: list[str] = []
        self._fits = 0
        self._best = float("nan")
        self._best_name = ""
        self._left: float | None = None
        self._trials = ""

    def __enter__(self) -> Talk:
        if not self.quiet and sys.stderr.isatty():
            from rich.console import Console
            from rich.live import Live

            self._live = Live(
                console=Console(stderr=True),
                refresh_per_second=4,
                transient=True,
                get_renderable=self._picture,
            )
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None

    def __call__(self, event: str, **facts: Any) -> None:
        """One event: ``run``, ``stage``, ``stage done``, ``fit``, ``interrupted``, ``done``, ..."""
        if self.quiet:
            return
        line = self._heard(event, facts)
        if line and self._live is not None:
            self._live.console.print(line, highlight=False)
        elif line:
            print(line, file=sys.stderr, flush=True)

    def _heard(self, event: str, facts: dict[str, Any]) -> str:
        seconds = time.monotonic() - self._began
        if event == "stage":
            self._stage = facts["stage"]
            return ""
        if event == "stage done":
            return f"{seconds:6.1f}s  {facts['stage']:<10} {facts['seconds']:.2f}s"
        if event == "fit":
            self._fits += 1
            self._left = facts.get("left")
            if facts.get("trials"):
                self._trials = f"{facts['done']} of {facts['trials']} trials"
            score = facts["score"]
            better = math.isnan(self._best) or facts["best"] > self._best
            if math.isfinite(facts["best"]) and better:
                self._best, self._best_name = facts["best"], facts["name"]
                return f"{seconds:6.1f}s  train      {facts['name']}: {abs(score):.5f}, the best so far"
            return ""
        if event == "cluster":
            nodes = f" on {facts['nodes']} nodes" if "nodes" in facts else ""
            return f"{seconds:6.1f}s  cluster    {facts['cores']} cores{nodes}"
        if event == "connect again":
            return f"{seconds:6.1f}s  cluster    {facts['why']}; connecting again"
        if event == "fit again":
            return f"{seconds:6.1f}s  train      {facts['why']}: {facts['family']} is fitted again"
        if event == "source changed":
            return f"{seconds:6.1f}s  collect    {facts['what']}; going on with {facts['used']}"
        if event == "interrupted":
            return "         ending with the best so far; press Ctrl-C again to stop at once"
        return ""

    def _picture(self) -> str:
        seconds = time.monotonic() - self._began
        parts = [f"{seconds:6.1f}s  {self._stage or 'starting'}"]
        if self._stage == "train":
            parts.append(f"{self._fits} fits")
            if self._trials:
                parts.append(self._trials)
            if math.isfinite(self._best):
                parts.append(f"best {abs(self._best):.5f} ({self._best_name})")
            if self._left is not None:
                parts.append(f"{self._left:.0f}s left to search")
        return "  ·  ".join(parts)
