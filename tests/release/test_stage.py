from __future__ import annotations

import json
import re
import stat
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from modelwright.core.errors import BadInput
from modelwright.core.records.evidence import Finding
from modelwright.core.records.verdict import CriterionResult
from modelwright.goal.sections import CleanSection, OutputSection, RolesSection, SuccessSection
from modelwright.live.serve.validate import Checks
from modelwright.release.sign import make_keys
from modelwright.runtime import load
from modelwright.testing.bundles import MET, Made, make_run

NOT_MET = CriterionResult(
    "accuracy >= 0.99", 0.8, 0.7, 0.9, 40, "not met", "the whole interval is below 0.99"
)
FILES = ["DATA_CARD.md", "MODEL_CARD.md", "model.json", "model.onnx", "preprocess.json", "reference.json"]


def rows(n: int = 300) -> pl.DataFrame:
    rng = np.random.default_rng(1)
    size = rng.normal(10, 3, n).round(2)
    town = np.where(np.arange(n) < 3, "Tinyville", rng.choice(["Aarau", "Bern", "Chur"], n))
    return pl.DataFrame(
        {
            "size": size,
            "town": town,
            "sex": rng.choice(["f", "m"], n),
            "contact": [f"person{i % 40}@example.org" for i in range(n)],
            "good": np.where(size + rng.normal(0, 1, n) > 10, "yes", "no"),
        }
    )


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return make_run(tmp_path_factory.mktemp("released") / "toy-run", rows(), "good")


def verdict_of(made: Made) -> dict[str, Any]:
    return dict(json.loads((made.run / "verdict.json").read_text(encoding="utf-8")))


def test_a_release_writes_verdict_and_bundle(made: Made) -> None:
    assert made.released.released
    assert made.released.bundle == "bundle"
    assert sorted(path.name for path in made.bundle.iterdir()) == FILES
    verdict = verdict_of(made)
    assert verdict["verdict"] == "met"
    assert verdict["released"] is True
    assert verdict["forced"] is False
    assert verdict["test_openings"] == 1
    assert verdict["blockers"] == []
    assert verdict["reason"] == made.released.reason
    (criterion,) = verdict["criteria"]
    assert {k: criterion[k] for k in ("criterion", "value", "low", "high", "n", "verdict")} == {
        "criterion": MET.criterion, "value": 0.9, "low": 0.8, "high": 0.95, "n": 40, "verdict": "met",
    }  # fmt: skip


def test_nothing_hidden_is_left_beside_the_bundle(made: Made) -> None:
    assert sorted(path.name for path in made.run.iterdir()) == ["bundle", "verdict.json"]


def test_the_manifest_says_where_the_model_comes_from(made: Made) -> None:
    manifest = load(made.bundle).metadata
    lineage = manifest["lineage"]
    assert lineage["run"] == "toy-run"
    assert lineage["licence"] == "CC0-1.0"
    assert re.fullmatch("[0-9a-f]{64}", lineage["data"])
    assert lineage["members"][0]["family"] == "logistic"
    assert manifest["verdict"] == "met"
    assert manifest["test"]["criteria"][0]["criterion"] == MET.criterion
    assert {"python", "numpy", "onnxruntime"} <= set(manifest["versions"])


def test_same_rows_give_the_same_bytes(made: Made, tmp_path: Path) -> None:
    again = make_run(tmp_path / "toy-run", rows(), "good")
    for name in FILES:
        assert (again.bundle / name).read_bytes() == (made.bundle / name).read_bytes(), name
    assert (again.run / "verdict.json").read_bytes() == (made.run / "verdict.json").read_bytes()


def test_no_text_names_a_place_of_this_machine(made: Made) -> None:
    for path in (*made.bundle.iterdir(), made.run / "verdict.json"):
        content = path.read_bytes().decode("utf-8", "replace")
        for place in (str(made.run.parent), str(Path.home()) + "/", str(Path(__file__).parents[2])):
            assert place not in content, path.name


def test_not_met_leaves_no_bundle(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", rows(), "good").run
    again = make_run(run, rows(), "good", criteria=(NOT_MET,))
    assert again.released.released is False
    assert again.released.bundle is None
    assert not (run / "bundle").exists()
    verdict = verdict_of(again)
    assert (verdict["verdict"], verdict["released"], verdict["bundle"]) == ("not met", False, None)
    assert "accuracy >= 0.99 is not met: the whole interval is below 0.99." in verdict["reason"]


def test_a_blocker_is_named_and_an_accepted_one_does_not_block(tmp_path: Path) -> None:
    leak = Finding("leak.golden-feature", "blocker", "size gives it away", "leave it out", "size")
    blocked = make_run(tmp_path / "a", rows(), "good", findings=(leak,))
    assert blocked.released.blockers == ("leak.golden-feature:size",)
    assert blocked.released.released is False
    fine = Finding(
        "leak.golden-feature", "blocker", "size gives it away", "leave it out", "size", {}, "known before"
    )
    accepted = make_run(tmp_path / "b", rows(), "good", findings=(fine,))
    assert accepted.released.released is True
    assert "Accepted: known before." in (accepted.bundle / "MODEL_CARD.md").read_text(encoding="utf-8")


def test_force_writes_a_bundle_that_carries_its_verdict(tmp_path: Path) -> None:
    made = make_run(tmp_path / "run", rows(), "good", criteria=(NOT_MET,), force=True)
    assert (made.released.released, made.released.forced, made.released.verdict) == (True, True, "not met")
    manifest = load(made.bundle).metadata
    assert (manifest["verdict"], manifest["forced"]) == ("not met", True)
    assert "release.forced" in [found.code for found in made.findings]
    assert "**not met**" in (made.bundle / "MODEL_CARD.md").read_text(encoding="utf-8")


def test_a_graph_that_differs_is_refused_even_by_force(tmp_path: Path) -> None:
    made = make_run(tmp_path / "run", rows(), "good", force=True, check_passed=False)
    assert made.released.released is False
    assert not made.bundle.exists()
    assert "does not agree with the models" in verdict_of(made)["reason"]


def test_values_that_json_does_not_have(tmp_path: Path) -> None:
    nothing = CriterionResult(
        "accuracy >= 0.9", float("nan"), float("nan"), float("inf"), 0, "unproven", "no rows"
    )
    made = make_run(tmp_path / "run", rows(), "good", criteria=(nothing,), force=True)
    (criterion,) = verdict_of(made)["criteria"]
    assert (criterion["value"], criterion["high"]) == (None, "inf")
    assert load(made.bundle).metadata["test"]["criteria"][0]["value"] is None


# --- what is told of the columns ----------------------------------------------------------------------------


def test_rare_categories_are_not_listed(made: Made) -> None:
    (town,) = (c for c in load(made.bundle).signature.inputs if c.name == "town")
    assert set(town.categories) == {"Aarau", "Bern", "Chur"}
    assert town.more_categories
    # The graph's own vocabulary is another matter: what it learned of a category it must know by name.
    for path in made.bundle.iterdir():
        assert path.name == "model.onnx" or b"Tinyville" not in path.read_bytes(), path.name


def test_ranges_and_histograms_hold_no_extremes(made: Made) -> None:
    (size,) = (c for c in load(made.bundle).signature.inputs if c.name == "size")
    values = rows()["size"]
    assert isinstance(size.low, float)
    assert isinstance(size.high, float)
    assert values.min() < size.low < size.high < values.max()  # type: ignore[operator]
    reference = (made.bundle / "reference.json").read_text(encoding="utf-8")
    for extreme in (values.min(), values.max()):
        assert str(extreme) not in re.findall(r"-?\d+\.\d+", reference)


def test_what_a_sensitive_input_takes_is_told(tmp_path: Path) -> None:
    roles = RolesSection(sensitive=("sex",), use_sensitive=True)
    made = make_run(tmp_path / "run", rows(), "good", roles=roles)
    (sex,) = (c for c in load(made.bundle).signature.inputs if c.name == "sex")
    assert not sex.private
    assert sorted(sex.categories) == ["f", "m"]
    assert sex.example == sex.categories[0]
    model = load(made.bundle)
    row = {c.name: c.example for c in model.signature.inputs}
    _, warned, _ = Checks(model).one({**row, "sex": "alien"})
    assert [one.code for one in warned] == ["unknown-category:sex"]
    assert "sex: sensitive, an input" in (made.bundle / "DATA_CARD.md").read_text(encoding="utf-8")


def test_the_manifest_says_how_the_model_is_to_be_watched(tmp_path: Path) -> None:
    roles = RolesSection(sensitive=("sex",))
    made = make_run(tmp_path / "run", rows(), "good", roles=roles, section=CleanSection(personal="hash"))
    live = load(made.bundle).metadata["live"]
    assert live["personal"] == "hash"
    assert live["personal_columns"] == ["contact"]
    assert live["also"] == ["sex"]
    assert live["monitor"] == {
        "alarm_rate": 0.01,
        "alarm_horizon": 30 * 86400.0,
        "retrain": None,
        "every": 60.0,
    }
    assert live["retention"] == 90 * 86400.0
    # Where the goal says nothing of personal data, the log masks it.
    assert load(make_run(tmp_path / "other", rows(), "good").bundle).metadata["live"]["personal"] == "mask"


def test_personal_columns_are_not_told(tmp_path: Path) -> None:
    made = make_run(tmp_path / "run", rows(), "good", section=CleanSection(personal="mask"))
    for path in made.bundle.iterdir():
        assert b"person1@" not in path.read_bytes(), path.name
    found = Finding("safety.personal", "warning", "holds e-mail addresses", "mask it", "contact")
    kept = make_run(tmp_path / "kept", rows(), "good", findings=(found,))
    names = {c.name: c for c in load(kept.bundle).signature.inputs}
    if "contact" in names:
        assert names["contact"].private
        assert (
            json.loads((kept.bundle / "reference.json").read_text())["columns"]["contact"]["private"] is True
        )
    for name in ("model.json", "reference.json", "MODEL_CARD.md", "DATA_CARD.md"):
        assert "person1@" not in (kept.bundle / name).read_text(encoding="utf-8")


def test_reference_counts_every_development_row(made: Made) -> None:
    reference = json.loads((made.bundle / "reference.json").read_text(encoding="utf-8"))
    n = made.development.rows
    assert reference["rows"] == n
    size, town = reference["columns"]["size"], reference["columns"]["town"]
    assert sum(size["counts"]) + size["missing"] == n
    assert sum(count for _, count in town["values"]) + town["other"] + town["missing"] == n
    predictions = reference["predictions"]
    assert sum(predictions["labels"].values()) == predictions["rows"]
    for entry in predictions["probabilities"].values():
        assert sum(entry["counts"]) == predictions["rows"]


# --- cards --------------------------------------------------------------------------------------------------

SECTIONS = {
    "MODEL_CARD.md": [
        "Model details", "Intended use", "Factors", "Metrics", "Evaluation data", "Training data",
        "Quantitative analyses", "Ethical considerations", "Caveats and recommendations", "Inputs", "Outputs",
    ],
    "DATA_CARD.md": [
        "Summary", "Provenance and collection", "Licence and consent", "Columns", "Coverage",
        "Sensitive and personal data", "Preparation", "Cleaning, with counts", "Labels", "Sampling and parts",
        "Known problems", "Known gaps",
    ],
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(SECTIONS))
def test_cards_have_their_sections_and_none_is_empty(made: Made, name: str) -> None:
    text = (made.bundle / name).read_text(encoding="utf-8")
    parts = re.split(r"(?m)^## ", text)
    assert [part.splitlines()[0] for part in parts[1:]] == SECTIONS[name]
    assert all(len(part.strip().splitlines()) > 1 for part in parts[1:])
    for line in text.splitlines():
        if line.startswith("|"):
            assert line.endswith("|")


def test_the_data_card_says_whom_the_rows_cover_and_what_nobody_said(tmp_path: Path) -> None:
    frame = rows().with_columns(
        pl.Series("sex", ["x" if i in (3, 60) else "f" for i in range(rows().height)])
    )
    made = make_run(tmp_path / "run", frame, "good", roles=RolesSection(sensitive=("sex",)))
    card = (made.bundle / "DATA_CARD.md").read_text(encoding="utf-8")
    assert f"| f | {frame.height - 2:,} |" in card
    assert "| x |" not in card  # two rows might name somebody
    assert "| 1 smaller group | 2 |" in card
    for gap in (
        "how and when it was collected",
        "How the labels were made",
    ):
        assert gap in card.partition("## Known gaps")[2]
    plain = (make_run(tmp_path / "b", rows(), "good").bundle / "DATA_CARD.md").read_text(encoding="utf-8")
    assert "which groups of people are covered is not known" in plain


def test_names_cannot_break_out_of_a_card(tmp_path: Path) -> None:
    evil = "a|b\n# x <script>"
    made = make_run(tmp_path / "run", rows().rename({"town": evil}), "good")
    for name in SECTIONS:
        text = (made.bundle / name).read_text(encoding="utf-8")
        assert "<script>" not in text
        assert "\n# x" not in text


# --- signing ------------------------------------------------------------------------------------------------


def test_a_key_signs_and_is_readable_by_its_owner_alone(tmp_path: Path) -> None:
    private, public = tmp_path / "key.pem", tmp_path / "key.pub"
    shown = make_keys(private, public)
    assert stat.S_IMODE(private.stat().st_mode) == 0o600
    assert "PUBLIC KEY" in public.read_text()
    made = make_run(tmp_path / "run", rows(), "good", sign_with=private)
    assert load(made.bundle, trust=shown).bundle.public_key == shown
    assert "release.unsigned" not in [found.code for found in made.findings]
    with pytest.raises(BadInput, match="exists already"):
        make_keys(private)


def test_an_unsigned_bundle_is_a_note(made: Made) -> None:
    (found,) = (f for f in made.findings if f.code == "release.unsigned")
    assert found.severity == "note"
    assert "not tampering" in found.message


@pytest.mark.parametrize("content", [None, b"", b"no key", "rsa"])
def test_a_key_that_cannot_sign_is_refused_and_nothing_is_written(
    tmp_path: Path, content: bytes | str | None
) -> None:
    key = tmp_path / "key.pem"
    if content == "rsa":
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric import ec

        content = ec.generate_private_key(ec.SECP256R1()).private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    if isinstance(content, bytes):
        key.write_bytes(content)
    with pytest.raises(BadInput, match=r"key\.pem") as found:
        make_run(tmp_path / "run", rows(), "good", sign_with=key)
    assert found.value.code == "sign.key"
    assert not list((tmp_path / "run").glob("*"))


# --- policies that need the whole ---------------------------------------------------------------------------


def test_costs_leave_the_threshold_to_the_graph(tmp_path: Path) -> None:
    success = SuccessSection(costs=(("yes", (("no", 5.0),)), ("no", (("yes", 1.0),))))
    made = make_run(tmp_path / "run", rows(), "good", success=success)
    model = load(made.bundle)
    share = (model.predict(rows()) == "yes").mean()
    plain = (load(make_run(tmp_path / "b", rows(), "good").bundle).predict(rows()) == "yes").mean()
    assert share > plain


def test_outputs_follow_the_goal(tmp_path: Path) -> None:
    made = make_run(tmp_path / "run", rows(), "good", output=OutputSection(intervals=0.9, abstain_below=0.6))
    model = load(made.bundle)
    assert [o.name for o in model.signature.outputs] == ["probabilities", "label", "set"]
    assert model.metadata["abstain_below"] == 0.6
    assert model.metadata["intervals"] == 0.9
