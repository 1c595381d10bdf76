"""Which keys are where: walks the models of ``keys.py``, for messages and for the reference."""

from __future__ import annotations

import types
from collections.abc import Iterator
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from modelwright.goal.constraints import Constraint
from modelwright.goal.keys import GoalKeys
from modelwright.goal.nearest import nearest

ANY_NAME = "<name>"

# What people write who come from elsewhere, and the key that says it here.
_MEANT = {
    "label": "data.target", "y": "data.target", "target_column": "data.target", "outcome": "data.target",
    "path": "data.source", "file": "data.source", "url": "data.source", "dataset": "data.source",
    "metric": "success", "metrics": "success", "criteria": "success", "objective": "success",
    "task": "problem", "type": "problem", "kind": "problem", "license": "data.licence", "id": "data.keys",
    "index": "data.keys", "weights": "data.weight", "sample_weight": "data.weight", "groups": "data.group",
    "date": "data.time", "protected": "data.sensitive", "leave": "data.later", "ignore": "data.columns",
    "drop": "data.columns", "random_state": "seed", "random_seed": "seed", "time_limit": "budget.time",
    "time_budget": "budget.time", "timeout": "budget.time", "n_trials": "search.trials",
    "models": "search.families", "algorithms": "search.families", "folds": "split.outer_folds",
    "title": "name", "deploy": "release", "valid": "split.validation", "val": "split.validation",
    "ram": "budget.memory", "cpus": "budget.cores", "threads": "budget.cores", "coverage": "intervals",
    "dedupe": "clean.duplicates",
}  # fmt: skip


def inner(annotation: Any) -> tuple[type[BaseModel] | None, bool]:
    """The model inside an annotation, and whether it sits in a mapping from free names."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation, False
    origin = get_origin(annotation)
    arguments = get_args(annotation)
    if origin is Annotated:
        return inner(arguments[0])
    if origin in (Union, types.UnionType):
        for argument in arguments:
            model, free = inner(argument)
            if model is not None:
                return model, free
    if origin is dict:
        return inner(arguments[1])[0], True
    return None, False


def walk(
    model: type[BaseModel] = GoalKeys, at: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], FieldInfo]]:
    """Every key with its place, in the order of the file; a free name is ``<name>``."""
    for name, info in model.model_fields.items():
        here = (*at, name)
        yield here, info
        below, free = inner(info.annotation)
        if below is not None:
            yield from walk(below, (*here, ANY_NAME) if free else here)


PLACES: dict[tuple[str, ...], FieldInfo] = dict(walk())


def siblings(path: tuple[str | int, ...]) -> list[str]:
    """The keys that may stand where ``path`` ends."""
    above = tuple(str(part) for part in path[:-1])
    if above[:2] == ("data", "columns") and len(above) == 3:
        above = (*above[:2], ANY_NAME)
    return [place[-1] for place in PLACES if place[:-1] == above]


def hint_for(path: tuple[str | int, ...]) -> str:
    """What was most likely meant by the unknown key at the end of ``path``."""
    word = str(path[-1])
    elsewhere = [".".join(place) for place in PLACES if place[-1] == word and ANY_NAME not in place]
    if elsewhere == [word]:
        return f"{word} stands at the top of the file"
    if elsewhere:
        return f"{word} is written {' or '.join(elsewhere)}"
    near = nearest(word, siblings(path))
    if near:
        return f"did you mean {near!r}?"
    if word.lower() in _MEANT:
        return f"did you mean {_MEANT[word.lower()]}?"
    far = nearest(word, [place[-1] for place in PLACES])
    if far:
        places = [".".join(place) for place in PLACES if place[-1] == far and ANY_NAME not in place]
        if places:
            return f"did you mean {' or '.join(places)}?"
    return f"the keys here are {', '.join(siblings(path))}"


def constraint_of(info: FieldInfo) -> Constraint | None:
    return next((each for each in info.metadata if isinstance(each, Constraint)), None)
