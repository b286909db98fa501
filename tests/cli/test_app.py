"""Exit codes, one-line errors, suggestions, and how fast help comes."""

from __future__ import annotations

import json
import re
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import elman
from elman.cli.app import VERBS, run

Cli = Callable[..., tuple[int, str, str]]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["fitt"], "error: there is no verb 'fitt'; there are fit, predict, .* Did you mean 'fit'\\?"),
        (["fit", "a.csv", "--hiden-size", "3"], r"error: No such option: ?'?--hiden-size.*--hidden-size.* \(see `elman fit --help`\)"),
        (
            ["fit", "a.csv", "--hidden-size", "big"],
            "error: Invalid value for '--hidden-size': 'big' does not fit; expected a whole number or auto",
        ),
        (["fit", "a.csv", "--pooling", "men"], "expected auto, last, mean, max, attention or concat. Did you mean 'mean'"),
        (["fit"], "error: Missing argument 'data'"),
        (["fit", "a.csv", "--by", "word"], "error: --by is 'word'; it should be 'line' or 'file'"),
        (["fit", "a.csv", "--continue", "text", "--target", "y"], "error: --continue learns from one column alone"),
    ],
)
def test_wrong_usage_is_2_and_one_line(elman_cli: Cli, arguments: list[str], message: str) -> None:
    code, out, err = elman_cli(*arguments)
    assert code == 2
    assert out == ""
    assert err.count("\n") == 1
    assert re.search(message, err, re.IGNORECASE), err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["fit", "none.csv"], "error: none.csv: there is no such file or folder."),
        (
            ["fit", "reviews.csv", "--target", "starz"],
            "reviews.csv has no column 'starz'; it has 'id', 'review', 'stars'. Did you mean 'stars'?",
        ),
        (["fit", "reviews.csv", "--target", "stars", "--source", "stars"], "column 'stars' is both source and target"),
        (["info", "reviews.csv"], "error: reviews.csv: not a model file."),
    ],
)
def test_what_fails_is_1_and_one_line(elman_cli: Cli, reviews: Path, arguments: list[str], message: str) -> None:
    code, out, err = elman_cli(*arguments)
    assert code == 1
    assert out == ""
    assert message in err
    assert err.count("\n") == 1


def test_a_traceback_only_with_debug(elman_cli: Cli, monkeypatch: pytest.MonkeyPatch, reviews: Path) -> None:
    def broken(path: Path) -> None:
        raise KeyError("inside")

    monkeypatch.setitem(vars(elman), "load", broken)
    code, _, err = elman_cli("info", "reviews.csv")
    assert code == 1
    assert err == "error: unexpected KeyError: 'inside' (run again with --debug to see where; please report it)\n"
    with pytest.raises(KeyError, match="inside"):
        run(["info", "reviews.csv", "--debug"])


@pytest.mark.parametrize(
    ("error", "message"),
    [(KeyboardInterrupt(), "interrupted"), (MemoryError(), "not enough memory here"), (BrokenPipeError(), "")],
)
def test_what_can_end_a_run(elman_cli: Cli, monkeypatch: pytest.MonkeyPatch, reviews: Path, error: BaseException, message: str) -> None:
    def broken(path: Path) -> None:
        raise error

    monkeypatch.setitem(vars(elman), "load", broken)
    code, _, err = elman_cli("info", "reviews.csv")
    assert code == 1
    assert message in err
    assert err.strip().count("\n") == 0


def test_version_and_help(elman_cli: Cli) -> None:
    assert elman_cli("--version")[:2] == (0, "elman 0.1.0\n")
    code, out, _ = elman_cli("--help")
    assert code == 0
    for verb in VERBS:
        assert f"\n  {verb} " in out
    assert "\x1b" not in out


@pytest.mark.parametrize("verb", sorted(VERBS))
def test_every_verb_has_help_json_and_quiet(elman_cli: Cli, verb: str) -> None:
    code, out, _ = elman_cli(verb, "--help")
    assert code == 0
    assert "--json" in out
    assert "--quiet" in out


def test_no_arguments_show_the_help(elman_cli: Cli) -> None:
    code, out, err = elman_cli()
    assert code in (0, 2)
    assert "Commands:" in out + err


def test_a_plug_in_brings_a_verb(elman_cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    class Point:
        name = "shout"

        def load(self) -> Callable[[str], None]:
            def shout(word: str) -> None:
                print(word.upper())

            return shout

    monkeypatch.setattr("elman.cli.app.entry_points", lambda group: [Point()] if group == "elman.commands" else [])
    assert elman_cli("shout", "hello") == (0, "HELLO\n", "")


LOADED = """import sys
sys.argv = ["elman", *{arguments!r}]
from elman.cli import main
try: main()
except SystemExit: pass
print([m for m in {heavy!r} if m in sys.modules])"""
HEAVY = ["torch", "sklearn", "pyarrow", "numpy", "tokenizers", "narwhals"]


@pytest.mark.parametrize("arguments", [["--help"], ["fit", "--help"], ["bench", "--help"], ["--version"]])
def test_help_imports_nothing_heavy(arguments: list[str]) -> None:
    script = LOADED.format(arguments=arguments, heavy=HEAVY)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_help_comes_at_once() -> None:
    def took(arguments: str) -> float:  # seconds of processor: a busy machine must not fail this
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-c", arguments], capture_output=True, timeout=60, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    bare = min(took("pass") for _ in range(3))
    shown = min(took("import sys; sys.argv = ['elman', '--help']; from elman.cli import main; main()") for _ in range(5))
    assert shown - bare < 0.4 * max(1.0, bare / 0.03)  # 0.4 s on a free machine; in proportion where even Python starts slowly


def test_json_is_all_there_is_on_standard_output(elman_cli: Cli, reviews: Path) -> None:
    for arguments in (["fit", "reviews.csv"], ["info", "reviews.elman"], ["predict", "reviews.elman", "reviews.csv"]):
        code, out, _ = elman_cli(*arguments, "--json")
        assert code == 0
        assert isinstance(json.loads(out), dict)
        assert out.count("\n") == 1
