"""Nearly equal rows among a million, within the data and across a split: seconds, and how many are found.

    python benchmarks/planted/near_rows.py [--rows 1000000]

Ten columns (numbers, categories, a date); two rows in a hundred are entered again with one number changed by
a thousandth. A fifth of all rows, drawn by lot, are the test part.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import time
from pathlib import Path

import numpy as np
import polars as pl

from modelwright.core.book import Book
from modelwright.core.records.data import Column
from modelwright.core.records.evidence import Finding
from modelwright.data.clean import near


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    count = parser.parse_args().rows
    rng = np.random.default_rng(0)
    again = count // 50
    own = count - again
    base = {f"x{k}": rng.normal(50, 10, own).round(2) for k in range(6)}
    base |= {f"c{k}": rng.choice([f"v{j}" for j in range(20)], own) for k in range(3)}
    frame = pl.DataFrame(base | {"day": rng.integers(0, 2000, own) * 86_400_000_000})
    copied = frame.head(again).with_columns(pl.col("x3") * 1.001)
    frame = pl.concat([frame, copied])
    kinds = {pl.Float64: "number", pl.String: "category", pl.Int64: "date"}
    columns = [Column(n, kinds[type(t)], "input", True) for n, t in frame.schema.items()]  # type: ignore[arg-type]
    begun = time.perf_counter()
    found = near.rows(frame, columns)
    within = time.perf_counter() - begun
    pairs = {(int(a), int(b)) for a, b in found.pairs}
    hits = sum((k, own + k) in pairs for k in range(again))
    book, test = Book(), rng.random(count) < 0.2
    begun = time.perf_counter()
    near.report_across({"": found}, test, book)
    across = time.perf_counter() - begun
    told = [f for f in book.items if isinstance(f, Finding) and f.code == "split.near-duplicates"]
    results = {
        "rows": count,
        "seconds_within": round(within, 1),
        "seconds_across": round(across, 1),
        "processor_seconds": round(time.process_time(), 1),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        "planted": again,
        "found": hits,
        "others": len(pairs) - hits,
        "planted_across": int((test[:again] != test[own:]).sum()),
        "told_across": told[0].numbers["rows"] if told else 0,
    }
    print(json.dumps(results))
    path = Path(__file__).resolve().parent / "near_rows.json"
    path.write_text(json.dumps(results) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
