"""Logs: formats found, templates mined, windows counted, and the real samples of loghub."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelwright.core.errors import BadData
from modelwright.data.logs.drain import ANY, Drain, parameters, tokens_of
from modelwright.data.read import batches, read
from modelwright.data.read.door import READERS
from modelwright.goal.sections import ReadingSection
from modelwright.testing.readers import ReaderConformance

APP = """2024-05-01 10:00:01,250 INFO [main] shop.Cart: added 3 items for user 17
2024-05-01 10:00:05,000 ERROR [pool-1] shop.Pay: card of user 17 refused
java.lang.IllegalStateException: refused
    at shop.Pay.charge(Pay.java:10)
2024-05-01 10:12:00,000 INFO [main] shop.Cart: added 9 items for user 21
"""


class TestLog(ReaderConformance):
    reader = READERS.get("log")()

    def good(self, folder: Path) -> tuple[Path, list[dict[str, object]]]:
        path = folder / "app.log"
        path.write_text(APP)
        names = ("time", "level", "context", "component", "message", "template", "parameters", "continued")
        added = "added <*> items for user <*>"
        rows = [
            ("2024-05-01T10:00:01.250000+00:00", "INFO", "main", "shop.Cart", "added 3 items for user 17",
             added, "3,17", 0),
            ("2024-05-01T10:00:05+00:00", "ERROR", "pool-1", "shop.Pay", "card of user 17 refused",
             "card of user <*> refused", "17", 2),
            ("2024-05-01T10:12:00+00:00", "INFO", "main", "shop.Cart", "added 9 items for user 21", added,
             "9,21", 0),
        ]  # fmt: skip
        return path, [dict(zip(names, row, strict=True)) for row in rows]

    def bad(self, folder: Path) -> list[Path]:
        (folder / "blank.log").write_text("\n \n\n")
        return [folder / "blank.log"]

    def broken(self, folder: Path) -> tuple[Path, int]:
        (folder / "cut.log").write_text("    at the end of another file\n" + APP)
        return folder / "cut.log", 1


LINES = {
    "syslog (RFC 3164)": "Dec 10 06:55:46 host sshd[24200]: Invalid user x from 1.2.3.4",
    "syslog (RFC 5424)": "<34>1 2003-10-11T22:14:15.003Z host su 12 ID47 - failed for lonvick",
    "Apache or nginx access log": '1.2.3.4 - ann [10/Oct/2000:13:55:36 +0000] "GET /" 200 23 "-" "b"',
    "Apache error log": "[Sun Dec 04 04:47:44 2005] [error] mod_jk child workerEnv in error state 6",
    "Hadoop (short date)": "081109 203615 148 INFO dfs.DataNode$Packet: 1 for block blk_38 ends",
    "a time, then the message": "2024-05-01T10:00:00Z something was done",
    "lines without a known beginning": "something was done",
}


@pytest.mark.parametrize("title", LINES)
def test_formats_are_found(tmp_path: Path, title: str) -> None:
    path = tmp_path / "a.log"
    path.write_text(f"{LINES[title]}\n" * 5)
    made = read(str(path))
    assert made.facts.details["log format"] == title
    assert (made.frame["time"].null_count() == 0) == (not title.startswith("lines"))
    assert made.frame.height == 5


def test_a_format_may_be_spelt_out(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_text("A|2024-05-01 10:00:00|cart|added 3\nB|2024-05-01 10:00:01|cart|added 4\n")
    made = read(str(path), wishes=ReadingSection(format="<Kind>|<Date> <Time>|<Part>|<Content>"))
    assert made.frame.rows(named=True)[1] | {"date": 0} == {
        "time": "2024-05-01T10:00:01+00:00", "kind": "B", "date": 0, "part": "cart", "message": "added 4",
        "template": "added <*>", "parameters": "4", "continued": 0,
    }  # fmt: skip
    with pytest.raises(BadData, match="are not of the format syslog") as caught:
        read(str(path), wishes=ReadingSection(format="syslog"))
    assert "spell it out" in caught.value.hint
    with pytest.raises(BadData, match="has no <message>"):
        read(str(path), wishes=ReadingSection(format="<date> <time>"))


def test_windows_count(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_text(APP)
    made = read(str(path), wishes=ReadingSection(window=600.0))
    assert made.frame.columns == [
        "time", "lines", "templates", "unknown", "level INFO", "level ERROR",
        "count added <*> items for user <*>", "count of others",
    ]  # fmt: skip
    assert made.frame.rows() == [
        ("2024-05-01T10:00:00+00:00", 2, 2, 0, 1, 1, 1, 1),
        ("2024-05-01T10:10:00+00:00", 1, 1, 0, 1, 0, 1, 0),
    ]
    (tmp_path / "plain.log").write_text("no time\n" * 3)
    with pytest.raises(BadData, match="no windows of time"):
        read(str(tmp_path / "plain.log"), wishes=ReadingSection(window=600.0))


def test_new_lines_are_read_by_the_templates_that_were_mined(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_text(APP)
    plan = json.loads(json.dumps(read(str(path)).plan))
    path.write_text(
        APP.splitlines()[0].replace("3 items", "77 items")
        + "\n2024-06-01 10:00:00,1 INFO [x] a.B: never seen\n"
    )
    made = pl.concat([batch.frame for batch in batches(str(path), 1, plan)], how="vertical_relaxed")
    assert made["template"].to_list() == ["added <*> items for user <*>", None]
    assert made["parameters"].to_list() == ["77,17", None]


def test_drain_by_hand() -> None:
    drain = Drain()
    numbers = [
        drain.add(text).number for text in ("open door a1", "open door b2", "shut door", "open gate c3 wide")
    ]
    assert numbers == [0, 0, 1, 2]
    assert drain.groups[0].template == "open door <*>"
    assert drain.match("open door zz") is drain.groups[0]
    assert drain.match("nothing like it") is None
    over = Drain()
    for text in (
        "Invalid user webmaster from 1.2.3.4",
        "Invalid user x1 from 1.2.3.4",
        "Invalid user x2 from 1.2.3.5",
    ):
        over.add(text)
    assert {group.template for group in over.merge().values()} == {"Invalid user <*> from <*>"}
    assert parameters(["a", "<*>:", "c"], "a 12: c") == ["12"]


@given(st.lists(st.text("ab 1.:<*>", max_size=20), max_size=20))
def test_every_message_has_the_template_that_it_joined(messages: list[str]) -> None:
    drain = Drain()
    groups = [drain.add(message) for message in messages]
    for message, group in zip(messages, groups, strict=True):
        tokens = tokens_of(message)
        assert len(group.tokens) == len(tokens)
        assert all(a in (ANY, b) for a, b in zip(group.tokens, tokens, strict=True))
    assert sum(group.size for group in drain.groups) == len(messages)


@pytest.mark.parametrize("name", ["HDFS", "BGL", "OpenSSH"])
def test_grouping_is_at_least_as_accurate_as_drain(
    shared_data: Path, root: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(root / "benchmarks"))
    import logs

    assert Path(logs.__file__).parent.name == "benchmarks"
    value, _ = logs.measure(shared_data, name)
    assert value >= logs.PUBLISHED[name]
    sys.modules.pop("logs")


def test_grouping_accuracy_by_hand(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(root / "benchmarks"))
    import logs

    assert logs.grouping_accuracy([1, 1, 2, 3], "aabb") == 0.5
    assert logs.grouping_accuracy([1, 1, 2, 2], "aabb") == 1.0
    sys.modules.pop("logs")
