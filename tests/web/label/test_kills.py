"""``kill -9`` of the labelling server loses nothing that it acknowledged."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

import pytest

SOAK = Path(__file__).resolve().parents[3] / "benchmarks" / "soak" / "label_kills.py"


@pytest.fixture
def soak(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The script that benchmarks run with a hundred kills."""
    monkeypatch.syspath_prepend(str(SOAK.parents[1]))
    spec = importlib.util.spec_from_file_location("label_kills", SOAK)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "label_kills", module)
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow  # a server is started and killed several times
def test_nothing_acknowledged_is_lost(soak: Any, tmp_path: Path) -> None:
    found = soak.kills(4, 2, 0, tmp_path, items=2000)
    assert found["acknowledged"] > 0
    assert (found["missing"], found["twice"], found["wrong"]) == (0, 0, [])
