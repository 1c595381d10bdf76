"""``modelwright keys``."""

from __future__ import annotations

from pathlib import Path

import typer

from modelwright.cli.live import LIVE
from modelwright.cli.run import JSON, QUIET

app = typer.Typer(
    name="keys",
    help="The API keys of a live model: where it never had any it answers everybody; from the first one on "
    "only those who send one, also when all are revoked. `keys open` goes back.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)
MODEL = typer.Argument(..., metavar="NAME", help="The live model.")


@app.command("add")
def add(
    name: str = MODEL,
    key: str = typer.Argument(..., help="What to call the key: who will use it, say."),
    live: Path = LIVE,
    quiet: bool = QUIET,
    json: bool = JSON,
) -> int:
    """Make a key and print it, this once: only its digest is kept."""
    import sys

    from modelwright.live.place import Place
    from modelwright.live.serve import keys

    made = keys.create(Place.find(live, name), key)
    if json:
        import json as codec

        print(codec.dumps({"model": name, "name": key, "key": made}))
    else:
        print(made)
        if not quiet:
            print("shown this once; send it as `Authorization: Bearer KEY`", file=sys.stderr)
    return 0


@app.command("list")
def list_(name: str = MODEL, live: Path = LIVE, json: bool = JSON) -> int:
    """List the keys, without their secrets."""
    from dataclasses import asdict

    from modelwright.live.place import Place
    from modelwright.live.serve import keys

    place = Place.find(live, name)
    found = keys.listed(place)
    if json:
        import json as codec

        print(codec.dumps([asdict(entry) for entry in found], indent=1))
        return 0
    if not found:
        print(f"{name} has no keys" + (": it answers everybody" if keys.is_open(place) else ""))
    for entry in found:
        state = f"revoked {entry.revoked}" if entry.revoked else f"last used {entry.used or 'never'}"
        print(f"{entry.id}  {entry.name}  made {entry.created}  {state}")
    if found and keys.is_open(place):
        print(f"{name} answers everybody, since `keys open`")
    return 0


@app.command("revoke")
def revoke(
    name: str = MODEL,
    key: str = typer.Argument(..., help="The key's name or id."),
    live: Path = LIVE,
    quiet: bool = QUIET,
    json: bool = JSON,
) -> int:
    """Make a key useless, at once. The last one too: the model then answers nobody, until `keys add` or
    `keys open`."""
    import sys

    from modelwright.live.place import Place
    from modelwright.live.serve import keys

    place = Place.find(live, name)
    done = keys.revoke(place, key)
    if json:
        import json as codec

        print(codec.dumps({"model": name, "id": done.id, "name": done.name, "revoked": done.revoked}))
    elif not quiet:
        print(f"{done.name} ({done.id}) opens {name} no more", file=sys.stderr)
        if not any(one.revoked is None for one in keys.listed(place)):
            print(
                f"no valid key is left: {name} answers nobody until `modelwright keys add {name} WHO`; "
                f"`modelwright keys open {name} --yes` lets everybody in again",
                file=sys.stderr,
            )
    return 0


@app.command("open")
def open_(
    name: str = MODEL,
    yes: bool = typer.Option(False, "--yes", help="That everybody who reaches the server is to be answered."),
    live: Path = LIVE,
    quiet: bool = QUIET,
    json: bool = JSON,
) -> int:
    """Answer everybody again, without a key: every key is revoked. Needs `--yes`."""
    import sys

    from modelwright.core.errors import BadInput
    from modelwright.live.place import Place
    from modelwright.live.serve import keys

    place = Place.find(live, name)
    if not yes:
        raise BadInput(
            f"this lets everybody who reaches the server ask {name!r}, and revokes its keys",
            code="keys.confirm",
            hint=f"`modelwright keys open {name} --yes` does it",
        )
    done = keys.reopen(place)
    if json:
        import json as codec

        print(codec.dumps({"model": name, "revoked": [{"id": key.id, "name": key.name} for key in done]}))
    elif not quiet:
        print(f"{name} answers everybody; keys revoked: {len(done)}", file=sys.stderr)
    return 0
