"""The application: verbs, exit codes (0 done, 1 failed, 2 wrong usage), and errors of one line."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.metadata import entry_points
from typing import Any

import typer

from elman.cli import bench, compare, demo, doctor, evaluate, fit, forecast, generate, info, predict, report, trace
from elman.cli.output import is_plain
from elman.errors import ElmanError, SettingError, did_you_mean

VERBS = {
    "fit": fit.fit,
    "predict": predict.predict,
    "evaluate": evaluate.evaluate,
    "compare": compare.compare,
    "forecast": forecast.forecast,
    "generate": generate.generate,
    "trace": trace.trace,
    "report": report.report,
    "info": info.info,
    "doctor": doctor.doctor,
    "demo": demo.demo,
    "bench": bench.bench,
}


def main() -> None:
    """Run the command line and end the process with its exit code."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code; errors become one line on standard error.

    Parameters
    ----------
    arguments : sequence of str
        Arguments after ``elman``.

    Returns
    -------
    int
        0 done, 1 failed, 2 wrong usage.
    """
    arguments = list(arguments)
    debug = "--debug" in arguments
    arguments = [argument for argument in arguments if argument != "--debug"]
    try:
        command = typer.main.get_command(build(arguments))
        code = command.main(args=arguments, prog_name="elman", standalone_mode=False)
    except Exception as error:  # the border of the program: whatever happens, people get one line
        if debug:
            raise
        return _explain(error, arguments)
    except KeyboardInterrupt:
        return _fail("interrupted", 1)
    if code == 130:  # click's own answer to Ctrl-C
        return _fail("interrupted", 1)
    return code if isinstance(code, int) else 0


def build(arguments: Sequence[str] = ()) -> typer.Typer:
    """Return the typer application; plug-ins are looked up only for a verb that is not ours.

    Parameters
    ----------
    arguments : sequence of str
        Arguments after ``elman``.

    Returns
    -------
    Typer
        The application with all verbs.
    """
    app = typer.Typer(
        name="elman",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode=None if is_plain() else "rich",
        add_completion=True,
    )
    for name, verb in VERBS.items():
        app.command(name, short_help=(verb.__doc__ or "").partition(".")[0])(verb)
    app.callback()(_root)
    verb = next((argument for argument in arguments if not argument.startswith("-")), None)
    if verb is not None and verb not in VERBS:
        for point in entry_points(group="elman.commands"):
            if point.name == verb:
                app.command(verb)(point.load())
    return app


def _version(wanted: bool) -> None:
    if wanted:
        from elman import __version__

        print(f"elman {__version__}")
        raise typer.Exit


def _root(
    _version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Print the version."),
    _debug: bool = typer.Option(False, "--debug", help="Show the traceback of an error (after any verb, too)."),
) -> None:
    """Recurrent neural networks as an everyday tool: name the inputs and the outputs."""


def _explain(error: Exception, arguments: Sequence[str]) -> int:
    """Print an error as one line; return the exit code."""
    if isinstance(error, typer.Abort):
        return _fail("interrupted", 1)
    if isinstance(error, typer.Exit):
        return error.exit_code
    if isinstance(error, ElmanError):
        return _fail(str(error), 2 if isinstance(error, SettingError) else 1)
    if hasattr(error, "format_message") and hasattr(error, "exit_code"):  # a usage error of click, whichever click typer brings
        return _usage(error, arguments)
    if isinstance(error, BrokenPipeError):
        return 1
    if isinstance(error, MemoryError):
        return _fail("not enough memory here. Try fewer rows (--rows), a smaller --hidden-size or --batch-size.", 1)
    text = (str(error).strip().splitlines() or [""])[0]
    return _fail(f"unexpected {type(error).__name__}: {text} (run again with --debug to see where; please report it)", 1)


def _usage(error: Any, arguments: Sequence[str]) -> int:
    message = error.format_message().strip()
    if not message:  # help was shown because no argument was given
        return 2
    verb = next((argument for argument in arguments if not argument.startswith("-")), "")
    if "No such command" in message:
        message = f"there is no verb {verb!r}; there are {', '.join(VERBS)}.{did_you_mean(verb, VERBS)}"
    help_for = f"elman {verb} --help" if verb in VERBS else "elman --help"
    return _fail(f"{' '.join(message.split())} (see `{help_for}`)", 2)


def _fail(message: str, code: int) -> int:
    print(f"error: {' '.join(message.split())}", file=sys.stderr)
    return code
