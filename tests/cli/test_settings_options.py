"""Options made from settings: every field is reachable and its docstring is the help."""

from __future__ import annotations

import inspect
import typing
from typing import Literal

import pytest
import typer

from elman.cli.settings_options import field_docs, parse, with_settings
from elman.network.settings import Network
from elman.training.settings import Training


@pytest.mark.parametrize("kind", [Network, Training])
def test_every_field_has_a_docstring(kind: type) -> None:
    docs = field_docs(kind)
    assert list(docs) == list(inspect.signature(kind).parameters)
    assert all(text.endswith((".", ";")) for text in docs.values())


def command(**values: object) -> dict[str, object]:
    @with_settings(network=Network, training=Training)
    def verb(*, name: str = "x", network: Network | None = None, training: Training | None = None) -> dict[str, object]:
        return {"name": name, "network": network, "training": training}

    signature = inspect.signature(verb)
    assert set(signature.parameters) == {"name"} | {f"network__{n}" for n in field_docs(Network)} | {
        f"training__{n}"
        for n in field_docs(Training)
        if n != "callbacks"  # objects, which no command line can give
    }
    return verb(**{name: p.default for name, p in signature.parameters.items()} | values)


def test_settings_not_given_stay_none() -> None:
    assert command() == {"name": "x", "network": None, "training": None}


def test_settings_given_are_set() -> None:
    got = command(network__hidden_size=8, network__layer_norm=False, training__tbptt_length=parse("none", [int, None]))
    assert got["network"] == Network(hidden_size=8, layer_norm=False)
    assert got["training"] == Training(tbptt_length=None)


@pytest.mark.parametrize(
    ("text", "annotation", "value"),
    [
        ("3", int | Literal["auto"], 3),
        ("auto", int | Literal["auto"], "auto"),
        ("1e-3", float | Literal["auto"], 1e-3),
        ("90", str | float | None, 90.0),
        ("5min", str | float | None, "5min"),
        ("cosine", Literal["auto", "cosine"], "cosine"),
    ],
)
def test_parse(text: str, annotation: object, value: object) -> None:
    from elman.cli.settings_options import _members

    got = parse(text, _members(annotation))
    assert got == value
    assert type(got) is type(value)


def test_parse_errors() -> None:
    with pytest.raises(typer.BadParameter, match=r"'1\.5' does not fit; expected a whole number or auto"):
        parse("1.5", [int, "auto"])
    with pytest.raises(typer.BadParameter, match=r"expected auto or cosine\. Did you mean 'cosine'"):
        parse("cosin", ["auto", "cosine"])
    assert typing.get_type_hints(Network)["hidden_size"] == int | Literal["auto"]
