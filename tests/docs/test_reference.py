"""The reference and its guards: complete, and noticing what is missing."""

from __future__ import annotations

from pathlib import Path

import pytest

import check_docs
import make_reference


def test_every_catalogue_is_on_its_page() -> None:
    from modelwright.evidence.catalogue import FINDINGS
    from modelwright.goal.metrics import METRICS
    from modelwright.goal.schema import describe_keys
    from modelwright.models.families import considered

    made = make_reference.pages()
    for name, entries in (
        ("findings", list(FINDINGS)),
        ("metrics", list(METRICS)),
        ("families", considered()),
        ("goal", [card.key for card in describe_keys()]),
    ):
        assert len(entries) > 10
        page = made[f"docs/reference/{name}.md"]
        assert [entry for entry in entries if f"| `{entry}` |" not in page] == [], name


def test_every_command_is_on_its_page() -> None:
    page = make_reference.pages()["docs/reference/commands.md"]
    words = [words for words, _ in make_reference.commands()]
    assert {"modelwright run", "modelwright predict", "modelwright doctor"} <= set(words)
    assert [w for w in words if f"# {w}\n" not in page] == []


def test_bounds_in_words() -> None:
    assert [make_reference.between(*b) for b in ((0.0, 1.0), (0.0, None), (None, 1.0), (None, None))] == [
        "0 to 1",
        "0 or more",
        "1 or less",
        "any",
    ]


def test_unknown_names_are_found(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.md").write_text(
        "`modelwright run x` and `modelwright serve`\n```\n$ modelwright walk\n```\n"
        "`leak.parts`, `leak.nothing`, `split.test`, `leak.golden-feature:grade`, `goal.yaml`, `a.b`\n"
    )
    (tmp_path / "CHANGELOG.md").write_text("`modelwright gone` and `leak.gone` were there once\n")
    codes = {"leak.parts", "leak.golden-feature", "split.test", "goal.no-criteria"}
    found = list(check_docs.unknown_names(tmp_path, {"run"}, codes))
    assert [line.partition(": ")[2] for line in found] == [
        "there is no command `modelwright serve`",
        "there is no command `modelwright walk`",
        "leak.nothing is neither a finding nor a goal key",
    ]


def test_a_decision_that_is_not_in_the_index_is_found(tmp_path: Path) -> None:
    folder = tmp_path / "docs" / "decisions"
    folder.mkdir(parents=True)
    (folder / "0001-a.md").write_text("# 1. A\n")
    (folder / "0002-b.md").write_text("# 2. B\n")
    (tmp_path / "docs" / "decisions.md").write_text("[A](decisions/0001-a.md)\n")
    assert len(list(check_docs.decision_index(tmp_path))) == 1


def test_a_code_without_a_card_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from modelwright.evidence import catalogue
    from modelwright.evidence.analyse.check import CHECKS

    package = tmp_path / "src" / "modelwright"
    package.mkdir(parents=True)
    codes = [*CHECKS, "test.idle", "test.told"]
    lines = ['book.finding("test.told", "note", "m", "r")', 'book.finding("test.new", "note", "m", "r")']
    (package / "a.py").write_text("\n".join([*lines, f"CHECKS = {list(CHECKS)!r}".replace("'", '"')]))
    cards = {code: catalogue.FindingCard(code, "t", "note", "m", "r") for code in codes}
    monkeypatch.setattr(catalogue, "FINDINGS", cards)
    found = list(check_docs.finding_codes(tmp_path))
    assert len(found) == 2
    assert "src/modelwright/a.py:2: the finding test.new has no card" in found[0]
    assert "make reference" in found[0]
    assert "nothing reports the finding test.idle" in found[1]


def test_parser_and_reference_agree_on_the_keys() -> None:
    assert list(check_docs.disagreeing_keys()) == []
