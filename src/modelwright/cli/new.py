"""``modelwright new``."""

from __future__ import annotations

import sys

import typer


def new(
    name: str = typer.Argument(..., help="Name of the goal; the file is NAME.yaml."),
    data: str = typer.Option(
        ..., "--data", help="The data: a file, a pattern of files, or a database's address."
    ),
    target: str | None = typer.Option(None, "--target", help="The column to predict; guessed if left out."),
    query: str | None = typer.Option(None, "--query", help="The query, for a database."),
    force: bool = typer.Option(False, "--force", help="Overwrite an existing goal file."),
    quiet: bool = typer.Option(False, "--quiet", "-q", help="Say nothing on standard error but errors."),
    json: bool = typer.Option(False, "--json", help="Print the result as JSON."),
) -> int:
    """Look at the data and propose a goal file, every guess with its reason."""
    from modelwright.lifecycle.new import propose_goal

    path = propose_goal(name, data, target, query, force=force)
    if json:
        import json as codec

        print(codec.dumps({"goal": str(path)}))
    else:
        print(path.read_text(encoding="utf-8"), end="")
    if not quiet:
        print(f"written to {path}; next: modelwright check {path}", file=sys.stderr)
    return 0
