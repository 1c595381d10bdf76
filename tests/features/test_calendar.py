from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from modelwright.features.calendar import DAY, EARLIEST, LATEST, PARTS, calendar
from modelwright.runtime.signature import NULL_TIME

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@given(st.datetimes(timezones=st.just(UTC)))
def test_parts_are_those_of_the_standard_library(moment: datetime) -> None:
    micros = (moment - EPOCH) // timedelta(microseconds=1)
    values = calendar(np.array([[micros]]), PARTS, np.array([0.0]))[0, 0]
    got = dict(zip(PARTS, values, strict=True))
    assert (got["year"], got["month"], got["day"]) == (moment.year, moment.month, moment.day)
    assert got["weekday"] == moment.weekday()
    hours = moment.hour + moment.minute / 60 + moment.second / 3600 + moment.microsecond / 3.6e9
    assert abs(got["hour"] - hours) < 1e-9
    common = 2023 if (moment.month, moment.day) != (2, 29) else None
    expected = 60 if common is None else moment.replace(year=common).timetuple().tm_yday
    assert got["day of year"] == expected


def test_ends_and_null() -> None:
    times = np.array([[NULL_TIME], [NULL_TIME + 1], [2**63 - 1], [EARLIEST], [LATEST]])
    values = calendar(times, ("year", "days"), np.array([0.0]))
    assert np.isnan(values[0]).all()
    assert values[1:, 0, 0].tolist() == [1, 9999, 1, 9999]
    assert values[3, 0, 1] == EARLIEST / DAY
