"""Active learning on AG news with the product's own queue and own model: the code of ``modelwright label``.

``.venv/bin/python benchmarks/labels/teach.py run ORDER SEED [SEED ...]`` (a minute each, journalled),
``... table`` sums up and writes the results. Needs the shared ``ag_news_7600``.

A seed draws 1,600 texts to test on; the other 6,000 are the items of a store. Two projects are labelled by
somebody who always knows the answer: one in random order, to 2,000 labels, and one in the order of ``teach``
(``labels.queue`` hands out, ``labels.suggest.tell`` learns anew after as many labels as ``labels.own.step``
says, which is what the server's ``labels.again`` does), to 1,000. After every so many labels the accuracy on
the test texts is measured of three models: the project's own by which it asks, its own that suggests
(``labels.own``), and the family ``ngrams``, a form for several classes, on the labelled texts alone. The own
models see all texts, those of the test among them, in both orders; no label of these, and no text of the test
is ever asked for.
"""

from __future__ import annotations

import csv
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parent))

import common
import numpy as np
from keep import HERE, keep

from modelwright.labels import own, people
from modelwright.labels.items import Item
from modelwright.labels.queue import Queue
from modelwright.labels.store import Store, chance
from modelwright.labels.suggest import tell
from modelwright.stats.intervals import t_mean
from modelwright.testing.labelled import classes

FILE = common.SHARED / "text_classification" / "ag_news_7600" / "test.csv"
JOURNAL = HERE / "results" / "teach.jsonl"
TEST = 1600
MARKS = {"random": (500, 1000, 2000), "teach": (500, 1000)}
NAMES = ("world", "sports", "business", "science")
MODELS = ("asks", "suggests", "ngrams")


def texts() -> tuple[list[str], list[str]]:
    with FILE.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    return [f"{r[1]} {r[2]}" for r in rows], [NAMES[int(r[0]) - 1] for r in rows]


def parted(seed: int) -> tuple[list[int], list[int]]:
    """Rows to test on, and rows that may be labelled."""
    order = [int(i) for i in np.random.default_rng(seed).permutation(7600)]
    return order[:TEST], order[TEST:]


def labelled(seed: int, order: str) -> list[int]:
    """The rows of the file in the order in which they were asked for and answered."""
    said, truth = texts()
    _, pool = parted(seed)
    if order == "random":  # what the queue does, without the waiting: by the chance of the key
        return sorted(pool, key=lambda row: chance(f"{seed}-{row}"))[: MARKS[order][-1]]
    project = classes(*NAMES, item="text", content="text", order=order)
    with tempfile.TemporaryDirectory() as folder:
        store = Store.at(Path(folder) / "t.labels", make=True)
        store.set_project(project, None)
        store.add([Item(f"{seed}-{row}", {"text": said[row]}) for row in pool], project)
        with store.writing() as connection:
            person = people.add(connection, "ada", reviewer=True)
        queue = Queue(store)
        asked: list[int] = []
        new, due = 0, own.LEAST
        while len(asked) < MARKS[order][-1]:
            handed = queue.next(person)
            assert handed is not None
            row = int(handed.key.partition("-")[2])
            queue.answer(person, handed.item, truth[row])
            asked.append(row)
            new += 1
            if new >= due:
                told = tell(store, None)
                if told.labels:
                    due = own.step(told.labels)
                    queue.forget()
                new = 0
        store.close()
    return asked


def accuracy(seed: int, asked: list[int]) -> dict[str, float]:
    said, truth = texts()
    test, pool = parted(seed)
    label = {row: truth[row] for row in asked}
    rows = sorted([*test, *pool])
    contents = [{"text": said[row]} for row in rows]
    project = classes(*NAMES, item="text", content="text")
    found = own.learn(project, contents, [label.get(row) for row in rows], None, suggest=True)
    assert found is not None
    wanted = [truth[row] for row in test]
    place = np.searchsorted(rows, test)
    asks, suggests = (
        right([found.classes[int(k)] for k in said_by[place].argmax(axis=1)], wanted)
        for said_by in (found.probabilities, found.answers)
    )
    ngrams_says = ngrams([said[r] for r in asked], [truth[r] for r in asked], [said[r] for r in test])
    return {"asks": asks, "suggests": suggests, "ngrams": right(ngrams_says, wanted)}


def ngrams(learn: list[str], labels: list[str], asked: list[str]) -> list[str]:
    """What the family says that a goal would train first."""
    from modelwright.features.typed import Typed
    from modelwright.models.families.ngrams import Ngrams
    from modelwright.models.family import Deadline, Rows, Task
    from modelwright.runtime.parse.text import build
    from modelwright.runtime.signature import Signature

    read = build({"marks": True})
    signature = Signature(strings=("text",), texts=("text",))

    def typed(some: list[str]) -> Any:
        cells = np.array([read(text) or "" for text in some], dtype=object).reshape(-1, 1)
        return Typed(signature, np.empty((len(some), 0)), cells, np.empty((len(some), 0), dtype=np.int64))

    codes = np.array([NAMES.index(label) for label in labels], dtype=np.int64)
    config = {"form": "nb-tfidf", "c": 1.0, "alpha": 0.1, "order": 2, "rarest": 2}
    empty = np.empty((len(learn), 0), dtype=np.float32)
    made = Ngrams().fit(
        Task("multiclass", 4, "log_loss"), Rows(empty, codes, typed=typed(learn)), None, config,
        seed=0, threads=1, deadline=Deadline(),
    )  # fmt: skip
    says = made.predict_typed(np.empty((len(asked), 0), dtype=np.float32), typed(asked))
    return [NAMES[int(k)] for k in says.argmax(axis=1)]


def right(says: list[str], wanted: list[str]) -> float:
    return round(float(np.mean([a == b for a, b in zip(says, wanted, strict=True)])), 5)


def one(seed: int, order: str) -> dict[str, Any]:
    asked = labelled(seed, order)
    return {
        "seed": seed,
        "order": order,
        "at": {n: accuracy(seed, asked[:n]) for n in MARKS[order]},
        "rows": asked,
    }


def table() -> None:
    lines = [json.loads(line) for line in JOURNAL.read_text(encoding="utf-8").splitlines()]
    every = {(line["seed"], line["order"]): line["at"] for line in lines}
    seeds = sorted(s for s, order in every if order == "teach" and (s, "random") in every)
    results: dict[str, Any] = {"seeds": seeds}
    for model in MODELS:
        curves = {
            order: {n: [every[s, order][str(n)][model] for s in seeds] for n in MARKS[order]}
            for order in MARKS
        }
        final = np.array(curves["random"][2000])
        gaps = {n: np.array(curves["teach"][n]) - final for n in MARKS["teach"]}
        results[model] = {
            **{order: {n: spread(v) for n, v in curve.items()} for order, curve in curves.items()},
            "teach_less_random_at_2000": {n: spread(gap) for n, gap in gaps.items()},
        }
    print(json.dumps(results, indent=1))
    keep("teach", results)


def spread(values: Any) -> list[float]:
    """The mean and its 95% interval over seeds."""
    low, high = t_mean(np.asarray(values, dtype=np.float64))
    return [round(float(np.mean(values)), 4), round(low, 4), round(high, 4)]


def main() -> None:
    verb, *rest = sys.argv[1:]
    if verb == "run":
        for seed in rest[1:]:
            began = time.monotonic()
            made = one(int(seed), rest[0])
            line = json.dumps(made)
            print(rest[0], seed, made["at"], f"{time.monotonic() - began:.0f} s", flush=True)
            with JOURNAL.open("a", encoding="utf-8") as out:
                out.write(line + "\n")
    else:
        table()


if __name__ == "__main__":
    main()
