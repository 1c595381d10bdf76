"""Which elements of XML documents are the rows, and the plan for them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from modelwright.data.nested.plan import Choice, Chooser, Rule
from modelwright.data.nested.shape import Shape
from modelwright.data.nested.table import Plan, has, not_found, shape_of_one, unknown_wishes
from modelwright.data.nested.xml import Names
from modelwright.data.read.limits import check_columns

Way = tuple[str, ...]


def xml_plan(
    roots: Mapping[str, Shape],
    names: Names,
    wishes: Mapping[str, str],
    wanted: str | None,
    target: str | None,
    name: str,
) -> tuple[Plan, list[Choice]]:
    """The plan for documents, and the choices in it.

    A row is the repeating element that holds the target; without a target the outermost element that
    repeats, or the root where each document is one thing. The goal's ``records`` says otherwise. Its own
    attributes and children have their bare names, those of the elements around it the element's name before.
    Raises :class:`~modelwright.core.errors.BadData` for wishes that cannot be had.
    """
    way, why = _rows(roots, wanted, target, name)
    own = Shape(typed=False)
    around: dict[str, Shape] = {}
    leads: dict[str, set[str]] = {}
    """By element: its children that lead to rows."""
    for found, shapes in _everything(roots):
        if not _matches(found, way):
            continue
        own.merge(shapes[-1])
        for k, shape in enumerate(shapes[:-1]):
            leads.setdefault(found[k], set()).add(found[k + 1])
            around.setdefault(found[k], Shape(typed=False)).merge(shape)
    chooser = Chooser({path: wish for path, wish in wishes.items() if wish != "explode"})
    label = way[-1] if way else next(iter(roots))
    chooser.choices.append(Choice(label, "explode", f"each <{label}> is a row: {why}"))
    chooser.met |= {path for path, wish in wishes.items() if wish == "explode" and path == ".".join(way)}
    rule = chooser.rule(shape_of_one(own), "", fold=False)
    above: dict[str, Rule] = {}
    for element, shape in around.items():
        rest = shape_of_one(shape)
        rest.keys = {key: one for key, one in shape.keys.items() if key not in leads[element]}
        if rest.keys or rest.scalars:
            above[element] = chooser.rule(rest, element, fold=False)
    plan = Plan(way, rule, "", above, {"namespaces": names.prefixes})
    check_columns(len(plan.columns()), name, "summarise some of it: `reading: {nested: {PATH: count}}`")
    unknown_wishes(wishes, chooser.met, name)
    return plan, chooser.choices


def _rows(roots: Mapping[str, Shape], wanted: str | None, target: str | None, name: str) -> tuple[Way, str]:
    if wanted is not None:
        asked = tuple(wanted.replace("/", ".").strip(".").split("."))
        if any(_matches(found, asked) for found, _ in _everything(roots)):
            return asked, "the goal asks for it"
        there = dict.fromkeys(found[-1] for found, shapes in _everything(roots) if shapes[-1].records)
        raise not_found(wanted, list(there), name)
    documents = sum(root.seen for root in roots.values())
    if target is not None and (way := _with_target(roots, target, documents)) is not None:
        return way, f"the target {target!r} is one of its keys"
    return _outermost(roots, documents)


def _with_target(roots: Mapping[str, Shape], target: str, documents: int) -> Way | None:
    """The repeating element that most often holds the target."""
    counts: dict[Way, int] = {}
    for found, shapes in _everything(roots):
        shape = shapes[-1]
        repeats = any(one.several for one in shapes[1:]) or documents > 1
        own = shape.several or len(found) == 1 or _varies(shapes)
        if repeats and own and (leaf := has(shape, target)) is not None:
            way = () if len(found) == 1 else (found[-1],)
            counts[way] = counts.get(way, 0) + leaf.seen
    return max(counts, key=lambda way: (counts[way], len(way))) if counts else None


def _varies(shapes: list[Shape]) -> bool:
    """Whether the last of the elements is there for itself, and no part of the one around it: some of those
    have none, or several."""
    return shapes[-1].seen != shapes[-2].records or bool(shapes[-1].several)


def _outermost(roots: Mapping[str, Shape], documents: int) -> tuple[Way, str]:
    best: tuple[int, Way] | None = None
    for root, shape in roots.items():
        for found, inner in _repeating(shape, (root,)):
            count = inner.records or inner.scalars
            score = count * (1 + len(inner.keys))
            enough = documents == 1 or (inner.several >= documents / 2 and count >= 2 * documents)
            if enough and (best is None or score > best[0]):
                best = (score, found[1:])
    if best is None:
        return (), "each document is one" if documents > 1 else "nothing in the document repeats"
    return best[1], "it is the outermost element that repeats"


def _repeating(shape: Shape, way: Way) -> Iterator[tuple[Way, Shape]]:
    """Elements that repeat inside of one that does not."""
    for key, inner in shape.keys.items():
        if inner.several and key:
            yield (*way, key), inner
        else:
            yield from _repeating(inner, (*way, key))


def _everything(roots: Mapping[str, Shape]) -> Iterator[tuple[Way, list[Shape]]]:
    """Every place, with the shapes on the way to it."""

    def below(way: Way, shapes: list[Shape]) -> Iterator[tuple[Way, list[Shape]]]:
        yield way, shapes
        for key, inner in shapes[-1].keys.items():
            if key:
                yield from below((*way, key), [*shapes, inner])

    for root, shape in roots.items():
        yield from below((root,), [shape])


def _matches(found: Way, way: Way) -> bool:
    return len(found) == 1 if not way else len(found) >= len(way) and found[-len(way) :] == way
