"""A program of a launch: its first process makes two fits, the others follow. Given: a folder, a place."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from modelwright.core.codec import decode
from modelwright.models.fit import Job
from modelwright.models.pool import Pool
from modelwright.models.rows import Place
from modelwright.models.together import followed, leads


def main() -> None:
    folder, place = Path(sys.argv[1]), decode(Place, json.loads(sys.argv[2]))
    said = followed(folder)
    if said is not None:
        print(said, file=sys.stderr)
        return
    with leads(folder), Pool(1, folder / "fits", log=folder / "log") as pool:
        for seed in (1, 2):
            pool.submit(f"fit-{seed}", place, Job("shared", {}, 0, seed))
            ended = pool.wait(120)
            while not ended:
                ended = pool.wait(120)
            print(json.dumps([ended[0].key, ended[0].error]))


if __name__ == "__main__":
    main()
