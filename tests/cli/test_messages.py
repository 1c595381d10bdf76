"""What people are told when what they give is wrong: the exit code is 2, and the words are snapshots.

Reading the files in ``messages`` is reading the manual. After a wanted change of words run this file with
``MODELWRIGHT_WRITE_MESSAGES=1``, and read the difference.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from modelwright.cli.main import call

MESSAGES = Path(__file__).parent / "messages"
DATA = "data: {source: people.csv, target: answer}\n"

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))
MISSPELT_KEY = "data: {source: people.csv, traget: answer}\n"
UNIQUE = "name,x\n" + "".join(f"n{k}o,{k % 3}\n" for k in range(40))
MISSING = "x,y\n" + "".join(f"{k % 5},NA\n" for k in range(40))
PARTS = ["train"] * 60 + ["validation"] * 30 + ["test"] * 30
LEFT_OUT = "x,y,part\n" + "".join(
    f"{k},{'ab'[k % 2] if part != 'test' else 'a'},{part}\n" for k, part in enumerate(PARTS)
)

# By name: the files beside the goal (text or bytes), and the command line.
CASES: dict[str, tuple[dict[str, str | bytes], list[str]]] = {
    "no_command_of_that_name": ({}, ["chekc"]),
    "no_option_of_that_name": ({}, ["check", "goal.yaml", "--jsn"]),
    "no_goal_given": ({}, ["run"]),
    "goal_file_missing": ({}, ["run", "absent.yaml"]),
    "goal_file_is_a_folder": ({"folder/people.csv": "a\n"}, ["check", "folder"]),
    "goal_file_is_binary": ({"goal.yaml": b"\x89PNG\xff\xfe\x00"}, ["check", "goal.yaml"]),
    "goal_key_misspelt": ({"goal.yaml": MISSPELT_KEY}, ["check", "goal.yaml"]),
    "goal_kind_not_yet": ({"goal.yaml": "problem: forecast\n" + DATA}, ["check", "goal.yaml"]),
    "source_missing": ({"goal.yaml": "data: {source: pepole.csv, target: answer}\n"}, ["check", "goal.yaml"]),
    "source_empty": (
        {"goal.yaml": "data: {source: none.csv, target: a}\n", "none.csv": ""},
        ["check", "goal.yaml"],
    ),
    "source_binary": (
        {"goal.yaml": "data: {source: a.csv, target: a}\n", "a.csv": PNG},
        ["check", "goal.yaml"],
    ),
    "target_absent": ({"goal.yaml": "data: {source: people.csv, target: anwser}\n"}, ["check", "goal.yaml"]),
    "target_constant": ({"goal.yaml": "data: {source: people.csv, target: same}\n"}, ["check", "goal.yaml"]),
    "target_unique": (
        {"goal.yaml": "data: {source: u.csv, target: name}\n", "u.csv": UNIQUE},
        ["check", "goal.yaml"],
    ),
    "target_missing_everywhere": (
        {"goal.yaml": "data: {source: m.csv, target: y}\n", "m.csv": MISSING},
        ["check", "goal.yaml"],
    ),
    "class_does_not_exist": (
        {"goal.yaml": DATA + "success: ['recall >= 0.8 for \"yse\"']\n"},
        ["check", "goal.yaml"],
    ),
    "regression_metric_on_classes": ({"goal.yaml": DATA + "success: [rmse <= 3]\n"}, ["check", "goal.yaml"]),
    "class_metric_on_numbers": (
        {"goal.yaml": "data: {source: people.csv, target: income}\nsuccess: [recall >= 0.9]\n"},
        ["check", "goal.yaml"],
    ),
    "slice_by_absent_column": (
        {"goal.yaml": DATA + "success: [accuracy >= 0.8 by ctiy]\n"},
        ["check", "goal.yaml"],
    ),
    "split_leaves_a_class_out": (
        {
            "goal.yaml": "data: {source: s.csv, target: y}\nsplit: {column: part}\n",
            "s.csv": LEFT_OUT,
        },
        ["check", "goal.yaml"],
    ),
    "family_misspelt": (
        {"goal.yaml": DATA + "search:\n  families: [logistic, lihgtgbm]\n"},
        ["run", "goal.yaml"],
    ),
    "cleaning_misspelt": ({"goal.yaml": DATA + "clean:\n  off:\n    - unist:age\n"}, ["check", "goal.yaml"]),
    "finding_misspelt": (
        {"goal.yaml": DATA + "accept:\n  leak.golden-faeture: known when asked\n"},
        ["check", "goal.yaml"],
    ),
    "several_names_misspelt": (
        {"goal.yaml": DATA + "search: {families: [forrest]}\nclean: {off: [nonsense]}\naccept: {x.y: why}\n"},
        ["check", "goal.yaml"],
    ),
    "budget_unreadable": ({"goal.yaml": DATA}, ["run", "goal.yaml", "--budget", "soon"]),
    "nothing_to_resume": ({}, ["resume"]),
    "run_unknown": ({}, ["show", "nobody"]),
    "runs_to_compare_unknown": ({}, ["compare", "a", "b"]),
    "run_to_delete_unknown": ({}, ["runs", "--delete", "nobody"]),
    "bundle_unknown": ({}, ["predict", "nobody", "people.csv", "-o", "out.csv"]),
    "bundle_is_any_folder": ({"folder/x.txt": "x"}, ["predict", "folder", "people.csv", "-o", "out.csv"]),
    "new_without_data": ({}, ["new", "people"]),
    "new_source_missing": ({}, ["new", "x", "--data", "pepole.csv"]),
    "new_target_absent": ({}, ["new", "x", "--data", "people.csv", "--target", "anwser"]),
    "new_target_constant": ({}, ["new", "x", "--data", "people.csv", "--target", "same"]),
    "new_exists": ({"x.yaml": DATA}, ["new", "x", "--data", "people.csv", "--target", "answer"]),
    "new_name": ({}, ["new", "a b", "--data", "people.csv"]),
    "new_folder": ({}, ["new", "absent/x", "--data", "people.csv"]),
    "runs_folder_is_a_file": ({"goal.yaml": DATA, "taken": "x"}, ["run", "goal.yaml", "--runs", "taken"]),
}


@pytest.mark.parametrize("name", sorted(CASES))
def test_message(
    name: str,
    people_csv: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    files, arguments = CASES[name]
    monkeypatch.chdir(tmp_path)
    (tmp_path / "people.csv").write_text(people_csv, encoding="utf-8")
    for path, content in files.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_bytes(content.encode() if isinstance(content, str) else content)
    code = call(list(arguments))
    said = capsys.readouterr()
    assert said.out == "", "a message for a person belongs on standard error"
    assert str(tmp_path) not in said.err
    assert "Traceback" not in said.err
    text = f"$ modelwright {' '.join(arguments)}\n{said.err}exit code {code}\n"
    expected = MESSAGES / f"{name}.txt"
    if os.environ.get("MODELWRIGHT_WRITE_MESSAGES"):
        expected.write_text(text, encoding="utf-8")
    assert text == expected.read_text(encoding="utf-8")
    assert code == 2
    assert "\n\nhint: " in said.err or "\n  " in said.err, "it says how to mend it"
    left: list[Any] = [p for p in (tmp_path / "runs").glob("*") if p.name != ".store"]
    assert left == [], "a run that never began leaves no folder"


def test_no_message_is_orphaned() -> None:
    assert {path.stem for path in MESSAGES.glob("*.txt")} == set(CASES)
