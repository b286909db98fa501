"""An estimator as HTML for notebooks: codecs, training and plan."""

from __future__ import annotations

from typing import Any

from elman.markup import element, facts


def to_markup(estimator: Any) -> list[Any]:
    """Return an estimator as markup."""
    name = type(estimator).__name__
    fitted = estimator.__sklearn_is_fitted__()
    pairs = [(key, repr(value)) for key, value in estimator.get_params(deep=False).items() if value is not None]
    parts: list[Any] = [element("h3", name, element("span", "" if fitted else ", not fitted", class_="note")), facts(pairs)]
    if fitted:
        history, plan = estimator.history_, estimator.plan_
        reached = next((row.get("metric") for row in history.rows if row["epoch"] == history.best_epoch), None)
        lines = [
            ("parameters", plan.parameters),
            (f"{history.metric or 'metric'} on what was held out", reached),
            ("simplest guess", history.baseline),
        ]
        parts.append(facts(lines))
        parts.append(element("details", element("summary", "Plan"), plan.to_markup()))
        parts.append(element("details", element("summary", "Training"), *history.to_markup()))
    return parts
