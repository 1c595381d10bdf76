"""The folder of a fit: checkpoints lie in a part of it, and go when the fit is kept."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from modelwright.models.fit import FitResult, Product
from modelwright.models.journal import TRAINING, Journal


def test_checkpoints_go_when_the_fit_is_kept(tmp_path: Path) -> None:
    (tmp_path / "key" / TRAINING).mkdir(parents=True)
    (tmp_path / "key" / TRAINING / "training.json").write_text("{}", encoding="utf-8")
    Journal(tmp_path).write("key", Product(FitResult("resnet", {}, 0), b"graph", np.empty((0, 2))))
    assert sorted(p.name for p in (tmp_path / "key").iterdir()) == ["fit.json", "graph.onnx", "scores.npy"]
