"""Who gets what, and that nothing said is lost: on SQLite, and on PostgreSQL."""

from __future__ import annotations

import json
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from modelwright.core.errors import BadInput
from modelwright.labels import progress, review, tables
from modelwright.labels.items import Item
from modelwright.labels.queue import Queue
from modelwright.labels.standing import state
from modelwright.labels.store import Store
from modelwright.testing.labelled import classes, log, person

if TYPE_CHECKING:
    Make = Any


def test_everybody_gets_each_item_once_and_each_item_goes_to_as_many_as_asked(make: Make) -> None:
    store = make(classes(overlap=2), 6)
    queue = Queue(store)
    given: dict[str, list[int]] = {}
    for name in ("ada", "ben", "cy"):
        who = person(store, name)
        while (handed := queue.next(who)) is not None:
            given.setdefault(name, []).append(handed.item)
            queue.answer(who, handed.item, "a")
    assert [len(set(g)) == len(g) for g in given.values()] == [True, True]
    assert sorted(given["ada"]) == sorted(given["ben"]) == [1, 2, 3, 4, 5, 6]
    assert "cy" not in given  # two people were asked for
    assert progress.far(store, store.must()[1]).finished == 6


def test_what_lies_before_somebody_is_there_again_and_counts_as_taken(make: Make) -> None:
    store = make(classes(), 1)
    queue = Queue(store)
    first = queue.next(person(store, "ada"))
    assert queue.next(person(store, "ada")) == first
    assert queue.next(person(store, "ben")) is None


def test_a_stale_item_goes_to_somebody_else_and_a_late_answer_is_kept(make: Make) -> None:
    store = make(classes(), 1)
    queue, ada, ben = Queue(store), person(store, "ada"), person(store, "ben")
    assert queue.next(ada) is not None
    assert queue.next(ben) is None
    with store.writing() as connection:
        connection.execute(sa.update(tables.assignments).values(until=0))
    assert queue.next(ben) is not None
    queue.answer(ben, 1, "a")
    queue.answer(ada, 1, "b")
    found = review.case(store, 1)
    assert [(s.name, s.answer) for s in found.said] == [("ben", "a"), ("ada", "b")]
    assert found.state == "disputed"


def test_who_was_away_gets_the_item_back_when_it_is_still_free(make: Make) -> None:
    store = make(classes(), 1)
    queue, ada = Queue(store), person(store, "ada")
    queue.next(ada)
    with store.writing() as connection:
        connection.execute(sa.update(tables.assignments).values(until=0))
    handed = queue.next(ada)
    assert handed is not None
    assert handed.item == 1


def test_undo_brings_items_back_one_by_one_and_the_log_keeps_everything(make: Make) -> None:
    store = make(classes(), 3)
    queue, ada = Queue(store), person(store, "ada")
    seen = []
    for answer in ("a", "b"):
        handed = queue.next(ada)
        assert handed is not None
        seen.append(handed.item)
        queue.answer(ada, handed.item, answer, note="why")
    assert queue.undo(ada) == seen[1]
    handed = queue.next(ada)
    assert handed is not None
    assert (handed.item, handed.answer, handed.note) == (seen[1], "b", "why")
    assert queue.undo(ada) == seen[0]
    assert queue.undo(ada) is None
    assert [row.act for row in log(store)] == ["label", "label", "withdraw", "withdraw"]
    assert progress.mine(store, ada) == 0


def test_a_skipped_item_goes_to_others_and_not_back(make: Make) -> None:
    store = make(classes(), 1)
    queue, ada, ben = Queue(store), person(store, "ada"), person(store, "ben")
    queue.next(ada)
    queue.skip(ada, 1, note="cannot read it")
    assert queue.next(ada) is None
    assert queue.next(ben) is not None
    assert review.counted(store)["skipped"] == 1
    assert review.listed(store, "skipped") == [1]


def test_a_label_that_is_sent_twice_is_kept_once(make: Make) -> None:
    store = make(classes(), 2)
    queue, ada = Queue(store), person(store, "ada")
    queue.next(ada)
    first = queue.answer(ada, 1, "a", ticket="t1", seconds=2.5, how="keys")
    assert queue.answer(ada, 1, "a", ticket="t1") == first
    (row,) = log(store)
    assert (row.answer, row.how, row.seconds) == ('"a"', "keys", 2.5)
    assert row.since <= row.at


def test_a_changed_answer_stands_in_place_of_the_first(make: Make) -> None:
    store = make(classes(), 1)
    queue, ada = Queue(store), person(store, "ada")
    queue.next(ada)
    queue.answer(ada, 1, "a")
    assert queue.again(ada, 1).answer == "a"
    queue.answer(ada, 1, "b")
    assert [s.answer for s in review.case(store, 1).said] == ["b"]
    assert len(log(store)) == 2


def test_nobody_answers_what_never_lay_before_them(make: Make) -> None:
    store = make(classes(), 2)
    queue = Queue(store)
    with pytest.raises(BadInput, match="never lay before ada"):
        queue.answer(person(store, "ada"), 1, "a")
    with pytest.raises(BadInput, match="never lay before ada"):
        queue.again(person(store, "ada"), 1)
    assert log(store) == []


def test_what_is_no_answer_is_refused(make: Make) -> None:
    store = make(classes(), 1)
    queue, ada = Queue(store), person(store, "ada")
    queue.next(ada)
    with pytest.raises(BadInput, match="expected one of a, b, c, received 'd'"):
        queue.answer(ada, 1, "d")


def test_test_items_go_to_everybody_and_are_counted_apart(make: Make) -> None:
    given = [Item(f"k{i}", {"text": str(i)}, "a" if i < 3 else None) for i in range(12)]
    store = make(classes(gold="g", gold_every=3), given=given)
    queue = Queue(store)
    for name, answer, most in (("ben", "b", 4), ("ada", "a", 99)):
        who = person(store, name)
        for _ in range(most):
            if handed := queue.next(who):
                queue.answer(who, handed.item, answer)
    found = {w.person.name: w for w in progress.work(store, store.must()[1])}
    assert (found["ben"].done, found["ben"].tested, found["ben"].right) == (4, 1, 0)
    # Six items were left, and after three others comes a test item.
    assert (found["ada"].done, found["ada"].tested, found["ada"].right) == (8, 2, 2)
    assert progress.far(store, store.must()[1]).wanted == 9


def test_reviewers_settle_and_others_may_not(make: Make) -> None:
    store = make(classes(overlap=2), 1)
    queue, rev = Queue(store), person(store, "rev", reviewer=True)
    for name, answer in (("ada", "a"), ("ben", "b")):
        queue.next(person(store, name))
        queue.answer(person(store, name), 1, answer)
    assert review.listed(store, "disputed") == [1]
    with pytest.raises(BadInput, match="no reviewer"):
        review.settle(store, person(store, "ada"), 1, "a")
    review.settle(store, rev, 1, "b", note="see the guidelines", gold=True, ticket="s1")
    review.settle(store, rev, 1, "b", ticket="s1")
    found = review.case(store, 1)
    assert (found.state, found.final, found.by, found.gold) == ("settled", "b", "rev", "b")
    assert [row.act for row in log(store)] == ["label", "label", "settle", "gold"]
    review.reopen(store, rev, 1)
    assert review.case(store, 1).state == "disputed"


def test_more_people_may_be_asked_later(make: Make) -> None:
    store = make(classes(), 2)
    queue, ada, ben = Queue(store), person(store, "ada"), person(store, "ben")
    while handed := queue.next(ada):
        queue.answer(ada, handed.item, "a")
    assert queue.next(ben) is None
    store.set_project(classes(overlap=2), None)
    assert queue.next(ben) is not None


def test_another_answer_with_the_ticket_of_an_earlier_one_is_refused_and_not_taken_for_kept(
    make: Make,
) -> None:
    store = make(classes(overlap=2), 2)
    queue, ada, ben = Queue(store), person(store, "ada"), person(store, "ben")
    queue.next(ada), queue.next(ben)
    queue.answer(ada, 1, "a", ticket="t1")
    others: tuple[Callable[[], object], ...] = (
        lambda: queue.answer(ada, 1, "b", ticket="t1"),
        lambda: queue.answer(ben, 1, "a", ticket="t1"),
        lambda: queue.skip(ada, 1, ticket="t1"),
        lambda: queue.undo(ada, ticket="t1"),
    )
    for again in others:
        with pytest.raises(BadInput, match="said something else"):
            again()
    assert [row.act for row in log(store)] == ["label"]


def test_a_test_item_that_a_reviewer_takes_back_is_none(make: Make) -> None:
    store = make(classes(), 1)
    rev = person(store, "rev", reviewer=True)
    review.settle(store, rev, 1, "b", gold=True)
    review.reopen(store, rev, 1)
    assert review.case(store, 1).gold is None
    assert Queue(store).next(person(store, "ada")) is not None
    review.settle(store, rev, 1, "b", gold=True)
    review.settle(store, rev, 1, "a")
    assert (review.case(store, 1).final, review.case(store, 1).gold) == ("a", None)


def test_a_late_answer_that_comes_while_the_item_is_taken_back_stands(make: Make) -> None:
    store = make(classes(), 1)
    queue, ada, ben = Queue(store), person(store, "ada"), person(store, "ben")
    queue.next(ada)
    with store.writing() as connection:
        connection.execute(sa.update(tables.assignments).values(until=0))
    asking = threading.Thread(target=queue.next, args=(ben,))
    with store.writing() as connection:  # the answer, whose transaction has not ended yet
        connection.execute(sa.update(tables.assignments).values(state="done"))
        asking.start()
        asking.join(0.1)
    asking.join(120)
    with store.reading() as connection:
        assert connection.execute(sa.select(tables.assignments.c.state)).scalar() == "done"


@pytest.mark.slow  # a PostgreSQL server is started
def test_commits_wait_for_the_disk_where_the_database_says_that_they_need_not(postgres: Any) -> None:
    import psycopg

    with psycopg.connect(postgres.url, autocommit=True) as connection:
        connection.execute("create database labelsflushed")
        connection.execute("alter database labelsflushed set synchronous_commit = off")
    where = postgres.url.replace("/postgres", "/labelsflushed")
    with pytest.raises(BadInput, match="no store"):
        Store.at(where)
    store = Store.at(where, make=True)
    try:
        with store.writing() as connection:
            assert connection.exec_driver_sql("show synchronous_commit").scalar() == "on"
    finally:
        store.close()


def together(store: Store, names: tuple[str, ...]) -> list[int]:
    """Each person labels everything there is for them, in a thread of their own; the items, as they came."""
    taken: list[int] = []
    turn = threading.Lock()
    wrong: list[BaseException] = []

    def label(name: str) -> None:
        try:
            queue, who = Queue(store), person(store, name)
            while (handed := queue.next(who)) is not None:
                queue.answer(who, handed.item, "a")
                with turn:
                    taken.append(handed.item)
        except BaseException as error:
            wrong.append(error)

    threads = [threading.Thread(target=label, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert wrong == []
    return taken


def test_three_at_once_share_the_items_without_a_double(make: Make) -> None:
    assert sorted(together(make(classes(), 30), ("ada", "ben", "cy"))) == list(range(1, 31))


def test_three_at_once_on_the_same_items_are_counted_right(make: Make) -> None:
    store = make(classes(overlap=3), 12)
    assert len(together(store, ("ada", "ben", "cy"))) == 36
    i = tables.items.c
    with store.reading() as connection:
        assert set(connection.execute(sa.select(i.done, i.held, i.state)).all()) == {(3, 0, "answered")}


class Anything(RuleBasedStateMachine):
    """Whatever people do in whatever order, what is kept beside the log is what the log says."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.store = Store.at(Path(self.folder.name) / "t.labels", make=True)
        self.project = classes(overlap=2, gold="g", gold_every=2)
        self.store.set_project(self.project, None)
        self.store.add(
            [Item(f"k{i}", {"text": "t"}, "a" if i == 0 else None) for i in range(4)], self.project
        )
        self.people = [person(self.store, name, reviewer=name == "cy") for name in ("ada", "ben", "cy")]
        self.queue = Queue(self.store)
        self.seen: dict[int, set[int]] = {p.n: set() for p in self.people}
        self.model: dict[tuple[int, int], str | None] = {}
        self.order: dict[int, list[int]] = {p.n: [] for p in self.people}

    def teardown(self) -> None:
        self.store.close()
        self.folder.cleanup()

    @rule(who=st.integers(0, 2), answer=st.sampled_from(["a", "b", None]))
    def work(self, who: int, answer: str | None) -> None:
        one = self.people[who]
        handed = self.queue.next(one)
        if handed is None:
            return
        assert (handed.item, one.n) not in self.model, "handed out again"
        if answer is None:
            self.queue.skip(one, handed.item)
        else:
            self.queue.answer(one, handed.item, answer)
        self.model[(handed.item, one.n)] = answer
        self.order[one.n].append(handed.item)

    @rule(who=st.integers(0, 2))
    def undo(self, who: int) -> None:
        one = self.people[who]
        back = self.queue.undo(one)
        assert back == (self.order[one.n].pop() if self.order[one.n] else None)
        if back is not None:
            del self.model[(back, one.n)]

    @rule()
    def away(self) -> None:
        with self.store.writing() as connection:
            connection.execute(sa.update(tables.assignments).values(until=0))

    @precondition(lambda self: self.model)
    @rule(item=st.integers(1, 4), answer=st.sampled_from(["a", "b"]))
    def settle(self, item: int, answer: str) -> None:
        review.settle(self.store, self.people[2], item, answer)

    @invariant()
    def what_is_kept_follows_from_the_log(self) -> None:
        i, a = tables.items.c, tables.assignments.c
        with self.store.reading() as connection:
            rows = connection.execute(sa.select(tables.items)).all()
            for row in rows:
                said = [v for (item, _), v in self.model.items() if item == row.n]
                mine = connection.execute(sa.select(a.state).where(a.item == row.n)).scalars().all()
                assert row.done == sum(v is not None for v in said)
                assert row.skips == sum(v is None for v in said)
                assert row.held == list(mine).count("open")
                answers = [json.dumps(v) for v in said if v is not None]
                assert row.state == state(self.project, answers, row.final)
                assert row.wanted == (row.done + row.held < 2 and row.final is None and row.gold is None)
            assert connection.execute(sa.select(sa.func.count()).where(i.wanted, i.done >= 2)).scalar() == 0


test_anything_in_any_order = Anything.TestCase
test_anything_in_any_order.settings = settings(max_examples=6, stateful_step_count=12, deadline=None)
