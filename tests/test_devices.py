"""A default device other than the CPU: nothing on the CPU changes its bits, and no tensor of ours lands there unasked."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "src" / "elman"
FACTORIES = {
    *(
        "arange",
        "as_tensor",
        "empty",
        "empty_strided",
        "eye",
        "full",
        "hann_window",
        "hamming_window",
        "linspace",
        "logspace",
        "normal",
        "ones",
    ),
    *("rand", "randint", "randn", "randperm", "scalar_tensor", "sparse_coo_tensor", "tensor", "tril_indices", "triu_indices", "zeros"),
}
MODULE_TENSORS = {"Parameter", "register_buffer"}
"""Tensors of a module are built where the caller builds the module, as torch's own layers are."""


def bare_factories(path: Path) -> list[str]:
    """Return the calls of a file that make a tensor on the default device."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    in_modules = {
        id(inner)
        for call in ast.walk(tree)
        if isinstance(call, ast.Call) and ast.unparse(call.func).rpartition(".")[2] in MODULE_TENSORS
        for inner in ast.walk(call)
    }
    return [
        f"{path.relative_to(PACKAGE)}:{call.lineno}: {ast.unparse(call)[:80]}"
        for call in ast.walk(tree)
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and ast.unparse(call.func.value) == "torch"
        and call.func.attr in FACTORIES
        and id(call) not in in_modules
        and not any(keyword.arg == "device" for keyword in call.keywords)
    ]


def test_every_tensor_factory_names_its_device() -> None:
    assert [line for path in sorted(PACKAGE.rglob("*.py")) for line in bare_factories(path)] == []


PROLOGUE = """
import sys
import numpy as np, torch
import elman
from elman import Category, Forecaster, LanguageModel, Model, Network, Number, Series, Text, Training, nn
from elman.sequences import Ragged

torch.set_num_threads(1)
folder = sys.argv[1]
"""

LAYERS = """
torch.manual_seed(0)
layers = [nn.RNN(3, 4), nn.GRU(3, 4, num_layers=2, bidirectional=True), nn.LSTM(3, 4, proj_size=2), nn.GRU(3, 4).bfloat16()]
layers += [nn.LSTM(3, 4, zoneout=0.1, recurrent_dropout=0.1, weight_dropout=0.1, layer_norm=True), nn.LSTM(3, 4)]
x = torch.randn(5, 2, 3)

def results():
    torch.manual_seed(1)
    for layer in layers:
        value = x.to(next(layer.parameters()).dtype)
        yield layer(value)[0]
        yield layer(value, lengths=torch.tensor([2, 5], device="cpu"))[0]
        yield layer(value, lengths=[2, 5])[0]
    ragged = Ragged.from_list([np.ones((3, 3), np.float32), torch.ones(1, 3, device="cpu")])
    yield layers[0](ragged)[0].data
    yield ragged.select([1, 0]).data
    with torch.inference_mode():
        for layer in (layers[0], layers[2], layers[5]):
            stream = layer.eval().stream()
            yield stream.step(torch.ones(1, 3, device="cpu"))
            yield torch.from_numpy(stream.step(np.ones((1, 3), np.float32)))
        pool = nn.StreamPool(layers[5])
        ids = pool.join(3)
        yield pool.step(list(ids), torch.ones(3, 3, device="cpu"))
        pool.load(pool.save(ids))
        pool.leave(ids[:1])
        pool.refresh()
        yield torch.from_numpy(pool.step(np.array(ids[1:]), np.ones((2, 3), np.float32)))
"""

MODELS = """
quick = Training(max_epochs=2, verbose=0)
texts, sides = ["good red wine", "bad cold soup", "good soup", "bad wine"] * 10, ["yes", "no"] * 20
waves = [np.sin(np.arange(8 + n % 3) * (0.3 + n % 2)) for n in range(40)]

def results():
    model = Model(Series(), Number(), network=Network(bidirectional=False), training=quick).fit(waves, [float(n % 2) for n in range(40)])
    model.save(folder + "/model.elman")
    yield from elman.load(folder + "/model.elman").model_.state_dict().values()
    yield torch.from_numpy(model.predict(waves[:5]))
    yield torch.tensor(model.stream().feed(waves[0]), device="cpu")
    yield torch.from_numpy(Model(Text(), Category(), training=quick).fit(texts, sides).predict_proba(texts[:3]))
    yield torch.from_numpy(np.asarray(Forecaster(3, training=quick).fit(np.sin(np.arange(120) / 3)).predict()))
    language = LanguageModel(Text("char"), training=quick).fit(["abc abd (e)"] * 30)
    yield torch.tensor(language.perplexity(["abc"]), device="cpu")
    yield torch.tensor([ord(letter) for letter in language.generate("ab", max_new_steps=5)], device="cpu")
"""

EPILOGUE = """
expected = [tensor.clone() for tensor in results()]
torch.set_default_device("meta")
for number, (tensor, value) in enumerate(zip(results(), expected, strict=True)):
    assert tensor.device.type == "cpu" and torch.equal(tensor, value), number
print("equal")
"""


@pytest.mark.parametrize("part", [LAYERS, MODELS], ids=["layers", "models"])
def test_a_default_device_changes_no_bit(part: str, tmp_path: Path) -> None:
    """In a process of its own: the fault was a segmentation fault."""
    script = PROLOGUE + part + EPILOGUE
    command = [sys.executable, "-W", "ignore", "-c", script, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)
    assert (done.returncode, done.stdout.split()[-1:]) == (0, ["equal"]), done.stderr


def test_layers_are_built_on_the_default_device_as_torchs_are() -> None:
    import torch

    from elman import nn

    with torch.device("meta"):
        assert nn.LSTM(3, 4, layer_norm=True).weight_ih_l0.is_meta
