"""``parse.mjs`` against ``runtime/parse``: the same operations on the same values, value by value."""

from __future__ import annotations

import json
import shutil
import subprocess
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from modelwright.release.package import edge
from modelwright.runtime.parse import UNREAD, ColumnParser, ColumnSpec
from modelwright.runtime.parse.column import MEDIA, OPERATIONS
from modelwright.runtime.parse.variants import key

# Node starts once and reads every case.
_SCRIPT = """
import { readFileSync } from "node:fs";
const { Column, UNREAD, sha256 } = await import(process.argv[1]);
const { folds, cases, hashed } = JSON.parse(readFileSync(0, "utf8"));
const told = (v) => v === UNREAD ? ["unread"] : typeof v === "bigint" ? ["int", String(v)] : ["is", v];
const columns = cases.map(({ spec, values }) => {
  const column = new Column(spec, folds);
  return values.map((value) => told(column.value(value)));
});
console.log(JSON.stringify({ columns, hashes: hashed.map(sha256) }));
"""


def ask(cases: list[dict[str, Any]], hashed: list[str] = []) -> Any:  # noqa: B006  (never changed)
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed")
    module = resources.files("modelwright.release.package") / "browser" / "parse.mjs"
    done = subprocess.run(
        [node, "--input-type=module", "-e", _SCRIPT, Path(str(module)).as_uri()],
        input=json.dumps({"folds": edge.folds(), "cases": cases, "hashed": hashed}).encode(),
        capture_output=True,
        check=True,
    )
    return json.loads(done.stdout)


def expected(spec: dict[str, Any], values: list[Any]) -> list[list[Any]]:
    parser = ColumnParser(ColumnSpec.from_json(spec))
    made: list[list[Any]] = []
    for value in values:
        read = parser.value(value)
        if read is UNREAD:
            made.append(["unread"])
        elif parser.kind == "date" and read is not None:
            made.append(["int", str(read)])
        else:
            made.append(["is", read])
    return made


def column(kind: str, *operations: tuple[str, dict[str, Any]]) -> dict[str, Any]:
    return {
        "name": "x",
        "kind": kind,
        "role": "input",
        "operations": [{"name": name, "options": options} for name, options in operations],
    }


STRIP = ("strip", {})
MARKERS = ("missing", {"markers": ["", "NA", "?", "-999", "n/a"]})
MASK = ["email", "phone", "card"]
FORMATS = [
    "%Y-%m-%d", "%d.%m.%Y %H:%M", "%m/%d/%y", "%Y%m%d", "%Y-%m-%dT%H:%M:%S.%f%z", "%d %b %Y",
    "%I:%M %p %d-%m-%Y", "%Y-%m-%d %H:%M:%S", "%b %d, %Y",
]  # fmt: skip
SPECS = [
    column("category"),
    column("category", STRIP, MARKERS),
    column("category", STRIP, ("spellings", {"map": {"m": "male", " f ": "female", "1": "one"}})),
    column(
        "category", STRIP, MARKERS, ("case", {"spellings": {"usa": "USA", "strasse": "Straße", ".": "dot"}})
    ),
    column(
        "category",
        STRIP,
        (
            "variants",
            {"map": {"JHB": "Johannesburg"}, "keys": {"saopaulo": "São Paulo", "strasseand1 2": "x"}},
        ),
    ),
    column("category", STRIP, ("mask", {"how": "mask", "patterns": MASK})),
    column("text", ("mask", {"how": "hash", "patterns": MASK}), ("text", {})),
    column("category", ("mask", {"how": "generalise", "patterns": MASK})),
    *(
        column("category", STRIP, ("mask", {"how": how, "patterns": [], "whole": kind}))
        for how, kind in [
            ("generalise", "email"),
            ("generalise", "phone"),
            ("generalise", "iban"),
            ("generalise", "birth date"),
            ("generalise", "name"),
            ("hash", "name"),
            ("mask", "ip"),
        ]
    ),
    column("text", STRIP, MARKERS, ("text", {})),
    column("text", STRIP, ("text", {"marks": True})),
    column("text"),
    column(
        "boolean", STRIP, ("boolean", {"true": ["Yes", "ja", "1", "STRASSE"], "false": ["no", "Nein", "0"]})
    ),
    column("boolean"),
    column("number"),
    column("number", STRIP, MARKERS, ("number", {})),
    column("number", STRIP, ("number", {"decimal": ",", "thousands": "."})),
    column("number", STRIP, ("number", {"thousands": ",", "currency": ["$", "€", "US$"], "negatives": True})),
    column("number", STRIP, ("number", {"thousands": " ", "percent": True})),
    column("number", STRIP, ("number", {"units": {"kg": 1.0, "g": 0.001, "m²": 1.0, "km": 1000}})),
    column(
        "number", STRIP, ("number", {"units": {"c": 1.0, "°f": [0.5555555555555556, -17.77777777777778]}})
    ),
    column(
        "number",
        STRIP,
        (
            "number",
            {"units": {"ft": 1.0, "in": 1 / 12, "'": 1.0, '"': 1 / 12}, "compound": True, "ranges": True},
        ),
    ),
    column("number", ("number", {"ranges": True, "thousands": ",", "units": {"kg": 1.0}})),
    column("number", ("number", {"least": -1, "most": 100.5})),
    column("category", ("repair", {"wrong": ["encoding", "entities", "unseen"]})),
    column("number", STRIP, ("spellings", {"map": {"3": "4"}}), ("number", {})),
    column("date", STRIP, MARKERS, ("date", {"formats": FORMATS})),
    column("date", STRIP, ("date", {"formats": FORMATS[:2], "zone": 120, "epoch": "s"})),
    column("date", STRIP, ("date", {"formats": [], "epoch": "ms"})),
    column("date"),
]
ODD = json.loads((Path(__file__).parent / "odd_values.json").read_text(encoding="utf-8"))
"""``values``: those that operations were written for; ``pieces``: what odd texts are put together from."""


def made_up(count: int) -> list[str]:
    random = np.random.default_rng(7)
    return ["".join(random.choice(ODD["pieces"], size=random.integers(0, 9))) for _ in range(count)]


# Node starts, and reads some fifty thousand values.
@pytest.mark.slow
def test_javascript_reads_every_value_as_python() -> None:
    spelt = [
        "JHB",
        "São-Paulo",
        "sao paulo.",
        "straße & 1 2",
        "A-",
        "3-5",
        "U.S.A.",
        "a - b",
        "2. b",
        "x_y",
        "yes!",
    ]
    measured = ["5 ft 11 in", "5'11\"", "6ft, and 2 in", "10 - 12 kg", "1,133 – 1,384", "3 to 4", "9-3",
                "1..2",
                "5 °F", "101", -1, -1.5, 100.5, 101, "10 kg - 12 kg", "-5 - 3", "7to8"]  # fmt: skip
    wrong = [
        text.encode().decode("cp1252", "replace")
        for text in ("São", "Österreich", "it’s", "Привет", "漢字", "😀")
    ]
    wrong += [text.encode().decode("latin-1") for text in ("São", "à", "😀", "\ufeffx")]
    wrong += [
        "CAFÉ…",
        "MANHÃ–",
        "Ã–l",
        "É»",
        "Â°",
        "&amp;&#65;&#x42;&nbsp;&oslash;&bogus;&#0;&#55296;",
        "a\u200bb\xad",
    ]
    values = [*ODD["values"], *spelt, *measured, *wrong, *made_up(2000)]
    every_key = {key(value): f"key:{key(value)}" for value in values if isinstance(value, str)}
    specs = [*SPECS, column("category", ("variants", {"keys": every_key}))]
    # Python's float of a number that JSON writes without a point is what JavaScript has.
    given = json.loads(json.dumps(values))
    answered = ask([{"spec": spec, "values": given} for spec in specs])["columns"]
    for spec, found in zip(specs, answered, strict=True):
        wanted = json.loads(json.dumps(expected(spec, given)))
        differing = [(v, f, w) for v, f, w in zip(given, found, wanted, strict=True) if f != w]
        assert differing == [], spec


# Node starts, and reads every character there is.
@pytest.mark.slow
def test_javascript_knows_the_characters_that_python_knows() -> None:
    import unicodedata

    every = [
        chr(c)
        for c in range(0x110000)
        if not 0xD800 <= c < 0xE000 and unicodedata.category(chr(c)) not in ("Cn", "Co")
    ]
    words = [f"a{c}b" for c in every]
    specs = [
        column("text", ("text", {})),
        column("text", ("text", {"marks": True})),
        column("category", ("case", {"spellings": {}})),
        column("category", STRIP),
        column("category", ("mask", {"how": "mask", "patterns": ["email"]})),
    ]
    values = [words, words, every, every, [f"x@y{c}{c}.org" for c in every]]
    cases = [{"spec": spec, "values": given} for spec, given in zip(specs, values, strict=True)]
    answered = ask(cases)["columns"]
    for spec, given, found in zip(specs, values, answered, strict=True):
        wanted = expected(spec, given)
        assert [(hex(ord(v[-1])), f, w) for v, f, w in zip(given, found, wanted, strict=True) if f != w] == []


def test_javascript_carries_out_every_operation() -> None:
    assert set(OPERATIONS) - MEDIA == edge.CARRIED  # columns of media are refused in words
    module = resources.files("modelwright.release.package") / "browser" / "parse.mjs"
    unknown = column("category", ("unheard", {}))
    assert "does not know" in module.read_text(encoding="utf-8")
    with pytest.raises(subprocess.CalledProcessError) as caught:
        ask([{"spec": unknown, "values": []}])
    assert b"preprocessing uses the operation 'unheard'" in caught.value.stderr


def test_javascript_digest_is_sha256() -> None:
    import hashlib

    texts = ["", "abc", "é" * 55, "x" * 56, "y" * 64, "z" * 119, "漢" * 200]
    assert ask([], texts)["hashes"] == [hashlib.sha256(text.encode()).hexdigest() for text in texts]
