"""Tracing: let a model answer as usual, record the inputs of its recurrent layers, and compute their gates afterwards."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import torch

from elman.codecs import Binary, Continuous, Discrete
from elman.codecs.capabilities import Spells
from elman.errors import DataError, DataTypeError, SettingError
from elman.fitting.fitted import forecasts, generates
from elman.fitting.inference import answer_rows, decode_all, predict_rows, proba_rows
from elman.generation.options import decoding_of
from elman.inspection.batches import written_rows
from elman.inspection.hooks import Seen, watching
from elman.inspection.networks import labels, name_of, networks_of, prefixes
from elman.inspection.trace.gates import open_stack
from elman.inspection.trace.trace import LayerTrace, Predictions, Trace, check_steps
from elman.language import continuous as _elements
from elman.network import SequenceModel, collate
from elman.network.assembly import evaluating
from elman.network.decoders.teacher_forcing import shift
from elman.network.interfaces import move
from elman.network.stems.stem import TimeStem
from elman.network.unbatch import to_rows
from elman.sequences import Ragged
from elman.timeseries.read import read_panel

_PREFIXES = 256
"""Beginnings of a value that are answered at most; of a longer one, evenly spread."""


def trace(model: Any, value: Any, answer: Any = None, *, member: int = 0) -> Trace:
    """Return the trace of a model over one value: states, gates, attention and predictions at every step.

    The model answers with the kernels it always uses; gates and cell states are worked out afterwards from its weights.

    Parameters
    ----------
    model : Model, LanguageModel or Forecaster
        Fitted.
    value : object
        One value of the source; for a language model one text, for a forecaster one series.
    answer : object, optional
        For models that write a sequence: the sequence that the decoder writes. By default its answer.
    member : int, default 0
        Which network, where several are averaged.

    Returns
    -------
    Trace
        Arrays with labels; ``.plot()``, ``.units_following(property)``.

    Examples
    --------
    >>> import elman
    >>> from elman import LanguageModel, Text, Training
    >>> model = LanguageModel(Text("char"), training=Training(max_epochs=3, verbose=0)).fit(["abcabcabc"] * 20)
    >>> trace = elman.trace(model, "abca")
    >>> trace.labels, sorted(trace.gates), trace.predictions.values.shape
    (('a', 'b', 'c', 'a'), ['f', 'g', 'i', 'o'], (4, 5))
    """
    networks = networks_of(model, "trace")
    if isinstance(member, bool) or not isinstance(member, int | np.integer) or not 0 <= member < len(networks):
        raise SettingError(f"member must be a whole number in 0..{len(networks) - 1}; got {member!r}.")
    if generates(model):
        return _of_text(model, networks[0], value)
    if forecasts(model):
        return _of_series(model, networks[member], value)
    if answer is not None and not model.plan_.writes_symbols:
        raise SettingError(f"answer is for models that write a sequence; this one's decoder is {model.plan_.decoder!r}. Leave it out.")
    return _of_writing(model, networks[member], value, answer) if model.plan_.writes_symbols else _of_pair(model, networks[member], value)


def _of_pair(model: Any, network: SequenceModel, value: Any) -> Trace:
    """Summary, step and CTC: one pass reads the value."""
    encoded = model.pair_.encode_sources([value])[0]
    with watching(network) as seen:
        row = predict_rows(model.model_, [encoded], model.source_, decoding_of(model.plan_, {}))
    layers = _opened(seen, lambda count: labels(model.source_, value, count))
    result = model.pair_.decode([value], row)[0]
    read = layers[0].labels
    later = partial(_by_prefix, model, encoded, layers) if model.plan_.answers_whole else partial(_by_step, model, encoded, read)
    return Trace(value=value, kind=model.source_.modality, answer=_plain(result), layers=layers, _later=later)


def _of_writing(model: Any, network: SequenceModel, value: Any, answer: Any) -> Trace:
    """A decoder that writes: let it write its answer (or the given one) once more, all steps at hand."""
    encoded = model.pair_.encode_sources([value])[0]
    if answer is not None:
        written = model.pair_.encode_targets([value], [answer])[0]
    elif isinstance(model.plan_.target.space, Discrete):
        written = answer_rows(model.model_, [encoded], model.source_, decoding_of(model.plan_, {"n_best": 1}))[0][0].symbols
    else:
        written = predict_rows(model.model_, [encoded], model.source_)[0]
    prediction = answer if answer is not None else model.pair_.decode([value], [written])[0]
    names = _written_names(model, value, written)
    with watching(network) as seen:
        looked, values = _force(network, collate([encoded], model.source_.space, model.source_.rank), written)
    layers = _opened(seen, lambda count: labels(model.source_, value, count), names)
    best = (
        [name_of(model.target_, int(row.argmax())) for row in values]
        if isinstance(model.plan_.target.space, Discrete)
        else [r.tolist() for r in values]
    )
    predictions = Predictions(labels=names, values=values, said=best, meaning="the next element, given those before it")
    return Trace(
        value=value, kind=model.source_.modality, answer=_plain(prediction), layers=layers, attention=looked, _later=lambda: predictions
    )


def _of_text(model: Any, network: SequenceModel, value: Any) -> Trace:
    """A language model: the state after each symbol, and the distribution of the next."""
    if not _elements.without_classes(model.target_) and model._is_text() and isinstance(value, list | tuple):
        raise DataTypeError(f"trace reads one text; got a {type(value).__name__} of {len(value)}. Give one of them.")
    written = written_rows(model, [value]).targets[0]
    check_steps(len(written), "trace")
    with watching(network) as seen:
        _, values = _force(network, None, written)
    if model.mixture_ is not None:
        values = model.mixture_.mix(values, model.mixture_.contexts(written))
    names = labels(model.target_, value, len(written))
    opened = _opened(seen, lambda _: names, ("", *names))
    layers = tuple(_without_start(layer) for layer in opened)
    if isinstance(model.plan_.target.space, Binary):
        best: Any = model.target_.decode(values[1:])
    elif _elements.without_classes(model.target_):
        best = values[1:].tolist()
    else:
        best = [name_of(model.target_, int(row.argmax())) for row in values[1:]]
    predictions = Predictions(labels=names, values=values[1:], said=best, meaning="the symbol expected after this one")
    return Trace(value=value, kind=model.target_.modality, answer=best[-1], layers=layers, _later=lambda: predictions)


def _of_series(model: Any, network: SequenceModel, value: Any) -> Trace:
    """A forecaster: the end of the series, in the steps that it reads."""
    panel = model.panel_ if value is None else read_panel(value)
    if len(panel.series) != 1:
        raise DataError(f"trace follows one series; got {len(panel.series)}. Give one of them.")
    with watching(network) as seen:
        forecast = model.predict(value)
    for one in seen:  # intervals read the same again, and segments of the horizon go on from it
        del one.inputs[1:]
    history, stride = np.asarray(panel.series[0].values, dtype=np.float64), max(1, model.plan_.segment)
    layers = _opened(seen, lambda steps: tuple(str(stride * (step - steps + 1)) for step in range(steps)))
    count = stride * len(layers[0].labels)
    later = partial(_by_end, model, panel, layers[0].labels)
    return Trace(value=history[-count:], kind="series", answer=forecast.values, layers=layers, _later=later)


def _opened(seen: list[Seen], read: Callable[[int], tuple[str, ...]], written: tuple[str, ...] | None = None) -> tuple[LayerTrace, ...]:
    """Open every stack that was called; a stack called step by step is opened over all its steps."""
    results: list[LayerTrace] = []
    for one in seen:
        if not one.inputs:
            continue
        whole = one.inputs[0] if len(one.inputs) == 1 else Ragged.from_list([torch.cat([x.data for x in one.inputs])])
        check_steps(len(whole.data), "trace")
        names = written if written is not None and one.name == "decoder" else read(len(whole.data))
        for part in open_stack(one.layer, whole, one.states[0]):
            arrays = {name: tensor.cpu().numpy() for name, tensor in (*part.states.items(), *part.gates.items())}
            hidden, *inner = [arrays[name] for name in part.states]
            gates = {name: arrays[name] if name not in part.states else hidden for name in part.gates}
            name = f"{one.name} {part.depth + 1}" + (" backwards" if part.reverse else "")
            results.append(LayerTrace(name=name, labels=names, hidden=hidden, cell=inner[0] if inner else None, gates=gates))
    if not results:
        raise SettingError("trace found no recurrent layer at work: this model answered without one. Trace another value.")
    return tuple(results)


def _without_start(layer: LayerTrace) -> LayerTrace:
    """The same without the step at which nothing was read yet."""
    cell = None if layer.cell is None else layer.cell[1:]
    gates = {name: gate[1:] for name, gate in layer.gates.items()}
    return LayerTrace(name=layer.name, labels=layer.labels[1:], hidden=layer.hidden[1:], cell=cell, gates=gates)


def _force(network: SequenceModel, source: Any, written: Any) -> tuple[np.ndarray | None, np.ndarray]:
    """Let a decoder write a given sequence; return attention (T + 1, S) and the predictions at each step (T + 1, …)."""
    decoder: Any = network._autoregressive()
    with torch.inference_mode(), evaluating(network):
        target: Any = move(collate([written], network.plan.target.space, "many"), network.device)
        encoded = network.encode(source, rows=1)
        shape = next(iter(target.values())) if isinstance(target, dict) else target
        shifted, begin = shift(shape), decoder.begin(encoded)
        looked, _ = decoder.look(target, begin, shifted)
        if isinstance(network.plan.target.space, Discrete):
            values = decoder._log_proba(looked, begin.classes_of(shifted.geometry)).exp()
        else:
            values = decoder.head.predict(looked.features)
    weights = None if looked.weights is None else looked.weights.cpu().numpy()
    return weights, np.asarray(values.cpu()) if isinstance(values, torch.Tensor) else np.zeros((len(looked.features), 0))


def _written_names(model: Any, value: Any, written: Any) -> tuple[str, ...]:
    if isinstance(model.plan_.target.space, Discrete):
        symbols = model.pair_.symbols(value, written) if isinstance(model.target_, Spells) else list(written)
        return (*(str(symbol) for symbol in symbols), "(end)")
    count = len(next(iter(written.values()))) if isinstance(written, dict) else len(written)
    return (*(str(step) for step in range(count)), "(end)")


def _by_step(model: Any, encoded: Any, read: tuple[str, ...]) -> Predictions:
    """Answers of a model that gives one a step."""
    values = np.asarray(proba_rows(model.model_, [encoded], model.source_)[0])
    if model.plan_.writes_frames:
        blank = values.shape[1] - 1
        answers = ["(blank)" if int(row.argmax()) == blank else name_of(model.target_, int(row.argmax())) for row in values]
    else:
        answer = model.target_.decode(predict_rows(model.model_, [encoded], model.source_)[0])
        answers = answer.split() if isinstance(answer, str) and len(answer.split()) == len(values) else list(answer)
    if len(answers) != len(values):
        answers = [name_of(model.target_, int(row.argmax())) for row in values]
    return Predictions(labels=read, values=values, said=answers, meaning="the answer at this step")


def _by_prefix(model: Any, encoded: Any, layers: tuple[LayerTrace, ...]) -> Predictions:
    """Answers had the value ended at each step."""
    count = max(len(part) for part in encoded.values() if np.ndim(part)) if isinstance(encoded, dict) else len(encoded)
    ends = np.unique(np.linspace(0, count - 1, min(count, _PREFIXES)).astype(np.int64)).tolist()
    space, read = model.plan_.target.space, layers[0].labels
    running = _running(model, layers[-1].hidden, ends) if _knows_only_the_past(model) else None
    answers, proba = _again(model, encoded, ends) if running is None else running
    if isinstance(space, Discrete):
        predictions: list[Any] = [model.classes_[int(answer)] for answer in answers]
    else:
        predictions = [_plain(one) for one in decode_all(model.target_, answers)]
    values = np.stack([np.asarray(one, dtype=np.float64) for one in predictions] if isinstance(space, Continuous) else proba)
    names = tuple(read[end] if count == len(read) else str(end) for end in ends)
    return Predictions(labels=names, values=values, said=predictions, meaning="the answer had the value ended here")


def _again(model: Any, encoded: Any, ends: list[int]) -> tuple[list[Any], list[Any]]:
    """Answers and probabilities of the beginnings of a value, each read from its start."""
    rows = prefixes(encoded, ends)
    return predict_rows(model.model_, rows, model.source_), proba_rows(model.model_, rows, model.source_)


def _knows_only_the_past(model: Any) -> bool:
    """Whether a state is all that an answer to a beginning needs: one network that reads one way, single steps."""
    plan = model.plan_
    looks_further = plan.bidirectional or plan.wide or plan.joined or plan.members > 1
    return not looks_further and not any(isinstance(part, TimeStem) for part in model.model_.stem.modules())


@torch.inference_mode()
def _running(model: Any, hidden: np.ndarray, ends: list[int]) -> tuple[list[Any], list[Any]] | None:
    """The same from the states of one pass, all at once; None where the decoder reads each beginning anew."""
    decoder = model.model_.decoder
    with evaluating(decoder):
        features = decoder.running_features(torch.from_numpy(hidden).to(model.model_.device), ends)
        if features is None:
            return None
        return to_rows(decoder.head.predict(features)), to_rows(decoder.head.proba(features))


def _by_end(model: Any, panel: Any, read: tuple[str, ...]) -> Predictions:
    """Forecasts had the series ended at each of the steps that were read (of those whose covariates are known a horizon further)."""
    length = len(panel.series[0].values)
    latest = length - model.horizon_ if model.engine_.group(panel).future.shape[1] else length
    ends = [(name, length + int(name)) for name in read if 1 < length + int(name) <= latest]
    ends = [ends[i] for i in np.unique(np.linspace(0, len(ends) - 1, min(len(ends), _PREFIXES)).astype(np.int64))]
    values = model.forecast_from(panel, [0] * len(ends), [end for _, end in ends]).mean if ends else np.zeros((0, model.horizon_))
    names, answers = tuple(name for name, _ in ends), [float(row[0]) for row in values]
    return Predictions(labels=names, values=values, said=answers, meaning="the next step had the series ended here")


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value
