"""Sets of texts through the public command line: n-grams, mixed columns, networks, and MiniLM on request.

SMS spam (F1 of spam), AG news (7,600 rows) and review polarity (2,000 rows) with 15% as the test, drawn anew
for each seed and the same for all families; SST-2 with its own test part; polarity also in the ten folds its
authors gave it (``--folds``, by the first digit of a file's number). ``ag-title`` and ``ag-text`` learn from
one column of AG news, and ``--compare`` tells how much better both together are, row by row.

    python benchmarks/deep/text.py [--only sms ag sst polarity ag-title ag-text minilm] [--seeds 3]
        [--family ngrams] [--trials 6 | --budget 60] [--folds] [--pretrained FOLDER] [--tune full] [--compare]

Each run is a line of ``benchmarks/results/deep-text.jsonl`` as soon as it is made, and is not made again: a
benchmark that was stopped goes on. With ``--trials`` the work is counted, so a busy machine changes the
seconds and not the figures.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import subprocess
import sys
import tarfile
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import common

TEXTS = common.SHARED / "text_classification"
JOURNAL = common.RESULTS / "deep-text.jsonl"
BARS = {
    "sms": "f1 >= 0.955",
    "ag": "accuracy >= 0.9",
    "ag-title": "accuracy >= 0.9",
    "ag-text": "accuracy >= 0.9",
    "sst": "accuracy >= 0.825",
    "polarity": "accuracy >= 0.9",
    "minilm": "accuracy >= 0.87",
}
Table = list[tuple[str, ...]]


def table(name: str) -> tuple[tuple[str, ...], Table]:
    """Columns and rows, the class first."""
    if name == "sms":
        lines = (TEXTS / "sms_spam/sms.tsv").read_text(encoding="utf-8").splitlines()
        return ("label", "text"), [tuple(line.split("\t", 1)) for line in lines]
    if name.startswith("ag"):
        with (TEXTS / "ag_news_7600/test.csv").open(encoding="utf-8") as file:
            rows = [tuple(row) for row in csv.reader(file)]
        if name == "ag":
            return ("label", "title", "text"), rows
        place = 1 if name == "ag-title" else 2
        return ("label", name.removeprefix("ag-")), [(row[0], row[place]) for row in rows]
    with tarfile.open(TEXTS / "review_polarity/review_polarity.tar.gz") as archive:
        files = sorted((m for m in archive.getmembers() if m.name.endswith(".txt")), key=lambda m: m.name)
        found = []
        for member in files:
            folder, _, file = member.name.rpartition("/")
            if folder.endswith(("pos", "neg")):
                opened = archive.extractfile(member)
                assert opened is not None
                found.append((folder[-3:], opened.read().decode("latin-1"), file[2]))
    return ("label", "text", "fold"), found


def parts(name: str, seed: int, fold: int | None, folder: Path) -> tuple[Path, Path]:
    """Files of the training and the test rows: of each class 15%, in an order drawn from the seed."""
    if name in ("sst", "minilm"):
        made = []
        for part in ("train", "test"):
            lines = (TEXTS / f"sst2/{part}.tsv").read_text(encoding="utf-8").splitlines()
            made.append(
                write(folder / f"{part}.csv", ("text", "label"), [line.rsplit("\t", 1) for line in lines])
            )
        return made[0], made[1]
    columns, rows = table(name)
    if name == "polarity":
        of = np.array([int(row[2]) for row in rows])
        columns, rows = columns[:2], [row[:2] for row in rows]
    test = np.zeros(len(rows), dtype=bool)
    if fold is not None:
        test = of == fold
    else:
        labels = np.array([row[0] for row in rows])
        for label in sorted(set(labels)):
            here = np.random.default_rng(seed).permutation(np.flatnonzero(labels == label))
            test[here[: round(0.15 * len(here))]] = True
    return (
        write(folder / "train.csv", columns, [row for row, out in zip(rows, test, strict=True) if not out]),
        write(folder / "test.csv", columns, [row for row, out in zip(rows, test, strict=True) if out]),
    )


def write(path: Path, columns: tuple[str, ...], rows: Any) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([columns, *rows])
    return path


def goal(name: str, seed: int, files: tuple[Path, Path], told: argparse.Namespace) -> str:
    """The text of a goal file."""
    search = [f"families: [{told.family.replace('+', ', ')}]"]
    search += [f"trials: {told.trials}"] if told.budget is None else []
    search += [f"pretrained: {told.pretrained}"] if told.pretrained else []
    target = "label, positive: spam" if name == "sms" else "label"
    return f"""name: text-{name}-{seed}
problem: {"multiclass" if name.startswith("ag") else "binary"}
data: {{source: {files[0]}, test: {files[1]}, target: {target}}}
success: [{BARS[name]}]
success_policy: point
search: {{{", ".join(search)}}}
seed: {seed}
{f"budget: {told.budget}s" if told.budget is not None else ""}
"""


def run(name: str, seed: int, fold: int | None, told: argparse.Namespace) -> dict[str, Any]:
    """One run of the command; its verdict, seconds by the clock and the processor, rows that are right."""
    with tempfile.TemporaryDirectory(prefix="modelwright-") as place:
        folder = Path(place)
        files = parts(name, seed, fold, folder)
        file = folder / "goal.yaml"
        file.write_text(goal(name, seed, files, told), encoding="utf-8")
        began, used = time.perf_counter(), sum(os.times()[2:4])
        done = command(
            "run", str(file), "--runs", str(folder / "runs"), "--quiet", "--json", "--force-release"
        )
        wall, cpu = time.perf_counter() - began, sum(os.times()[2:4]) - used
        (criterion,) = json.loads(done)["criteria"]
        (made,) = (path for path in (folder / "runs").glob("text-*") if path.is_dir())
        line = {
            **{key: criterion[key] for key in ("value", "low", "high", "n", "verdict")},
            "wall": round(wall, 1),
            "cpu": round(cpu, 1),
            "megabytes": None,
            "right": None,
        }
        if (made / "bundle").is_dir():
            line["megabytes"] = round((made / "bundle" / "model.onnx").stat().st_size / 1e6, 2)
            line["right"] = right(made / "bundle", files[1], folder)
        with (made / "leaderboard.csv").open(encoding="utf-8") as board:
            taken = [row for row in csv.DictReader(board) if row.get("status") in ("fitted", "released", "")]
        line["fits"] = len(taken)
    return line


def right(bundle: Path, test: Path, folder: Path) -> str:
    """A 1 for each test row whose class the released bundle tells, else a 0."""
    out = folder / "predicted.csv"
    command("predict", str(bundle), str(test), "-o", str(out), "--quiet")
    with out.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    key = next(name for name in rows[0] if name not in ("label", "text", "title") and "predict" in name)
    return "".join(str(int(row["label"] == row[key])) for row in rows)


def command(*words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "modelwright", *words], capture_output=True, text=True, check=False
    )
    if done.returncode not in (0, 3):
        raise SystemExit(f"modelwright {' '.join(words)}\n{done.stderr}")
    return done.stdout


def compare(work: str) -> None:
    """How much better both columns of AG news are than each alone: the same test rows, right or wrong."""
    from modelwright.stats.compare import paired_bootstrap

    same = [
        one
        for one in common.lines(JOURNAL)
        if one["family"] == "ngrams" and one["work"] == work and one["right"]
    ]
    kept = {(one["set"], one["seed"]): one for one in same}
    for alone in ("ag-title", "ag-text"):
        seeds = [seed for name, seed in kept if name == "ag" and (alone, seed) in kept]
        gaps = [
            np.array([int(c) for c in kept["ag", seed]["right"]], dtype=float)
            - np.array([int(c) for c in kept[alone, seed]["right"]], dtype=float)
            for seed in seeds
        ]
        for seed, gap in zip(seeds, gaps, strict=True):
            mean, (low, high), _ = paired_bootstrap(gap)
            print(f"ag - {alone}, seed {seed}: {mean:+.4f} [{low:+.4f}, {high:+.4f}] ({len(gap)} rows)")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--only", nargs="+", choices=list(BARS), default=["sms", "ag", "sst", "polarity"])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--trials", type=int, default=6)
    parser.add_argument("--budget", type=int, help="seconds, in place of a number of trials")
    parser.add_argument("--folds", action="store_true", help="polarity in its ten folds")
    parser.add_argument("--family", default="ngrams", help="families, joined by +")
    parser.add_argument("--pretrained", default="", help="folder with MiniLM")
    parser.add_argument("--compare", action="store_true", help="only say what columns of AG news add")
    told = parser.parse_args()
    work = f"{told.trials} trials" if told.budget is None else f"{told.budget}s"
    if told.compare:
        compare(work)
        return
    for name in told.only:
        rounds = range(10) if told.folds and name == "polarity" else range(told.seeds)
        values = []
        for one in rounds:
            seed, fold = (0, one) if told.folds and name == "polarity" else (one, None)
            key = {"set": name, "family": told.family, "work": work, "seed": seed, "fold": fold}
            made = common.once(JOURNAL, key, lambda n=name, s=seed, f=fold: run(n, s, f, told))
            values.append(made["value"])
            print(
                f"{name} {seed if fold is None else fold}: {made['value']:.4f}  {made['wall']} s", flush=True
            )
        print(f"{name}: {np.mean(values):.4f} over {len(values)} ({BARS[name]})", flush=True)


if __name__ == "__main__":
    main()
