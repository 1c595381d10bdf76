"""Print the journal as a page: scores, normalised scores, mean rank, wins, ties, losses, and the costs.

    .venv/bin/python benchmarks/tabular/table.py [--budget 60] [--ours modelwright]

The newest row of each (system, table, seed) counts. Ties: the 95% bootstrap interval of the difference of the
held-out scores holds zero. Ranks are over the pairs (table, seed) that every shown system has.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

import numpy as np
import score
from run import PREDICTIONS, QUIET, _file, measured
from scipy.stats import rankdata, wilcoxon


def newest(budget: int) -> dict[tuple[str, str, int], dict[str, Any]]:
    found: dict[tuple[str, str, int], dict[str, Any]] = {}
    for row in measured().values():
        if row["budget"] == budget:
            key = (row["system"], row["table"], row["seed"])
            if key not in found or row["at"] > found[key]["at"]:
                found[key] = row
    return found


def oriented(row: dict[str, Any]) -> float:
    """Larger is better; a failure is worst of all."""
    if row.get("score") is None:
        return -np.inf
    return row["score"] if row["metric"] == "roc_auc" else -row["score"]


def compared(budget: int, one: str, other: str, table: str, seed: int, metric: str) -> str:
    files = [PREDICTIONS / _file(name, table, seed, budget) for name in (one, other)]
    if not all(f.exists() for f in files):
        return "?"
    a, b = (np.load(f) for f in files)
    _, low, high = score.difference(metric, a["truth"], a["losses"], b["losses"], str(a["positive"]))
    return "win" if low > 0 else "loss" if high < 0 else "tie"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--budget", type=int, default=60)
    parser.add_argument("--ours", default="modelwright")
    asked = parser.parse_args()
    rows = newest(asked.budget)
    systems = sorted({key[0] for key in rows}, key=lambda name: (name != asked.ours, name))
    pairs = sorted({key[1:] for key in rows})
    shared = [p for p in pairs if all((s, *p) in rows for s in systems)]
    print(f"Budget {asked.budget} s. {len(shared)} of {len(pairs)} pairs of table and seed: all systems.\n")
    print("| table, seed | " + " | ".join(systems) + " |")
    print("|---" * (len(systems) + 1) + "|")
    for pair in pairs:
        cells = []
        for system in systems:
            row = rows.get((system, *pair))
            value = None if row is None else row.get("score")
            mark = "" if row is None or row["outside"] <= QUIET else " ~"
            cells.append("" if row is None else "failed" if value is None else f"{value:.5g}{mark}")
        print(f"| {pair[0]}, {pair[1]} | " + " | ".join(cells) + " |")
    print("\n~ measured while other processes used more than a quarter of a core\n")
    if shared and len(systems) > 1:
        _ranks(rows, systems, shared)
    _against(rows, systems, pairs, asked.ours, asked.budget)
    _costs(rows, systems)


def _ranks(rows: dict[Any, dict[str, Any]], systems: list[str], shared: list[Any]) -> None:
    values = np.array([[oriented(rows[(s, *p)]) for s in systems] for p in shared])
    ranks = np.array([rankdata(-v) for v in values])
    best, worst = values.max(axis=1), np.where(np.isfinite(values), values, np.nan)
    low = np.nanmin(worst, axis=1)
    span = np.where(best > low, best - low, 1.0)
    normal = np.clip(
        (np.where(np.isfinite(values), values, low[:, None]) - low[:, None]) / span[:, None], 0, 1
    )
    print("| system | mean rank | normalised score (1 the best, 0 the worst of these) |\n|---|---|---|")
    for place in np.argsort(ranks.mean(axis=0)):
        print(f"| {systems[place]} | {ranks[:, place].mean():.2f} | {normal[:, place].mean():.3f} |")
    print()


def _against(
    rows: dict[Any, dict[str, Any]], systems: list[str], pairs: list[Any], ours: str, budget: int
) -> None:
    print(f"| {ours} against | wins | ties | losses | win or tie | Wilcoxon p |\n|---|---|---|---|---|---|")
    for other in (s for s in systems if s != ours):
        both = [p for p in pairs if (ours, *p) in rows and (other, *p) in rows]
        told, relative = [], []
        for pair in both:
            a, b = rows[(ours, *pair)], rows[(other, *pair)]
            if a.get("score") is None or b.get("score") is None:
                told.append("loss" if a.get("score") is None else "win")
                continue
            told.append(compared(budget, ours, other, *pair, a["metric"]))
            relative.append((oriented(a) - oriented(b)) / max(abs(oriented(b)), 1e-12))
        wins, ties, losses = (told.count(word) for word in ("win", "tie", "loss"))
        known = max(1, wins + ties + losses)
        p = wilcoxon(relative).pvalue if len(relative) > 5 and np.any(relative) else float("nan")
        print(f"| {other} | {wins} | {ties} | {losses} | {(wins + ties) / known:.0%} | {p:.3g} |")
    print()


def _costs(rows: dict[Any, dict[str, Any]], systems: list[str]) -> None:
    print(
        "| system | wall s (median, most) | fit s | peak MB | artefact MB (median, most) | row ms | rows/s |"
    )
    print("|---|---|---|---|---|---|---|")
    for system in systems:
        mine = [r for k, r in rows.items() if k[0] == system and r.get("score") is not None]
        if not mine:
            continue
        get = {k: np.array([r[k] for r in mine], dtype=float) for k in
               ("wall", "fit_seconds", "peak_mb", "artefact_mb", "row_ms", "rows_per_second")}  # fmt: skip
        print(
            f"| {system} | {np.median(get['wall']):.1f}, {get['wall'].max():.1f} "
            f"| {np.median(get['fit_seconds']):.1f} | {get['peak_mb'].max():.0f} "
            f"| {np.median(get['artefact_mb']):.1f}, {get['artefact_mb'].max():.1f} "
            f"| {np.median(get['row_ms']):.3g} | {get['rows_per_second'].min():,.0f} |"
        )


if __name__ == "__main__":
    main()
