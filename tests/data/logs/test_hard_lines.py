"""Logs that once took minutes or broke: runs of values, lines that do not fit, leap days, early times."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelwright.core.errors import BadData
from modelwright.data.logs.drain import ANY, Drain, parameters
from modelwright.data.logs.formats import Clock, find
from modelwright.data.read import read
from modelwright.goal.sections import ReadingSection


def ends(code: str) -> str:
    """What a program prints that has to end at all: the time is for a machine that is busy."""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    return done.stdout.strip()


def test_values_in_a_row_are_taken_where_another_word_ends_the_line() -> None:
    code = (
        "from modelwright.data.logs.drain import parameters\n"
        "print(parameters(['<*>'] * 60 + ['done'], '1 ' * 60 + 'failed') == ['1'] * 60)\n"
        "print(parameters(['<*>,' * 40 + 'x'], '1,' * 400 + 'y') == ['1,' * 400 + 'y'] + [''] * 39)"
    )
    assert ends(code).split() == ["True", "True"]


def test_values_by_hand() -> None:
    assert parameters(["took", "<*>ms", "of", ANY], "needed 12ms of 30") == ["12", "30"]
    assert parameters(["<*>:<*>", "a"], "x:1:2 b") == ["x", "1:2"]
    assert parameters(["<*>:<*>", "a"], "x a") == ["x", ""]
    assert parameters([ANY, "a"], "1 a b") == []
    assert parameters(["w"] * 200 + [ANY], "w " * 200 + "and so  on ") == ["and so  on"]


@given(st.lists(st.lists(st.sampled_from(["a", "b", ANY]), min_size=1, max_size=4), max_size=5), st.data())
def test_values_put_back_are_the_message(pieces: list[list[str]], data: st.DataObject) -> None:
    template = ["".join(parts) for parts in pieces]
    value = st.text("ab1", min_size=1, max_size=3)
    message = " ".join("".join(data.draw(value) if p == ANY else p for p in parts) for parts in pieces)
    values = iter(parameters(template, message))
    assert " ".join("".join(next(values) if p == ANY else p for p in parts) for parts in pieces) == message
    assert next(values, None) is None


FORMAT = "<date> <time> <level> <component>: <message>"


def test_a_line_that_does_not_fit_a_spelt_format_is_passed_over() -> None:
    code = (
        "from modelwright.data.logs.formats import find\n"
        f"made = find([], {FORMAT!r}, 'a.log').pattern\n"
        "print(made.fullmatch('word ' * 20_000), made.fullmatch(' ' * 50_000 + 'a'))"
    )
    assert ends(code) == "None None"


@pytest.mark.parametrize(
    ("wanted", "line", "parts"),
    [
        (FORMAT, "d  t INFO my part: it: is", ("d", "t", "INFO", "my part", "it: is")),
        ("<time>: <message>", "10:00:01: a b", ("10:00:01", "a b")),
        ("<component>: <message>", "org::Foo: a", ("org::Foo", "a")),
        ("[<level>] <message> ]", "[a] b ]c  ]", ("a", "b ]c")),
        ("<time> - <message>", "1 2  -  x - y", ("1 2", "x - y")),
    ],
)
def test_parts_end_where_what_follows_them_first_stands(
    wanted: str, line: str, parts: tuple[str, ...]
) -> None:
    found = find([], wanted, "a.log").pattern.fullmatch(line)
    assert found is not None
    assert found.groups() == parts


def times(folder: Path, *days: str) -> list[str | None]:
    path = folder / "a.log"
    path.write_text("".join(f"{day} 10:00:00 host cron[1]: run 1\n" for day in days))
    return [None if time is None else time[:10] for time in read(str(path)).frame["time"].to_list()]


def test_a_29_february_is_a_day_in_a_log_without_years(tmp_path: Path) -> None:
    assert times(tmp_path, "Dec 31", "Feb 29") == ["1999-12-31", "2000-02-29"]
    assert times(tmp_path, "Dec 31", "Jan  2", "Feb 29") == ["1999-12-31", "2000-01-02", "2000-02-29"]
    assert times(tmp_path, "Feb 29", "Dec 31", "Jan  1") == ["2000-02-29", "2000-12-31", "2001-01-01"]
    assert times(tmp_path, "Feb 29", "Dec 31", "Feb 29") == ["2000-02-29", "2000-12-31", "2004-02-29"]
    assert times(tmp_path, "Dec 31", "Mar  1") == ["2000-12-31", "2001-03-01"]
    assert times(tmp_path, "Feb 30", "Dec 31") == [None, "2000-12-31"]


def test_years_may_run_out() -> None:
    clock = Clock(find([], "syslog", "a.log"), 9999)
    last, after = (clock.time({"at": f"{day} 10:00:00"}) for day in ("Dec 31", "Jan  1"))
    assert last is not None
    assert after is None


def test_unlike_messages_in_a_leaf_share_the_last_template() -> None:
    drain = Drain()
    messages = [f"it went so {chr(97 + k % 26)}q{k}w e{k}f g{k}h i{k}j" for k in range(2_000)]
    groups = [drain.add(message) for message in messages]
    assert len(drain.groups) == 100
    assert groups[-1].template == "it went so <*> <*> <*> <*>"
    again = Drain([group.tokens for group in drain.groups])
    assert [again.match(message).number for message in messages] == [  # type: ignore[union-attr]
        group.number for group in groups
    ]
    assert drain.match("other words than those of any") is None


def test_many_unlike_templates_are_joined() -> None:
    code = (
        "from modelwright.data.logs.drain import Drain\n"
        "made = Drain([[f'a{k}', f'b{k}', '<*>'] for k in range(30_000)])\n"
        "print(all(k == group.number for k, group in made.merge().items()))"
    )
    assert ends(code) == "True"


@given(st.lists(st.lists(st.sampled_from(["a", "b", "x<*>", ANY]), min_size=4, max_size=4), max_size=12))
def test_a_template_joins_the_most_general_one_that_covers_it(templates: list[list[str]]) -> None:
    drain = Drain(templates)

    def values(tokens: list[str]) -> int:
        return sum(ANY in token for token in tokens)

    general = sorted(
        (g for g in drain.groups if 0 < values(g.tokens) <= 2), key=lambda g: (-values(g.tokens), g.number)
    )
    for number, over in drain.merge().items():
        group = drain.groups[number]
        covering = [
            g for g in general
            if g is not group and all(a in (b, ANY) for a, b in zip(g.tokens, group.tokens, strict=True))
        ]  # fmt: skip
        assert over is (covering or [g for g in drain.groups if g.tokens == group.tokens])[0]


def test_a_window_that_begins_before_there_are_dates_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_text("2024-01-01 10:00:00 INFO a: b\n0001-01-01 00:00:00 INFO a: b\n")
    with pytest.raises(BadData, match=r"line 2: the window .* 0001-01-01T00:00:00") as caught:
        read(str(path), wishes=ReadingSection(window=7 * 86_400.0))
    assert caught.value.code == "data.log-time"
    assert read(str(path), wishes=ReadingSection(window=3600.0)).frame.height == 2
