"""A database's password stands in the goal file, and nowhere that is shown or shipped."""

from __future__ import annotations

import pytest

from modelwright.core.book import Book
from modelwright.core.errors import BadGoal
from modelwright.core.secrets import masked, public
from modelwright.goal.define import define
from modelwright.goal.goal import Goal
from modelwright.lifecycle.resolved import resolved

ADDRESSES = (
    "postgresql://ann:s3cret@host",
    "postgresql://ann:s3cret@host:5432/shop",
    "postgresql://ann:s3c@ret@host/shop?password=s3cret",
    "postgresql+psycopg://ann:s3cret@host/shop?sslpassword=s3cret&connect_timeout=3",
)


@pytest.mark.parametrize("address", ADDRESSES)
def test_no_record_name_or_resolved_goal_holds_it(address: str) -> None:
    goal = Goal(data={"source": address, "query": "select 1", "target": "y"})
    s = goal.sections
    defined = define(s.problem, s.source, s.success, s.budget, s.search, s.output, Book())
    for shown in (str(defined), resolved(goal, {}), masked(goal.to_yaml()), public(address), goal.name):
        assert "ann" not in shown
        assert "s3c" not in shown
        assert "host" in shown or "shop" in shown


def test_no_mistake_tells_it() -> None:
    with pytest.raises(BadGoal) as caught:
        Goal(data={"source": "mysql://ann:s3cret@host/shop", "query": "select 1", "target": "y"})
    assert "s3cret" not in str(caught.value)
    assert "mysql://***@host/shop" in str(caught.value)


def test_paths_stay_as_they_are() -> None:
    assert public("folder/a?b@c.csv") == "folder/a?b@c.csv"
    assert masked("mail ann@example.org about data/a@b.csv") == "mail ann@example.org about data/a@b.csv"
