"""``modelwright labels``: labels out of a store and into it, how far it is, and who may enter."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from modelwright.cli.run import JSON, QUIET

if TYPE_CHECKING:
    from modelwright.labels.project import Project
    from modelwright.labels.store import Store

app = typer.Typer(
    name="labels",
    help="Labels that were made by hand: export and import them, see how far it is, and who may label. "
    "`modelwright label` opens the page.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)
STORE = typer.Argument(..., metavar="STORE", help="The store: a file .labels, or postgresql://...")
FORMATS = ("csv", "labels-csv", "label-studio", "label-studio-interface", "coco")


@app.command("export")
def export(
    store: str = STORE,
    format: str = typer.Option(  # noqa: A002
        "csv",
        "--format",
        help="csv (an item a row, with its label), labels-csv (a label a row), label-studio, "
        "label-studio-interface, coco.",
    ),
    consensus: str = typer.Option(
        "majority", "--consensus", help="Where people differ: majority, dawid-skene, agreed."
    ),
    out: Path | None = typer.Option(None, "--out", "-o", help="The file; else standard output."),
    quiet: bool = QUIET,
) -> int:
    """Write labels as CSV, Label Studio's JSON, or COCO."""
    from modelwright.labels.store import Store
    from modelwright.store import atomic

    opened = Store.at(store)
    try:
        _, project = opened.must()
        text = _text(opened, project, format, consensus)
    finally:
        opened.close()
    if out is None:
        sys.stdout.write(text)
    else:
        atomic.write_text(out, text)
        if not quiet:
            print(f"written to {out}", file=sys.stderr)
    return 0


def _text(opened: Store, project: Project, format: str, consensus: str) -> str:  # noqa: A002
    import json as codec

    from modelwright.core.errors import BadInput
    from modelwright.goal.nearest import did_you_mean
    from modelwright.labels.exchange import coco, csv, label_studio
    from modelwright.labels.final import BYS

    by = next((b for b in BYS if b == consensus), None)
    if by is None:
        raise BadInput(
            f"{consensus!r} is no way to settle what people differ on",
            code="labels.consensus",
            hint=did_you_mean(consensus, BYS) or f"take one of {', '.join(BYS)}",
        )
    made: Any
    match format:
        case "csv":
            return csv.items_table(opened, project, by)
        case "labels-csv":
            return csv.labels_table(opened, project)
        case "label-studio-interface":
            return label_studio.interface(project)
        case "label-studio":
            made = label_studio.tasks(opened, project)
        case "coco":
            made = coco.dataset(opened, project, by)
        case _:
            raise BadInput(
                f"there is no format {format!r}",
                code="labels.format",
                hint=did_you_mean(format, FORMATS) or f"there are {', '.join(FORMATS)}",
            )
    return codec.dumps(made, ensure_ascii=False, indent=1) + "\n"


@app.command("import")
def import_(
    store: str = STORE,
    file: Path = typer.Argument(..., metavar="FILE", help="Labels: CSV, Label Studio's JSON, or COCO."),
    format: str = typer.Option(  # noqa: A002
        "", "--format", help="csv, label-studio, coco; else by the file."
    ),
    quiet: bool = QUIET,
    json: bool = JSON,
) -> int:
    """Take labels that were made elsewhere into a store; each is kept once, however often it is imported."""
    from modelwright.core.errors import BadInput
    from modelwright.labels.exchange import coco, csv, label_studio
    from modelwright.labels.exchange.incoming import take
    from modelwright.labels.store import Store

    opened = Store.at(store)
    try:
        _, project = opened.must()
        kind = format or ("csv" if file.suffix.lower() == ".csv" else _json_kind(file))
        readers = {"csv": csv.read, "label-studio": label_studio.read, "coco": coco.read}
        if kind not in readers:
            raise BadInput(
                f"there is no format {kind!r} to import",
                code="labels.format",
                hint=f"there are {', '.join(readers)}",
            )
        done = take(opened, readers[kind](file, project))
    finally:
        opened.close()
    if json:
        import json as codec
        from dataclasses import asdict

        print(codec.dumps(asdict(done), ensure_ascii=False))
    else:
        again = f", {done.known:,} known already" if done.known else ""
        also = f", {done.suggested:,} suggestions" if done.suggested else ""
        print(f"{done.kept:,} labels{again}{also}")
    if not quiet:
        _told(f"{len(done.unmatched):,} items of the file are not in the store", done.unmatched)
        _told(f"{len(done.wrong):,} labels are none of this project", done.wrong)
    return 0


@app.command("show")
def show(store: str = STORE, json: bool = JSON) -> int:
    """Say how far it is, and how each person does."""
    from modelwright.labels import progress
    from modelwright.labels.store import Store

    opened = Store.at(store)
    try:
        _, project = opened.must()
        far, work = progress.far(opened, project), progress.work(opened, project)
    finally:
        opened.close()
    if json:
        import json as codec
        from dataclasses import asdict

        people = [{**asdict(w), "person": w.person.name, "reviewer": w.person.reviewer} for w in work]
        print(codec.dumps({**asdict(far), "people": people}))
        return 0
    print(f"{project.name}: {far.finished:,} of {far.items:,} items finished, {far.labels:,} labels")
    if far.disputed:
        print(f"disputed: {far.disputed:,}")
    for w in work:
        time = "" if w.median is None else f", {w.median:.1f} s an item"
        tests = f", {w.right} of {w.tested} test items right" if w.tested else ""
        role = " (reviewer)" if w.person.reviewer else ""
        gone = " (gone)" if w.person.gone else ""
        print(f"{w.person.name}{role}{gone}: {w.done:,} labels, {w.skipped:,} skipped{time}{tests}")
    return 0


@app.command("token")
def token(
    store: str = STORE,
    name: str = typer.Argument(..., metavar="NAME", help="Who it is for; somebody new is added."),
    reviewer: bool = typer.Option(False, "--reviewer", help="Somebody who also settles disagreement."),
    password: str | None = typer.Option(
        None, "--password", help="Instead of a token, a password from the environment: env:NAME"
    ),
    quiet: bool = QUIET,
) -> int:
    """Make a token for somebody and print it, this once: only its digest is kept. Their old one ends."""
    from modelwright.labels import people
    from modelwright.labels.store import Store

    chosen = _password(password) if password is not None else None
    secret = chosen or people.token()
    kept = people.kept(secret, chosen=chosen is not None)
    opened = Store.at(store)
    try:
        with opened.writing() as connection:
            found = people.find(connection, name)
            if found is None:
                people.add(connection, name, reviewer=reviewer, secret=kept)
            else:
                people.change(connection, found, secret=kept, reviewer=reviewer or None, gone=False)
    finally:
        opened.close()
    if chosen is None:
        print(secret)
        if not quiet:
            print(f"shown this once; {name} enters it with the name", file=sys.stderr)
    return 0


@app.command("dismiss")
def dismiss(
    store: str = STORE,
    name: str = typer.Argument(..., metavar="NAME", help="Who is not to enter any more."),
    quiet: bool = QUIET,
) -> int:
    """Let nobody enter as this person any more; their labels stay."""
    from modelwright.labels import people
    from modelwright.labels.store import Store

    opened = Store.at(store)
    try:
        with opened.writing() as connection:
            people.change(connection, people.known(connection, name), gone=True)
    finally:
        opened.close()
    if not quiet:
        print(f"{name} enters no more; their labels stay", file=sys.stderr)
    return 0


def _password(asked: str) -> str:
    import os

    from modelwright.core.errors import BadInput

    if not asked.startswith("env:"):
        raise BadInput(
            "--password takes no password itself: whoever lists the processes of this machine would read it",
            code="labels.password",
            hint="put it in the environment and say --password env:NAME",
        )
    name = asked.removeprefix("env:")
    found = os.environ.get(name, "")
    if not found:
        raise BadInput(
            f"the environment variable {name} is not set",
            code="labels.password",
            hint="set it to the password; without --password a token is made",
        )
    return found


def _json_kind(file: Path) -> str:
    """COCO is an object, Label Studio's export a list."""
    try:
        with file.open(encoding="utf-8-sig") as stream:
            return "coco" if stream.read(200).lstrip().startswith("{") else "label-studio"
    except (OSError, UnicodeDecodeError):
        return "label-studio"


def _told(what: str, which: tuple[str, ...]) -> None:
    if which:
        more = f", and {len(which) - 5:,} more" if len(which) > 5 else ""
        print(f"{what}: {'; '.join(which[:5])}{more}", file=sys.stderr)
