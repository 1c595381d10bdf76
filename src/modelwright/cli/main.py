"""The command line: one thin file a command; here they meet, and errors become messages and exit codes."""

from __future__ import annotations

import sys

import typer

from modelwright.cli import (
    check,
    data,
    doctor,
    explain,
    keys,
    label,
    labels,
    monitor,
    new,
    package,
    predict,
    promote,
    retrain,
    rollback,
    run,
    runs,
    serve,
    ui,
)

app = typer.Typer(
    name="modelwright",
    help="Carry an AI model through its whole life: goal, data, evidence, verdict, release.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command("new")(new.new)
app.command("check")(check.check)
app.command("run")(run.run)
app.command("resume")(run.resume)
app.command("runs")(runs.runs)
app.command("show")(runs.show)
app.command("compare")(runs.compare)
app.command("gc")(runs.gc)
app.command("predict")(predict.predict)
app.command("explain")(explain.explain)
app.command("serve")(serve.serve)
app.command("promote")(promote.promote)
app.command("rollback")(rollback.rollback)
app.command("monitor")(monitor.monitor)
app.command("retrain")(retrain.retrain)
app.command("decide")(retrain.decide)
app.add_typer(keys.app, name="keys")
app.command("ui")(ui.ui)
app.command("label")(label.label)
app.add_typer(labels.app, name="labels")
app.add_typer(data.app, name="data")
app.command("package")(package.package)
app.command("doctor")(doctor.doctor)


def _version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        print(version("modelwright"))
        raise typer.Exit


@app.callback()
def _main(
    version: bool = typer.Option(
        False, "--version", help="Print the version and exit.", callback=_version, is_eager=True
    ),
) -> None:
    pass


def main() -> None:
    """Entry point of the console script; never shows a traceback for bad input."""
    sys.exit(call(sys.argv[1:]))


def call(arguments: list[str]) -> int:
    """Run a command line; returns the exit code of the contract."""
    from modelwright.cli.talk import error

    try:
        result = app(arguments, prog_name="modelwright", standalone_mode=False)
        return int(result) if isinstance(result, int) else 0
    except Exception as problem:
        return _told(problem, error)
    except KeyboardInterrupt:
        error("stopped", "`modelwright resume` goes on with an unfinished run")
        return 4


def _told(problem: Exception, error: object) -> int:
    from modelwright.cli import talk
    from modelwright.core.errors import ModelwrightError

    if isinstance(problem, ModelwrightError):
        talk.error(problem.message, problem.hint)
        return problem.exit_code
    if type(problem).__name__ == "NoArgsIsHelpError":  # its message is the help, and nothing went wrong
        print(problem, file=sys.stderr)
        return 2
    if hasattr(problem, "format_message"):  # click's own: a usage error, with the command's usage line
        context = getattr(problem, "ctx", None)
        hint = (
            f"`{context.command_path} --help` shows how"
            if context is not None
            else "`modelwright --help` shows how"
        )
        talk.error(problem.format_message(), hint)
        return 2
    if type(problem).__name__ in ("Exit", "Abort"):
        return int(getattr(problem, "exit_code", 4))
    if isinstance(problem, BrokenPipeError):
        return 0
    import tempfile
    import traceback

    try:
        with tempfile.NamedTemporaryFile(
            "w", prefix="modelwright-", suffix=".log", delete=False, encoding="utf-8"
        ) as log:
            traceback.print_exception(problem, file=log)
        where = f"its traceback is in {log.name}"
    except OSError as refused:  # such as a full disk
        where = f"its traceback could not be kept: {refused.strerror}"
    talk.error(
        f"an unexpected error, {type(problem).__name__}: {problem}",
        f"this is a defect of modelwright; {where}",
    )
    return 1
