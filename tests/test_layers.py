"""The layers hold, and the contract that checks them lists every package: a guard for the guard."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "src" / "modelwright"

# The order in which the design draws them; pyproject.toml must say the same.
ORDER = (
    "cli web testing estimators lifecycle report modalities labels live release evidence models features "
    "data goal graph runtime stats store core"
).split()

# Loading any of these makes every command slow to start.
HEAVY = (
    "catboost lightgbm matplotlib numpy onnx onnxruntime optuna pandas polars pyarrow pydantic scipy sklearn "
    "sqlalchemy xgboost"
).split()


def contract() -> list[str]:
    config = tomllib.loads((PACKAGE.parents[1] / "pyproject.toml").read_text(encoding="utf-8"))
    (layers,) = (c for c in config["tool"]["importlinter"]["contracts"] if c["id"] == "layers")
    assert layers["exhaustive"] is True
    assert layers["containers"] == ["modelwright"]
    assert "ignore_imports" not in layers, "the layers have no exceptions"
    return list(layers["layers"])


def parts() -> list[str]:
    """The packages and modules directly below ``modelwright``."""
    packages = {file.parent.name for file in PACKAGE.glob("*/__init__.py")}
    modules = {file.stem for file in PACKAGE.glob("*.py")} - {"__init__", "__main__"}
    return sorted(packages | modules)


def imported_from(file: Path) -> set[str]:
    """The full names that a file imports anywhere, functions and type-checking blocks included."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return names


def strangers(part: str, allowed: set[str]) -> dict[str, list[str]]:
    """By file of a package, what it imports beside the standard library, ``core``, itself and ``allowed``."""
    found: dict[str, list[str]] = {}
    files = sorted((PACKAGE / part).rglob("*.py"))
    assert files
    for file in files:
        outside = []
        for name in sorted(imported_from(file)):
            top = name.partition(".")[0]
            own = name.startswith((f"modelwright.{part}", "modelwright.core"))
            if top not in sys.stdlib_module_names and not own and top not in allowed:
                outside.append(name)
        if outside:
            found[file.relative_to(PACKAGE).as_posix()] = outside
    return found


def loaded_by(statement: str) -> set[str]:
    """The top-level modules that are loaded in a fresh interpreter once ``statement`` has run."""
    code = f"{statement}\nimport sys\nprint(' '.join(sorted(name.partition('.')[0] for name in sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_contract_is_the_design() -> None:
    assert [layer.strip("()") for layer in contract()] == ORDER


def test_every_package_is_in_the_contract() -> None:
    listed = {layer.strip("()") for layer in contract()}
    assert [part for part in parts() if part not in listed] == []


def test_every_folder_is_a_package() -> None:
    # A folder without __init__.py would be a namespace package, which the layers would not see.
    bare = [
        folder.relative_to(PACKAGE).as_posix()
        for folder in sorted({file.parent for file in PACKAGE.rglob("*.py")})
        if not (folder / "__init__.py").exists()
    ]
    assert bare == []


def test_layer_that_exists_is_not_optional() -> None:
    optional = {layer.strip("()") for layer in contract() if layer.startswith("(")}
    assert [part for part in parts() if part in optional] == []


def test_core_imports_the_standard_library_only() -> None:
    assert strangers("core", set()) == {}


def test_runtime_imports_numpy_and_onnxruntime_only() -> None:
    # Pillow, soundfile and tokenizers stand alone in the one file of their modality, inside functions.
    found = strangers("runtime", {"numpy", "onnxruntime"})
    # Only a bundle that is signed needs this, inside a function, and the bundle says so where it is absent.
    assert {file: sorted({n.partition(".")[0] for n in names}) for file, names in found.items()} == {
        "runtime/bundle.py": ["cryptography"],
        "runtime/parse/filefacts.py": ["PIL", "soundfile"],
        "runtime/parse/image.py": ["PIL"],
        "runtime/parse/sounds.py": ["soundfile"],
        "runtime/pieces.py": ["tokenizers"],
    }


@pytest.mark.parametrize("part", ["core", "runtime"])
def test_the_check_for_strangers_reads_files(part: str) -> None:
    names = set().union(*(imported_from(file) for file in (PACKAGE / part).rglob("*.py")))
    assert "dataclasses" in names


def test_import_modelwright_loads_nothing_heavy() -> None:
    loaded = loaded_by("import modelwright")
    assert "modelwright" in loaded
    assert sorted(loaded & set(HEAVY)) == []


def test_import_of_the_command_line_loads_nothing_heavy() -> None:
    loaded = loaded_by("import modelwright.cli.main")
    assert "modelwright" in loaded
    assert sorted(loaded & set(HEAVY)) == []
