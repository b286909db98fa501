"""A corpus may be a list, a file, a folder or an iterator: the same documents give the same model; what cannot be read is explained."""

import pathlib
import subprocess
import sys

import numpy as np
import pytest

import elman
from elman import LanguageModel, Network, Symbols, Text, Training
from elman.errors import DataError, FileError, SettingError
from elman.io import strict_json
from elman.io import tokens as token_files
from elman.io.tokens import Tokens
from elman.language.memorisation import longest_loop
from elman.language.training import parts
from elman.training.contiguous import hold_out

TEXTS = ["the cat sat\non the mat\n", "a dog\n", "the dog sat on a log\n"] * 6


def model(level="char", **training):
    settings = Training(**{"max_epochs": 2, "learning_rate": 0.02, "batch_size": 4, "verbose": 0, **training})
    return LanguageModel(Text(level), network=Network(hidden_size=8), training=settings)


@pytest.fixture
def folder(tmp_path):
    inside = tmp_path / "corpus"
    inside.mkdir()
    for i, text in enumerate(TEXTS):
        (inside / f"{i:02}.txt").write_text(text)
    return inside


@pytest.mark.parametrize("level", ["char", "word", "bpe"])
def test_files_iterators_and_lists_give_the_same_model(folder, level):
    listed = model(level).fit(TEXTS)
    files = sorted(folder.iterdir())
    for texts in (folder, files, iter(TEXTS), (text for text in TEXTS)):
        again = model(level).fit(texts)
        assert again.perplexity(TEXTS) == listed.perplexity(TEXTS)
        assert again.history_[0]["loss"] == listed.history_[0]["loss"]
        assert again.baseline_ == pytest.approx(listed.baseline_)
    assert listed.perplexity(folder) == listed.perplexity(TEXTS)


def test_running_text_from_disk_is_that_from_memory(tmp_path):
    text = "abcd\n" * 400
    (tmp_path / "long.txt").write_text(text)
    first, second = model(tbptt_length=16).fit(text), model(tbptt_length=16).fit(tmp_path / "long.txt", token_dir=tmp_path / "tokens")
    assert first.perplexity(text) == second.perplexity(text)
    assert first.perplexity(text) < 4
    assert np.fromfile(tmp_path / "tokens" / "tokens.bin", np.uint8).shape == (2001,)


def test_tokens_are_used_again_until_the_file_or_the_codec_changes(tmp_path, monkeypatch):
    (tmp_path / "a.txt").write_text("abab\n" * 30)
    written = []
    close = token_files.TokenWriter.close
    monkeypatch.setattr(token_files.TokenWriter, "close", lambda self: (written.append(1), close(self)))
    first = model().fit(tmp_path / "a.txt", token_dir=tmp_path / "t")
    second = model().fit(tmp_path / "a.txt", token_dir=tmp_path / "t")
    assert len(written) == 1
    assert second.perplexity("abab") == first.perplexity("abab")
    assert second.target_.config() == first.target_.config()
    model("word").fit(tmp_path / "a.txt", token_dir=tmp_path / "t")
    (tmp_path / "a.txt").write_text("abba\n" * 31)
    model("word").fit(tmp_path / "a.txt", token_dir=tmp_path / "t")
    assert len(written) == 3


def test_damaged_and_forged_tokens_are_not_learned(tmp_path):
    (tmp_path / "a.txt").write_text("abab\n" * 30)
    model().fit(tmp_path / "a.txt", token_dir=tmp_path / "t")
    numbers = tmp_path / "t" / "tokens.bin"
    whole = numbers.read_bytes()
    numbers.write_bytes(bytes([whole[0] ^ 3]) + whole[1:])
    with pytest.raises(FileError, match=r"t/tokens\.bin does not match its SHA-256: the file is damaged\. Delete the folder"):
        model().fit(tmp_path / "a.txt", token_dir=tmp_path / "t")
    numbers.write_bytes(whole)
    header = token_files.about(tmp_path / "t")
    header["codec"]["config"]["state"]["symbols"] = ["a"]
    forged = strict_json.canonical({**header, "sha256": token_files._digest(header)})
    (tmp_path / "t" / "tokens.json").write_text(forged)
    with pytest.raises(DataError, match=r"t: 4 symbols; its codec has 2\. Delete the folder to encode it again"):
        model().fit(tmp_path / "a.txt", token_dir=tmp_path / "t")


def test_temporary_tokens_are_removed(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    model().fit(iter(TEXTS))
    with pytest.raises(DataError):
        model().fit(iter(["a"]))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda p: p / "missing.txt", FileError, "missing.txt: there is no such file or folder"),
        (lambda p: p, FileError, "is a folder without .txt files"),
        (lambda p: [written(p, b"")], DataError, "empty; there is nothing to continue. Give more text"),
        (lambda p: written(p, b"a"), DataError, "fewer than 2 symbols; there is nothing to continue"),
        (lambda p: written(p, b"some text\xff"), FileError, r"byte 9 \(0xff\) is not UTF-8"),
        (lambda p: iter([]), DataError, "no values to fit. Give at least one row"),
        (lambda p: iter(["a", 3]), DataError, "row 1: expected text; got int"),
        (lambda p: iter(["a"]), DataError, "fewer than 2 symbols"),
    ],
)
def test_corpora_that_cannot_be_learned(tmp_path, make, error, message):
    with pytest.raises(error, match=message):
        model().fit(make(tmp_path))


def written(folder: pathlib.Path, data: bytes) -> pathlib.Path:
    (folder / "given.txt").write_bytes(data)
    return folder / "given.txt"


def test_one_token_a_document_and_a_huge_document_are_learned():
    assert model().fit(["a", "b"] * 20).perplexity("a") < 9
    long = model(max_epochs=1).fit("ab" * 40_000)
    assert long.perplexity("ab" * 500) < 2.5


def test_checkpoints_of_running_text_go_on_to_the_same_bits(tmp_path):
    text = "the cat sat on the mat. " * 90
    whole = model(tbptt_length=16, max_epochs=3).fit(text)

    class Stop:
        def on_epoch_end(self, state):
            if state.row["epoch"] == 2:
                raise KeyboardInterrupt

    model(tbptt_length=16, max_epochs=3, checkpoint_dir=str(tmp_path / "c"), callbacks=[Stop()]).fit(text)
    resumed = model(tbptt_length=16, max_epochs=3, checkpoint_dir=str(tmp_path / "c")).fit(text)
    assert resumed.perplexity(text) == whole.perplexity(text)


def test_accuracy_counts_the_likeliest_next_symbol():
    fitted = model(max_epochs=25).fit(["abc" * 5, "bca" * 6] * 12)
    text = "abcabcab"
    hits = 0
    for i in range(len(text) + 1):
        best = fitted.next(text[:i], k=1)[0][0]
        hits += best == (text[i] if i < len(text) else None)
    assert fitted.accuracy(text) == hits / 9
    assert fitted.accuracy(["abc", "bca"]) <= 1


def test_memorisation_is_told_from_what_was_learned(tmp_path):
    fitted = model("word", max_epochs=1).fit(TEXTS)
    found = fitted.memorisation(["the cat sat on the log", "zebra"])
    assert (found.longest, found.span) == (3, "the cat sat")
    assert found.seen[1] == pytest.approx(6 / 7)
    assert "longest copied span  3 symbols: 'the cat sat'" in str(found)
    assert fitted.memorisation().longest >= 0
    fitted.save(tmp_path / "m.elman")
    loaded = elman.load(tmp_path / "m.elman")
    with pytest.raises(DataError, match="memorisation needs the text that was learned from: it is not kept in model files"):
        loaded.memorisation("the cat")
    assert loaded.memorisation("the cat sat on the log", training=TEXTS).longest == 3
    symbols = LanguageModel(Symbols(), network=Network(hidden_size=4), training=Training(max_epochs=1, verbose=0)).fit([[1, 2, 3]] * 20)
    assert symbols.memorisation([[2, 3, 9]]).span == [2, 3]


def test_a_loop_is_a_period_that_comes_twice_or_more():
    assert longest_loop([np.array([1, 2, 1, 3])]) == (0, 0)
    assert longest_loop([np.array([9, 1, 2, 3, 1, 2, 3, 1, 8]), np.array([4, 4, 4])]) == (3, 7)
    assert longest_loop([np.array([5, 5]), np.array([], np.int64)]) == (1, 2)


@pytest.mark.parametrize("tbptt_length", [None, 8], ids=["documents", "running text"])
def test_the_baseline_is_the_frequencies_of_what_is_learned_on_what_is_held_out(tbptt_length):
    texts = ["aab", "abb", "ccab", "abc", "zzzz", "bba"] * 5
    fitted = model(validation_fraction=0.3, tbptt_length=tbptt_length, max_epochs=1).fit(texts)
    end = fitted.target_.space.n
    tokens = Tokens.of([fitted.target_.encode(text) for text in texts], end)
    if tbptt_length is None:
        held = Tokens.of(parts(tokens, fitted.training)[1], end).flat
    else:
        held = np.concatenate([tokens.flat[begin:stop] for begin, stop in hold_out(tokens.starts, 0.3)[1]])
    held = np.bincount(held, minlength=end + 1)
    learned = tokens.counts() - held + 0.5
    assert 0.2 < held.sum() / tokens.counts().sum() < 0.4
    assert fitted.baseline_ == pytest.approx(-(held * np.log2(learned / learned.sum())).sum() / held.sum())


def test_bits_per_character_compare_levels():
    words, letters = model("word", max_epochs=1).fit(TEXTS), model(max_epochs=1).fit(TEXTS)
    text = "the cat sat\n"
    assert words.score(text, per="character") == pytest.approx(words.score(text) * (4 + 1) / (12 + 1))
    assert letters.score(text, per="character") == pytest.approx(letters.score(text))
    with pytest.raises(SettingError, match="per must be 'symbol' or 'character'; got 'word'"):
        words.score(text, per="word")
    symbols = LanguageModel(Symbols(), network=Network(hidden_size=4), training=Training(max_epochs=1, verbose=0)).fit([[1, 2, 3]] * 20)
    with pytest.raises(SettingError, match="per='character' is for text"):
        symbols.score([[1, 2]], per="character")


LARGE = """
import resource, sys
from pathlib import Path
import numpy as np
from elman import LanguageModel, Network, Text, Training

def model():
    training = Training(budget="1s", max_epochs=1, verbose=0)
    return LanguageModel(Text("char"), network=Network(hidden_size=8, embedding_size=8, ngram_order=0), training=training)

def held():
    return next(int(line.split()[1]) * 1024 for line in open("/proc/self/status") if line.startswith("VmData"))

model().fit(Path(sys.argv[1]))  # whatever is loaded once is loaded now
limit = held() + (64 << 20)
resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
try:
    np.ones(80 << 20, np.uint8)
except MemoryError:
    print("limited", model().fit(Path(sys.argv[2])).history_.stopped)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="memory is limited the Linux way")
def test_a_document_larger_than_memory_is_learned_from(tmp_path):
    small, large = tmp_path / "small.txt", tmp_path / "large.txt"
    small.write_text("abcdefgh " * 30_000)
    with large.open("w") as file:
        for _ in range(110):
            file.write("abcdefgh " * 111_000)  # 110 MB in all, 64 MB may be taken
    ran = subprocess.run([sys.executable, "-c", LARGE, small, large], capture_output=True, text=True, timeout=300, check=False)
    assert ran.stdout == "limited budget\n", ran.stderr[-2000:]
