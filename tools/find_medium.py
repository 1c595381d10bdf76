"""Which tests take more than a fifth of a second, from a log of pytest, into ``tests/medium.txt``.

    .venv/bin/python -m pytest -m "not slow" --durations=0 --durations-min=0.05 > LOG
    .venv/bin/python tools/find_medium.py LOG

Measure on a machine that does nothing else. Tests of the list get the mark ``medium`` (tests/conftest.py), so
that the fast ones stay fast; what is not there any more is left out by the next run of this.
"""

from __future__ import annotations

import re
import sys
from collections import defaultdict
from pathlib import Path

LONG = 0.2
"""Seconds of setup, call and teardown together."""
LINE = re.compile(r"^([\d.]+)s (?:call|setup|teardown) +(tests/\S+?::.*?)\s*$", re.MULTILINE)
LIST = Path(__file__).resolve().parents[1] / "tests" / "medium.txt"


def main() -> None:
    seconds: dict[str, float] = defaultdict(float)
    for took, test in LINE.findall(Path(sys.argv[1]).read_text(encoding="utf-8")):
        seconds[test] += float(took)
    names = sorted(test for test, took in seconds.items() if took > LONG)
    LIST.write_text("".join(f"{name}\n" for name in names), encoding="utf-8")
    print(f"{len(names)} tests, {sum(seconds[name] for name in names):.0f} s", file=sys.stderr)


if __name__ == "__main__":
    main()
