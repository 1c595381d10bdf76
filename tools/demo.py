"""The whole lifecycle on a small real table, through the commands that a person would type.

Usage: ``python tools/demo.py [--runs DIR]``. Ends with the verdict, where the report and the bundle are,
and the bundle's prediction for two rows. The exit code is that of ``run``, or else that of ``predict``.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
EXAMPLE = Path("examples/penguins")


def command(*arguments: str) -> int:
    """Show a command as it would be typed, run it, and return its exit code."""
    print(f"\n$ modelwright {' '.join(arguments)}", flush=True)
    program = Path(sys.executable).with_name("modelwright")
    return subprocess.run([str(program), *arguments], check=False).returncode


def newest_run(runs: Path, before: set[Path]) -> Path | None:
    """The run folder with a verdict that was not there before."""
    new = sorted(path.parent for path in runs.glob("penguins-*/verdict.json") if path.parent not in before)
    return new[-1] if new else None


def show_verdict(run: Path) -> None:
    verdict = json.loads((run / "verdict.json").read_text(encoding="utf-8"))
    print(f"\nverdict     {verdict['verdict']}: {verdict['reason']}")
    openings = max(1, int(verdict["test_openings"]))
    level = (
        f"{100 * (1 - 0.05 / openings):.4g}%"  # the more often the rows were opened, the wider the intervals
    )
    print(f"            the test rows have been opened {openings} time{'s' if openings > 1 else ''}")
    for item in verdict["criteria"]:
        if item["value"] is None:
            print(f"            {item['criterion']}: not measured, {item['verdict']}")
            continue
        interval = (
            "" if item["low"] is None else f", {level} interval {item['low']:.3f} to {item['high']:.3f}"
        )
        what = f"{item['criterion']}: {item['value']:.3f}{interval}, {item['n']} test rows"
        print(f"            {what}, {item['verdict']}")
    for blocker in verdict["blockers"]:
        print(f"            blocked by {blocker}")
    print(f"report      {run / 'report.html'}")


def show_predictions(output: Path) -> None:
    with output.open(encoding="utf-8", newline="") as file:
        for number, row in enumerate(csv.DictReader(file), start=1):
            chance = {
                name.removeprefix("probability_"): float(row[name])
                for name in row
                if name.startswith("probability_")
            }
            sure = ", ".join(f"{label} {value:.3f}" for label, value in chance.items())
            print(f"bird {number}      {row['prediction']} ({sure})")


def main() -> int:
    parser = argparse.ArgumentParser(description="The whole lifecycle on the penguins table.")
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="where the run is kept")
    os.chdir(ROOT)
    runs: Path = parser.parse_args().runs
    before = set(runs.glob("penguins-*"))

    code = command("run", str(EXAMPLE / "goal.yaml"), "--runs", str(runs))
    run = newest_run(runs, before)
    if run is None:
        return code or 1
    bundle, output = run / "bundle", runs / "new-birds-predicted.csv"
    predicted = None
    if bundle.is_dir():
        predicted = command("predict", str(bundle), str(EXAMPLE / "new-birds.csv"), "-o", str(output))
    show_verdict(run)
    if predicted is None:
        print("bundle      none: the verdict did not allow a release")
        return code
    print(f"bundle      {bundle}")
    if predicted == 0:
        show_predictions(output)
    return code or predicted


if __name__ == "__main__":
    sys.exit(main())
