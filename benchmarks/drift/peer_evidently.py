"""Evidently's defaults on our worlds, a report a day: PYTHON peer_evidently.py STABLE PLANTED [K/M].

Run it with the Python of a virtual environment that has ``evidently``. The preset is taken as it comes: with
up to 1,000 reference rows Kolmogorov-Smirnov, chi-square or z tests at p < 0.05 column by column, above that
the normed Wasserstein or Jensen-Shannon distance above 0.1; the data set has drifted when half of the columns
have. Written down: the days on which any column was flagged, and those on which the data set was.
"""

from __future__ import annotations

import re
import sys
import warnings

import pandas as pd
from evidently import DataDefinition, Dataset, Report
from evidently.presets import DataDriftPreset
from journal import work
from plan import DAYS, beside_worlds


def frame(world, table):
    made = {}
    for i, name in enumerate(world.names):
        if world.of_kind(i) == "category":
            made[name] = [f"c{int(v):03}" for v in table[name]]
        else:
            made[name] = table[name]
    return pd.DataFrame(made)


def do(world):
    per_day = world.rows // DAYS
    past, now = (frame(world, table) for table in world.tables())
    categories = [n for i, n in enumerate(world.names) if world.of_kind(i) != "number"]
    numbers = [n for n in world.names if n not in categories]
    definition = DataDefinition(numerical_columns=numbers, categorical_columns=categories)
    reference = Dataset.from_pandas(past, data_definition=definition)
    flagged, drifted = [], []
    for day in range(DAYS):
        rows = now.iloc[day * per_day : (day + 1) * per_day].reset_index(drop=True)
        current = Dataset.from_pandas(rows, data_definition=definition)
        told = Report([DataDriftPreset()]).run(current, reference).dict()["metrics"]
        count = next(m for m in told if m["metric_name"].startswith("DriftedColumnsCount"))["value"]
        if count["count"] > 0:
            flagged.append(day)
        if count["share"] >= 0.5:
            drifted.append(day)
    return {"any": flagged, "dataset": drifted}


if __name__ == "__main__":
    warnings.filterwarnings("ignore")
    stable, planted = int(sys.argv[1]), int(sys.argv[2])
    part = sys.argv[3] if len(sys.argv) > 3 else "1/1"
    assert re.fullmatch(r"\d+/\d+", part)
    work("evidently", part, beside_worlds(stable, planted), do)
