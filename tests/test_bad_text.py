"""Bad input of language models and of text to text, as people bring it: one clear error, or a result that is defined."""

import pytest
from sklearn.base import clone

from elman import Category, LanguageModel, Model, Network, Symbols, Tags, Text, Training
from elman.cli.app import run
from elman.errors import DataError, DataTypeError, SettingError

QUICK = Training(max_epochs=1, verbose=0)
TINY = Network(hidden_size=2)


def writer(codec=None):
    return LanguageModel(codec or Text("char"), network=clone(TINY), training=clone(QUICK))


def translator(target=None, align="attention"):
    return Model(Text("char"), target or Text("char"), align=align, network=clone(TINY), training=clone(QUICK))


@pytest.fixture(scope="module")
def writes():
    return writer().fit(["abcabc"] * 10)


@pytest.fixture(scope="module")
def dances():
    return writer(Symbols()).fit([["left", "right"] * 3] * 10)


@pytest.fixture(scope="module")
def translates():
    return translator().fit(["ab", "ba", "aab", "bba"] * 4, ["ba", "ab", "baa", "abb"] * 4)


# A corpus ---------------------------------------------------------------------------------------------------------------

NOTHING = r"The documents hold fewer than 2 symbols; there is nothing to continue\. Give more text"


@pytest.mark.parametrize(
    ("codec", "texts", "error", "message"),
    [
        (Text("char"), [], DataError, r"texts is empty\. Give at least one row"),
        (Text("char"), "", DataError, NOTHING),
        (Text("char"), ["", ""], DataError, NOTHING),
        (Text("char"), ["a"], DataError, NOTHING),
        (Text("word"), ["word"], DataError, NOTHING),
        (Symbols(), [[]], DataError, NOTHING),
        (Symbols(), [["one"]], DataError, NOTHING),
        (Text("char"), ["a", None], DataTypeError, r"row 1: expected text; got NoneType"),
        (Text("char"), ["a", 3.5], DataTypeError, r"row 1: expected text; got float '3\.5'\. Convert it with str\(\)"),
        (Text("char"), None, DataTypeError, r"texts must hold one value a row, as a list, array or column; got NoneType"),
        (Symbols(), [["a"], 3], DataTypeError, r"row 1: expected a sequence of symbols; got int\. Give a list"),
        (Category(), ["a", "b"], SettingError, r"LanguageModel continues sequences of symbols; Category is not one\. Use Text\(\)"),
    ],
)
def test_a_corpus_with_nothing_to_continue(codec, texts, error, message):
    with pytest.raises(error, match=message):
        writer(codec).fit(texts)


@pytest.mark.parametrize("texts", ["ab", ["ab"], ["a", "b"], b"ab"])
def test_two_symbols_are_a_corpus(texts):
    assert writer().fit(texts).perplexity(["ab"]) > 1


def test_bytes_that_are_no_utf8_are_marked_in_memory(writes):
    model = writer().fit([b"ab\xff"] * 3)
    assert "\ufffd" in {symbol for symbol, _ in model.next("", k=9)}
    assert writes.generate(b"ab\xff", max_new_steps=0) == "ab\ufffd"


# Going on ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"temperature": -1}, r"temperature must be 0 \(always the likeliest\) or more; got -1\. Try 0\.8"),
        ({"temperature": float("nan")}, "temperature must be 0 .* or more; got nan"),
        ({"temperature": "hot"}, "temperature must be 0 .* or more; got 'hot'"),
        ({"top_k": 0}, "top_k must be a whole number of at least 1; got 0"),
        ({"top_p": 0}, "top_p must be in 0 < top_p <= 1; got 0"),
        ({"top_p": 1.5}, "top_p must be in 0 < top_p <= 1; got 1.5"),
        ({"max_new_steps": -1}, "max_new_steps must be a whole number of 0 or more; got -1"),
        ({"max_new_steps": 2.5}, "max_new_steps must be a whole number of 0 or more; got 2.5"),
        ({"stop": ""}, "stop must be text of at least one character, or a list of texts; got ''"),
        ({"random_state": -1}, "random_state must be a whole number from 0, or None; got -1"),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_options_of_generate(writes, options, message, stream):
    with pytest.raises(SettingError, match=message):
        writes.generate("ab", stream=stream, **options)


def test_what_is_defined_at_the_borders(writes, dances):
    assert writes.generate("ab", temperature=0, max_new_steps=9) == writes.generate("ab", temperature=1e-300, max_new_steps=9)
    assert writes.generate("ab", max_new_steps=0) == "ab"
    assert writes.generate([]) == []
    assert writes.generate("", max_new_steps=3, random_state=1) == "".join(
        writes.generate("", max_new_steps=3, random_state=1, stream=True)
    )
    assert len(writes.next("a", k=1000)) == 5  # a, b, c, unknown, the end
    assert dances.generate(["a waltz"], max_new_steps=0) == ["a waltz"]


@pytest.mark.parametrize("prompt", [None, 5, ["a", None]])
def test_prompts_that_are_none(writes, dances, prompt):
    with pytest.raises(DataTypeError, match="expected text; got (NoneType|int)"):
        writes.generate(prompt)
    if not isinstance(prompt, list):
        with pytest.raises(DataTypeError, match="expected a sequence of symbols; got (NoneType|int)"):
            dances.generate(prompt)


def test_a_prompt_longer_than_anything_seen_and_of_unknown_symbols(writes):
    prompt = "abcxyz" * 20_000
    assert writes.generate(prompt, max_new_steps=4, random_state=0)[: len(prompt)] == prompt
    assert sum(chance for _, chance in writes.next(prompt, k=9)) == pytest.approx(1.0, abs=1e-5)
    assert writes.perplexity([prompt]) > 1


def test_nothing_and_the_unknown_are_judged_too(writes):
    assert writes.perplexity([""]) == writes.perplexity("") > 1  # one symbol: the end
    assert writes.score(["zzz"]) > 0
    with pytest.raises(DataError, match="texts is empty"):
        writes.score([])
    with pytest.raises(SettingError, match="k must be a whole number from 1; got 0"):
        writes.next("a", k=0)


# Text to text -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"beam_size": 0}, "beam_size must be a whole number of at least 1; got 0"),
        ({"beam_size": 1.5}, "beam_size must be a whole number of at least 1; got 1.5"),
        ({"n_best": 0}, "n_best must be a whole number of at least 1; got 0"),
        ({"n_best": 3, "beam_size": 2}, "n_best must be at most beam_size; got n_best=3 with beam_size=2"),
        ({"max_length": -1}, "max_length must be a whole number of at least 0; got -1"),
        ({"min_length": -1}, "min_length must be a whole number of 0 or more; got -1"),
        ({"no_repeat_ngram": 1.5}, "no_repeat_ngram must be a whole number of 0 or more; got 1.5"),
        ({"beam_size": 2, "length_penalty": -1}, "length_penalty must be a number of 0 or more; got -1"),
        ({"beam_size": 2, "length_penalty": "x"}, "length_penalty must be a number of 0 or more; got 'x'"),
        ({"constraint": 3}, "constraint must be a function from the symbols so far to those allowed; got 3"),
    ],
)
def test_options_of_a_search(translates, options, message):
    with pytest.raises(SettingError, match=message):
        translates.predict(["ab"], **options)


def test_sources_at_the_borders(translates):
    assert all(isinstance(answer, str) for answer in translates.predict(["", "zzz", "ab" * 3000]))
    assert max(len(answer) for answer in translates.predict(["ab" * 3000])) <= 2 * 3 + 2  # the plan's limit, whatever comes in
    assert translates.predict(["ab", ""], max_length=0) == ["", ""]


def test_a_target_longer_than_the_limit_is_judged_whole(translates):
    assert translates.score(["ab"], ["ba" * 500]) == pytest.approx(0.0, abs=0.02)
    assert translates.score(["ab"], ["ba" * 500]) <= 8 / 1000 + 1e-9


def test_targets_that_are_all_empty_are_learnt():
    assert translator().set_params(training__max_epochs=20).fit(["ab", "ba"] * 8, [""] * 16).predict(["ab"]) == [""]


def test_sources_that_are_all_empty_are_learnt():
    assert isinstance(translator().fit([""] * 8, ["ab", "ba"] * 4).predict([""])[0], str)


def test_targets_that_cannot_be():
    with pytest.raises(DataError, match="expected at least one tag in all rows; got none"):
        translator(Tags(), "auto").fit(["a", "b"] * 4, [[], []] * 4)
    with pytest.raises(DataError, match="align='ctc' needs targets shorter than their sources; none is"):
        translator(align="ctc").fit(["ab", "ba"] * 4, ["aaaaab", "baaaaa"] * 4)
    with pytest.raises(DataTypeError, match="row 1: expected text; got .*int"):
        translator().fit(["ab", "ba"], ["ba", 3])


# Files -----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", ("corpus.txt", "the file is empty")),
        (b"\n\n \n", ("corpus.txt",)),
        (b"a", ("fewer than 2 symbols",)),
        (b"good text\nbad \xff text\n", ("corpus.txt", "byte 0xFF in line 2 (byte 14)", "--encoding latin-1")),
        (b"\xff\xfea\x00b\x00", ("corpus.txt", "UTF-16", "save it as UTF-8")),
        (b"\x1f\x8b\x08\x00\x00\x00\x00\x00", ("corpus.txt", "gzip", "gunzip")),
        (b"a\x00b", ("corpus.txt", "binary data")),
    ],
)
def test_a_corpus_file_that_is_none(capsys, tmp_path, monkeypatch, content, words):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "corpus.txt").write_bytes(content)
    code = run(["fit", "corpus.txt", "--continue", "text:char", "--max-epochs", "1", "--hidden-size", "2", "-q"])
    out, err = capsys.readouterr()
    assert (code, out) == (1, "")
    assert err.count("\n") == 1
    assert all(word in err for word in words), err
    assert not (tmp_path / "corpus.elman").exists()


def test_latin_1_is_read_when_it_is_said(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "corpus.txt").write_bytes("größer als süß\n".encode("latin-1") * 5)
    fit = ["fit", "corpus.txt", "--continue", "text:char", "--max-epochs", "1", "--hidden-size", "2", "-q"]
    assert run([*fit, "--encoding", "latin-1"]) == 0
    assert run(["generate", "corpus.elman", "-p", "ö", "--next", "20", "--json"]) == 0
    assert "ß" in capsys.readouterr().out


@pytest.mark.parametrize("bad", [b"review,stars\nfine \xff,5\n", b'{"review": "fine \xff", "stars": 5}\n'])
def test_invalid_utf8_in_tables_is_named_by_its_byte(capsys, tmp_path, bad):
    path = tmp_path / ("a.csv" if bad.startswith(b"review") else "a.jsonl")
    path.write_bytes(bad)
    assert run(["fit", str(path), "-q"]) == 1
    assert f"(byte {bad.index(0xFF)})" in capsys.readouterr().err
