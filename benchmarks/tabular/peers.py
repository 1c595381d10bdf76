"""The systems that take part: a name, its adapter, its preset, and what its environment is made of.

Environments lie in ``.peers/<environment>`` in the checkout (ignored by git) and are made by
``make bench-peers``; ours is the development environment.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PEERS = ROOT / ".peers"
HERE = Path(__file__).resolve().parent


@dataclass(frozen=True)
class System:
    name: str
    environment: str
    adapter: str
    preset: str = ""
    packages: tuple[str, ...] = ()
    """What pip installs, in this order; empty for the development environment."""

    @property
    def python(self) -> Path:
        return PEERS / self.environment / "bin" / "python" if self.packages else Path(sys.executable)

    @property
    def script(self) -> Path:
        return HERE / "systems" / f"{self.adapter}.py"

    @property
    def there(self) -> bool:
        return self.python.exists()


# Torch first, from the index that has its CPU build: a plain install would fetch gigabytes of CUDA.
_AUTOGLUON = ("torch==2.13.0", "autogluon.tabular[all]==1.6.3", "psutil")
_FLAML = ("flaml[automl]==2.7.0", "pandas")
_MLJAR = ("mljar-supervised==1.3.2",)
_H2O = ("h2o==3.46.0.12", "pandas", "polars", "pyarrow")
_LAMA = ("torch==2.13.0", "lightautoml==0.4.2")

SYSTEMS = {
    system.name: system
    for system in (
        System("modelwright", "", "use_modelwright"),
        System("autogluon:medium", "autogluon", "use_autogluon", "medium_quality", _AUTOGLUON),
        System("autogluon:good", "autogluon", "use_autogluon", "good_quality", _AUTOGLUON),
        System("autogluon:best", "autogluon", "use_autogluon", "best_quality", _AUTOGLUON),
        System("flaml", "flaml", "use_flaml", "single", _FLAML),
        System("flaml:ensemble", "flaml", "use_flaml", "ensemble", _FLAML),
        System("mljar:compete", "mljar", "use_mljar", "Compete", _MLJAR),
        System("mljar:perform", "mljar", "use_mljar", "Perform", _MLJAR),
        System("h2o", "h2o", "use_h2o", "", _H2O),
        System("lightautoml", "lightautoml", "use_lightautoml", "", _LAMA),
        System("lightgbm", "", "use_lightgbm"),
    )
}


def versions(system: System) -> dict[str, str]:
    """The packages of the system's environment that say what it is."""
    code = (
        "import json,importlib.metadata as m;"
        "print(json.dumps({d.metadata['Name'].lower(): d.version for d in m.distributions()}))"
    )
    found = json.loads(subprocess.check_output([system.python, "-c", code], text=True))
    wanted = [p.split("==")[0].split("[")[0].lower() for p in system.packages] or [
        system.adapter.removeprefix("use_")
    ]
    wanted += ["lightgbm", "catboost", "xgboost", "xgboost-cpu", "scikit-learn", "numpy", "pandas", "torch"]
    return {name: found[name] for name in dict.fromkeys(wanted) if name in found}


def make(names: list[str]) -> None:
    """Make the environments of the named systems (all without names); those that are there stay."""
    chosen = [SYSTEMS[name] for name in names] if names else list(SYSTEMS.values())
    for system in {s.environment: s for s in chosen if s.packages}.values():
        if system.there:
            print(f"{system.environment}: there already")
            continue
        folder = PEERS / system.environment
        temporary = folder.with_name(f".{system.environment}.tmp")
        subprocess.run([sys.executable, "-m", "venv", "--clear", temporary], check=True)
        for package in system.packages:
            pip = [temporary / "bin" / "python", "-m", "pip", "install", "--quiet", package]
            subprocess.run([str(part) for part in pip], check=True)
        temporary.rename(folder)
        print(f"{system.environment}: {', '.join(system.packages)}")


if __name__ == "__main__":
    make(sys.argv[1:])
