"""``modelwright data``."""

from __future__ import annotations

from pathlib import Path

import typer

from modelwright.cli import forget
from modelwright.cli.run import JSON, QUIET

app = typer.Typer(
    name="data",
    help="Look at data sets, and delete a person's rows.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)


@app.callback()
def data() -> None:
    """Look at data sets, and delete a person's rows."""


@app.command("diff")
def diff(
    a: str = typer.Argument(..., metavar="A", help="The earlier version: any source that a goal can name."),
    b: str = typer.Argument(..., metavar="B", help="The later version."),
    key: list[str] = typer.Option([], "--key", help="A column that tells rows apart; may be given again."),
    quiet: bool = QUIET,
    json: bool = JSON,
) -> int:
    """Compare two versions of a data set: columns, rows and values that came, went or changed."""
    from modelwright.data.diff import diff as compare
    from modelwright.data.read.door import read

    found = compare(read(a).frame, read(b).frame, key)
    if json:
        import json as codec

        print(codec.dumps(found.to_json(), indent=1))
        return 0
    if found.equal:
        print(f"equal: {found.rows[0]} rows with the same values")
        return 0
    changed = "" if found.changed is None else f", {found.changed} changed"
    print(
        f"{found.rows[0]} rows before, {found.rows[1]} after: {found.added} added, {found.removed} removed"
        f"{changed}, {found.same} the same"
    )
    for what, names in (("added", found.added_columns), ("removed", found.removed_columns)):
        if names:
            print(f"columns {what}: {', '.join(names)}")
    for was, now in found.renamed:
        print(f"  {was} -> {now}: the same values, so it may be only another name")
    for one in found.columns:
        said = []
        if one.changed:
            said.append(f"changed in {one.changed} row{'s' * (one.changed != 1)}")
        if one.kinds[0] != one.kinds[1]:
            said.append(f"{one.kinds[0]} -> {one.kinds[1]}")
        if one.missing[0] != one.missing[1]:
            said.append(f"missing {one.missing[0]:.1%} -> {one.missing[1]:.1%}")
        if one.distinct[0] != one.distinct[1]:
            said.append(f"{one.distinct[0]} -> {one.distinct[1]} different values")
        if one.mean is not None and one.mean[0] != one.mean[1]:
            said.append(f"mean {one.mean[0]:.6g} -> {one.mean[1]:.6g}")
        said += [
            f"{what}: {', '.join(map(repr, v))}" for what, v in (("new", one.new), ("gone", one.gone)) if v
        ]
        print(f"  {one.name}: {'; '.join(said) or 'other values'}")
    return 0


@app.command("profile")
def profile(
    source: str = typer.Argument(..., help="Any source that a goal can name."),
    page: Path | None = typer.Option(
        None, "--page", help="Write a page (HTML) with a picture of each column."
    ),
    quiet: bool = QUIET,
    json: bool = JSON,
) -> int:
    """Read, clean and profile a data set, without a goal: its columns, what was mended, what stands out."""
    from modelwright.data.look import look
    from modelwright.report.numbers import count, share

    found = look(source)
    if page is not None:
        from modelwright.report.look import write

        write(found.name, found.evidence, page)
    if json:
        import json as codec

        print(codec.dumps(found.to_json(), indent=1))
        return 0
    numbers = found.profile.numbers
    print(
        f"{found.profile.rows:,} rows, {count(len(found.profile.columns), 'column')}, "
        f"{share(numbers['missing_share'])} of the cells missing, "
        f"{numbers['duplicate_rows']:,.0f} repeated rows"
    )
    from modelwright.data.profile.stage import typical

    for one in found.profile.columns:
        missing = f", {share(one.missing / max(1, found.profile.rows))} missing" if one.missing else ""
        print(f"  {one.name}: {one.kind}, {one.distinct:,} different{missing}; {typical(one)}")
    for finding in found.findings:
        if finding.severity != "note":
            print(f"  {finding.severity}: {finding.code}: {finding.message}")
            print(f"    {finding.remedy}")
    if page is not None and not quiet:
        import sys

        print(f"the page is {page}", file=sys.stderr)
    return 0


@app.command("joins")
def joins(
    source: str = typer.Argument(..., help="A database: an SQLite file, or an address."),
    table: str = typer.Argument(..., help="The table whose rows are to be the rows."),
    time: str = typer.Option(
        "", "--time", help="The column that says when a row is; the table's only date, if it has one alone."
    ),
    quiet: bool = QUIET,
    json: bool = JSON,
) -> int:
    """Propose a query for a table and what it is connected with by foreign keys; no row is read."""
    import sys

    from modelwright.data.read.joins import propose

    found = propose(source, table, time or None)
    if json:
        import json as codec

        print(codec.dumps(found.to_json(), indent=1))
        return 0
    if not quiet:
        for line in (*found.joined, *found.aggregated):
            print(f"{line}", file=sys.stderr)
        if found.before:
            said = f"of tables with a time of their own, only rows from before {found.before} are counted"
            print(said, file=sys.stderr)
        for name in found.later:
            said = f"{name} has a time of its own: leave out of it what is from after the prediction"
            print(said, file=sys.stderr)
    print(found.query)
    return 0


app.command("forget")(forget.forget)
app.command("forgotten")(forget.forgotten)
