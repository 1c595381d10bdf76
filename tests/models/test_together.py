"""Fits of networks that several processes of one launch make together."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import onnx
import pytest

from modelwright.core.codec import encode
from modelwright.models.rows import Place

# Four processes that import torch, twice.
pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]

FAMILY = '''
import json
import os
from dataclasses import replace
from pathlib import Path

from modelwright.testing.toy import Toy


class Shared(Toy):
    """A network without batch statistics, whose weights are kept for the test."""

    name = "shared"
    tags = replace(Toy.tags, keeps=True)

    def fit(self, task, train, valid, config, *, notes, **options):
        import torch
        from safetensors.torch import save_file

        from modelwright.models.deep.examples import Examples
        from modelwright.models.deep.loop import train as learn
        from modelwright.models.deep.settings import Settings

        class Net(torch.nn.Sequential):
            takes = ("x",)

        outcome = learn(
            lambda: Net(torch.nn.Linear(train.x.shape[1], 16), torch.nn.Tanh(), torch.nn.Linear(16, 2)),
            Examples({"x": train.x}, train.y), None, Settings(epochs=4, batch=32, rate=0.01),
            task=task, seed=options["seed"], threads=1, deadline=options["deadline"], notes=notes,
        )
        kept = Path(os.environ["KEPT"]) / f"{options['seed']}-{os.environ.get('RANK', '0')}"
        kept.with_suffix(".json").write_text(json.dumps(outcome.facts))
        save_file(outcome.module.state_dict(), kept.with_suffix(".safetensors"))
        return super().fit(task, train, valid, config, **options)


SHARED = Shared()
'''


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A folder of installed packages, with the family."""
    folder = tmp_path / "site"
    info = folder / "shared-1.0.dist-info"
    info.mkdir(parents=True)
    (folder / "shared_of_a_test.py").write_text(FAMILY)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: shared\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[modelwright.families]\nshared = shared_of_a_test:SHARED\n")
    return folder


def test_two_processes_make_the_fits_of_one(places: Callable[..., Place], tmp_path: Path, site: Path) -> None:
    pytest.importorskip("torch", reason="the extra [deep] is not installed")
    pytest.importorskip("accelerate", reason="the extra [deep] is not installed")
    from safetensors.torch import load_file

    place = json.dumps(encode(places(rows=300)))
    launch = [
        "-m",
        "accelerate.commands.launch",
        "--multi_gpu",
        "--num_processes",
        "2",
        "--num_machines",
        "1",
    ]
    launch += ["--mixed_precision", "no", "--dynamo_backend", "no", "--main_process_port", "0"]
    said = {}
    for name, before in (("alone", []), ("both", launch)):
        folder = tmp_path / name
        folder.mkdir()
        path = os.pathsep.join((str(site), str(ROOT / "src")))
        done = subprocess.run(
            [sys.executable, *before, str(ROOT / "tests" / "models" / "launched.py"), str(folder), place],
            capture_output=True,
            text=True,
            env={**os.environ, "KEPT": str(folder), "PYTHONPATH": path, "OMP_NUM_THREADS": "1"},
            check=False,
        )
        assert done.returncode == 0, done.stderr[-3000:]
        lines = [line for line in done.stdout.splitlines() if line.startswith("[")]
        assert [json.loads(line) for line in lines] == [["fit-1", ""], ["fit-2", ""]]
        said[name] = done.stderr
    assert "process 1 took part in 2 fits of networks" in said["both"]
    for seed in (1, 2):
        facts = json.loads((tmp_path / "both" / f"{seed}-0.json").read_text())
        assert facts["processes"] == 2
        alone = load_file(tmp_path / "alone" / f"{seed}-0.safetensors")
        for rank in (0, 1):
            both = load_file(tmp_path / "both" / f"{seed}-{rank}.safetensors")
            assert max(float((alone[name] - both[name]).abs().max()) for name in alone) < 1e-4
    # Where they met is gone.
    assert not list((tmp_path / "both").glob(".together-*"))


AFTER_ALONE = """
import sys
from modelwright.models.deep.devices import Devices
from modelwright.models.together import _group

rank, port = int(sys.argv[1]), int(sys.argv[2])
if rank == 0:
    assert Devices().processes == 1  # a fit that found the others busy
with _group(rank, 2, port):
    print(Devices().processes)
assert Devices().processes == 1
"""


def test_a_worker_that_was_alone_joins_the_next_group() -> None:
    """Else it would learn alone, and the others wait for it for half an hour."""
    pytest.importorskip("accelerate", reason="the extra [deep] is not installed")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    both = [
        subprocess.Popen([sys.executable, "-c", AFTER_ALONE, str(rank), str(port)], stdout=subprocess.PIPE)
        for rank in (0, 1)
    ]
    try:
        assert [one.communicate(timeout=120)[0].split() for one in both] == [[b"2"], [b"2"]]
    finally:
        for one in both:
            one.kill()


PLAIN = '''
from modelwright.models.families.bag import BagOfWords
from modelwright.models.family import Space


class Plain(BagOfWords):
    """Without batch statistics, and without chance that differs from process to process."""

    name = "plain_bag"

    def space(self, task, facts):
        start = {**super().space(task, facts).starts[0], "dropout": 0.0, "augment": 0.0}
        return Space({}, ({**start, "size": 8, "pairs": 0, "epochs": 3},))


PLAIN = Plain()
'''


def test_a_whole_goal_in_two_processes_ships_the_weights_of_one(tmp_path: Path) -> None:
    """From the goal to the bundle, through the public command line."""
    for name in ("torch", "accelerate"):
        pytest.importorskip(name, reason="the extra [deep] is not installed")
    import numpy as np

    folder = tmp_path / "site"
    info = folder / "plain-1.0.dist-info"
    info.mkdir(parents=True)
    (folder / "plain_of_a_test.py").write_text(PLAIN)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: plain\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[modelwright.families]\nplain_bag = plain_of_a_test:PLAIN\n")
    rng = np.random.default_rng(0)
    words = np.array([f"word{i}" for i in range(60)])
    said = [rng.choice(words, size=rng.integers(5, 12)) for _ in range(300)]
    rows = [{"text": " ".join(t), "y": "good" if (t < "word3").mean() > 0.4 else "bad"} for t in said]
    (tmp_path / "texts.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "goal.yaml").write_text(
        "name: texts\ndata: {source: texts.jsonl, target: y}\nsuccess: [accuracy >= 0.1]\n"
        "search: {families: [plain_bag], trials: 1}\nseed: 0\n"
    )
    launch = ["-m", "accelerate.commands.launch", "--multi_gpu", "--num_processes", "2"]
    launch += ["--num_machines", "1"]
    launch += ["--mixed_precision", "no", "--dynamo_backend", "no", "--main_process_port", "0"]
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join((str(folder), str(ROOT / "src"))),
        "OMP_NUM_THREADS": "1",
    }

    def shipped(runs: str, before: list[str]) -> tuple[dict[str, Any], str]:
        done = subprocess.run(
            [sys.executable, *before, "-m", "modelwright", "run", "goal.yaml", "--runs", runs],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env=environment,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-3000:]
        (made,) = (tmp_path / runs).glob("texts-*")
        graph = onnx.load(made / "bundle" / "model.onnx").graph
        return {one.name: onnx.numpy_helper.to_array(one) for one in graph.initializer}, done.stderr

    alone, _ = shipped("alone", [])
    both, told = shipped("both", launch)
    assert "process 1 took part in" in told
    assert "took part in 0 fits" not in told
    learned = [name for name, value in alone.items() if value.dtype.kind == "f" and value.size > 100]
    assert learned
    assert alone.keys() == both.keys()
    for name in learned:
        assert np.abs(alone[name] - both[name]).max() < 1e-4
