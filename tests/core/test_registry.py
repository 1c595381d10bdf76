from __future__ import annotations

import importlib.metadata
import sys

import pytest

from modelwright.core.errors import BadInput
from modelwright.core.registry import Registry


def fresh() -> Registry[object]:
    return Registry("knob", "modelwright.tests.knobs", {"pi": "math:pi", "odd": "no.such.module:thing"})


def test_listing_imports_nothing() -> None:
    registry = Registry[object]("knob", "modelwright.tests.knobs", {"turtle": "turtledemo.clock:main"})
    sys.modules.pop("turtledemo.clock", None)
    assert list(registry) == ["turtle"]
    assert "turtledemo.clock" not in sys.modules


def test_places_and_objects() -> None:
    registry = fresh()
    assert registry.get("pi") == pytest.approx(3.14159, abs=1e-5)
    made = object()
    registry.add("mine", made)
    assert registry.get("mine") is made
    assert registry.names() == ["pi", "odd", "mine"]


def test_a_taken_name_is_refused() -> None:
    with pytest.raises(ValueError, match="registered already"):
        fresh().add("pi", "math:tau")


def test_unknown_names_say_the_nearest() -> None:
    with pytest.raises(BadInput, match="no knob named 'pii'") as caught:
        fresh().get("pii")
    assert caught.value.hint == "did you mean 'pi'?"
    assert caught.value.code == "knob.unknown"
    assert caught.value.exit_code == 2
    with pytest.raises(BadInput) as caught:
        fresh().get("zzzz")
    assert caught.value.hint == "known: odd, pi"


def test_strangers_enter_through_their_entry_point(monkeypatch: pytest.MonkeyPatch) -> None:
    points = importlib.metadata.EntryPoints(
        [
            importlib.metadata.EntryPoint("tau", "math:tau", "modelwright.tests.knobs"),
            importlib.metadata.EntryPoint("e", "math:e", "modelwright.tests.knobs"),
        ]
    )
    monkeypatch.setattr("modelwright.core.registry.entry_points", lambda group: points.select(group=group))
    registry = fresh()
    assert registry.names() == ["pi", "odd", "e", "tau"]
    assert registry.get("tau") == pytest.approx(6.28318, abs=1e-5)
