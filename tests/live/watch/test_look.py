"""A real bundle, a real log, simulated traffic: what one look does, and many."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from modelwright.live import deployment
from modelwright.live.entries import Feedback
from modelwright.live.log.database import LogDown
from modelwright.live.watch import files
from modelwright.live.watch import look as looking
from modelwright.live.watch.look import look
from modelwright.store import atomic

Make = Callable[..., Any]
"""See the fixture ``live``."""
People = Callable[..., pl.DataFrame]
START = 1_760_000_000_000_000


def codes(live: Any) -> list[tuple[str, str | None, str]]:
    return [(e["code"], e["column"], e["state"]) for e in files.alarms(live.place)]


@pytest.mark.slow  # 12,000 rows with outcomes, through the log
def test_stable_traffic_opens_nothing(live: Make, people: People) -> None:
    one = live()
    for seed in range(1, 9):
        one.send(people(1500, seed), outcomes=True)
        found = look(one.place, one.settings, one.database, now=START)
        assert found.events == ()
    assert found.latest["rows"] == 12_000
    assert found.latest["labelled"] == 12_000
    assert found.latest["conditions"] == []
    assert not files.alarms_path(one.place).exists()


@pytest.mark.slow  # 10,500 rows, through the log
def test_a_planted_shift_opens_once_and_clears_once(live: Make, people: People) -> None:
    one = live()
    for n, (rows, shift) in enumerate([(1500, 0.0), (1500, 8.0), (1500, 8.0), (4000, 0.0), (2000, 0.0)]):
        one.send(people(rows, n + 1, age=shift))
        look(one.place, one.settings, one.database, now=START)
    told = [e for e in files.alarms(one.place) if e["key"] == "values:age"]
    assert [e["state"] for e in told] == ["open", "cleared"]
    opened, cleared = told
    assert 1500 < opened["rows"] < 1800
    assert 4500 < cleared["rows"] < 7000
    assert opened["remedy"]
    assert cleared["what"] == "is over: the values of 'age' were spread otherwise than at release"
    # Every condition that this opened is over too, and nothing about another column was ever said.
    states = {(code, column): state for code, column, state in codes(one)}
    assert set(states.values()) == {"cleared"}
    assert {column for _, column in states} <= {"age", None}


def test_an_open_condition_is_told_until_it_clears(live: Make, people: People) -> None:
    one = live()
    one.send(people(1500, 1, missing=0.2))
    found = look(one.place, one.settings, one.database).latest
    again = look(one.place, one.settings, one.database)
    assert again.events == ()
    said = {(c["code"], c["column"]) for c in again.latest["conditions"]}
    assert ("quality.missing", "age") in said
    assert again.latest["conditions"] == found["conditions"]
    (quality,) = (c for c in again.latest["quality"] if c["name"] == "age")
    assert 0.15 < quality["missing"] < 0.25
    assert quality["missing_at_release"] == 0.0
    # The share out of range is of the values that are there, as it is at release.
    assert (
        0.5 * quality["out_of_range_at_release"]
        < quality["out_of_range"]
        < 2 * quality["out_of_range_at_release"]
    )


def traffic(one: Any, people: People) -> list[Any]:
    """Entries in the order of the log: shifted columns, outcomes that come later, failures, unknown ids."""
    from modelwright.live.entries import Failure

    entries: list[Any] = []
    for n, shift in enumerate([{}, {"age": 6.0}, {"flip": 0.45}, {}]):
        frame = people(1100, n + 1, **shift)
        rows = one.predictions(frame)
        told = [Feedback(p.id, p.at + 5, t) for p, t in zip(rows, frame["good"].to_list(), strict=True)]
        for i in range(0, len(rows), 100):
            entries += rows[i : i + 100]
            entries += told[max(0, i - 100) : i]
            entries.append(Failure(rows[i].at, 500 if i % 300 == 0 else 422, "broken"))
            entries.append(Feedback(f"nobody{i}", rows[i].at, "yes"))
        entries += told[len(rows) - 100 :]
        entries += told[:20]  # said a second time: not another row
    return entries


@pytest.mark.slow  # many looks at the same log
def test_the_rhythm_of_looking_changes_nothing(live: Make, people: People) -> None:
    states, events = [], []
    for cuts in ([10**6], [1, 2, 3, 500, 501, 1777, 4000, 4001, 6100, 10**6], list(range(0, 12_000, 613))):
        one = live()
        entries = traffic(one, people)
        at = 0
        for cut in [*cuts, 10**6]:
            if entries[at:cut]:
                one.add(entries[at:cut])
            at = min(max(at, cut), len(entries))
            look(one.place, one.settings, one.database, now=START)
        assert at == len(entries)
        states.append(files.state_path(one.place).read_bytes())
        events.append(files.alarms_path(one.place).read_bytes())
    assert states[0] == states[1] == states[2]
    assert events[0] == events[1] == events[2]
    assert len(events[0].splitlines()) >= 3


class Killed(BaseException):
    """What nothing catches, as a kill."""


@pytest.mark.slow  # two looks for each place of a kill
def test_a_kill_between_any_two_writes_loses_and_doubles_no_alarm(
    live: Make, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looking, "KEEP", 1500)
    whole = live()
    shift = [people(1200, 1), people(1200, 2, age=8.0, missing=0.1), people(3000, 3)]
    for frame in shift:
        whole.send(frame)
    look(whole.place, whole.settings, whole.database, now=START)
    expected = files.alarms_path(whole.place).read_bytes()
    assert len(expected.splitlines()) >= 4

    def watched(when: int, torn: bool) -> tuple[Any, bool]:
        """Look with a kill at the ``when``-th write; then look once more."""
        one = live()
        for frame in shift:
            one.send(frame)
        writes = 0
        json_write, follow = atomic.write_json, files.follow

        def count() -> None:
            nonlocal writes
            writes += 1
            if writes == when:
                raise Killed

        def write_json(path: Path, data: Any, **how: Any) -> None:
            count()
            json_write(path, data, **how)

        def append(place: Any, state: Any) -> None:
            if torn and writes + 1 == when:
                path = files.alarms_path(place)
                known = len(files.alarms(place))
                new = state["events"][known:]
                if new:  # half of a line
                    with path.open("ab") as out:
                        out.write(json.dumps(new[0]).encode()[:40])
            count()
            follow(place, state)

        with monkeypatch.context() as patch:
            patch.setattr(atomic, "write_json", write_json)
            patch.setattr(files, "follow", append)
            try:
                look(one.place, one.settings, one.database, now=START)
                killed = False
            except Killed:
                killed = True
        look(one.place, one.settings, one.database, now=START)
        return one, killed

    when, killed = 0, True
    while killed:
        when += 1
        one, killed = watched(when, torn=when % 2 == 0)
        told = [json.loads(line) for line in expected.splitlines()]
        assert files.alarms(one.place) == told, when
        assert files.latest(one.place) == files.latest(whole.place), when
    assert when > 8


def test_a_new_version_begins_new_tests_and_ends_what_was_open(live: Make, people: People) -> None:
    one = live()
    one.send(people(1200, 1, age=8.0))
    look(one.place, one.settings, one.database)
    again = one.place.versions / "v2"
    again.mkdir()
    (again / "bundle").symlink_to(one.place.bundle("v1"))
    atomic.write_json(again / "version.json", {"version": "v2", "digest": "other"})
    deployment.deploy(one.place, "v2", "promoted")
    one.send(people(300, 2), version="v1")  # what was on its way
    one.send(people(700, 3), version="v2")
    found = look(one.place, one.settings, one.database)
    assert found.version == "v2"
    assert found.rows == 1000
    assert found.latest["rows"] == 700
    assert found.latest["conditions"] == []
    opened = {key for key, _, state in codes(one) if state == "open"}
    over = [e for e in found.events if e["state"] == "cleared"]
    assert opened == {e["code"] for e in over}
    assert all("v2 answers in place of v1" in e["what"] for e in over)
    state = json.loads(files.state_path(one.place).read_text())
    assert len(state["watch"]["began"]) == 2


def test_outcomes_count_once_and_unknown_ones_not_at_all(live: Make, people: People) -> None:
    one = live()
    rows = one.send(people(300, 1))
    right = [Feedback(p.id, p.at + 1, p.prediction) for p in rows]
    one.add([*right, *(Feedback(p.id, p.at + 2, "no") for p in rows)])
    one.add([Feedback("nobody", START, "yes"), Feedback(rows[0].id, START, "perhaps")])
    found = look(one.place, one.settings, one.database)
    assert found.outcomes == 300
    (accuracy,) = found.latest["accuracy"].values()
    assert accuracy["n"] == 300
    assert accuracy["value"] == 1.0


def test_an_outcome_may_arrive_before_its_prediction(live: Make, people: People) -> None:
    one = live()
    rows = one.predictions(people(50, 1))
    one.add([Feedback(p.id, p.at + 1, p.prediction) for p in rows])
    assert look(one.place, one.settings, one.database).outcomes == 0
    one.add(list(rows))
    found = look(one.place, one.settings, one.database)
    assert (found.rows, found.outcomes) == (50, 50)


def test_shadows_and_other_versions_are_not_watched(live: Make, people: People) -> None:
    from dataclasses import replace

    one = live()
    rows = one.predictions(people(100, 1))
    one.add([replace(p, id=f"{p.id}.s", role="shadow", version="v2") for p in rows])
    one.add([replace(p, id=f"c{p.id}", role="canary") for p in rows])
    assert look(one.place, one.settings, one.database).latest["rows"] == 0


def test_a_log_that_is_down_changes_nothing(
    live: Make, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = live()
    one.send(people(300, 1))
    look(one.place, one.settings, one.database)
    before = {p.name: p.read_bytes() for p in one.place.monitor.glob("*.json")}
    one.send(people(300, 2))

    def down(*_: Any, **__: Any) -> Any:
        raise LogDown("down", code="live.log-down")

    monkeypatch.setattr(type(one.database), "predictions", down)
    with pytest.raises(LogDown):
        look(one.place, one.settings, one.database)
    assert {p.name: p.read_bytes() for p in one.place.monitor.glob("*.json")} == before


def test_a_log_that_was_emptied_is_read_from_its_beginning(live: Make, people: People) -> None:
    one = live()
    one.send(people(300, 1))
    look(one.place, one.settings, one.database)
    one.database.close()
    for path in one.place.folder.glob("log.db*"):
        path.unlink()
    one.send(people(200, 2))
    found = look(one.place, one.settings, one.database)
    assert found.rows == 200
    assert found.latest["rows"] == 500
    assert look(one.place, one.settings, one.database).rows == 0


def test_a_damaged_state_begins_anew_and_serial_numbers_go_on(live: Make, people: People) -> None:
    one = live()
    one.send(people(1200, 1, age=8.0))
    look(one.place, one.settings, one.database)
    before = files.alarms(one.place)
    files.state_path(one.place).write_text("{", encoding="utf-8")
    look(one.place, one.settings, one.database)
    serials = [e["serial"] for e in files.alarms(one.place)]
    assert serials == list(range(1, 2 * len(before) + 1))


def test_nothing_written_holds_a_value_of_a_row(live: Make, people: People) -> None:
    one = live()
    frame = people(1500, 1, age=8.0).with_columns(colour=pl.lit("secret-colour"))
    one.send(frame, outcomes=True)
    look(one.place, one.settings, one.database)
    for path in (files.alarms_path(one.place), files.latest_path(one.place)):
        assert "secret-colour" not in path.read_text(encoding="utf-8")


def test_retraining_is_wanted_only_for_what_moves_the_prediction(live: Make, people: People) -> None:
    useless, strong = live(retrain="on drift"), live(retrain="on drift")
    useless.send(people(2000, 1, red=0.6))
    strong.send(people(2000, 1, size=1.5))
    first = look(useless.place, useless.settings, useless.database).latest
    second = look(strong.place, strong.settings, strong.database).latest
    assert ("drift.column", "colour") in {(c["code"], c["column"]) for c in first["conditions"]}
    assert first["retrain"]["wanted"] is False
    assert second["retrain"]["wanted"] is True
    assert "'size'" in second["retrain"]["why"]
    asked = live()
    asked.send(people(2000, 1, size=1.5))
    assert look(asked.place, asked.settings, asked.database).latest["retrain"]["wanted"] is False
