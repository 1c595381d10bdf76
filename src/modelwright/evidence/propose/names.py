"""What the names of columns suggest."""

from __future__ import annotations

import re

TARGETS = (
    "target", "label", "labels", "class", "outcome", "response", "ground_truth", "y",
    "survived", "churn", "churned", "default", "defaulted", "fraud", "is_fraud", "diagnosis", "species",
    "income", "price", "saleprice", "sale_price", "salary", "credit_risk", "quality", "status", "cnt",
    "count", "sales", "revenue", "demand", "yield", "score", "rating",
)  # fmt: skip
"""Usual names of targets, the surest first."""
_TARGET_ENDS = re.compile(r"(_|\b)(target|label|class|outcome|price|salary|value|churn|income|risk)$")

_SENSITIVE = {
    "sex": "sex", "gender": "gender", "race": "race", "ethnicity": "ethnicity", "ethnic": "ethnicity",
    "nationality": "nationality", "citizenship": "nationality", "religion": "religion", "faith": "religion",
    "age": "age", "disability": "disability", "disabled": "disability", "pregnant": "pregnancy",
    "orientation": "sexual orientation",
}  # fmt: skip
_OF_A_PERSON = frozenset(
    "age cat category group band range years in at of person patient customer applicant client user driver"
    " employee respondent".split()
)
"""Other words beside "age"; houses, cars and accounts have ages too."""
_NATIVE = re.compile(r"native.?country|country.of.birth|birth.?country")

_TIMES = re.compile(
    r"^(date|time|timestamp|datetime|day|dteday|month|week|period)$"
    r"|^(event|order|transaction|invoice|sale|sales|booking|visit|created|recorded|observed|reading|pickup)"
    r".?(date|time|at|on|timestamp)$"
)
_WEIGHTS = re.compile(r"^(sample.?weights?|case.?weights?|survey.?weights?|fnlwgt|wt|row.?weights?)$")


def target_rank(name: str, names: list[str]) -> int | None:
    """How sure the name is that of a target (0: surest), or ``None`` where it says nothing."""
    low = _words(name)
    if low == "y" and "x" in [n.lower() for n in names]:
        return None  # coordinates
    if low in TARGETS:
        return TARGETS.index(low)
    return len(TARGETS) if _TARGET_ENDS.search(low) else None


def sensitive(name: str) -> str | None:
    """What a name says of persons that the law protects, or ``None``."""
    words = _words(name).split("_")
    if _NATIVE.search("_".join(words)):
        return "nationality"
    found = next((_SENSITIVE[word] for word in words if word in _SENSITIVE), None)
    if found == "age" and not set(words) <= _OF_A_PERSON:
        return None
    return found


def names_time(name: str) -> bool:
    """Whether the name is that of the moment at which a row happened."""
    return _TIMES.search(_words(name)) is not None


def names_weight(name: str) -> bool:
    return _WEIGHTS.search(_words(name)) is not None


def _words(name: str) -> str:
    """``SalePrice``, ``sale.price`` and ``Sale price`` as ``sale_price``."""
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name.strip())
    return re.sub(r"[^a-z0-9]+", "_", parted.lower()).strip("_")
