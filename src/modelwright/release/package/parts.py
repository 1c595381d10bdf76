"""Which of modelwright's own modules, and which libraries, a server needs: read from the code, not listed.

Imports are followed from the processes of a server and the commands that an image has. In the layers that
answer and watch every import counts, those inside functions too; in the layers above and beside them only
what a module cannot be imported without, so that nothing of training is drawn in.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution, packages_distributions
from pathlib import Path
from typing import Any, Final

ROOTS: Final = (
    "modelwright.cli.image",
    "modelwright.live.process.worker",
    "modelwright.live.process.keeper",
    "modelwright.live.process.supervisor",
    "modelwright.live.process.setup",
)
DEEP: Final = ("core", "store", "stats", "runtime", "live")
"""Packages in which imports inside functions count."""
WHOLE: Final = ("core", "runtime", "goal/metrics")
"""Packages that go in with every module: some are imported by a name that a bundle or a registry gives."""
INSIDE: Final = {
    "modelwright.cli.image": True,
    "modelwright.cli.serve": True,
    "modelwright.cli.live": True,
    "modelwright.cli.keys": True,
    "modelwright.cli.promote": True,
    "modelwright.cli.rollback": True,
    "modelwright.cli.monitor": True,
}
"""Modules outside of them in which they count as well: the commands that an image has."""
OPTIONAL: Final = frozenset(
    {"cryptography", "psycopg", "polars", "pandas", "pyarrow", "PIL", "soundfile", "tokenizers"}
)
"""Imported where they are there; :func:`distributions` is told which of them are wanted."""
FOR_COLUMNS: Final = {"image": "Pillow", "audio": "soundfile", "tokens": "tokenizers"}
"""Kind of a tensor's column to the distribution that reads its cells."""
BY_NAME: Final = ("httptools", "uvloop")
"""Libraries that others choose by name: no import of ours shows them."""


@dataclass(frozen=True, slots=True)
class Needed:
    modules: tuple[str, ...]
    """Of modelwright, sorted."""
    libraries: tuple[str, ...]
    """Top-level names that are imported, sorted."""


def top() -> Path:
    """The folder of the installed modelwright."""
    # By place and not by import: the package's door knows layers above this one.
    return Path(__file__).parents[2]


@cache
def needed() -> Needed:
    """Follow the imports."""
    seen: set[str] = set()
    libraries: set[str] = set(BY_NAME)
    todo = [*ROOTS, *(name for package in WHOLE for name in _below(package))]
    while todo:
        name = todo.pop()
        path = source_of(name)
        if name in seen or path is None:
            continue
        seen.add(name)
        parent = name.rpartition(".")[0]
        if parent:
            todo.append(parent)
        parts = name.split(".")
        deep = (len(parts) > 1 and parts[1] in DEEP) or INSIDE.get(name, False)
        for found in _imported(ast.parse(path.read_text(encoding="utf-8")), deep):
            library = found.partition(".")[0]
            if library == "modelwright":
                todo.append(found)
            elif library not in sys.stdlib_module_names and library not in OPTIONAL:
                libraries.add(library)
    return Needed(tuple(sorted(seen)), tuple(sorted(libraries)))


def _below(package: str) -> Iterator[str]:
    folder = top()
    for path in sorted((folder / package).rglob("*.py")):
        inside = path.relative_to(folder).with_suffix("")
        yield ".".join(("modelwright", *(inside.parts[:-1] if inside.name == "__init__" else inside.parts)))


def source_of(name: str) -> Path | None:
    """The file of a module of modelwright; None where there is none (an attribute of a module, say)."""
    path = top().parent.joinpath(*name.split("."))
    if (path / "__init__.py").is_file():
        return path / "__init__.py"
    file = path.with_suffix(".py")
    return file if file.is_file() else None


def _imported(tree: ast.AST, deep: bool) -> Iterator[str]:
    """Full names that are imported: a module, and what is taken from it (which may be a module too)."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
            for other in node.orelse:
                yield from _imported(other, deep)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif deep or not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            yield from _imported(node, deep)


def for_columns(manifest: Mapping[str, Any]) -> list[str]:
    """The distributions that a bundle's columns of media need, sorted."""
    tensors = (manifest.get("tensors") or {}).get("tensors", ())
    return sorted({FOR_COLUMNS[t["kind"]] for t in tensors if t["kind"] in FOR_COLUMNS}, key=str.lower)


def distributions(libraries: Sequence[str], also: Sequence[str] = ()) -> list[str]:
    """The names of the distributions that hold top-level modules, sorted; ``also`` are names already."""
    known = packages_distributions()
    return sorted({*also, *(known[name][0] for name in libraries)}, key=str.lower)


def pinned(wanted: Sequence[str], python: str, *, machine: str = "x86_64") -> dict[str, str]:
    """Name to installed version of the distributions and of all that they need, on Linux.

    ``wanted`` may name extras, such as ``psycopg[binary]``. Raises ``PackageNotFoundError`` where one is not
    installed here: a version that was never run is not pinned.
    """
    from packaging.markers import default_environment
    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    there: dict[str, str] = {
        **{key: str(value) for key, value in default_environment().items()},
        "sys_platform": "linux",
        "platform_system": "Linux",
        "os_name": "posix",
        "platform_machine": machine,
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
        "python_version": python,
        "python_full_version": f"{python}.0",
    }
    found: dict[str, str] = {}
    done: set[tuple[str, frozenset[str]]] = set()
    todo = [Requirement(text) for text in wanted]
    while todo:
        requirement = todo.pop()
        key = (str(canonicalize_name(requirement.name)), frozenset(requirement.extras))
        if key in done:
            continue
        done.add(key)
        held = distribution(requirement.name)
        found[held.metadata["Name"]] = held.version
        for text in held.requires or ():
            below = Requirement(text)
            contexts = [{**there, "extra": extra} for extra in ("", *sorted(requirement.extras))]
            if below.marker is None or any(below.marker.evaluate(context) for context in contexts):
                todo.append(below)
    return dict(sorted(found.items(), key=lambda item: item[0].lower()))


def licence_of(name: str) -> str:
    """What a distribution says of its licence, in one line; "" where it says nothing."""
    try:
        facts = distribution(name).metadata
    except PackageNotFoundError:
        return ""
    told, *_ = facts.get_all("License-Expression") or [""]
    classifiers = [c for c in facts.get_all("Classifier") or [] if c.startswith("License ::")]
    first, *_ = (facts.get_all("License") or [""])[0].strip().splitlines() or [""]
    return told or ", ".join(c.split(" :: ")[-1] for c in classifiers) or first
