"""``modelwright ui``: live models, runs and reports in the browser."""

from __future__ import annotations

import sys
from pathlib import Path

import typer


def ui(
    port: int = typer.Option(8080, "--port", min=0, max=65535, help="Port; 0 takes a free one."),
    host: str = typer.Option(
        "127.0.0.1", "--host", help="Address to listen on; one that other machines reach needs a token."
    ),
    live: Path = typer.Option(Path("live"), "--live", help="The folder of live models.", show_default=True),
    runs: Path = typer.Option(Path("runs"), "--runs", help="The folder of runs.", show_default=True),
    token: str | None = typer.Option(
        None, "--token", help="What visitors must enter: env:NAME, or new to have one made and printed."
    ),
    name: list[str] = typer.Option(
        [], "--name", help="Another host name under which the pages are reached; may be repeated."
    ),
    quiet: bool = typer.Option(False, "--quiet", "-q", help="Say nothing on standard error but errors."),
) -> int:
    """Show live models and runs in the browser; promote a version, roll back."""
    from modelwright.web.site import Site, token_for

    asked, made = token_for(host, token)

    def say(address: str) -> None:
        print(address, flush=True)
        if quiet and not made:
            return
        if made:
            print(f"token: {asked}", file=sys.stderr)
            print("it is asked for once in each browser, and is not kept anywhere", file=sys.stderr)
        print("stop with Ctrl-C", file=sys.stderr, flush=True)

    from modelwright.web.serve import serve

    serve(
        lambda bound: Site(live, runs, port=bound, token=asked, host=host, names=tuple(name)), host, port, say
    )
    return 0
