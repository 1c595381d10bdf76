"""Run systems on tables, one at a time, and journal a row for each (system, table, seed, budget).

    .venv/bin/python benchmarks/tabular/run.py --systems modelwright,flaml --tables adult,letter --seeds 0,1
        --budget 60 [--csv FILE --target COLUMN --problem binary --positive yes] [--again]

A row that is in ``results/rows.jsonl`` already is not measured again: ours for the same commit, a peer's for
the same machine kind and versions. Stop it whenever you like; the same command goes on. Rows measured while
others used more than a quarter of a core are marked, and measured again by the next call. ``table.py``
prints.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

import measure
import numpy as np
import polars as pl
import score
import sets
from peers import ROOT, SYSTEMS, System, versions

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results"
ROWS = RESULTS / "rows.jsonl"
PREDICTIONS = HERE / ".predictions"
"""Scores of each row's test rows, for paired comparisons; not committed."""
QUIET = 0.25
"""Cores that others may use meanwhile. Processes of a system that come and go between two looks count as
others: AutoGluon with Ray shows 0.19 on a machine with nothing else to do."""


def machine() -> str:
    model = next(
        (
            line.split(":")[1].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if "model name" in line
        ),
        platform.processor(),
    )
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{model}, {os.cpu_count()} cores, {memory:.0f} GiB, Python {platform.python_version()}"


def commit() -> str:
    return subprocess.check_output(["git", "-C", ROOT, "rev-parse", "--short=12", "HEAD"], text=True).strip()


def known(row: dict[str, Any]) -> str:
    """What must be equal for a row to be the same measurement."""
    return json.dumps([row[k] for k in ("system", "table", "seed", "budget", "cores", "machine", "versions")])


def measured() -> dict[str, dict[str, Any]]:
    if not ROWS.exists():
        return {}
    rows = [json.loads(line) for line in ROWS.read_text().splitlines() if line.strip()]
    return {known(row): row for row in rows}


def prepare(table: sets.Table, seed: int, folder: Path) -> dict[str, Any]:
    train, test = sets.split(table, seed)
    train.write_csv(folder / "train.csv")
    test.write_csv(folder / "test.csv")
    classes = [] if table.problem == "regression" else sorted(train[table.target].unique().to_list())
    return {
        "train": str(folder / "train.csv"), "test": str(folder / "test.csv"), "target": table.target,
        "problem": table.problem, "metric": table.metric, "classes": classes,
        "positive": table.positive or (classes[-1] if table.problem == "binary" else None),
    }  # fmt: skip


def one(system: System, table: sets.Table, seed: int, budget: int, cores: int, work: Path) -> dict[str, Any]:
    """Train, then predict in a fresh process; everything that is known of it, failures too."""
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    job = prepare(table, seed, work) | {
        "out": str(work), "budget": budget, "cores": cores, "seed": seed, "preset": system.preset,
    }  # fmt: skip
    (work / "job.json").write_text(json.dumps(job))
    before = set(work.iterdir())
    command = [system.python, system.script]
    limit = 6 * budget + 120
    fit = measure.run([*command, "fit", work / "job.json"], cores=cores, limit=limit, log=work / "log")
    row: dict[str, Any] = {
        "metric": table.metric, "wall": round(fit.wall, 2), "cpu": round(fit.cpu, 1),
        "peak_mb": round(fit.peak),
        "outside": round(fit.outside, 3), "failed": None,
    }  # fmt: skip
    if fit.code or not (work / "fit.json").exists():
        return row | {"failed": f"fit ended with {fit.code}: {_tail(work / 'log')}"}
    row["fit_seconds"] = round(json.loads((work / "fit.json").read_text())["fit_seconds"], 2)
    row["artefact_mb"] = round(_size(system, work, before) / 1e6, 2)
    asked = measure.run([*command, "predict", work / "job.json"], cores=cores, limit=900, log=work / "log")
    if asked.code:
        return row | {"failed": f"predict ended with {asked.code}: {_tail(work / 'log')}"}
    facts = json.loads((work / "predict.json").read_text())
    scores = np.load(work / "scores.npy")
    truth = pl.read_csv(work / "test.csv", infer_schema=False)[table.target].to_numpy()
    if not np.isfinite(scores).all() or len(scores) != len(truth):
        return row | {"failed": "its predictions are not all finite, or too few"}
    row |= {"score": score.metric(job, truth, scores), "row_ms": facts["row_ms"], "test_rows": len(truth)}
    row["rows_per_second"] = round(facts["rows_per_second"])
    PREDICTIONS.mkdir(exist_ok=True)
    np.savez_compressed(
        PREDICTIONS / _file(system.name, table.name, seed, budget),
        losses=score.losses(job, truth, scores).astype(np.float32), truth=truth.astype(str),
        positive=job["positive"] or "",
    )  # fmt: skip
    return row


def _file(system: str, table: str, seed: int, budget: int) -> str:
    return f"{system.replace(':', '-')}_{table}_{seed}_{budget}.npz"


def _tail(log: Path) -> str:
    text = log.read_text(errors="replace").strip()
    return text[-300:].replace(str(ROOT), "")


def _size(system: System, work: Path, before: set[Path]) -> int:
    """Bytes of what is needed to predict: the bundle, or whatever the system saved."""
    if system.name == "modelwright":
        paths = list((work / "runs").glob("*/bundle"))
    else:
        paths = [work / "artefact"]
    files = [f for p in paths for f in ([p] if p.is_file() else p.rglob("*")) if f.is_file()]
    return sum(f.stat().st_size for f in files)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--systems", default="modelwright")
    parser.add_argument("--tables", default=",".join(sets.shared()))
    parser.add_argument("--seeds", default="0,1")
    parser.add_argument("--budget", type=int, default=60)
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--csv", type=Path)
    parser.add_argument("--target")
    parser.add_argument("--problem", choices=("binary", "multiclass", "regression"))
    parser.add_argument("--positive")
    parser.add_argument("--work", type=Path, default=HERE / ".work")
    parser.add_argument("--again", action="store_true", help="measure anew what is in the journal")
    asked = parser.parse_args()
    tables = sets.shared()
    names = asked.tables.split(",")
    if asked.csv is not None:
        names = [asked.csv.stem]
        tables = {
            names[0]: sets.Table(names[0], asked.csv, asked.target, asked.problem, positive=asked.positive)
        }
    where, have = machine(), {} if asked.again else measured()
    RESULTS.mkdir(exist_ok=True)
    for system in (SYSTEMS[name] for name in asked.systems.split(",")):
        if not system.there:
            print(f"{system.name}: no environment; `make bench-peers` makes it", file=sys.stderr)
            continue
        of = versions(system) | ({"commit": commit()} if system.name == "modelwright" else {})
        for name in names:
            for seed in map(int, asked.seeds.split(",")):
                about = {
                    "system": system.name, "table": name, "seed": seed, "budget": asked.budget,
                    "cores": asked.cores, "machine": where, "versions": of,
                }  # fmt: skip
                old = have.get(known(about))
                if old is not None and old["outside"] <= QUIET:
                    continue
                row = about | one(system, tables[name], seed, asked.budget, asked.cores, asked.work)
                row["at"] = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
                with ROWS.open("a") as out:
                    out.write(json.dumps(row) + "\n")
                told = row.get("score", row["failed"])
                print(
                    system.name, name, seed, told, f"{row['wall']} s", f"outside {row['outside']}", flush=True
                )
    shutil.rmtree(asked.work, ignore_errors=True)


if __name__ == "__main__":
    main()
