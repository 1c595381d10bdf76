"""A table as people have it, from the goal file to predictions, by the commands alone."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from modelwright.cli.main import call

GOAL = """\
name: dirty
data:
  source: people.csv
  target: answer
  personal: hash
  personal_secret: MW_JOURNEY_SECRET
  consent: made up for a test
  licence: none needed
  require: [consent, licence]
  quasi_identifiers: [city]
  columns: {city: {spellings: {JHB: Johannesburg}}, age: {least: 0, most: 120}}
search: {trials: 1, families: [logistic]}
split: {train: 0.6, validation: 0.2, test: 0.2}
"""
CITIES = ["Johannesburg", "johannesburg", "JHB", "Cape Town", "Cape-Town", "São Paulo", "SÃ£o Paulo"]


def people(rows: int = 240) -> list[dict[str, Any]]:
    rng = np.random.default_rng(4)
    made = []
    for n in range(rows):
        weight, age = float(rng.normal(75, 10)), int(rng.integers(18, 80))
        made.append(
            {
                "city": CITIES[n % len(CITIES)],
                "weight": f"{weight * 2.20462:.1f} lb" if n % 3 == 0 else f"{weight:.1f} kg",
                "age": -5 if n % 60 == 0 else age,
                "mail": f"person{n % 40}@example.org",
                "answer": "yes" if (age > 45) != (n % 9 == 0) else "no",
            }
        )
    return made


def write(path: Path, rows: list[dict[str, Any]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


# A whole run, and two predictions.
@pytest.mark.slow
def test_from_a_dirty_table_to_predictions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MW_JOURNEY_SECRET", "a secret of the journey")
    write(tmp_path / "people.csv", people())
    (tmp_path / "goal.yaml").write_text(GOAL, encoding="utf-8")
    assert call(["run", "goal.yaml", "--force-release"]) in (0, 3)
    run = next(path for path in (tmp_path / "runs").iterdir() if path.name.startswith("dirty-"))
    told = [json.loads(line) for line in (run / "evidence.jsonl").read_text(encoding="utf-8").splitlines()]
    codes = {str(item.get("code")) for item in told}
    assert {"clean.variants", "clean.units", "clean.repaired", "clean.personal", "preparation"} <= codes
    assert {"clean.personal", "privacy.k-anonymity"} <= codes
    assert "privacy.consent-missing" not in codes
    everything = "".join(
        path.read_text(encoding="utf-8", errors="replace")
        for path in run.rglob("*")
        if path.is_file() and path.suffix in (".json", ".jsonl", ".md", ".html", ".csv", ".txt", ".yaml")
    )
    assert "a secret of the journey" not in everything
    card = (run / "bundle" / "DATA_CARD.md").read_text(encoding="utf-8")
    assert "## Preparation" in card
    assert "| sourced | done |" in card
    assert "| anonymised | done |" in card
    preprocess = json.loads((run / "bundle" / "preprocess.json").read_text(encoding="utf-8"))
    names = {op["name"] for column in preprocess["columns"] for op in column["operations"]}
    assert {"repair", "variants", "spellings", "number", "mask"} <= names

    row = {"city": "Cape Town", "weight": "80.0 kg", "age": 50, "mail": "person1@example.org"}
    same = row | {"city": "CAPE  TOWN.", "weight": "176.3698 lb"}
    write(tmp_path / "new.csv", [row, same])
    assert call(["predict", str(run / "bundle"), "new.csv", "-o", "out.csv"]) == 0
    with (tmp_path / "out.csv").open(encoding="utf-8", newline="") as file:
        one, other = csv.DictReader(file)
    assert float(one["probability_yes"]) == pytest.approx(float(other["probability_yes"]), abs=1e-4)
    capsys.readouterr()
    monkeypatch.delenv("MW_JOURNEY_SECRET")
    assert call(["predict", str(run / "bundle"), "new.csv", "-o", "again.csv"]) == 2
    assert "MW_JOURNEY_SECRET is not set" in capsys.readouterr().err


# Two tables are read and cleaned.
def test_the_mangled_bank_is_the_sound_one(shared_data: Path) -> None:
    from modelwright.core.book import Book
    from modelwright.data.clean.stage import clean
    from modelwright.data.collect import collect
    from modelwright.goal.sections import CleanSection, ProblemSection, RolesSection, SourceSection

    tables = []
    for place in ("dirty/bank_mangled_csv", "tabular_binary/bank_marketing"):
        source = next((shared_data / place).glob("*.csv"))
        collected = collect(SourceSection(str(source)), Book(), None)
        made = clean(CleanSection(), RolesSection(), ProblemSection("t", target="y"), collected, Book())
        tables.append((made.table.get(), [(c.name, c.kind, c.operations) for c in made.columns]))
    assert tables[0][0].equals(tables[1][0])
    assert tables[0][1] == tables[1][1]
