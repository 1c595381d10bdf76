"""``modelwright explain``."""

from __future__ import annotations

import sys
from pathlib import Path

import typer


def explain(
    bundle: str = typer.Argument(..., help="A bundle's folder, a run, or a goal's name: its newest release."),
    source: Path = typer.Argument(..., metavar="INPUT", help="Rows: CSV, Parquet or JSON lines."),
    rows: int = typer.Option(10, "--rows", help="Explain at most this many rows, from the first on."),
    top: int = typer.Option(5, "--top", help="Columns to show for each row."),
    runs: Path = typer.Option(Path("runs"), "--runs", help="The folder of runs.", show_default=True),
    quiet: bool = typer.Option(False, "--quiet", "-q", help="Say nothing on standard error but errors."),
    json: bool = typer.Option(False, "--json", help="Print the result as JSON."),
) -> int:
    """Say why each row got its prediction: which columns moved it, by how much, with the error of that."""
    from modelwright.lifecycle.predict import explain_file, find_bundle

    found = explain_file(find_bundle(bundle, runs), source, rows)
    if json:
        import json as codec

        print(codec.dumps(found, indent=1))
        return 0
    if found and not quiet:
        number = not isinstance(found[0]["prediction"], str)
        of = "the predicted number" if number else "the probability of the predicted class"
        print(f"how much each column moved {of}, against the average answer", file=sys.stderr)
    for row in found:
        print(f"row {row['row']}: {row['prediction']}")
        for part in row["columns"][:top]:
            print(
                f"  {part['column']:<24} {part['value']!s:<20.20} {part['effect']:+.4f} ± {part['error']:.4f}"
            )
    return 0
