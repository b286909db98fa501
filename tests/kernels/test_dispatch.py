"""Which backend runs a call, how to ask for one, and what is said when it cannot."""

from __future__ import annotations

import sys
import types

import pytest
import torch

from elman import cells, kernels, nn
from elman.errors import BackendError
from elman.kernels import dispatch
from elman.testing._calls import make_call

PLAIN, NORMED = make_call(cells.GRU), make_call(cells.GRU, option="layer norm")


@pytest.fixture
def no_native(monkeypatch):
    """The native module is not there, whatever this machine has."""
    monkeypatch.setitem(sys.modules, "elman.kernels.native", None)
    dispatch.load.cache_clear()
    dispatch._why_missing.cache_clear()
    yield
    dispatch.load.cache_clear()
    dispatch._why_missing.cache_clear()


@pytest.fixture
def native(monkeypatch):
    """A native module that runs everything and says so."""
    module = types.SimpleNamespace(name="native", unsupported_reason=lambda _: None, run=lambda _: ("native ran", ()))
    monkeypatch.setattr(dispatch, "load", lambda name: module if name == "native" else __import__(f"elman.kernels.{name}", fromlist=["x"]))
    dispatch._why_missing.cache_clear()
    yield module
    dispatch._why_missing.cache_clear()


def test_the_first_that_can_runs(no_native):
    assert kernels.choose(PLAIN) == "aten"
    assert kernels.choose(NORMED) == "reference"


def test_native_comes_first_when_it_can(native):
    assert kernels.run(PLAIN)[0] == "native ran"
    native.unsupported_reason = lambda _: "too cold"
    assert kernels.choose(PLAIN) == "aten"


def test_explain_says_who_why_and_why_not(no_native):
    found = kernels.explain(NORMED)
    assert found.backend == "reference"
    assert "not there" in found.against["native"]
    assert found.against["aten"] == "torch has no layer norm inside a recurrence"
    assert str(found).splitlines()[0] == "reference: the first backend that can run this call"
    assert kernels.explain(PLAIN).against["reference"] == "'reference' could run it too, 'aten' comes first"


def test_one_can_be_asked_for_by_argument_block_and_variable(no_native, monkeypatch):
    assert kernels.choose(PLAIN, "reference") == "reference"
    monkeypatch.setenv("ELMAN_BACKEND", "reference")
    assert kernels.explain(PLAIN).why == "asked for by use() or ELMAN_BACKEND"
    with kernels.use("aten"):
        assert kernels.choose(PLAIN) == "aten"
        with kernels.use("reference"):
            assert kernels.choose(PLAIN) == "reference"
        assert kernels.choose(PLAIN) == "aten"
    assert kernels.explain(PLAIN, "aten").against["reference"] == "'aten' was asked for"


def test_what_is_asked_for_runs_or_raises(no_native):
    with pytest.raises(BackendError, match="'aten' cannot run this call: torch has no layer norm"):
        kernels.run(NORMED, "aten")
    with pytest.raises(BackendError, match="'native' cannot run this call: the native module is not there"), kernels.use("native"):
        kernels.run(PLAIN)


def test_unknown_backends_are_refused(monkeypatch):
    with pytest.raises(BackendError, match=r"must be one of \['native', 'aten', 'reference'\]; got 'attn'\. Did you mean 'aten'"):
        kernels.run(PLAIN, "attn")
    with pytest.raises(BackendError, match="got 'cuda'"), kernels.use("cuda"):
        pass
    monkeypatch.setenv("ELMAN_BACKEND", "gpu")
    with pytest.raises(BackendError, match="got 'gpu'"):
        kernels.run(PLAIN)


def test_the_backend_is_what_was_asked_for_in_this_thread_only():
    import threading

    seen = []
    with kernels.use("reference"):
        thread = threading.Thread(target=lambda: seen.append(dispatch.wanted()))
        thread.start()
        thread.join()
    assert seen == [None]


def test_backends_agree():
    results = [kernels.run(PLAIN, name)[0] for name in ("aten", "reference")]
    torch.testing.assert_close(*results, rtol=1e-12, atol=1e-12)
    assert kernels.names() == ("native", "aten", "reference")


@pytest.mark.parametrize(("level", "hint"), [("nonsense", ""), ("avx521", r" Did you mean 'avx512'\?")])
def test_an_unknown_instruction_set_is_refused_when_a_layer_runs(monkeypatch, level, hint):
    pytest.importorskip("elman._native")
    monkeypatch.setenv("ELMAN_ISA", level)
    dispatch._why_missing.cache_clear()
    message = rf"ELMAN_ISA must be one of \['portable', 'avx2', 'avx512'\] .*; got '{level}'\. Change or unset it\.{hint}$"
    for _ in range(2):
        with pytest.raises(BackendError, match=message):
            nn.GRU(3, 4)(torch.zeros(2, 1, 3))
    with kernels.use("reference"):
        nn.GRU(3, 4)(torch.zeros(2, 1, 3))
    monkeypatch.setenv("ELMAN_ISA", "")
    nn.GRU(3, 4)(torch.zeros(2, 1, 3))
