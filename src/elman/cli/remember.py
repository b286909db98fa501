"""Which columns a saved model was trained on, so that ``predict`` and ``evaluate`` need no option for them."""

from __future__ import annotations

from typing import Any

from elman.cli import cells
from elman.cli.columns import rows_of
from elman.errors import DataError
from elman.io.tables import Table


def columns_of(model: Any, role: str, table: Table, told: list[str] | None = None) -> list[str]:
    """Return the columns of one role ("source" or "target"): from the option, from the model, or the only ones that can be.

    Parameters
    ----------
    model : Model or LanguageModel
        A fitted model; ``columns_`` holds the columns it was trained on, where they came from a table.
    role : str
        "source" or "target".
    table : Table
        The data at hand.
    told : list of str, optional
        Value of the option; a codec in front of the name is ignored, the model has its own.

    Returns
    -------
    list of str
        Column names, all of them in the table.
    """
    names = [spec if spec in table.columns else spec.rpartition(":")[2] for spec in told or ()]
    names = names or list((getattr(model, "columns_", None) or {}).get(role, ()))
    if not names and len(table.names) == 1:
        names = table.names
    names = names or list(getattr(getattr(model, role + "_", None), "codecs_", None) or ())
    if not names:
        raise DataError(
            f"{table.path} has {len(table.names)} columns, and the model does not say which is its {role}. Name it: --{role} COLUMN"
        )
    for name in names:
        table.column(name)
    return names


def values_of(codec: Any, table: Table, names: list[str]) -> list[Any]:
    """Return the values of one side for a fitted codec (a Record has one part for each column)."""
    parts = getattr(codec, "codecs_", None) or {}
    return rows_of({name: cells.values(parts.get(name, codec), table.column(name)) for name in names})
