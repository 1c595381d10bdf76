"""Every registered operation, through the suite that ships."""

from __future__ import annotations

from modelwright.features.recipe import Step
from modelwright.features.registry import OPERATIONS
from modelwright.testing.operations import SAMPLE, OperationSuite

CATEGORIES = tuple(name for name in SAMPLE.strings if name != "note")


class TestNumbers(OperationSuite):
    step = Step("numbers", SAMPLE.numbers)


class TestStandardise(OperationSuite):
    step = Step("standardise", SAMPLE.numbers)


class TestMissing(OperationSuite):
    step = Step("missing", SAMPLE.numbers)


class TestCodes(OperationSuite):
    step = Step("codes", CATEGORIES)


class TestOneHot(OperationSuite):
    step = Step("one-hot", CATEGORIES)


class TestOneHotOfFewLevels(OperationSuite):
    step = Step("one-hot", ("sex", "code"), (("most", 3), ("rarest", 2)))


class TestFrequency(OperationSuite):
    step = Step("frequency", CATEGORIES)


class TestTargetMean(OperationSuite):
    step = Step("target-mean", CATEGORIES)


class TestRotations(OperationSuite):
    step = Step("rotations", SAMPLE.numbers)


class TestCrosses(OperationSuite):
    """Everything is kept, as if each pair had been found to say something."""

    step = Step("crosses", SAMPLE.numbers + CATEGORIES, (("least", -1e9), ("pays", -1e9), ("most", 200)))


class TestDateParts(OperationSuite):
    step = Step("date-parts", SAMPLE.times)


class TestDateCycles(OperationSuite):
    step = Step("date-cycles", SAMPLE.times)


class TestWords(OperationSuite):
    step = Step("words", ("note", "title"))


class TestTopics(OperationSuite):
    step = Step("words", ("note", "title"), (("components", 5),))


class TestNothing(OperationSuite):
    step = Step("nothing", ())


def test_every_registered_operation_is_tested() -> None:
    suites = [suite for suite in globals().values() if isinstance(suite, type)]
    tested = {s.step.kind for s in suites if issubclass(s, OperationSuite) and s is not OperationSuite}
    assert tested == set(OPERATIONS.names())
