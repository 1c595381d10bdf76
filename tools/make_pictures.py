"""Write ``docs/images/report.png``: the top of the report of the example goal, as a browser shows it.

Usage: ``python tools/make_pictures.py [RUN]``. Needs Chromium. Without the folder of a run it carries the
goal out, in a temporary folder. ``docs/images/architecture.svg`` is made by hand.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PICTURE = ROOT / "docs" / "images" / "report.png"
SIZE = "1200,900"
MOST_BYTES = 300_000


def browser() -> str:
    """The Chromium of this machine."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        found = shutil.which(name)
        if found:
            return found
    raise SystemExit("a picture needs Chromium, and there is none on this machine")


def carried_out(folder: Path) -> Path:
    """The folder of a new run of the example."""
    program = Path(sys.executable).with_name("modelwright")
    goal = ROOT / "examples" / "penguins" / "goal.yaml"
    subprocess.run([str(program), "run", str(goal), "--runs", str(folder), "--quiet"], check=True)
    return next(folder.glob("penguins-*"))


def picture(report: Path, to: Path, profile: Path) -> None:
    options = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--hide-scrollbars",
        f"--user-data-dir={profile}",
    ]
    shot = [f"--window-size={SIZE}", f"--screenshot={to}", report.resolve().as_uri()]
    subprocess.run([browser(), *options, *shot], check=True, capture_output=True)


def main() -> int:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        run = Path(sys.argv[1]) if len(sys.argv) > 1 else carried_out(folder / "runs")
        picture(run / "report.html", PICTURE, folder / "profile")
    size = PICTURE.stat().st_size
    print(f"{PICTURE.relative_to(ROOT)}: {size / 1000:.0f} KB")
    return 0 if size < MOST_BYTES else 1


if __name__ == "__main__":
    sys.exit(main())
