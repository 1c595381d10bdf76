"""The command line of an image: what a live model needs, and nothing that trains."""

from __future__ import annotations

import sys

import typer

from modelwright.cli import keys, monitor, promote, rollback, serve

app = typer.Typer(
    name="modelwright",
    help="Serve a released model, and look after it. This image holds nothing that trains.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command("serve")(serve.serve)
app.command("promote")(promote.promote)
app.command("rollback")(rollback.rollback)
app.command("monitor")(monitor.monitor)
app.add_typer(keys.app, name="keys")


def _elsewhere(context: typer.Context) -> int:
    """Not in an image: it holds no training data and nothing that trains."""
    from modelwright.core.errors import Unsupported

    raise Unsupported(
        f"this image cannot {context.info_name}: it holds nothing that trains",
        code="image.no-training",
        hint="do so where the runs are, with the same database, and roll out the image of the new version",
    )


for _name in ("retrain", "decide", "run"):
    app.command(
        _name, hidden=True, context_settings={"ignore_unknown_options": True, "allow_extra_args": True}
    )(_elsewhere)


def main() -> None:
    """Entry point of the image's console script; never shows a traceback for bad input."""
    sys.exit(call(sys.argv[1:]))


def call(arguments: list[str]) -> int:
    """Run a command line; returns the exit code of the contract."""
    from modelwright.cli import talk
    from modelwright.core.errors import ModelwrightError

    try:
        result = app(arguments, prog_name="modelwright", standalone_mode=False)
        return int(result) if isinstance(result, int) else 0
    except ModelwrightError as problem:
        talk.error(problem.message, problem.hint)
        return problem.exit_code
    except KeyboardInterrupt:
        return 4
    except Exception as problem:
        if type(problem).__name__ in ("Exit", "Abort"):
            return int(getattr(problem, "exit_code", 4))
        if hasattr(problem, "format_message"):  # click's own: a usage error
            talk.error(problem.format_message(), "`modelwright --help` shows how")
            return 2
        raise
