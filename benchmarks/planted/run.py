"""Problems planted in real tables: how many are found, and how often sound tables raise an alarm.

    python benchmarks/planted/run.py [--only NAME] [--data FOLDER]

Each case takes a sound table of the shared data, plants one problem in it by a fixed seed, runs the stages from
collect to analyse (no training), and asks for the finding that names it, on the column where it was planted.
The sound tables then run as they are: every finding of one of the planted kinds counts as a false alarm, unless
``KNOWN`` says (with the reason) that the table really has it. Results go to ``benchmarks/planted/results.json``.
"""

# ruff: noqa: E501  (cases and templates are tables: a line each)

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from modelwright.core.book import Book
from modelwright.core.records.evidence import Finding
from modelwright.core.stage import Work
from modelwright.data.clean.stage import clean
from modelwright.data.collect import collect
from modelwright.data.label import label
from modelwright.data.profile.stage import profile
from modelwright.data.split.stage import split
from modelwright.evidence.analyse.stage import analyse
from modelwright.goal.sections import (
    CleanSection,
    ProblemSection,
    RolesSection,
    SourceSection,
    SplitSection,
    SuccessSection,
)
from modelwright.stats.intervals import wilson

HERE = Path(__file__).resolve().parent
MOST_ROWS = 6000
Frame = pl.DataFrame
Plant = Callable[[Frame, np.random.Generator], Frame]

SOUND: dict[str, tuple[str, str]] = {
    "titanic": ("tabular_binary/titanic/titanic.csv", "Survived"),
    "telco": ("tabular_binary/telco_churn", "Churn"),
    "bank": ("tabular_binary/bank_marketing", "y"),
    "german": ("tabular_binary/german_credit", "credit_risk"),
    "adult": ("tabular_binary/adult_census", ""),
    "penguins": ("tabular_multiclass/penguins", "species"),
    "beans": ("tabular_multiclass/dry_bean", "Class"),
    "letters": ("tabular_multiclass/letter_recognition", "lettr"),
    "wine": ("tabular_multiclass/wine_quality_white", ""),
    "california": ("tabular_regression/california_housing", "median_house_value"),
    "bikes": ("tabular_regression/bike_sharing", "cnt"),
    "diamonds": ("tabular_regression/diamonds", "price"),
    "ames": ("tabular_regression/ames_housing", "price"),
    "sst2": ("text_classification/sst2", ""),
}
"""File or folder (its largest table) and target; the last column where none is named."""

KNOWN: dict[tuple[str, str, str | None], str] = {
    ("titanic", "clean.personal-found", "Name"): "it is a list of passengers by name",
    ("adult", "clean.sentinel", "c10"): "99999 is the census's code for a capital gain above what it tells",
    (
        "bank",
        "clean.sentinel",
        "pdays",
    ): "999 means that the client was not contacted before, by its documentation",
    ("bikes", "leak.parts", "casual"): "cnt is casual plus registered, by its documentation",
    ("bikes", "leak.parts", "registered"): "cnt is casual plus registered, by its documentation",
    ("bikes", "leak.golden-feature", "registered"): "nine in ten of the rides that cnt counts are registered",
    ("wine", "clean.near-duplicates", None): "the table repeats wines with one measurement changed",
    ("wine", "split.near-duplicates", None): "the table repeats wines with one measurement changed",
}
"""What sound tables really have, with the reason."""


@dataclass(frozen=True)
class Case:
    name: str
    table: str
    code: str
    column: str | None
    plant: Plant
    roles: RolesSection = field(default_factory=RolesSection)
    split: SplitSection | None = None
    regression: bool = False


def cells(name: str, share: float, change: Callable[[Any], Any], where: str | None = None) -> Plant:
    """Change a share of the cells of a column (of those that hold ``where``)."""

    def plant(frame: Frame, rng: np.random.Generator) -> Frame:
        values = frame[name].to_list()
        open_ = [k for k, v in enumerate(values) if v is not None and (where is None or v == where)]
        for k in rng.choice(open_, max(3, int(share * len(open_))), replace=False).tolist():
            values[k] = change(values[k])
        return frame.with_columns(pl.Series(name, values, strict=False))

    return plant


def every(name: str, write: Callable[[float, int], str]) -> Plant:
    """Write every number of a column as text; the second argument is a random whole number."""

    def plant(frame: Frame, rng: np.random.Generator) -> Frame:
        dice = rng.integers(0, 10, frame.height).tolist()
        values = frame[name].cast(pl.Float64, strict=False).to_list()
        made = [None if v is None else write(v, d) for v, d in zip(values, dice, strict=True)]
        return frame.with_columns(pl.Series(name, made))

    return plant


def column(name: str, make: Callable[[Frame, np.random.Generator], list[Any]]) -> Plant:
    """Add a column."""

    def plant(frame: Frame, rng: np.random.Generator) -> Frame:
        return frame.with_columns(pl.Series(name, make(frame, rng), strict=False))

    return plant


def again(rows: int, name: str, change: pl.Expr) -> Plant:
    """Enter some rows once more, with one column changed a little."""

    def plant(frame: Frame, rng: np.random.Generator) -> Frame:
        frame = frame.with_columns(pl.col(name).cast(pl.Float64, strict=False)) if name else frame
        sound = frame.filter(pl.col(name).is_not_null()) if name else frame
        some = sound[rng.choice(sound.height, rows, replace=False).tolist()].with_columns(change)
        return pl.concat([frame, some])

    return plant


def of(options: list[str]) -> Callable[[Frame, np.random.Generator], list[Any]]:
    return lambda frame, rng: [options[k] for k in rng.integers(0, len(options), frame.height).tolist()]


def day(rng: np.random.Generator, low: int, high: int) -> str:
    return f"{rng.integers(low, high)}-{rng.integers(1, 13):02}-{rng.integers(1, 28):02}"


CITIES = ["São Paulo", "Zürich", "Düsseldorf", "Málaga", "Kraków", "Lyon", "Rome", "Oslo"]
NAMES = [
    "Maria",
    "Anna",
    "John",
    "Peter",
    "Thomas",
    "Sipho",
    "Lars",
    "Aisha",
    "Carlos",
    "Susan",
    "Thandiwe",
    "Bao",
]
LAST = ["Okafor", "Lindqvist", "Moreau", "Tanaka", "Van Wyk", "Petrov", "Rossi", "Haddad", "Novak", "Silva"]


def person(rng: np.random.Generator) -> str:
    return f"{NAMES[rng.integers(len(NAMES))]} {LAST[rng.integers(len(LAST))]}"


def with_luhn(body: str) -> str:
    for check in "0123456789":
        total = 0
        for k, c in enumerate(reversed(body + check)):
            d = int(c) * (2 if k % 2 else 1)
            total += d - 9 if d > 9 else d
        if total % 10 == 0:
            return body + check
    raise AssertionError


def iban(rng: np.random.Generator) -> str:
    body = "".join(str(d) for d in rng.integers(0, 10, 18))
    check = 98 - int(body + "131400") % 97  # D is 13, E is 14
    return f"DE{check:02}{body}"


def groups(frame: Frame, rng: np.random.Generator) -> Frame:
    """Every row five times over, with measurements of its own and one patient."""
    base = frame.head(300)
    parts = []
    for _ in range(5):
        shaken = [
            pl.col(n) * pl.Series(1 + 0.02 * rng.normal(size=base.height))
            for n, t in base.schema.items()
            if t == pl.Float64
        ]
        parts.append(base.with_columns(*shaken, pl.Series("patient", [f"p{k}" for k in range(base.height)])))
    return pl.concat(parts)


def straddling(frame: Frame, rng: np.random.Generator) -> Frame:
    made = groups(frame, rng)
    part = ["train" if k < 0.8 else "test" for k in rng.random(made.height)]
    return made.with_columns(pl.Series("part", part))


def late(frame: Frame, rng: np.random.Generator) -> list[Any]:
    return [
        day(rng, 2190, 2199) if rng.random() < 0.01 else day(rng, 2010, 2024) for _ in range(frame.height)
    ]


CASES = [
    Case("spelling of a job", "bank", "clean.variants", "job",
         cells("job", 0.1, lambda v: "Blue Collar", "blue-collar")),
    Case("spelling of a cut", "diamonds", "clean.variants", "cut", cells("cut", 0.05, lambda v: "very-good", "Very Good")),
    Case("accents of cities", "german", "clean.variants", "city", column("city", of([*CITIES, "Sao Paulo", "Zurich"]))),
    Case("misspelt payments", "telco", "clean.variants-proposed", "PaymentMethod",
         cells("PaymentMethod", 0.01, lambda v: "Electornic check", "Electronic check")),
    Case("misspelt islands", "penguins", "clean.variants-proposed", "island",
         cells("island", 0.08, lambda v: "Torgerson", "Torgersen")),
    Case("abbreviated cities", "california", "clean.variants-proposed", "city",
         column("city", of(["Johannesburg"] * 6 + ["Cape Town"] * 5 + ["Durban"] * 4 + ["JHB"]))),
    Case("grams and pounds as text", "penguins", "clean.units", "body_mass_g",
         every("body_mass_g", lambda v, d: f"{v / 453.592:.2f} lb" if d < 3 else f"{v:.0f} g")),
    Case("square feet and metres", "ames", "clean.units", "area",
         every("area", lambda v, d: f"{v * 0.0929:.1f} sq. m" if d < 2 else f"{v:.0f} sq ft")),
    Case("hours and minutes", "german", "clean.units", "visit",
         column("visit", lambda f, r: [f"{k} min" if k < 60 else f"{k // 60}h {k % 60}m" for k in r.integers(5, 200, f.height).tolist()])),
    Case("units that do not go together", "bikes", "clean.units-apart", "mileage",
         column("mileage", lambda f, r: [f"{v:.1f} {'kmpl' if v > 12 else 'km/kg'}" for v in r.normal(18, 5, f.height)])),
    Case("heights in cm and m", "german", "clean.unit-mix", "height",
         column("height", lambda f, r: [round(v / 100, 2) if r.random() < 0.08 else round(v, 1) for v in r.normal(172, 9, f.height)])),
    Case("grams among kilograms", "california", "clean.unit-mix", "load",
         column("load", lambda f, r: [round(v * 1000) if r.random() < 0.05 else round(v, 3) for v in r.lognormal(1, 0.4, f.height)])),
    Case("words among ages", "titanic", "clean.mixed-types", "Age",
         lambda f, r: cells("Age", 0.12, lambda v: "not told")(f.with_columns(pl.col("Age").cast(pl.String)), r)),
    Case("negative ages", "titanic", "clean.impossible", "Age", cells("Age", 0.01, lambda v: -3.0)),
    Case("latitudes out of range", "california", "clean.impossible", "latitude", cells("latitude", 0.01, lambda v: v * 10)),
    Case("99999 for missing", "beans", "clean.sentinel", "Perimeter", cells("Perimeter", 0.02, lambda v: 99999.0)),
    Case("dates in the future", "bank", "clean.future-date", "signup_date", column("signup_date", late)),
    Case("broken encoding", "telco", "clean.repaired", "city",
         lambda f, r: cells("city", 0.3, lambda v: v.encode().decode("cp1252", "replace"))(column("city", of(CITIES))(f, r), r)),
    Case("rows entered twice", "california", "clean.near-duplicates", None,
         again(60, "median_income", pl.col("median_income") * 1.001)),
    Case("clients entered twice", "german", "clean.near-duplicates", None,
         lambda f, r: again(20, "amount", pl.col("amount") + 1)(f, r)),
    Case("reviews changed a little", "sst2", "clean.near-duplicates", "c0",
         lambda f, r: pl.concat([f, f.filter(pl.col("c0").str.split(" ").list.len() > 18).head(80).with_columns(pl.col("c0") + " ok")])),
    Case("test rows learnt before", "california", "split.near-duplicates", None,
         again(400, "median_income", pl.col("median_income") * 1.001)),
    Case("mail addresses", "telco", "clean.personal-found", "contact",
         column("contact", lambda f, r: [f"{person(r).lower().replace(' ', '.')}{k}@example.org" for k in range(f.height)])),
    Case("telephone numbers in notes", "bank", "clean.personal-found", "note",
         column("note", lambda f, r: [f"call back on +27 8{r.integers(1, 5)} {r.integers(100, 999)} {r.integers(1000, 9999)}" if r.random() < 0.1 else "nothing more to say" for _ in range(f.height)])),
    Case("names of clients", "german", "clean.personal-found", "client_name", column("client_name", lambda f, r: [person(r) for _ in range(f.height)])),
    Case("card numbers", "bank", "clean.personal-found", "card", column("card", lambda f, r: [" ".join(with_luhn("4" + "".join(str(d) for d in r.integers(0, 10, 14)))[k : k + 4] for k in (0, 4, 8, 12)) for _ in range(f.height)])),
    Case("accounts", "telco", "clean.personal-found", "account", column("account", lambda f, r: [iban(r) for _ in range(f.height)])),
    Case("dates of birth", "german", "clean.personal-found", "birth_date", column("birth_date", lambda f, r: [day(r, 1940, 2000) for _ in range(f.height)])),
    Case("a column made from the target", "bank", "leak.golden-feature", "outcome_code",
         column("outcome_code", lambda f, r: [("A" if v == "yes" else "B") if r.random() < 0.999 else "C" for v in f["y"]])),
    Case("filled in after the event", "telco", "leak.known-afterwards", "closing_date",
         column("closing_date", lambda f, r: [day(r, 2019, 2023) if v == "Yes" else None for v in f["Churn"]])),
    Case("a target that is a sum", "california", "leak.parts", None,
         lambda f, r: f.with_columns(a := pl.Series("part_one", r.integers(0, 90000, f.height).astype(float)), (pl.col("median_house_value") - a).alias("part_two")),
         regression=True),
    Case("rows of one patient", "penguins", "leak.undeclared-group", "patient", groups),
    Case("a patient on both sides", "penguins", "split.group-straddles", None, straddling,
         RolesSection(group="patient"), SplitSection(column="part", given=True)),
]  # fmt: skip


def read(data: Path, table: str) -> tuple[Frame, str]:
    place, target = SOUND[table]
    path = data / place
    if path.is_dir():
        kinds = (".csv", ".xlsx", ".tsv", ".txt", ".data", ".gz")
        path = max((p for p in path.iterdir() if p.suffix in kinds), key=lambda p: (p.stat().st_size, p.name))
    frame = collect(SourceSection(str(path)), Book(), None).table.get()
    frame = frame.drop("__row__").sample(min(frame.height, MOST_ROWS), seed=1)
    kept = [pl.col(n).cast(pl.Float64, strict=False) for n in frame.columns if _numeric(frame[n])]
    return frame.with_columns(kept), target or frame.columns[-1]


def _numeric(series: pl.Series) -> bool:
    if series.dtype.is_numeric():
        return True
    there = series.drop_nulls()
    return (
        series.dtype == pl.String
        and len(there) > 0
        and there.cast(pl.Float64, strict=False).null_count() == 0
    )


def findings(frame: Frame, target: str, case: Case | None = None) -> list[Finding]:
    """Everything that the stages from collect to analyse tell."""
    book = Book()
    roles = case.roles if case else RolesSection()
    regression = frame[target].dtype.is_numeric() and frame[target].n_unique() > 20
    problem = ProblemSection("t", "regression" if regression else None, target)
    success = SuccessSection()
    cleaned = clean(CleanSection(), roles, problem, collect(SourceSection("frame"), book, frame), book)
    labelled = label(problem, roles, success, cleaned, book)
    parts = split((case and case.split) or SplitSection(), roles, problem, success, labelled, 0, book)
    with tempfile.TemporaryDirectory() as folder:
        work = Work(Path(folder), 0)
        analyse(roles, success, parts.development, profile(labelled, book), 0, work, book)
    return [item for item in book.items if isinstance(item, Finding)]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="")
    parser.add_argument("--data", type=Path, default=HERE.parents[2] / "shared" / "data")
    asked = parser.parse_args()
    planted = sorted({case.code for case in CASES})
    rows: list[dict[str, Any]] = []
    for k, case in enumerate(CASES):
        if asked.only and asked.only not in case.name:
            continue
        frame, target = read(asked.data, case.table)
        told = findings(case.plant(frame, np.random.default_rng(100 + k)), target, case)
        hit = any(f.code == case.code and (case.column is None or f.column == case.column) for f in told)
        rows.append({"case": case.name, "table": case.table, "code": case.code, "found": hit})
        print(f"{'found ' if hit else 'MISSED'}  {case.name} ({case.table}, {case.code})", flush=True)
        if not hit:
            print("        told:", sorted({(f.code, f.column) for f in told}, key=str))
    alarms: list[dict[str, Any]] = []
    looked = 0
    for table in SOUND if not asked.only else ():
        frame, target = read(asked.data, table)
        told = findings(frame, target)
        looked += len(planted)
        for code in planted:
            false = [f for f in told if f.code == code and (table, code, f.column) not in KNOWN]
            if false:
                alarms.append({"table": table, "code": code, "columns": [f.column for f in false]})
                print(
                    f"ALARM   {table}: {code} {[f.column for f in false]} {false[0].message[:150]}",
                    flush=True,
                )
    hits = sum(row["found"] for row in rows)
    recall, false_rate = wilson(hits, max(1, len(rows))), wilson(len(alarms), max(1, looked))
    print(
        f"found {hits} of {len(rows)} ({hits / max(1, len(rows)):.1%}, 95%: {recall[0]:.1%} to {recall[1]:.1%})"
    )
    if looked:
        print(f"false alarms {len(alarms)} of {looked} looks at {len(SOUND)} sound tables "
              f"({len(alarms) / looked:.2%}, 95%: {false_rate[0]:.2%} to {false_rate[1]:.2%})")  # fmt: skip
        kept = {"planted": rows, "found": hits, "cases": len(rows), "interval": list(recall), "alarms": alarms,
                "looks": looked, "alarm_interval": list(false_rate), "known": [[*map(str, k), v] for k, v in KNOWN.items()]}  # fmt: skip
        (HERE / "results.json").write_text(
            json.dumps(kept, indent=1, ensure_ascii=False) + "\n", encoding="utf-8"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
