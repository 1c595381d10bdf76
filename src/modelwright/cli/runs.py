"""``modelwright runs``, ``show``, ``compare`` and ``gc``: what there is, and what may go."""

from __future__ import annotations

import sys
from pathlib import Path

import typer

RUNS = typer.Option(Path("runs"), "--runs", help="The folder of runs.", show_default=True)
QUIET = typer.Option(False, "--quiet", "-q", help="Say nothing on standard error but errors.")
JSON = typer.Option(False, "--json", help="Print the result as JSON.")


def runs(
    delete: str | None = typer.Option(None, "--delete", help="Delete this run (its blobs go with `gc`)."),
    folder: Path = RUNS,
    quiet: bool = QUIET,
    json: bool = JSON,
) -> int:
    """List the runs of a folder, newest last, or delete one."""
    from modelwright.lifecycle import shelf

    if delete is not None:
        name = shelf.delete(delete, folder)
        if json:
            _json({"deleted": name})
            return 0
        print(f"deleted {name}; `modelwright gc` frees what no other run needs")
        return 0
    found = shelf.listing(folder)
    if json:
        _json(found)
        return 0
    if not found:
        print(f"no runs in {folder}")
    for row in found:
        print(f"{row['run']:<48} {row['status']:<9} {row['verdict'] or '-':<9} {row['started'][:19]}")
    return 0


def show(
    run: str = typer.Argument(..., help="A run's folder or name, or a goal's name: its newest run."),
    folder: Path = RUNS,
    quiet: bool = QUIET,
    json: bool = JSON,
) -> int:
    """Show a run: its verdict, criteria, findings and leaderboard."""
    from modelwright.lifecycle.folder import find_run
    from modelwright.report import as_json, as_text

    found = find_run(run, folder)
    if json:
        print(as_json(found.path))
    else:
        print(as_text(found.path))
    return 0


def compare(
    first: str = typer.Argument(..., help="A run."),
    second: str = typer.Argument(..., help="Another run."),
    folder: Path = RUNS,
    quiet: bool = QUIET,
    json: bool = JSON,
) -> int:
    """Compare two runs: what was asked, what was chosen, what was measured."""
    from modelwright.lifecycle import shelf
    from modelwright.lifecycle.folder import find_run

    found = shelf.compare(find_run(first, folder), find_run(second, folder))
    if json:
        _json(found)
        return 0
    rows = [(_shown(r["what"]), _shown(r["first"]), _shown(r["second"])) for r in found]
    what, left = (max((len(row[i]) for row in rows), default=0) for i in (0, 1))
    for row in rows:
        print(f"{' ' if row[1] == row[2] else '*'} {row[0]:<{what}}  {row[1]:<{left}}  {row[2]}")
    if not quiet:
        print("lines with * differ", file=sys.stderr)
    return 0


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def gc(folder: Path = RUNS, quiet: bool = QUIET, json: bool = JSON) -> int:
    """Free what no run needs."""
    from modelwright.lifecycle import shelf

    files, size = shelf.collect_garbage(folder)
    if json:
        _json({"files": files, "bytes": size})
    else:
        print(f"freed {size / 1e6:.1f} MB in {files} files")
    return 0


def _json(data: object) -> None:
    import json

    print(json.dumps(data, indent=1))
