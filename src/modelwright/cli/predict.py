"""``modelwright predict``."""

from __future__ import annotations

import sys
from pathlib import Path

import typer


def predict(
    bundle: str = typer.Argument(..., help="A bundle's folder, a run, or a goal's name: its newest release."),
    source: Path = typer.Argument(
        ..., metavar="INPUT", help="Rows: any file that a goal can name as its source."
    ),
    output: Path = typer.Option(..., "--output", "-o", help="Where to write; the ending says the format."),
    quarantine: Path | None = typer.Option(
        None, "--quarantine", help="Write broken rows here (JSON lines) instead of stopping at the first."
    ),
    runs: Path = typer.Option(Path("runs"), "--runs", help="The folder of runs.", show_default=True),
    quiet: bool = typer.Option(False, "--quiet", "-q", help="Say nothing on standard error but errors."),
    json: bool = typer.Option(False, "--json", help="Print the result as JSON."),
) -> int:
    """Predict the rows of a file, in order, however large: the input's columns, then the prediction.

    Where the goal has `release.abstain_below`, the column `abstained` says which rows to refer to a person;
    they have no prediction.
    """
    from modelwright.lifecycle.predict import find_bundle, predict_file

    done = predict_file(find_bundle(bundle, runs), source, output, quarantine)
    if json:
        import json as codec

        facts = {"rows": done.rows, "broken": done.broken, "unread": done.unread}
        print(codec.dumps({**facts, "seconds": round(done.seconds, 3)}))
    elif not quiet:
        print(f"{done.rows} rows in {done.seconds:.2f} s to {output}", file=sys.stderr)
        if done.broken:
            rows = "1 broken row" if done.broken == 1 else f"{done.broken} broken rows"
            print(f"{rows} to {quarantine}", file=sys.stderr)
        for name, count in done.unread.items():
            values = "1 value" if count == 1 else f"{count} values"
            print(f"{values} of {name!r} could not be read and count as missing", file=sys.stderr)
    return 0
