"""Every operation that a recipe can name."""

from __future__ import annotations

from modelwright.core.registry import Registry
from modelwright.features.operation import OperationClass

OPERATIONS: Registry[OperationClass] = Registry(
    "feature operation",
    "modelwright.operations",
    {
        "numbers": "modelwright.features.numbers:Numbers",
        "standardise": "modelwright.features.numbers:Standardise",
        "missing": "modelwright.features.numbers:Missing",
        "codes": "modelwright.features.categories:CategoryCodes",
        "one-hot": "modelwright.features.categories:OneHot",
        "frequency": "modelwright.features.categories:Frequency",
        "target-mean": "modelwright.features.targets:TargetMean",
        "date-parts": "modelwright.features.dates:DateParts",
        "date-cycles": "modelwright.features.dates:DateCycles",
        "words": "modelwright.features.text:Words",
        "rotations": "modelwright.features.arithmetic:Rotations",
        "crosses": "modelwright.features.crosses:Crosses",
        "nothing": "modelwright.features.nothing:Nothing",
    },
)
