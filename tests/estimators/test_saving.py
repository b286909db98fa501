"""Files of estimators: old ones are read for ever, damaged and foreign ones are refused, and say what they are."""

import csv
import json
import pickle
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch

import elman
from elman import Category, Image, LanguageModel, Model, Network, Series, Training
from elman.errors import DataTypeError, FileError, ModelFileError
from elman.estimators import loading
from elman.io import model_file

GOLDEN = Path(__file__).parent.parent / "golden"
FILES = sorted(GOLDEN.glob("*.elman"))


def plain(value):
    if isinstance(value, np.ndarray | np.generic):
        return plain(value.tolist())
    if isinstance(value, dict):
        return {name: plain(part) for name, part in value.items()}
    return [plain(part) for part in value] if isinstance(value, list | tuple) else value


def close(given, expected, what):
    """Equal, numbers to 1e-6 relative to the larger of them and 1: processors round differently."""
    if isinstance(expected, list):
        assert len(given) == len(expected), what
        for one, other in zip(given, expected, strict=True):
            close(one, other, what)
    elif isinstance(expected, dict):
        assert given.keys() == expected.keys(), what
        for name, other in expected.items():
            close(given[name], other, what)
    elif isinstance(expected, float):
        assert given == pytest.approx(expected, rel=1e-6, abs=1e-6), what
    else:
        assert given == expected, what


def asked(estimator, rows, method):
    if method == "generate":
        return estimator.generate(rows[:4], max_new_steps=6, random_state=1)
    if method == "next":
        return estimator.next(rows[0], k=3)
    if method == "own":
        return estimator.predict().values
    found = getattr(estimator, method)(rows)
    return getattr(found, "values", found)


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def test_every_estimator_and_decoder_has_a_small_golden_file():
    seen = {(meta["kind"], (meta["spec"]["plan"] or {}).get("decoder")) for meta in (model_file.read(path)[0] for path in FILES)}
    assert {kind for kind, _ in seen} == {"model", "language_model", "forecaster"}
    assert {decoder for _, decoder in seen} == {"summary", "step", "autoregressive", "ctc", "segments", "boxes"}
    assert max(path.stat().st_size for path in FILES) <= 72 * 1024


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_files_of_earlier_versions_answer_as_then(path):
    held = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    estimator = elman.load(path)
    rows = [np.asarray(row) for row in held["rows"]] if isinstance(estimator.source_, Image) else held["rows"]
    for method, expected in held["answers"].items():
        close(plain(asked(estimator, rows, method)), expected, method)


def holds(new, old) -> bool:
    """Everything an older file says is still there, unchanged; newer versions may say more."""
    if not isinstance(old, dict) or not isinstance(new, dict):
        return new == old
    return all(name in new and holds(new[name], value) for name, value in old.items())


def test_a_golden_file_is_saved_to_the_same_contents_again(tmp_path):
    for path in FILES:
        estimator = elman.load(path)
        estimator.save(tmp_path / "again.elman")
        (meta, tensors), (again, others) = model_file.read(path), model_file.read(tmp_path / "again.elman")
        assert holds(again["spec"], meta["spec"])
        assert all(torch.equal(tensor, others[name]) for name, tensor in tensors.items())


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    """Bytes of the smallest model file."""
    path = tmp_path_factory.mktemp("tiny") / "tiny.elman"
    network = Network(cell="elman", hidden_size=1, num_layers=1, bidirectional=False)
    Model(Series(), Category(), network=network, training=Training(max_epochs=1, verbose=0)).fit(
        [[1.0], [2.0, 1.0]] * 2, ["a", "b"] * 2
    ).save(path)
    return path.read_bytes()


def refused(path, data):
    path.write_bytes(data)
    try:
        model_file.read(path)
    except ModelFileError:
        return True
    return False


def test_every_flipped_bit_of_a_model_is_refused(tiny, tmp_path):
    path, data = tmp_path / "flipped.elman", bytearray(tiny)
    for at in range(len(data)):
        bit = 1 << at % 8 if at % 16 else 0xFF  # one bit a byte, every bit of the eight in turn, now and then all
        data[at] ^= bit
        assert refused(path, data), f"byte {at}"
        data[at] ^= bit
    for at in (8, 60, len(data) // 2, len(data) - 1):
        for bit in range(8):
            data[at] ^= 1 << bit
            path.write_bytes(data)
            with pytest.raises(ModelFileError, match="flipped.elman"):
                elman.load(path)
            data[at] ^= 1 << bit


def test_every_truncation_of_a_model_is_refused(tiny, tmp_path):
    path = tmp_path / "short.elman"
    assert all(refused(path, tiny[:length]) for length in range(0, len(tiny), 3))
    assert all(refused(path, tiny[:length]) for length in range(len(tiny) - 40, len(tiny)))
    assert refused(path, tiny + b"\0")
    path.write_bytes(tiny[: len(tiny) // 2])
    with pytest.raises(ModelFileError, match=r"short\.elman"):
        elman.load(path)


def respelled(data, **metadata):
    """A model file with other metadata and a right digest, as a newer elman would write it."""
    size = struct.unpack("<Q", data[:8])[0]
    entries = json.loads(data[8 : 8 + size])
    entries["__metadata__"] = {**entries["__metadata__"], **metadata, "sha256": model_file._NO_DIGEST}
    held, body = entries.pop("__metadata__"), data[8 + size :]
    digest = model_file._digest(model_file._header({"__metadata__": held, **entries}), [memoryview(body)])
    header = model_file._header({"__metadata__": {**held, "sha256": digest}, **entries})
    return struct.pack("<Q", len(header)) + header + body


def test_a_newer_format_says_which_elman_reads_it(tiny, tmp_path):
    path = tmp_path / "newer.elman"
    path.write_bytes(respelled(tiny, format_version="2", elman_version="9.1.0"))
    with pytest.raises(ModelFileError, match=r"newer\.elman: it has format version 2; .* reads up to 1\..*pip install 'elman>=9\.1\.0'"):
        elman.load(path)


def test_the_forger_of_these_tests_is_believed_when_right(tiny, tmp_path):
    path = tmp_path / "same.elman"
    path.write_bytes(respelled(tiny))
    assert path.read_bytes() == tiny
    assert isinstance(elman.load(path), Model)


def spelled(tiny, change):
    """The tiny file with its description changed, digest and all."""
    size = struct.unpack("<Q", tiny[:8])[0]
    spec = json.loads(json.loads(tiny[8 : 8 + size])["__metadata__"]["spec"])
    change(spec)
    return respelled(tiny, spec=json.dumps(spec, sort_keys=True, separators=(",", ":"), ensure_ascii=False))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda s: s.update(more=1), r"its description has keys .*'more'.*; expected"),
        (lambda s: s.pop("plan"), "its description has keys"),
        (
            lambda s: s["source"].update(id="serie.v1"),
            r"it needs codec 'serie\.v1', which is not known here.* Did you mean 'series\.v1'\?.*Import",
        ),
        (lambda s: s.update(source=3), "a codec needs id and config; got 3"),
        (lambda s: s["network"].update(hiden_size=3), "hiden_size"),
        (lambda s: s["plan"].update(decoder="dream"), "decoder"),
        (lambda s: s["plan"].update(more=1), "more"),
        (lambda s: s["history"].update(more=1), "more"),
        (lambda s: s.update(fitted={}), "baseline"),
        (lambda s: s.update(fitted=[]), "does not make a model"),
        (lambda s: s.update(params={"alignment": 1}), "align"),
        (lambda s: s["target"]["config"]["state"].clear(), "does not make a model"),
    ],
)
def test_descriptions_that_make_no_model_are_refused(tiny, tmp_path, change, message):
    path = tmp_path / "odd.elman"
    path.write_bytes(spelled(tiny, change))
    with pytest.raises(ModelFileError, match=message) as caught:
        elman.load(path)
    assert "odd.elman" in str(caught.value)


def test_weights_of_another_size_are_refused(tiny, tmp_path):
    other = tmp_path / "other.elman"
    (tmp_path / "tiny.elman").write_bytes(tiny)
    meta, tensors = model_file.read(tmp_path / "tiny.elman")
    name = max(tensors, key=lambda n: tensors[n].numel())
    model_file.write(other, {**tensors, name: torch.zeros(7)}, {"kind": meta["kind"], "spec": meta["spec"]})
    with pytest.raises(ModelFileError, match=rf"other\.elman: tensor '{name}' is torch.float32 \(7,\); the model expects"):
        elman.load(other)


def test_an_unknown_kind_of_estimator_is_refused(tiny, tmp_path):
    path = tmp_path / "kind.elman"
    path.write_bytes(respelled(tiny, kind="modell"))
    with pytest.raises(ModelFileError, match=r"it holds a 'modell'; expected one of .* Did you mean 'model'\?"):
        elman.load(path)


def write_zip(path):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.txt", "a")


def write_csv(path):
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([["review", "stars"], ["fine", "5"]] * 9)


FOREIGN = {
    "a pickle": (lambda path: path.write_bytes(pickle.dumps({"a": [1, 2]})), "a Python pickle .elman never loads pickles"),
    "a zip": (write_zip, "a zip archive"),
    "a file of torch.save": (lambda path: torch.save({"w": torch.ones(2)}, path), "perhaps saved by torch.save.*elman never loads that"),
    "a table": (write_csv, "a text file"),
    "safetensors": (lambda path: safetensors.torch.save_file({"w": torch.ones(2)}, path), "a safetensors file that elman did not write"),
    "nothing": (lambda path: path.write_bytes(b""), "an empty file"),
    "json": (lambda path: path.write_text('{"a": 1, "b": [1, 2, 3]}'), "a JSON file"),
    "noise": (lambda path: path.write_bytes(bytes(range(255, 0, -1)) * 9), "a binary file of an unknown kind"),
}


@pytest.mark.parametrize("name", FOREIGN)
def test_foreign_files_are_named(name, tmp_path):
    write, message = FOREIGN[name]
    path = tmp_path / "given.elman"
    write(path)
    with pytest.raises(ModelFileError, match=rf"given\.elman: .*{message}"):
        elman.load(path)


class Evil:
    def __reduce__(self):
        return (Path.touch, (Path("ran"),))


def test_loading_runs_no_code(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "evil.elman").write_bytes(pickle.dumps(Evil()))
    torch.save(Evil(), tmp_path / "evil.pt")
    for name in ("evil.elman", "evil.pt"):
        with pytest.raises(ModelFileError):
            elman.load(tmp_path / name)
    assert not (tmp_path / "ran").exists()


def test_saving_where_nothing_can_be_written(tmp_path):
    model = elman.load(GOLDEN / "model-category.elman")
    with pytest.raises(FileError, match=r"could not write .*a\.elman: .* create it first"):
        model.save(tmp_path / "missing" / "a.elman")
    with pytest.raises(FileError, match="is a folder: give the name of a file|Is a directory"):
        model.save(tmp_path)


def test_what_json_cannot_hold_is_refused_before_anything_is_written(tmp_path):
    network = Network(hidden_size=2)
    model = Model(Series(), Category(), network=network, training=Training(max_epochs=1, verbose=0)).fit(
        [[1.0], [2.0]] * 2, [("a", 1), ("b", 2)] * 2
    )
    with pytest.raises(elman.errors.ElmanError, match="tuple"):
        model.save(tmp_path / "tuples.elman")
    assert list(tmp_path.iterdir()) == []


def test_a_language_model_asks_for_its_codec_only(tmp_path):
    model = elman.load(GOLDEN / "language-model-char.elman")
    assert isinstance(model, LanguageModel)
    assert model.source_ is None
    assert loading._codec(None) is None


def test_a_file_of_another_estimator_than_expected_is_refused():
    path = GOLDEN / "language-model-char.elman"
    assert isinstance(elman.load(path, LanguageModel), LanguageModel)
    with pytest.raises(ModelFileError, match="it holds a LanguageModel; expected a Model. Load it without the class."):
        elman.load(path, Model)


@pytest.mark.parametrize("wrong", [None, 5, b"a.elman"])
def test_what_is_no_path_is_refused(wrong):
    with pytest.raises(DataTypeError, match="a path must be text or path-like; got"):
        elman.load(wrong)
    with pytest.raises(DataTypeError, match="a path must be text or path-like; got"):
        elman.load(GOLDEN / "model-category.elman").save(wrong)


def test_a_path_no_file_can_have_is_refused(tmp_path):
    for path in ("a\0b", ""):
        with pytest.raises(ModelFileError, match="cannot be a path: it is empty or holds a NUL character"):
            elman.load(path)
        with pytest.raises(ModelFileError, match="cannot be a path: it is empty or holds a NUL character"):
            elman.load(GOLDEN / "model-category.elman").save(path)


def test_a_private_model_stays_private(tmp_path):
    model = elman.load(GOLDEN / "model-category.elman")
    model.save(tmp_path / "a.elman")
    (tmp_path / "a.elman").chmod(0o600)
    model.save(tmp_path / "a.elman")
    assert (tmp_path / "a.elman").stat().st_mode & 0o777 == 0o600
