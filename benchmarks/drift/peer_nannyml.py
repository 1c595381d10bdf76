"""NannyML's defaults on our worlds, a chunk a day: PYTHON peer_nannyml.py STABLE PLANTED [K/M].

Run it with the Python of a virtual environment that has ``nannyml``. Defaults: univariate drift by the
Jensen-Shannon distance, alert outside of the mean -/+ 3 standard deviations over the reference's chunks.
Written down: days with an alert of any column, with one of the (multivariate) data reconstruction, and with
one of the data-quality calculators (missing values, unseen values).
"""

from __future__ import annotations

import re
import sys
import warnings

import nannyml as nml
import numpy as np
import pandas as pd
from journal import work
from plan import DAYS, beside_worlds


def frame(world, table):
    made = {}
    for i, name in enumerate(world.names):
        kind = world.of_kind(i)
        if kind == "category":
            made[name] = [f"c{int(v):03}" for v in table[name]]
        elif kind == "boolean":
            made[name] = np.where(table[name] > 0, "yes", "no")
        else:
            made[name] = table[name]
    return pd.DataFrame(made)


def days(calculator, past, now):
    calculator.fit(past)
    told = calculator.calculate(now).filter(period="analysis").to_df()
    alerts = [column for column in told.columns if column[-1] == "alert"]
    return np.flatnonzero(told[alerts].to_numpy(dtype=bool).any(axis=1)).tolist()


def do(world):
    per_day = world.rows // DAYS
    past, now = (frame(world, table) for table in world.tables())
    names = list(world.names)
    categories = [n for i, n in enumerate(names) if world.of_kind(i) != "number"]
    told = {
        "univariate": days(
            nml.UnivariateDriftCalculator(
                column_names=names, treat_as_categorical=categories, chunk_size=per_day
            ),
            past,
            now,
        ),
        "quality": sorted(
            {
                *days(nml.MissingValuesCalculator(column_names=names, chunk_size=per_day), past, now),
                *days(nml.UnseenValuesCalculator(column_names=categories, chunk_size=per_day), past, now),
            }
        ),
    }
    told["reconstruction"] = days(
        nml.DataReconstructionDriftCalculator(column_names=names, chunk_size=per_day), past, now
    )
    return told


if __name__ == "__main__":
    warnings.filterwarnings("ignore")
    stable, planted = int(sys.argv[1]), int(sys.argv[2])
    part = sys.argv[3] if len(sys.argv) > 3 else "1/1"
    assert re.fullmatch(r"\d+/\d+", part)
    work("nannyml", part, beside_worlds(stable, planted), do)
