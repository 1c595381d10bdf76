"""The quick model that a labelling project learns from its own labels."""

from __future__ import annotations

import io
import time
import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from modelwright.labels import own
from modelwright.labels.again import Again
from modelwright.labels.items import Item
from modelwright.labels.project import Project
from modelwright.labels.queue import Queue
from modelwright.labels.store import Store
from modelwright.labels.suggest import tell
from modelwright.testing.labelled import classes, person

FOOD = "bread soup rice apple salt oven butter plate".split()
SHIPS = "harbour sail anchor deck mast crew rope tide".split()


def texts(n: int) -> tuple[list[dict[str, Any]], list[str]]:
    """Texts about food and about ships in turn."""
    rng = np.random.default_rng(0)
    truth = ["food" if i % 2 else "ships" for i in range(n)]
    said = [" ".join(rng.choice(FOOD if t == "food" else SHIPS, 5)) for t in truth]
    return [{"text": f"the {words} of {i}"} for i, words in enumerate(said)], truth


def known(truth: list[str], labels: int) -> list[str | None]:
    return [t if i < labels else None for i, t in enumerate(truth)]


def right(found: own.Learned | None, truth: list[str], after: int) -> float:
    assert found is not None
    says = [found.classes[int(k)] for k in found.answers.argmax(axis=1)]
    return float(np.mean([a == b for a, b in zip(says[after:], truth[after:], strict=True)]))


@pytest.mark.parametrize("suggest", [False, True])
def test_texts_are_learned_and_the_same_again(suggest: bool) -> None:
    contents, truth = texts(80)
    project = classes("food", "ships")
    found = own.learn(project, contents, known(truth, 24), None, suggest=suggest)
    assert right(found, truth, 24) > 0.95
    again = own.learn(project, contents, known(truth, 24), None, suggest=suggest)
    assert found is not None
    assert again is not None
    assert np.array_equal(found.answers, again.answers)
    assert np.allclose(found.probabilities.sum(axis=1), 1.0)


def test_too_few_labels_or_one_class_teach_nothing() -> None:
    contents, truth = texts(60)
    project = classes("food", "ships")
    assert own.learn(project, contents, known(truth, own.LEAST - 1), None) is None
    assert own.learn(project, contents, [t if t == "food" else None for t in truth], None) is None


def test_rows_are_learned_from_numbers_and_categories() -> None:
    rng = np.random.default_rng(1)
    contents = [
        {"x": float(rng.normal()), "colour": str(rng.choice(["red", "blue"])), "id": i} for i in range(120)
    ]
    contents[5]["x"] = None
    truth = ["yes" if (c["x"] or 0.0) > 0 and c["colour"] == "red" else "no" for c in contents]
    project = classes("yes", "no", item="row", content="", id="id")
    assert right(own.learn(project, contents, known(truth, 60), None), truth, 60) > 0.85


def test_images_are_learned_from_their_files(tmp_path: Path) -> None:
    from PIL import Image

    rng = np.random.default_rng(2)
    contents, truth = [], []
    for i in range(60):
        pixels = rng.integers(0, 60, (40, 40, 3), dtype=np.uint8)
        stripes = slice(None, None, 8)
        (pixels.transpose(1, 0, 2) if i % 2 else pixels)[stripes] += 150
        Image.fromarray(pixels).save(tmp_path / f"{i}.png")
        contents.append({"file": f"{i}.png"})
        truth.append("down" if i % 2 else "across")
    (tmp_path / "1.png").write_bytes(b"no image")
    project = classes("down", "across", item="image", content="file")
    assert right(own.learn(project, contents, known(truth, 30), tmp_path), truth, 30) > 0.9


def test_sounds_are_learned_from_their_files(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    contents, truth = [], []
    for i in range(60):
        t = np.arange(4000) / 8000.0
        samples = np.sin(2 * np.pi * (400 if i % 2 else 1500) * t) * 8000 + rng.normal(0, 500, len(t))
        held = io.BytesIO()
        with wave.open(held, "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(8000)
            file.writeframes(samples.astype("<i2").tobytes())
        (tmp_path / f"{i}.wav").write_bytes(held.getvalue())
        contents.append({"file": f"{i}.wav"})
        truth.append("low" if i % 2 else "high")
    project = classes("low", "high", item="audio", content="file")
    assert right(own.learn(project, contents, known(truth, 24), tmp_path), truth, 24) > 0.95


Make = Callable[..., Store]


def teaching(make: Make, **more: Any) -> tuple[Store, Project, list[str]]:
    contents, truth = texts(80)
    project = classes("food", "ships", order="teach", **more)
    return make(project, given=[Item(f"k{i}", c) for i, c in enumerate(contents)]), project, truth


def test_the_queue_asks_by_what_was_learned_and_suggests(make: Make) -> None:
    store, _, truth = teaching(make)
    queue, ada = Queue(store), person(store, "ada")
    assert tell(store, None, own=True).labels == 0
    for _ in range(50):
        handed = queue.next(ada)
        assert handed is not None
        assert handed.suggested is None
        queue.answer(ada, handed.item, truth[int(handed.key[1:])])
    told = tell(store, None, own=True)
    queue.forget()
    assert (told.labels, told.suggested, told.ordered) == (50, 30, 30)
    handed = queue.next(ada)
    assert handed is not None
    assert handed.suggested == truth[int(handed.key[1:])]
    assert handed.model == "own model, of 50 labels"


@pytest.mark.slow  # a process is started
def test_it_is_learned_again_while_people_label(make: Make) -> None:
    store, _, truth = teaching(make)
    queue, ada = Queue(store), person(store, "ada")
    said: list[str] = []
    again = Again(store, own=True, say=said.append)
    again.learned = queue.forget
    again.begin()
    for _ in range(24):
        handed = queue.next(ada)
        assert handed is not None
        queue.answer(ada, handed.item, truth[int(handed.key[1:])])
        again.answered()
    until = time.monotonic() + 120
    while not said and time.monotonic() < until:
        time.sleep(0.1)
    again.close()
    assert said
    assert said[0].startswith("learned from 2")
    handed = queue.next(ada)
    assert handed is not None
    assert handed.suggested in ("food", "ships")
