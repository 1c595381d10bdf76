"""Grouping accuracy of log templates on the 2,000-line samples of loghub, beside Drain's published figures.

Grouping accuracy (Zhu et al., "Tools and Benchmarks for Automated Log Parsing", ICSE-SEIP 2019): the share of
lines whose group holds exactly the lines that have the same template in the truth. One setting is used for
all sets; the published runs of Drain have patterns and thresholds of their own for each.

    python benchmarks/logs.py [FOLDER OF DATA SETS]
"""

from __future__ import annotations

import csv
import sys
import time
from collections import defaultdict
from collections.abc import Hashable, Sequence
from pathlib import Path

from modelwright.data.read import read

PUBLISHED = {"HDFS": 0.9975, "BGL": 0.9625, "OpenSSH": 0.7875}
"""Drain on these samples: logpai/logparser, logparser/Drain/README.md."""


def grouping_accuracy(found: Sequence[Hashable], truth: Sequence[Hashable]) -> float:
    """Share of lines whose found group is exactly a true one; both of shape [lines]."""
    groups: list[dict[Hashable, list[int]]] = [defaultdict(list), defaultdict(list)]
    for labels, made in zip((found, truth), groups, strict=True):
        for place, label in enumerate(labels):
            made[label].append(place)
    true = {tuple(places) for places in groups[1].values()}
    return sum(len(places) for places in groups[0].values() if tuple(places) in true) / len(found)


def measure(folder: Path, name: str) -> tuple[float, float]:
    """Grouping accuracy and seconds, through the reader that a goal uses."""
    sample = folder / "dirty" / f"loghub_{name.lower()}"
    began = time.perf_counter()
    templates = read(str(sample / f"{name}_2k.log")).frame["template"].to_list()
    seconds = time.perf_counter() - began
    with (sample / f"{name}_2k.log_structured.csv").open(newline="", encoding="utf-8") as file:
        truth = [row["EventId"] for row in csv.DictReader(file)]
    return grouping_accuracy(templates, truth), seconds


def main() -> int:
    here = Path(__file__).resolve().parents[1]
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else here.parent / "shared" / "data"
    worse = 0
    print(f"{'set':<10}{'ours':>8}{'Drain, published':>18}{'seconds':>9}")
    for name, published in PUBLISHED.items():
        value, seconds = measure(folder, name)
        worse += value < published
        print(f"{name:<10}{value:>8.4f}{published:>18.4f}{seconds:>9.2f}")
    return 1 if worse else 0


if __name__ == "__main__":
    sys.exit(main())
