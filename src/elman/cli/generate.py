"""``elman generate``: continue prompts, shown as they are made."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from elman.cli import cells
from elman.cli.output import Output, table
from elman.cli.shared_options import Json, ModelFile, Quiet
from elman.errors import DataError, SettingError

Prompt = Annotated[
    list[str] | None,
    typer.Option("--prompt", "-p", help='What to continue; "-" reads it from standard input. Several are continued side by side.'),
]
Prompts = Annotated[Path | None, typer.Option("--prompts", help="A text file with one prompt a line.", show_default=False)]
Out = Annotated[
    Path | None,
    typer.Option("--out", "-o", help="Of a model of music: write the piece to this MIDI file.", dir_okay=False, show_default=False),
]
Next = Annotated[int | None, typer.Option("--next", min=1, help="Do not write: show this many likeliest next symbols.")]


def generate(
    model: ModelFile,
    *,
    prompt: Prompt = None,
    prompts: Prompts = None,
    next_: Next = None,
    temperature: Annotated[float, typer.Option("--temperature", help="Below 1 safer, above 1 bolder; 0 always takes the likeliest.")] = 1.0,
    top_k: Annotated[int | None, typer.Option("--top-k", min=1, help="Sample among this many likeliest symbols only.")] = None,
    top_p: Annotated[float | None, typer.Option("--top-p", help="Sample among the likeliest that make up this probability.")] = None,
    max_new_steps: Annotated[int, typer.Option("--max-new-steps", min=1, help="Symbols to make at most.")] = 200,
    stop: Annotated[list[str] | None, typer.Option("--stop", help="Stop at this text; may be given several times.")] = None,
    out: Out = None,
    random_state: Annotated[
        int | None, typer.Option("--random-state", min=0, help="Seed: the same seed gives the same text; without one, another each time.")
    ] = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Continue prompts with a language model; the text appears as it is made, and Ctrl-C ends it."""
    import elman
    from elman.io.destination import check_destination

    loaded = elman.load(model)
    if type(loaded).__name__ != "LanguageModel":
        raise SettingError(
            f"{model} is a {type(loaded).__name__}; only a LanguageModel generates. Train one with: elman fit TEXT --continue text:char"
        )
    prompt_values = cells.values(loaded.target_, _prompts(prompt or [], prompts))
    output = Output(json, quiet)
    if next_ is not None:
        _next(loaded, prompt_values, next_, output)
        return
    if out is not None:
        check_destination(out)
    options: dict[str, Any] = {"temperature": temperature, "max_new_steps": max_new_steps, "random_state": random_state}
    options |= {name: value for name, value in (("top_k", top_k), ("top_p", top_p), ("stop", stop)) if value is not None}
    if type(loaded.target_).__name__ in ("Notes", "Strokes"):
        _whole(loaded, prompt_values, options, out, output)
    elif out is not None:
        raise SettingError(f"--out is for models of music; {model} writes {type(loaded.target_).__name__}. Leave it out.")
    elif len(prompt_values) == 1:
        _stream(prompt_values[0], loaded.generate(prompt_values[0], stream=True, **options), output)
    else:
        _batch(prompt_values, loaded.generate(prompt_values, **options), output)


def _prompts(given: list[str], path: Path | None) -> list[str]:
    """The prompts of the options and of the file; one empty prompt where there are none."""
    from elman.io import tables

    results = [sys.stdin.read().removesuffix("\n") if one == "-" else one for one in given]
    if path is not None:
        read = tables.read(path)
        if len(read.names) != 1 or not len(read):
            raise DataError(f"{path} should hold one prompt a line; it has {len(read)} rows of {len(read.names)} columns.")
        results += [str(one) for one in read.column(read.names[0])]
    return results or [""]


def _stream(prompt: Any, pieces: Iterator[Any], output: Output) -> None:
    """Write each piece as soon as it is there; the line is ended whatever happens, Ctrl-C included."""
    if output.json:
        output.result({"prompt": prompt, "text": _told(prompt, list(pieces))})
        return
    parted = "" if isinstance(prompt, str) else " "
    print(_shown(prompt), end="", flush=True)
    written = bool(prompt)
    try:
        for piece in pieces:
            print((parted if written else "") + _shown(piece), end="", flush=True)
            written = True
    finally:
        print(flush=True)


def _batch(asked: list[Any], whole: list[Any], output: Output) -> None:
    results = [{"prompt": prompt, "text": text[len(prompt) :]} for prompt, text in zip(asked, whole, strict=True)]
    output.result({"results": results}, [_shown(text) for text in whole])


def _whole(model: Any, asked: list[Any], options: dict[str, Any], out: Path | None, output: Output) -> None:
    """Write pieces of music or drawings, which are no text; one piece of music may become a MIDI file."""
    pieces = [model.generate(prompt, **options) for prompt in asked]
    pieces = [piece.tolist() if hasattr(piece, "tolist") else piece for piece in pieces]
    if out is not None:
        if type(model.target_).__name__ != "Notes" or len(pieces) != 1:
            raise SettingError(f"--out is for one piece of music; got {len(pieces)} of {type(model.target_).__name__}. Leave it out.")
        from elman.io import atomic

        atomic.write(out, model.target_.midi(pieces[0]))
    output.result({"results": [{"piece": piece} for piece in pieces]}, [f"{len(piece)} frames: {piece}" for piece in pieces])


def _next(model: Any, asked: list[Any], count: int, output: Output) -> None:
    """Show the likeliest next symbols of each prompt, the end of the text as "(end)"."""
    items = [model.next(prompt, k=count) for prompt in asked]
    results = [
        {"prompt": prompt, "next": [{"symbol": symbol, "probability": chance} for symbol, chance in likely]}
        for prompt, likely in zip(asked, items, strict=True)
    ]
    rows = [
        [_shown(prompt), _named(symbol), round(chance, 4)] for prompt, likely in zip(asked, items, strict=True) for symbol, chance in likely
    ]
    output.result({"results": results} if len(results) > 1 else results[0], table(["after", "comes", "probability"], rows))


def _told(prompt: Any, pieces: list[Any]) -> Any:
    """Return the continuation as a value of the prompt's kind."""
    return "".join(pieces) if isinstance(prompt, str) else [symbol for piece in pieces for symbol in piece]


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else " ".join(map(str, value))


def _named(symbol: Any) -> str:
    """A symbol as a table shows it: blanks in quotes."""
    if symbol is None:
        return "(end)"
    return str(symbol) if str(symbol).strip() else repr(symbol)
