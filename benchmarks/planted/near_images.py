"""Nearly equal pictures among fifty thousand: seconds, and how many of the planted ones are found.

    python benchmarks/planted/near_images.py [--images 50000]

Grey pictures of 32 x 32, smooth ones drawn by lot; one in fifty comes again, brighter and with some noise.
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
from scipy.fft import idctn

from modelwright.data.clean import alike


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--images", type=int, default=50_000)
    count = parser.parse_args().images
    rng = np.random.default_rng(0)
    again = count // 50
    own = count - again
    waves = np.zeros((own, 32, 32), dtype=np.float32)
    waves[:, :10, :10] = rng.normal(size=(own, 10, 10))
    smooth = idctn(waves, axes=(1, 2), norm="ortho")
    smooth = 128 + 40 * smooth / smooth.std(axis=(1, 2), keepdims=True)
    copies = 1.1 * smooth[:again] + rng.normal(0, 4, (again, 32, 32))
    cells = np.clip(np.concatenate([smooth, copies]), 0, 255).astype(np.uint8).reshape(count, -1)
    series = pl.Series("image", cells, dtype=pl.Array(pl.UInt8, 1024))
    begun = time.perf_counter()
    pairs = {(int(a), int(b)) for a, b in alike.images(series, (1, 32, 32))}
    seconds = time.perf_counter() - begun
    hits = sum((k, own + k) in pairs for k in range(again))
    results = {
        "images": count,
        "seconds": round(seconds, 1),
        "processor_seconds": round(time.process_time(), 1),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        "planted": again,
        "found": hits,
        "others": len(pairs) - hits,
    }
    print(json.dumps(results))
    path = Path(__file__).resolve().parent / "near_images.json"
    path.write_text(json.dumps(results) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
