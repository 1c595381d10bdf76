"""Pictures over time, times as people read them, and what a status means."""

from __future__ import annotations

import re
import time
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelwright.web import times
from modelwright.web.charts import Chart, Course, draw, legend, table
from modelwright.web.render import ticks
from modelwright.web.words import tone

NOON = 1_795_262_400.0  # 21 November 2026, 12:00 UTC


def chart(kind: str, *values: float | None, **more: object) -> Chart:
    starts = tuple(NOON + 1800 * i for i in range(len(values)))
    return Chart("Latency", kind, starts, 1800, (Course("p50", values),), **more)  # type: ignore[arg-type]


def test_no_line_is_drawn_through_a_time_without_values() -> None:
    picture = draw(chart("lines", 1.0, 2.0, None, 3.0, 4.0, None, 5.0))
    assert len(re.findall(r'<path[^>]*class="stroke s0"', picture)) == 3
    assert picture.count('class="dot s0"') == 1  # a value alone


def test_the_threshold_and_the_versions_are_named() -> None:
    drawn = chart("points", 0.9, 0.8, threshold=0.85, unit="fraction", marks=((NOON + 900, "v2"),))
    picture = draw(drawn)
    assert "goal 0.850" in picture
    assert ">v2</text>" in picture
    assert "v2" not in draw(chart("points", 0.9, 0.8, marks=((NOON - 9e6, "v2"),)))


def test_bars_stand_on_each_other() -> None:
    starts = (NOON, NOON + 60)
    two = (Course("answered", (10.0, 0.0)), Course("failed", (5.0, 3.0)))
    picture = draw(Chart("Requests", "bars", starts, 60, two))
    bars = re.findall(
        r'<rect x="([\d.]+)" y="([\d.]+)" width="[\d.]+" height="([\d.]+)" class="bar s(\d)"', picture
    )
    assert [b[3] for b in bars] == ["0", "1", "1"]
    (_, y0, _, _), (_, y1, h1, _), _ = bars
    assert float(y1) + float(h1) == pytest.approx(float(y0), abs=0.11)
    assert len(legend(Chart("Requests", "bars", starts, 60, two))) == 2


def test_the_table_has_the_numbers_newest_first() -> None:
    numbers = table(chart("lines", 0.001, None, 0.002, unit="seconds"))
    assert numbers.columns == ("from (UTC)", "p50")
    assert numbers.rows == (("21 Nov 2026, 13:00", "2 ms"), ("21 Nov 2026, 12:00", "1 ms"))


def test_nothing_to_draw_is_nothing_drawn() -> None:
    assert draw(chart("lines", None, None)) == ""
    assert draw(chart("lines")) == ""


finite = st.one_of(st.none(), st.floats(-1e12, 1e12))


@given(
    st.sampled_from(["bars", "lines", "points"]),
    st.lists(finite, min_size=1, max_size=60),
    st.text(max_size=20),
)
def test_any_picture_is_whole_svg(kind: str, values: list[float | None], name: str) -> None:
    if kind == "bars":
        values = [None if v is None else abs(v) for v in values]
    starts = tuple(NOON + 3600 * i for i in range(len(values)))
    low = tuple(None if v is None else v - 1 for v in values)
    made = Chart(
        name, kind, starts, 3600, (Course(name, tuple(values), low, low),), marks=((NOON, name),)  # type: ignore[arg-type]
    )  # fmt: skip
    picture = draw(made)
    if picture:
        ET.fromstring(picture)
        assert "nan" not in picture
    table(made)


# --- times ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value",
    [NOON, int(NOON * 1e6), "2026-11-21T12:00:00+00:00", "2026-11-21T13:00:00+01:00", "2026-11-21T12:00"],
)
def test_moments_come_in_several_forms(value: object) -> None:
    assert times.moment(value) == "21 Nov 2026, 12:00"
    assert times.iso(value) == "2026-11-21T12:00:00+00:00"


@pytest.mark.parametrize(
    ("gone", "said"),
    [
        (0, "just now"), (30, "30 s ago"), (90, "1 min ago"), (7200, "2 h ago"), (100_000, "yesterday"),
        (3 * 86400, "3 days ago"), (40 * 86400, "12 Oct 2026"),
    ],
)  # fmt: skip
def test_how_long_ago(gone: float, said: str) -> None:
    assert times.ago(NOON - gone, NOON) == said


@given(st.one_of(st.text(), st.floats(), st.integers(), st.none(), st.booleans()))
def test_any_moment_is_shown(value: object) -> None:
    for shown in (times.moment, times.iso, times.ago):
        assert isinstance(shown(value), str)


def test_now_is_now() -> None:
    assert times.ago(time.time()) == "just now"


# --- words ------------------------------------------------------------------------------------------------


def test_parts_between_backticks_are_code() -> None:
    assert ticks("run `a <b>` now") == "run <code>a &lt;b&gt;</code> now"
    assert ticks("one ` alone <") == "one ` alone &lt;"


def test_tones() -> None:
    assert [tone(w) for w in ("met", "not met", "unproven", "anything")] == ["good", "bad", "warn", "none"]
