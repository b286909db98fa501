"""``elman info``: contents of a model file."""

from __future__ import annotations

from typing import Any

from elman.cli.output import Output, size
from elman.cli.shared_options import Json, ModelFile, Quiet


def info(model: ModelFile, *, json: Json = False, quiet: Quiet = False) -> None:
    """Print the contents of a model file: its kind, codecs, settings, plan and history."""
    import elman

    loaded = elman.load(model)
    facts: dict[str, Any] = {"file": str(model), "bytes": model.stat().st_size, "kind": type(loaded).__name__}
    for name in ("source_", "target_", "columns_", "network", "training", "baseline_", "plan_"):
        value = getattr(loaded, name, None)
        if value is not None:
            facts[name.rstrip("_")] = value if isinstance(value, dict | float | int) else str(value)
    lines = [f"{model}: {facts['kind']}, {size(facts['bytes'])}"]
    shown = [name for name in ("source", "target", "columns", "network", "training", "baseline") if name in facts]
    lines += [f"{name + ':':<10} {_readable(facts[name])}" for name in shown]
    if "plan" in facts:
        lines += ["", *facts["plan"].splitlines()]
    Output(json, quiet).result(facts, lines)


def _readable(fact: Any) -> str:
    if isinstance(fact, dict):
        return "; ".join(f"{key} {', '.join(map(repr, names))}" for key, names in fact.items())
    return f"{fact:.4g}" if isinstance(fact, float) else str(fact)
