"""Base of the three estimators: parameters, the fitted check, groups of settings that exist even when left at None."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

import sklearn.exceptions
from sklearn.base import BaseEstimator
from torch import Tensor

from elman import errors
from elman.estimators.saving import save, settings_spec
from elman.io.schema import Mapping, Maybe, check, real, text
from elman.network import Plan, SequenceModel
from elman.network.ensemble import members_of
from elman.network.planning.side import Side
from elman.network.settings import Network
from elman.training.history import History
from elman.training.settings import Training

if TYPE_CHECKING:
    from elman.inspection.diagnosis.finding import Diagnosis


class NotFittedError(errors.NotFittedError, sklearn.exceptions.NotFittedError):
    """elman's error, which is scikit-learn's too: programs that catch theirs need not change."""


class Estimator(BaseEstimator):
    """A scikit-learn estimator whose settings are in two groups, ``network`` and ``training``."""

    kind: ClassVar[str]
    """Name of the estimator in model files."""
    groups: ClassVar[dict[str, type[Any]]] = {"network": Network, "training": Training}
    """Settings that are in groups, each an argument of the constructor."""

    network: Network | None
    training: Training | None
    source_: Any
    target_: Any
    plan_: Plan
    model_: Any
    history_: History
    baseline_: float

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the parameters; groups left at None still show theirs, so that ``network__hidden_size`` can be searched."""
        params = super().get_params(deep=deep)
        if deep:
            for group, settings in self.groups.items():
                if getattr(self, group) is None:
                    params.update({f"{group}__{name}": value for name, value in settings().get_params().items()})
        return params

    def set_params(self, **params: Any) -> Self:
        """Set parameters by name; the first nested one makes a group that was left at None.

        Parameters
        ----------
        **params : Any
            ``network__hidden_size=64`` and the like.

        Returns
        -------
        Estimator
            The estimator itself.
        """
        for group, settings in self.groups.items():
            if getattr(self, group) is None and params.get(group) is None and any(name.startswith(f"{group}__") for name in params):
                setattr(self, group, settings())
                params.pop(group, None)
        return super().set_params(**params)

    def _own_params(self) -> dict[str, Any]:
        """Constructor arguments that are plain values, for the model file."""
        return {}

    def _fitted_state(self) -> dict[str, Any]:
        """Whatever ``fit`` learned beside network, codecs, plan and history, as plain JSON."""
        return {"baseline": self.baseline_, "columns": getattr(self, "columns_", None)}

    def _restore_fitted(self, state: dict[str, Any]) -> None:
        """Take back the result of :meth:`_fitted_state`."""
        self.baseline_ = check(state["baseline"], real(), "fitted.baseline")
        columns = check(state.get("columns"), Maybe(Mapping([text])), "fitted.columns")
        if columns is not None:  # the values came from a table: its columns by role, so that `elman predict` need not ask
            self.columns_ = columns

    def _check_restored(self) -> None:
        """Raise DataError where the parts of a file do not belong together."""
        for codec, side in ((self.source_, self.plan_.source), (self.target_, self.plan_.target)):
            if (None if codec is None else Side.of(codec)) != side:
                spaces = codec and codec.space, side and side.space
                raise errors.DataError(f"its codec is of {spaces[0]}, its network of {spaces[1]}. The file is damaged.")

    def _own_tensors(self) -> dict[str, Tensor]:
        """Whatever ``fit`` learned beside the network that is too large for JSON, by names that no weight has."""
        return {}

    def _take_tensors(self, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
        """Take back the result of :meth:`_own_tensors`, after :meth:`_restore_fitted`; return the rest."""
        return tensors

    def _settings(self) -> tuple[Network, Training]:
        return self.network or Network(), self.training or Training()

    def _conclude(self, settings: dict[str, Any], **fitted: Any) -> Self:
        """Set everything that ``fit`` learned at once, at its end: a fit that fails leaves the former result whole.

        ``settings`` are those of this fit (``saving.settings_spec``, taken before training, so that none is refused after it).
        """
        self.__dict__.update(fitted, _fit_settings=settings)
        return self

    def _settings_of_fit(self) -> dict[str, Any]:
        """Settings of the last fit for the model file, not those of a later one that was refused; of a loaded model, its own."""
        return getattr(self, "_fit_settings", None) or settings_spec(self)

    def _check_fitted(self) -> None:
        if not self.__sklearn_is_fitted__():
            name = type(self).__name__
            raise NotFittedError(f"This {name} is not fitted yet. Call fit(…) first, or elman.load(path) a saved one.")

    def __sklearn_is_fitted__(self) -> bool:
        """Return whether ``fit`` has run, for scikit-learn."""
        return hasattr(self, "model_")

    @property
    def networks_(self) -> list[SequenceModel]:
        """Trained networks: one, or the members of an ensemble."""
        self._check_fitted()
        return members_of(self.model_)

    def diagnose(self, X: Any = None, y: Any = None, *, rate_test: bool = True, random_state: int = 0) -> Diagnosis:
        """Check the model and its training for faults; see :mod:`elman.inspection`.

        Parameters
        ----------
        X : list, array or column, optional
            Values to look at units, gradients and answers with, best the training data; without them only the history is judged, and
            the training data that a language model or forecaster still holds.
        y : list, array or column, optional
            True answers of a ``Model``.
        rate_test : bool, default True
            Try learning rates on a fresh network.
        random_state : int, default 0
            Which rows are taken, and the seed of the rate test.

        Returns
        -------
        Diagnosis
            Findings with evidence and next steps, the worst first; printable and as data.
        """
        from elman.inspection.diagnosis.diagnose import diagnose

        return diagnose(self, X, y, rate_test=rate_test, random_state=random_state)

    def report(self, path: str | Path, X: Any = None, y: Any = None, *, leaderboard: Any = None, title: str | None = None) -> Path:
        """Write one page about the model: data, training, errors, examples, traces, memory, diagnosis and its card.

        Parameters
        ----------
        path : str or Path
            An HTML file; it needs no network and no script.
        X : list, array or column, optional
            Values to judge the model on, best ones it has not seen: texts for a language model, series for a forecaster.
        y : list, array or column, optional
            True answers of a ``Model``.
        leaderboard : Leaderboard, optional
            From :func:`elman.compare`, to be shown in the page.
        title : str, optional
            Heading.

        Returns
        -------
        Path
            The file.
        """
        from elman.inspection.report.report import report

        return report(self, path, X, y, leaderboard=leaderboard, title=title)

    def card(self, X: Any = None, y: Any = None) -> str:
        """Return a model card in Hugging Face's format.

        Parameters
        ----------
        X : list, array or column, optional
            Values to judge the model on.
        y : list, array or column, optional
            True answers of a ``Model``.

        Returns
        -------
        str
            Markdown with YAML metadata.
        """
        from elman.inspection.report.model_card import card

        return card(self, X, y)

    def _repr_html_(self) -> str:  # pyright: ignore[reportIncompatibleMethodOverride]  # scikit-learn has a property that returns a method
        from elman.inspection.html import to_markup
        from elman.markup import fragment

        return fragment(*to_markup(self))

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        """Give notebooks our page in the place of scikit-learn's diagram."""
        return {"text/plain": repr(self), "text/html": self._repr_html_()}

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the fitted estimator to one file, atomically; see :func:`elman.load`.

        Parameters
        ----------
        path : path-like
            The file; ``.elman`` is the usual ending. An existing one is replaced only when the new one is whole.
        """
        self._check_fitted()
        save(self, path)
