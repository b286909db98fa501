"""Options of the command line made from settings: every field of Network and Training is an option, its docstring the help.

The docstring under a field is no attribute at run time; it is read from the source with ``ast``. No torch is imported.
"""

from __future__ import annotations

import ast
import functools
import inspect
import itertools
import textwrap
import types
import typing
from collections.abc import Callable
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

import typer

from elman.errors import did_you_mean
from elman.settings import Settings

S = TypeVar("S", bound=Settings)


def field_docs(kind: type) -> dict[str, str]:
    """Return the docstring of each field of a settings class, whitespace folded.

    Parameters
    ----------
    kind : type
        A dataclass whose fields have docstrings under them.

    Returns
    -------
    dict of str to str
        Docstrings by field.

    Examples
    --------
    >>> from elman import Network
    >>> field_docs(Network)["hidden_size"]
    'Units of the hidden state.'
    """
    body = ast.parse(textwrap.dedent(inspect.getsource(kind))).body[0]
    statements = body.body if isinstance(body, ast.ClassDef) else []
    docs: dict[str, str] = {}
    for field, text in itertools.pairwise(statements):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and _is_text(text):
            docs[field.target.id] = " ".join(ast.literal_eval(text.value).split())  # type: ignore[attr-defined]
    return docs


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def with_settings(**groups: type[Settings]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Replace parameters that are settings by one option for each of their fields.

    ``@with_settings(network=Network)`` on ``def fit(…, network: Network | None)`` gives the command ``--hidden-size`` and the rest;
    ``network`` is None when none of its options was given, else a Network with those set.
    """

    def decorate(verb: Callable[..., Any]) -> Callable[..., Any]:
        """Give a verb the options."""
        options = {f"{group}__{name}": p for group, kind in groups.items() for name, p in _options(group, kind).items()}

        @functools.wraps(verb)
        def command(**given: Any) -> Any:
            """Gather the options into settings and call the verb."""
            for group, kind in groups.items():
                names = {key: key.partition("__")[2] for key in options if key.startswith(group + "__")}
                chosen = {name: value for key, name in names.items() if (value := given.pop(key)) is not None}
                given[group] = kind(**{name: None if value is _NONE else value for name, value in chosen.items()}) if chosen else None
            return verb(**given)

        hints = typing.get_type_hints(verb, include_extras=True)
        arguments = [p.replace(annotation=hints[p.name]) for p in inspect.signature(verb).parameters.values() if p.name not in groups]
        arguments = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in arguments]
        command.__signature__ = inspect.Signature([*arguments, *options.values()])  # type: ignore[attr-defined]
        command.__annotations__ = {p.name: p.annotation for p in (*arguments, *options.values())}
        return command

    return decorate


_NONE = object()
"""Value None by the user's wish ("none"), where None itself means: option not given."""


def _options(group: str, kind: type[Settings]) -> dict[str, inspect.Parameter]:
    """Return a keyword parameter with a typer option for each field."""
    docs, hints = field_docs(kind), typing.get_type_hints(kind)
    outputs = {}
    for name, field in inspect.signature(kind).parameters.items():
        flag = "--" + name.replace("_", "-")
        help_text = f"{docs.get(name, '')} (default: {_shown(field.default)})"
        panel = f"{kind.__name__}: {(inspect.getdoc(kind) or '').splitlines()[0]}"
        choices = _members(hints[name])
        if any(get_origin(choice) is not None for choice in choices):
            continue  # a list of objects cannot be written on a command line
        if bool in choices:
            option: Any = typer.Option(f"{flag}/--no-{flag[2:]}", help=help_text, rich_help_panel=panel, show_default=False)
            annotation: Any = Annotated[bool | None, option]
        else:
            parser = functools.partial(parse, choices=choices)
            option = typer.Option(flag, help=help_text, parser=parser, metavar=_metavar(choices), rich_help_panel=panel, show_default=False)
            annotation = Annotated[Any, option]
        outputs[name] = inspect.Parameter(f"{group}__{name}", inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation)
    return outputs


def _members(annotation: Any) -> list[Any]:
    """Flatten an annotation into types, literal values and None: ``int | Literal["auto"]`` is [int, "auto"]."""
    if get_origin(annotation) in (Union, types.UnionType):
        return [member for part in get_args(annotation) for member in _members(part)]
    if get_origin(annotation) is Literal:
        return list(get_args(annotation))
    return [None if annotation is type(None) else annotation]


def parse(text: Any, choices: list[Any]) -> Any:
    """Return the value that ``text`` represents among types and literal values, or raise a usage error with the values that fit.

    Parameters
    ----------
    text : str
        Text of the user.
    choices : list
        Types, literal values and None, as ``_members`` gives them.

    Returns
    -------
    object
        The value; ``NONE`` where "none" was written.

    Examples
    --------
    >>> parse("128", [int, "auto"]), parse("auto", [int, "auto"]), parse("0.5", [float])
    (128, 'auto', 0.5)
    """
    if not isinstance(text, str):
        return text
    if text in [choice for choice in choices if isinstance(choice, str)]:
        return text
    if None in choices and text.lower() == "none":
        return _NONE
    for kind in (int, float):
        if kind in choices:
            try:
                return kind(text)
            except ValueError:
                continue
    if str in choices:
        return text
    near = did_you_mean(text, [choice for choice in choices if isinstance(choice, str)])
    raise typer.BadParameter(f"{text!r} does not fit; expected {_expected(choices)}.{near}")


_WORDS: dict[Any, str] = {int: "a whole number", float: "a number", str: "text", None: "none"}


def _expected(choices: list[Any]) -> str:
    words = [_WORDS.get(choice, str(choice)) for choice in choices]
    return " or ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def _metavar(choices: list[Any]) -> str:
    return "|".join({int: "INT", float: "FLOAT", str: "TEXT", None: "none"}.get(choice, str(choice)) for choice in choices)


def _shown(value: Any) -> str:
    return "none" if value is None else {True: "yes", False: "no"}.get(value, str(value)) if isinstance(value, bool) else str(value)
