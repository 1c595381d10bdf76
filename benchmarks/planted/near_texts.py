"""Nearly equal texts among a million: seconds, memory, and whether the planted ones are found.

    python benchmarks/planted/near_texts.py [--texts 1000000]

A quarter of the texts are exact copies, one in twenty is a copy with a word more, the rest are their own.
Words are drawn by Zipf's law from 20,000, 24 to a text.
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

from modelwright.data.clean import near


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--texts", type=int, default=1_000_000)
    count = parser.parse_args().texts
    rng = np.random.default_rng(0)
    vocabulary = np.array([f"w{k}" for k in range(20_000)])
    chances = 1 / np.arange(1, 20_001)
    chances /= chances.sum()

    def made(rows: int) -> list[str]:
        return [" ".join(vocabulary[row]) for row in rng.choice(20_000, (rows, 24), p=chances)]

    own = made(count // 2)
    planted = [f"{text} extra" for text in own[: count // 20]]
    copies = own[: count // 4]
    texts = pl.Series([*own, *planted, *copies, *made(count - len(own) - len(planted) - len(copies))])
    begun = time.perf_counter()
    found = near.texts(texts)
    seconds = time.perf_counter() - begun
    pairs = {(int(a), int(b)) for a, b in found.pairs}
    hits = sum((k, len(own) + k) in pairs for k in range(len(planted)))
    results = {
        "texts": count,
        "seconds": round(seconds, 1),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        "planted": len(planted),
        "found": hits,
        "others": len(pairs) - hits,
    }
    print(json.dumps(results))
    (Path(__file__).resolve().parent / "near_texts.json").write_text(
        json.dumps(results) + "\n", encoding="utf-8"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
