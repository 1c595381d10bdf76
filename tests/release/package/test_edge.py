"""The same numbers in JavaScript as in Python: under Node, and in a browser."""

from __future__ import annotations

import functools
import http.server
import json
import os
import shutil
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import polars as pl
import pytest

from modelwright.core.errors import Unsupported
from modelwright.models.families import FAMILIES, HIDDEN
from modelwright.release.package import edge, make
from modelwright.release.package.job import Job, Wishes
from modelwright.release.package.rows import rows_for
from modelwright.runtime import Model, load
from modelwright.runtime.bundle import read
from modelwright.runtime.session import open_graph
from modelwright.runtime.signature import NULL_TEXT
from modelwright.testing.bundles import make_run

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="session")
def modules() -> Path:
    """The folder of onnxruntime's packages for JavaScript."""
    named = os.environ.get("MODELWRIGHT_NODE_MODULES")
    folder = Path(named) if named else ROOT / "node_modules"
    if shutil.which("node") is None or not (folder / "onnxruntime-node").is_dir():
        pytest.skip(
            "node, or onnxruntime for it, is missing: npm install --no-save --no-package-lock "
            f"onnxruntime-node@{edge.ONNXRUNTIME} onnxruntime-web@{edge.ONNXRUNTIME} "
            "in the repository's root (MODELWRIGHT_NODE_MODULES names another folder of packages)"
        )
    return folder


def packed(bundle: Path, into: Path, modules: Path | None = None) -> Path:
    make(bundle, ["edge"], into)
    if modules is not None:
        (into / "edge" / "node_modules").symlink_to(modules)
    return into / "edge"


def node(folder: Path, script: str, given: Any) -> Any:
    """What a script prints as JSON; it finds ``given`` (JSON) on its standard input."""
    done = subprocess.run(
        ["node", "--input-type=module", "-e", script],
        cwd=folder,
        input=json.dumps(given).encode(),
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()[-2000:]
    return json.loads(done.stdout)


COMPARE = """
import { readFileSync } from "node:fs";
import * as ort from "%s";
import { load } from "./modelwright.mjs";
import { compare } from "./compare.mjs";
const manifest = JSON.parse(readFileSync("edge.json", "utf8"));
const model = await load(ort, manifest, new Uint8Array(readFileSync("model.onnx")), %s);
const { rows, answers } = JSON.parse(readFileSync(0, "utf8"));
const { differing, largest } = compare(await model.predict(rows), answers);
console.log(JSON.stringify({ differing: differing.slice(0, 3), count: differing.length, largest }));
"""
NODE = COMPARE % ("onnxruntime-node", "{}")
# The build for WebAssembly that browsers load, run by Node.
WEB = COMPARE % ("onnxruntime-web", '{ executionProviders: ["wasm"] }')
# Several packages in one process: to compile the library takes longer than all their answers.
SEVERAL = """
import { readFileSync } from "node:fs";
import * as ort from "onnxruntime-web";
const found = {};
for (const [folder, { rows, answers }] of Object.entries(JSON.parse(readFileSync(0, "utf8")))) {
  const { load } = await import(`${folder}/modelwright.mjs`);
  const { compare } = await import(`${folder}/compare.mjs`);
  const manifest = JSON.parse(readFileSync(`${folder}/edge.json`, "utf8"));
  const graph = new Uint8Array(readFileSync(`${folder}/model.onnx`));
  const model = await load(ort, manifest, graph, { executionProviders: ["wasm"] });
  found[folder] = compare(await model.predict(rows), answers).differing.slice(0, 3);
}
console.log(JSON.stringify(found));
"""


def asked(model: Model, rows: list[dict[str, Any]]) -> dict[str, Any]:
    return {"rows": rows, "answers": [edge.answer(model, row) for row in rows]}


# --- what is written --------------------------------------------------------------------------------------


def test_package_is_whole_and_the_same_each_time(kinds: Path, tmp_path: Path) -> None:
    one, other = packed(kinds, tmp_path / "one"), packed(kinds, tmp_path / "other")
    names = sorted(path.name for path in one.iterdir())
    assert names == sorted(
        [*edge.CODE, "README.md", "edge.json", "examples.json", "model.onnx", "package.json",
         "required_operators.config"]
    )  # fmt: skip
    assert all((one / name).read_bytes() == (other / name).read_bytes() for name in names)
    facts = json.loads((one / "edge.json").read_text())
    assert facts["classes"] == ["no", "yes"]
    assert {c["kind"] for c in facts["columns"]} == {"number", "category", "boolean", "date", "text"}
    assert facts["folds"]["ß"] == "ss"
    assert facts["run"] == "kinds"
    config = (one / "required_operators.config").read_text().splitlines()
    assert config[1].startswith("ai.onnx;20;")
    assert "LabelEncoder" in config[2].split(";")[2].split(",")


def test_another_word_for_null_changes_no_answer(kinds: Path) -> None:
    model = load(kinds)
    graph, count = edge.with_other_null(model.bundle.files["model.onnx"])
    assert count >= 1
    assert NULL_TEXT.encode() not in graph
    edge.check_same(model, graph)
    broken = graph.replace(b"red", b"rod")
    assert broken != graph
    with pytest.raises(Unsupported) as caught:
        edge.check_same(model, broken)
    assert caught.value.code == "package.edge-differs"


def test_a_known_value_with_a_nul_is_refused(kinds: Path) -> None:
    graph = load(kinds).bundle.files["model.onnx"]
    held = onnx.load_from_string(graph)
    (keys,) = (a for n in held.graph.node for a in n.attribute if a.name == "keys_strings")
    keys.strings[1] = b"re\x00d"
    with pytest.raises(Unsupported) as caught:
        edge.with_other_null(held.SerializeToString())
    assert caught.value.code == "package.edge-nul"


def test_operators_that_no_browser_was_seen_to_run_are_told(penguins: Path, tmp_path: Path) -> None:
    packed(penguins, tmp_path / "made")
    assert "Not tried" not in (tmp_path / "made" / "edge" / "README.md").read_text()
    monkey = pytest.MonkeyPatch()
    with monkey.context() as patch:
        patch.setattr(edge, "TRIED", edge.TRIED - {"Gemm"})
        packed(penguins, tmp_path / "other")
    assert (
        "**Not tried in a browser**: the operators Gemm."
        in (tmp_path / "other" / "edge" / "README.md").read_text()
    )


def test_examples_are_what_python_answers(penguins: Path) -> None:
    model = load(penguins)
    row = rows_for(model.signature)[0]
    answer = edge.answer(model, {**row, "body_mass_g": "heavy"})
    assert answer["unread"] == ["body_mass_g"]
    assert answer["prediction"] in model.classes
    assert sum(answer["probabilities"].values()) == pytest.approx(1, abs=1e-5)
    assert open_graph(model.bundle.files["model.onnx"]).get_inputs()


# --- the same numbers -------------------------------------------------------------------------------------

# Node starts, and onnxruntime with it.
slow = pytest.mark.slow


@slow
def test_real_rows_under_node_and_webassembly(
    penguins: Path, tmp_path: Path, modules: Path, root: Path
) -> None:
    folder = packed(penguins, tmp_path / "made", modules)
    rows = pl.read_csv(root / "examples" / "penguins" / "penguins.csv", infer_schema=False).to_dicts()
    given = asked(load(penguins), rows)
    for script in (NODE, WEB):
        found = node(folder, script, given)
        assert found["differing"] == []
        assert found["largest"] <= 1e-6
    done = subprocess.run(["node", "example.mjs", "--check"], cwd=folder, capture_output=True, check=True)
    assert json.loads(done.stdout)["rows"] == len(json.loads((folder / "examples.json").read_text()))


@slow
@pytest.mark.skipif(shutil.which("node") is None, reason="Node is not installed")
def test_the_example_without_its_library_names_what_to_install(penguins: Path, tmp_path: Path) -> None:
    folder = packed(penguins, tmp_path / "made", None)
    done = subprocess.run(["node", "example.mjs", "--check"], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 2
    assert "run `npm install`" in done.stderr
    assert "ERR_MODULE_NOT_FOUND" not in done.stderr


@slow
def test_every_kind_of_value_under_node_and_webassembly(
    kinds: Path, tmp_path: Path, modules: Path, table: Callable[[str], pl.DataFrame]
) -> None:
    folder = packed(kinds, tmp_path / "made", modules)
    rows = table("binary").drop("y").to_dicts()
    random = np.random.default_rng(3)
    odd = json.loads((Path(__file__).parent / "odd_values.json").read_text())["values"]
    odd += [" ".join(random.choice(["bad", "good", "ΟΔΟΣ", "\x00", "nice\x00"], 4)) for _ in range(20)]
    for place, row in enumerate(rows):
        for name in random.choice(list(row), 2, replace=False):
            row[name] = odd[(place * 7 + len(name)) % len(odd)]
    given = asked(load(kinds), rows)
    assert any(answer["unread"] for answer in given["answers"])
    for script in (NODE, WEB):
        found = node(folder, script, given)
        assert found["differing"] == []


# Each family trains, and Node answers for all of them.
@slow
@pytest.mark.parametrize("target", ["multiclass", "value"])
def test_every_family_in_webassembly(
    tmp_path: Path, modules: Path, table: Callable[[str], pl.DataFrame], target: str
) -> None:
    seen: set[str] = set()
    tried: dict[str, Any] = {}
    # Networks have operators of their own; a package with others than those tried says so.
    for name in [n for n in FAMILIES if n not in HIDDEN and not FAMILIES.get(n).tags.keeps]:
        # Trees over the topics of a text may answer otherwise in the last place: see the test below.
        smooth = name in ("logistic", "elastic_net", "mlp", "realmlp", "linear_svm")
        rows = table(target) if smooth else table(target).drop("text")
        try:
            made = make_run(tmp_path / f"run-{name}", rows, "y", families=(name,))
        except (IndexError, ValueError, ImportError):  # a family for the other kind of target
            continue
        folder = packed(made.bundle, tmp_path / name)
        seen |= {operator for _, _, operator in edge.operators_of((folder / "model.onnx").read_bytes())}
        tried[str(folder)] = asked(load(made.bundle), rows.drop("y").to_dicts()[:100])
    (tmp_path / "node_modules").symlink_to(modules)
    assert node(tmp_path, SEVERAL, tried) == {folder: [] for folder in tried}
    assert len(tried) >= 10, tried
    assert {"StringSplit", "TfIdfVectorizer", "TreeEnsembleRegressor", "LabelEncoder"} <= seen <= edge.TRIED


@slow
def test_trees_over_topics_differ_in_few_rows_and_the_package_says_so(
    tmp_path: Path, modules: Path, table: Callable[[str], pl.DataFrame]
) -> None:
    """WebAssembly adds up in another order; a sum that falls on a threshold may then go the other way."""
    made = make_run(tmp_path / "run", table("value"), "y", families=("lightgbm",))
    folder = packed(made.bundle, tmp_path / "made", modules)
    rows = table("value").drop("y").to_dicts()
    given = asked(load(made.bundle), rows)
    assert node(folder, NODE, given)["differing"] == []
    assert node(folder, WEB, given)["count"] <= 0.03 * len(rows)
    assert "Trees over the topics of a text" in (folder / "README.md").read_text()


@slow
def test_what_is_wrong_is_told(kinds: Path, tmp_path: Path, modules: Path) -> None:
    folder = packed(kinds, tmp_path / "made", modules)
    script = """
import { readFileSync } from "node:fs";
import * as ort from "onnxruntime-node";
import { load } from "./modelwright.mjs";
const manifest = JSON.parse(readFileSync("edge.json", "utf8"));
const graph = new Uint8Array(readFileSync("model.onnx"));
const model = await load(ort, manifest, graph);
const told = async (work) => { try { await work(); return "nothing"; } catch (e) { return e.message; } };
const row = JSON.parse(readFileSync("examples.json", "utf8"))[0].row;
const { number, ...rest } = row;
console.log(JSON.stringify([
  await told(() => model.predict([row, rest])),
  await told(() => model.predict([{ ...row, colour: ["red"] }])),
  await told(() => load(ort, { ...manifest, format: 9 }, graph)),
  (await model.predict([])).length,
  (await model.predict([{ ...row, when: new Date("2024-01-31T10:00:00Z") }]))[0].prediction,
  (await model.predict([{ ...row, when: "31.01.2024 10:00" }]))[0].prediction,
  (await (await load(ort, { ...manifest, abstain_below: 1.5 }, graph)).predict([row]))[0].prediction,
]));
"""
    told = node(folder, script, None)
    assert told[0] == "row 1 lacks 'number'; where a value is not known, give null"
    assert told[1] == "the column 'colour' takes a text, a number, true, false or null"
    assert told[2] == "edge.json has format 9; this module reads 1"
    assert told[3] == 0
    assert told[4] == told[5]
    assert told[6] is None


# A browser starts.
@slow
def test_the_page_in_a_browser(penguins: Path, tmp_path: Path, modules: Path) -> None:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        pytest.skip("chromium is not installed")
    from playwright.sync_api import sync_playwright

    folder = packed(penguins, tmp_path / "made", modules)
    handler = functools.partial(Quiet, directory=str(folder))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        with sync_playwright() as play:
            options = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
            browser = play.chromium.launch(executable_path=chromium, args=options)
            page = browser.new_page()
            problems: list[str] = []
            page.on("pageerror", lambda error: problems.append(str(error)))
            page.goto(f"http://127.0.0.1:{server.server_port}/index.html")
            page.wait_for_function("document.querySelector('#check').textContent", timeout=180_000)
            said = page.text_content("#check") or ""
            count = len(json.loads((folder / "examples.json").read_text()))
            assert said.startswith(f"{count} of {count} examples answered as in Python")
            page.fill("input[name=island]", "Biscoe")
            page.click("button")
            page.wait_for_function("document.querySelector('#answer').textContent.includes('probabilities')")
            assert problems == []
            browser.close()
    finally:
        server.shutdown()
        server.server_close()


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments: object) -> None:
        pass


def test_job_makes_names_that_images_take(penguins: Path) -> None:
    bundle = read(penguins)
    bundle.manifest["name"] = "Größe & Preis!"
    job = Job(penguins, bundle, Wishes())
    assert job.name == "gr--e---preis"
    assert job.image == f"modelwright/{job.name}:{job.run}"
