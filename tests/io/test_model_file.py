import io
import json
import os
import struct
import subprocess
import sys

import numpy as np
import pytest
import safetensors.torch
import torch

import elman
from elman.errors import FileError, ModelFileError
from elman.io import layout, model_file, strict_json

SPEC = {"network": {"cell": "lstm"}, "vocabulary": ["a", "é"]}


def small():
    return {"b": torch.tensor([1.5], dtype=torch.float64), "w": torch.arange(6.0).reshape(2, 3), "on": torch.tensor([True, False])}


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "m.elman"
    model_file.write(path, small(), {"kind": "Model", "spec": SPEC})
    return path


def forge(path, tensors=None, *, metadata=None, entries=None, data=None, header=None):
    """Write a file whose digest is right and whose contents are the attacker's choice."""
    tensors = small() if tensors is None else tensors
    entries = layout.lay_out(tensors) if entries is None else entries
    data = b"".join(bytes(layout.as_bytes(tensors[name])) for name in layout.lay_out(tensors)) if data is None else data
    text = {
        "format": "elman",
        "format_version": "1",
        "elman_version": elman.__version__,
        "kind": "Model",
        "spec": strict_json.canonical(SPEC),
        "sha256": "0" * 64,
        **(metadata or {}),
    }
    text["sha256"] = model_file._digest(model_file._header({"__metadata__": text, **entries}), [memoryview(data)])
    header = model_file._header({"__metadata__": text, **entries}) if header is None else header
    path.write_bytes(struct.pack("<Q", len(header)) + header + data)


def test_what_is_written_is_read(path):
    meta, tensors = model_file.read(path)
    assert meta == {"kind": "Model", "spec": SPEC, "format_version": 1, "elman_version": elman.__version__}
    assert set(tensors) == set(small())
    for name, tensor in small().items():
        assert tensors[name].dtype == tensor.dtype
        assert torch.equal(tensors[name], tensor)


@pytest.mark.parametrize("dtype", sorted(layout.DTYPES))
def test_every_type_and_shape_comes_back(tmp_path, dtype):
    kinds = layout.DTYPES[dtype]
    tensors = {f"t{i}": torch.ones(shape).to(kinds) for i, shape in enumerate([(), (0,), (3,), (2, 0, 3), (2, 3, 1)])}
    model_file.write(tmp_path / "a", tensors, {"kind": "x", "spec": None})
    back = model_file.read(tmp_path / "a")[1]
    assert all(torch.equal(back[n], t) and back[n].shape == t.shape and back[n].dtype == kinds for n, t in tensors.items())


def test_the_same_contents_give_the_same_bytes_and_other_readers_open_them(path, tmp_path):
    model_file.write(tmp_path / "again", dict(reversed(small().items())), {"spec": SPEC, "kind": "Model"})
    assert path.read_bytes() == (tmp_path / "again").read_bytes()
    theirs = safetensors.torch.load_file(path)
    assert all(torch.equal(theirs[name], tensor) for name, tensor in small().items())


def refused(folder, data):
    target = folder / "damaged"
    target.write_bytes(data)
    try:
        model_file.read(target)
    except ModelFileError:
        return True
    return False


def test_every_flipped_bit_is_refused(path, tmp_path):
    good = path.read_bytes()
    assert not refused(tmp_path, good)  # the battery can fail
    loaded = []
    for place in range(len(good) * 8):
        bad = bytearray(good)
        bad[place // 8] ^= 1 << place % 8
        if not refused(tmp_path, bytes(bad)):
            loaded.append(place)
    assert loaded == []


def test_every_truncation_insertion_and_deletion_is_refused(path, tmp_path):
    good = path.read_bytes()
    assert all(refused(tmp_path, good[:end]) for end in range(len(good)))
    assert all(refused(tmp_path, good[:i] + good[i + 1 :]) for i in range(len(good)))
    assert all(refused(tmp_path, good[:i] + extra + good[i:]) for i in range(len(good) + 1) for extra in (b"\0", b" ", b"a"))


def test_swapped_tensors_are_refused(tmp_path):
    path = tmp_path / "m"
    model_file.write(path, {"a": torch.ones(4), "b": torch.zeros(4)}, {"kind": "x", "spec": None})
    good = path.read_bytes()
    assert refused(tmp_path, good[:-32] + good[-16:] + good[-32:-16])


def test_a_forged_file_with_a_right_digest_is_read(tmp_path):
    forge(tmp_path / "f")
    assert model_file.read(tmp_path / "f")[0]["spec"] == SPEC


def entry(**changes):
    return {"w": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8], **changes}}


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        (entry(shape=[3]), r"claims bytes 0\.\.8; expected 0\.\.12"),
        (entry(shape=[1 << 40, 1 << 40]), "impossible shape"),
        (entry(shape=[-2]), "impossible shape"),
        (entry(shape=[2.0]), "impossible shape"),
        (entry(shape=[1] * 17), "impossible shape"),
        (entry(data_offsets=[0]), "impossible offsets"),
        (entry(data_offsets=[8, 16]), "claims bytes 8..16"),
        (entry(dtype="F8"), "has type 'F8'; expected one of"),
        (entry(dtype="BOOL", shape=[8]), "neither 0 nor 1"),
        (entry(extra=1), "must have exactly dtype, shape and data_offsets"),
        ({"w": 3}, "must have exactly dtype"),
        ({"../w": entry()["w"]}, "tensor name '../w' is not allowed"),
        ({"a/w": entry()["w"]}, "tensor name 'a/w' is not allowed"),
        ({"a..w": entry()["w"]}, "is not allowed"),
        ({"a\0w": entry()["w"]}, "is not allowed"),
        ({"": entry()["w"]}, "is not allowed"),
        ({"w": entry()["w"], "v": entry(data_offsets=[0, 8])["w"]}, "claims bytes"),
        ({}, "cut short or added to"),
    ],
)
def test_structural_attacks_are_refused(tmp_path, entries, message):
    forge(tmp_path / "f", entries=entries, data=b"\x02" * 8)
    with pytest.raises(ModelFileError, match=message):
        model_file.read(tmp_path / "f")


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        ({"surprise": "1"}, "unknown or missing keys"),
        ({"format_version": "2", "elman_version": "9.1.0"}, r"format version 2; this elman .* reads up to 1.*pip install 'elman>=9\.1\.0'"),
        ({"format_version": "0"}, "is not one"),
        ({"elman_version": "1.0; rm"}, "is not one"),
        ({"kind": 3}, "text only"),
        ({"spec": "[" * 65 + "]" * 65}, "nested deeper than 64"),
        ({"spec": '{"a":1,"a":2}'}, "a key twice"),
        ({"spec": '{"a": 1}'}, "canonical"),
        ({"spec": "NaN"}, "the number NaN"),
        ({"spec": "1e999"}, "spec cannot be read"),
    ],
)
def test_odd_metadata_is_refused(tmp_path, metadata, message):
    forge(tmp_path / "f", metadata=metadata)
    with pytest.raises(ModelFileError, match=message):
        model_file.read(tmp_path / "f")


@pytest.mark.parametrize(
    ("header", "message"),
    [
        (b'{"__metadata__":{"format":"elman","format":"elman"}}', "its header is damaged: the JSON has a key twice"),
        (b"[" * 200_000, "not a model file"),
        (b'{"a":' * 100 + b'1,"format":"elman"' + b"}" * 100, "nested deeper than 64"),
        (b"[1]", "not a model file"),
    ],
)
def test_odd_headers_are_refused(tmp_path, header, message):
    header += b" " * (-len(header) % 8)
    forge(tmp_path / "f", header=header)
    with pytest.raises(ModelFileError, match=message):
        model_file.read(tmp_path / "f")


def test_too_many_tensors_are_refused():
    with pytest.raises(ModelFileError, match="names 100001 tensors"):
        layout.check_entries({str(i): 0 for i in range(100_001)})


def test_large_headers_and_files_are_refused_unread(tmp_path, path, monkeypatch):
    big = tmp_path / "big"
    with big.open("wb") as file:
        file.write(struct.pack("<Q", 100 << 20))
        file.truncate((100 << 20) + 8)
    with pytest.raises(ModelFileError, match="not a model file, or a damaged one"):
        model_file.read(big)
    with pytest.raises(ModelFileError, match="at most 10 are read here"):
        model_file.read(path, max_bytes=10)
    monkeypatch.setattr(model_file, "MAX_HEADER", 100)
    with pytest.raises(ModelFileError, match=r"at most 100 are allowed. Use a smaller vocabulary"):
        model_file.write(path, small(), {"kind": "x", "spec": None})


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_not_finite_are_neither_written_nor_read(path, tmp_path, value):
    before = path.read_bytes()
    with pytest.raises(ModelFileError, match="tensor 'w' holds NaN or infinity"):
        model_file.write(path, {"w": torch.tensor([1.0, value])}, {"kind": "x", "spec": None})
    assert path.read_bytes() == before
    forge(tmp_path / "f", {"w": torch.tensor([1.0, value])})
    with pytest.raises(ModelFileError, match="NaN or infinity"):
        model_file.read(tmp_path / "f")


def test_what_cannot_be_written_is_refused(tmp_path):
    with pytest.raises(ModelFileError, match="exactly the keys kind and spec"):
        model_file.write(tmp_path / "a", {}, {"kind": "x"})
    with pytest.raises(ModelFileError, match="cannot be written as plain JSON"):
        model_file.write(tmp_path / "a", {}, {"kind": "x", "spec": {1, 2}})
    with pytest.raises(ModelFileError, match="which a model file cannot hold"):
        model_file.write(tmp_path / "a", {"w": torch.ones(2, dtype=torch.complex64)}, {"kind": "x", "spec": None})
    assert list(tmp_path.iterdir()) == []


def npy(array):
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


FOREIGN = {
    "torch.save": (lambda p: torch.save({"a": torch.ones(2)}, p), "zip archive"),
    "pickle": (lambda p: p.write_bytes(b"\x80\x04\x95."), "Python pickle"),
    "npy": (lambda p: p.write_bytes(npy(np.ones(3))), "NumPy array"),
    "empty": (lambda p: p.write_bytes(b""), "an empty file"),
    "short": (lambda p: p.write_bytes(b"abc"), "a text file"),
    "text": (lambda p: p.write_text("review,stars\ngood,5\n" * 9), "a text file"),
    "json": (lambda p: p.write_text(json.dumps({"a": 1})), "a JSON file"),
    "noise": (lambda p: p.write_bytes(bytes(range(255, 0, -1))), "a binary file of an unknown kind"),
    "zeros": (lambda p: p.write_bytes(bytes(100)), "a binary file of an unknown kind"),
    "safetensors": (lambda p: safetensors.torch.save_file({"a": torch.ones(2)}, p), "a safetensors file that elman did not write"),
}


@pytest.mark.parametrize("kind", sorted(FOREIGN))
def test_a_foreign_file_is_named(tmp_path, kind):
    write, message = FOREIGN[kind]
    write(tmp_path / "x")
    with pytest.raises(ModelFileError, match=message):
        model_file.read(tmp_path / "x")


def test_paths_that_are_no_files(tmp_path):
    with pytest.raises(FileError, match=r"could not read .*nothing: No such file"):
        model_file.read(tmp_path / "nothing")
    with pytest.raises(ModelFileError, match="is not a file"):
        model_file.read(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ModelFileError, match="is not a file"):
        model_file.read(tmp_path / "pipe")


def test_a_file_that_shrinks_while_read(path, monkeypatch):
    model_file.write(path, {"w": torch.ones(1 << 20)}, {"kind": "x", "spec": None})  # more than a reader holds in its buffer
    monkeypatch.setattr(model_file, "_check_metadata", lambda metadata: os.truncate(path, path.stat().st_size - 1))
    with pytest.raises(ModelFileError, match="became shorter while it was read"):
        model_file.read(path)


def test_the_state_must_fit_the_model():
    expected = {"w": torch.zeros(2), "b": torch.zeros(1)}
    model_file.check_state({"w": torch.ones(2), "b": torch.ones(1)}, expected)
    with pytest.raises(ModelFileError, match="no tensor 'b'"):
        model_file.check_state({"w": torch.ones(2)}, expected)
    with pytest.raises(ModelFileError, match="an unknown tensor 'ww'"):
        model_file.check_state({**expected, "ww": torch.ones(2)}, expected)
    with pytest.raises(ModelFileError, match=r"tensor 'w' is torch.float64 \(2,\); the model expects torch.float32 \(2,\)"):
        model_file.check_state({**expected, "w": torch.ones(2).double()}, expected)


MEMORY = """
import resource, sys, threading
from elman.io import model_file
import torch
model_file.read(sys.argv[1]); torch.isfinite(torch.ones(9)).all()
modules = set(sys.modules)
def rss(): return int(open('/proc/self/status').read().split('VmHWM:')[1].split()[0]) * 1024
open('/proc/self/clear_refs', 'w').write('5')
before = int(open('/proc/self/status').read().split('VmRSS:')[1].split()[0]) * 1024
meta, tensors = model_file.read(sys.argv[2])
print(rss() - before, sorted(set(sys.modules) - modules))
"""


def test_reading_takes_little_memory_and_imports_nothing(path, tmp_path):
    big = tmp_path / "big"
    model_file.write(big, {"w": torch.ones(8 << 20)}, {"kind": "os.system", "spec": {"cell": "canary", "module": "canary"}})
    (tmp_path / "canary.py").write_text("raise SystemExit(9)")
    environment = {**os.environ, "PYTHONPATH": f"{tmp_path}:{os.pathsep.join(sys.path)}"}
    command = [sys.executable, "-c", MEMORY, str(path), str(big)]
    found = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout.split(" ", 1)
    assert int(found[0]) <= 3 * big.stat().st_size
    assert found[1].strip() == "[]"
