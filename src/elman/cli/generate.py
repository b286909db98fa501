"""``elman generate``: continue a prompt, shown as it is made."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer

from elman.cli.output import Output
from elman.cli.shared_options import Json, ModelFile, Quiet
from elman.errors import SettingError


def generate(
    model: ModelFile,
    *,
    prompt: Annotated[str, typer.Option("--prompt", "-p", help='What to continue; "-" reads it from standard input.')] = "",
    temperature: Annotated[float, typer.Option("--temperature", help="Below 1 safer, above 1 bolder; 0 always takes the likeliest.")] = 1.0,
    top_k: Annotated[int | None, typer.Option("--top-k", min=1, help="Sample among this many likeliest symbols only.")] = None,
    top_p: Annotated[float | None, typer.Option("--top-p", help="Sample among the likeliest that make up this probability.")] = None,
    max_new_steps: Annotated[int, typer.Option("--max-new-steps", min=1, help="Symbols to make at most.")] = 200,
    stop: Annotated[list[str] | None, typer.Option("--stop", help="Stop at this text; may be given several times.")] = None,
    random_state: Annotated[
        int | None, typer.Option("--random-state", min=0, help="Seed: the same seed gives the same text; without one, another each time.")
    ] = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Continue a prompt with a language model; the text appears as it is made."""
    import elman

    loaded = elman.load(model)
    if type(loaded).__name__ != "LanguageModel":
        raise SettingError(
            f"{model} is a {type(loaded).__name__}; only a LanguageModel generates. Train one with: elman fit TEXT --continue text:char"
        )
    if prompt == "-":
        prompt = sys.stdin.read()
    options: dict[str, Any] = {"temperature": temperature, "max_new_steps": max_new_steps, "random_state": random_state}
    options |= {name: value for name, value in (("top_k", top_k), ("top_p", top_p), ("stop", stop)) if value is not None}
    pieces = loaded.generate(prompt, stream=True, **options)
    output = Output(json, quiet)
    if json:
        output.result({"prompt": prompt, "text": "".join(map(str, pieces))})
        return
    print(prompt, end="", flush=True)
    for piece in pieces:
        print(piece, end="", flush=True)
    print()
