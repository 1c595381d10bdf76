"""``modelwright label``: items in the browser, one after the other, and what people say of them kept."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import typer

from modelwright.cli.run import QUIET

OWN = "own"


def label(
    data: str = typer.Argument(
        ..., metavar="DATA", help="A table, a folder of files, a project file (.yaml), or a store (.labels)."
    ),
    classes: str | None = typer.Option(None, "--classes", help="What to choose from: spam,ham"),
    task: str | None = typer.Option(
        None, "--task", help="classes (the default), multiple, rating, spans, boxes."
    ),
    rating: str | None = typer.Option(None, "--rating", help="A rating instead of classes: 1-5"),
    question: str | None = typer.Option(None, "--question", help="What is asked, in one sentence."),
    guidelines: str | None = typer.Option(
        None, "--guidelines", help="A Markdown file that is shown beside each item."
    ),
    item: str | None = typer.Option(None, "--item", help="text, row, image, audio; else it is found out."),
    content: str | None = typer.Option(
        None, "--content", help="The column of the text, or of the image's or the sound's file."
    ),
    show: str | None = typer.Option(None, "--show", help="The columns that are shown: a,b"),
    id: str | None = typer.Option(None, "--id", help="The column that names a row."),  # noqa: A002
    overlap: int | None = typer.Option(None, "--overlap", help="How many people answer each item."),
    order: str | None = typer.Option(None, "--order", help="random (the default), given, teach."),
    gold: str | None = typer.Option(
        None, "--gold", help="The column of known answers: such rows test everybody."
    ),
    annotator: list[str] = typer.Option(
        [], "--annotator", help="Somebody who labels, with a token of their own; may be repeated."
    ),
    reviewer: list[str] = typer.Option(
        [], "--reviewer", help="Somebody who also settles disagreement; may be repeated."
    ),
    store: str | None = typer.Option(
        None, "--store", help="Where labels are kept: a file, or postgresql://..."
    ),
    suggest: str | None = typer.Option(
        None,
        "--suggest",
        metavar="BUNDLE|own",
        help="A bundle, whose model's answers are shown with each item; own: a model that learns from the "
        "labels as they come.",
    ),
    me: str | None = typer.Option(None, "--as", help="Your name, where nobody has to enter."),
    port: int = typer.Option(8090, "--port", min=0, max=65535, help="Port; 0 takes a free one."),
    host: str = typer.Option("127.0.0.1", "--host", help="Address to listen on."),
    name: list[str] = typer.Option(
        [], "--name", help="Another host name under which the pages are reached; may be repeated."
    ),
    quiet: bool = QUIET,
) -> int:
    """Label data by hand in the browser: alone, or several people at once."""
    from modelwright.labels import project as projects
    from modelwright.labels.begin import begin

    options: dict[str, Any] = {
        "classes": _names(classes), "task": task, "rating": _rating(rating), "question": question,
        "guidelines": guidelines, "item": item, "content": content, "show": _names(show), "id": id,
        "overlap": overlap, "order": order, "gold": gold, "annotators": annotator or None,
        "reviewers": reviewer or None,
    }  # fmt: skip
    wish = projects.asked({k: v for k, v in options.items() if v is not None}, Path(), "the command line")
    if data.lower().endswith((".yaml", ".yml")):
        wish = projects.joined(projects.read_file(Path(data)), wish)
    else:
        wish = projects.joined(wish, projects.Asked({}, data))
    begun = begin(wish, store)
    try:
        _suggest(begun, suggest, quiet)
        return _serve(begun, me, host, port, tuple(name), quiet, suggest)
    finally:
        begun.store.close()


def _suggest(begun: Any, asked: str | None, quiet: bool) -> None:
    from modelwright.labels.suggest import check_own, tell

    if asked == OWN:
        check_own(begun.project)
    if asked in (None, OWN):
        return
    done = tell(begun.store, Path(asked))
    if not quiet and done.suggested:
        print(f"{done.model} suggests an answer for {done.suggested:,} items", file=sys.stderr)
    if not quiet and done.ordered:
        print(f"{done.ordered:,} items are in the order of what teaches most", file=sys.stderr)


def _learning(begun: Any, asked: str | None, quiet: bool) -> Any:
    """What learns while people label, where that is asked for: by name, or by the order without a bundle."""
    from modelwright.labels.again import Again

    if asked != OWN and (asked is not None or begun.project.order != "teach"):
        return None
    say: Any = (lambda line: None) if quiet else (lambda line: print(line, file=sys.stderr, flush=True))
    return Again(begun.store, own=asked == OWN, say=say)


def _serve(
    begun: Any, me: str | None, host: str, port: int, names: tuple[str, ...], quiet: bool, suggest: str | None
) -> int:
    from modelwright.core.errors import BadInput
    from modelwright.labels.begin import solo
    from modelwright.web.label.desk import Desk
    from modelwright.web.label.serve import serve
    from modelwright.web.site import Site, is_local

    alone = solo(begun.store, me or _user())
    if alone is not None and (names or not is_local(host)):
        raise BadInput(
            f"everybody who reaches {host if not is_local(host) else names[0]} could label without a name",
            code="labels.open",
            hint="name who may: --annotator ADA --reviewer BEN; each gets a token",
        )

    def desk(bound: int) -> Desk:
        site = Site(Path(), Path(), port=bound, host=host, names=names, key=begun.store.key)
        return Desk(begun.store, site, alone, _learning(begun, suggest, quiet))

    def say(address: str) -> None:
        print(address, flush=True)
        for person, token in begun.secrets.items():
            print(f"{person}: enter at {address}enter?name={_quoted(person)} with {token}", file=sys.stderr)
        if begun.secrets:
            print("shown this once; `modelwright labels token` makes a new one", file=sys.stderr)
        if quiet:
            return
        for note in begun.notes:
            print(note, file=sys.stderr)
        there = "new items" if begun.added != 1 else "new item"
        print(
            f"{begun.added:,} {there}; labels are kept in {begun.store.name}; stop with Ctrl-C",
            file=sys.stderr,
            flush=True,
        )

    serve(desk, host, port, say)
    return 0


def _names(text: str | None) -> list[str] | None:
    return None if text is None else [part.strip() for part in text.split(",") if part.strip()]


def _rating(text: str | None) -> dict[str, int] | str | None:
    if text is None:
        return None
    import re

    found = re.fullmatch(r"\s*(-?\d{1,6})\s*(?:-|\.\.|to)\s*(-?\d{1,6})\s*", text)
    return {"low": int(found[1]), "high": int(found[2])} if found else text


def _user() -> str:
    import getpass

    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "me"


def _quoted(name: str) -> str:
    from urllib.parse import quote

    return quote(name, safe="")
