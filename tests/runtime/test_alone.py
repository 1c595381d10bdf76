"""The runtime predicts where there is nothing but numpy and onnxruntime."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

import modelwright
from modelwright.runtime import load
from modelwright.testing.bundles import Made

# Nothing else that is installed can be imported: the finder hides it, as if it were not there.
BLOCK = """
import importlib.machinery, sys, sysconfig

real = importlib.machinery.PathFinder.find_spec
allowed = {"numpy", "onnxruntime", "modelwright"}
installed = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}

class Nothing:
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        found = real(name, path, target)
        place = str(getattr(found, "origin", None) or "")
        if any(place.startswith(folder) for folder in installed) and name.partition(".")[0] not in allowed:
            return None
        return found

    @classmethod
    def invalidate_caches(cls):
        pass

sys.meta_path[:] = [Nothing if f is importlib.machinery.PathFinder else f for f in sys.meta_path]
try:
    import polars
except ImportError:
    pass
else:
    raise SystemExit("the blocker does not block")
"""

PREDICT = """
import json, sys
from modelwright.runtime import load
from modelwright.runtime.explain import explain

model = load(sys.argv[1])
rows = json.loads(sys.stdin.read())
made = {
    "predictions": model.predict(rows).tolist(),
    "probabilities": [[float(p) for p in row] for row in model.predict_proba(rows)],
    "explained": explain(model, rows[:2]).contributions.tolist(),
    "signed": model.bundle.signed,
    "files": sorted({str(m.__file__) for m in list(sys.modules.values()) if getattr(m, "__file__", None)}),
}
print(json.dumps(made))
"""


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package with nothing but ``core`` and ``runtime`` in it."""
    source = Path(modelwright.__file__).parent
    target = tmp_path_factory.mktemp("shipped") / "modelwright"
    target.mkdir()
    shutil.copy(source / "__init__.py", target)
    for part in ("core", "runtime"):
        shutil.copytree(source / part, target / part, ignore=shutil.ignore_patterns("__pycache__"))
    return target.parent


def test_numpy_and_onnxruntime_are_enough(shipped: Path, signed: Made, raw: pl.DataFrame) -> None:
    rows = raw.drop("rich", "level", "amount").head(20).to_dicts()
    done = subprocess.run(
        [sys.executable, "-I", "-c", f"import sys; sys.path.insert(0, {str(shipped)!r})\n{BLOCK}\n{PREDICT}",
         str(signed.bundle)],
        input=json.dumps(rows), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    made = json.loads(done.stdout)
    model = load(signed.bundle)
    assert made["predictions"] == model.predict(rows).tolist()
    assert made["probabilities"] == [[float(p) for p in row] for row in model.predict_proba(rows)]
    assert "cryptography is not installed" in made["signed"]
    own = [file for file in made["files"] if file.startswith(str(shipped))]
    assert len(own) > 10
    libraries = {file.partition("site-packages/")[2].split("/")[0] for file in made["files"]} - {""}
    # setuptools puts a hook of its own into every interpreter.
    assert libraries - {"_distutils_hack"} == {"numpy", "onnxruntime"}
