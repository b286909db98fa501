"""Text sets read from tiny mirrors."""

from __future__ import annotations

import json

import pytest

from elman.datasets import info, load
from elman.datasets.files import Files
from elman.errors import FileError


def test_shakespeare_is_cut_at_nine_tenths(mirror):
    mirror("tiny_shakespeare", {"input.txt.gz": "0123456789" * 2})
    data = load("tiny_shakespeare", verify=False)
    assert (data.train.x, data["validation"].x, data.train.y) == (["012345678901234567"], ["89"], None)


def test_wikitext_lines(mirror):
    mirror("wikitext2_valid_test", {"valid.txt.gz": " \n = A = \n", "test.txt.gz": " b @-@ c \n"})
    data = load("wikitext2_valid_test", verify=False)
    assert (data["valid"].x, data["test"].x) == (["", "= A ="], ["b @-@ c"])


def test_patents(mirror):
    text = 'patent_abstract,patent_date,patent_number,patent_title\r\n"a ""net"", b",2018-05-29,1,T\r\n'
    mirror("patent_abstracts", {"neural_network_patent_query.csv.gz": text})
    part = load("patent_abstracts", verify=False)["all"]
    assert (part.x, part.extra) == (['a "net", b'], {"date": ["2018-05-29"], "number": ["1"], "title": ["T"]})


def test_sst2_and_its_wrong_lines(mirror):
    mirror("sst2", {"train.tsv.gz": "fine film\t1\nbad\t0", "dev.tsv.gz": "so\t0", "test.tsv.gz": ""})
    data = load("sst2", verify=False)
    assert (data.train.x, data.train.y, len(data.test)) == (["fine film", "bad"], [1, 0], 0)
    mirror("sst2", {"dev.tsv.gz": "so\t0\nno label"})
    with pytest.raises(FileError, match=r"dev.tsv.gz, line 2: a sentence, a tab and 0 or 1"):
        load("sst2", verify=False)


def test_movie_reviews(mirror):
    mirror("mr_polarity", {"rt-polarity.neg.txt.gz": "bad . \n", "rt-polarity.pos.txt.gz": "good . \nfine \n"})
    x, y = load("mr_polarity", verify=False)["all"]
    assert (x, y) == (["bad .", "good .", "fine"], [0, 1, 1])


def test_multi30k_takes_any_two_languages(mirror):
    files = {
        f"{part}.{language}.gz": f"{language} {part}\n" for part in ("train", "val", "test_2016_flickr") for language in ("de", "en", "fr")
    }
    mirror("multi30k", files)
    data = load("multi30k", verify=False, source="fr", target="de")
    assert (data.train.x, data.train.y) == (["fr train"], ["de train"])
    assert data["test"].x == ["fr test_2016_flickr"]
    assert load("multi30k", verify=False).options == {"source": "de", "target": "en"}


def test_scan_and_its_wrong_lines(mirror):
    mirror(
        "scan", {"tasks_train_length.txt.gz": "IN: walk twice OUT: I_WALK I_WALK\n", "tasks_test_length.txt.gz": "IN: jump OUT: I_JUMP\n"}
    )
    data = load("scan", verify=False, split="length")
    assert (data.train.x, data.train.y, data.test.y) == (["walk twice"], ["I_WALK I_WALK"], ["I_JUMP"])
    mirror("scan", {"tasks_test_length.txt.gz": "jump\n"})
    with pytest.raises(FileError, match=r"tasks_test_length.txt.gz, line 1: 'IN: … OUT: …' was expected"):
        load("scan", verify=False, split="length")


def test_spooky_with_and_without_the_unlabelled_part(mirror):
    mirror("spooky_authors", {"train.csv.gz": '"id","text","author"\n"id1","A, b","EAP"\n'})
    data = load("spooky_authors", verify=False)
    assert (data.train.x, data.train.y, list(data.splits)) == (["A, b"], ["EAP"], ["train"])
    mirror("spooky_authors", {"test_unlabelled.csv.gz": '"id","text"\n"id2","C"\n'})
    part = load("spooky_authors", verify=False)["unlabelled"]
    assert (part.x, part.y, part.extra["id"]) == (["C"], None, ["id2"])


def test_banking(mirror):
    mirror(
        "banking77",
        {"train.csv.gz": "text,category\r\nHi?,card\r\n", "test.csv.gz": "text,category\r\n", "categories.json": '["card", "pin"]'},
    )
    data = load("banking77", verify=False)
    assert (data.train.x, data.train.y, data.details["categories"]) == (["Hi?"], ["card"], ("card", "pin"))


def test_changed_files_of_another_form_are_an_error_that_names_the_set(mirror):
    mirror("banking77", {"train.csv.gz": "question,category\nHi?,card\n", "test.csv.gz": "", "categories.json": "[]"})
    with pytest.raises(FileError, match=r"the files of banking77 do not have the published form \(KeyError: 'text'\)"):
        load("banking77", verify=False)


def test_a_fault_of_a_reader_is_not_blamed_on_the_files(mirror, monkeypatch):
    mirror("banking77", {"train.csv.gz": "question,category\nHi?,card\n"})
    real, unchecked = Files.read, Files("banking77", verify=False)
    monkeypatch.setattr(Files, "read", lambda _self, path: real(unchecked, path))
    with pytest.raises(KeyError, match=r"text"):
        load("banking77")


def test_dialogues_by_turn_and_by_call(mirror):
    turns = [["U", "Hi", ["Find"], ["INFORM"]], ["S", "Where?", [], ["REQUEST"]], ["U", "Bye", [], ["GOODBYE"]]]
    line = json.dumps({"id": "1_0", "services": ["Food_1"], "turns": turns})
    mirror("sgd_dialogues", {f"{part}.jsonl.gz": line + "\n" for part in ("train", "dev", "test")})
    turn = load("sgd_dialogues", verify=False).train
    assert (turn.x, turn.y) == (["Hi", "Bye"], [("Find",), ()])
    assert turn.extra == {"id": ["1_0", "1_0"], "acts": [("INFORM",), ("GOODBYE",)]}
    call = load("sgd_dialogues", verify=False, unit="dialogue").train
    assert (call.x, call.y) == ([[("U", "Hi"), ("S", "Where?"), ("U", "Bye")]], [("Food_1",)])
    assert call.extra["intents"] == [[("Find",), (), ()]]


def test_dialogues_are_slimmed_as_their_digests_expect():
    """One call with two services; what is left out and the order of what is kept decide the digest."""
    frames = [
        {"state": {"active_intent": "Find", "slot_values": {}}, "actions": [{"act": "REQUEST"}, {"act": "AFFIRM"}], "slots": []},
        {"state": {"active_intent": "NONE"}, "actions": [{"act": "REQUEST"}]},
    ]
    turns = [
        {"speaker": "USER", "utterance": "Größe?", "frames": frames},
        {"speaker": "SYSTEM", "utterance": "M", "frames": [{"actions": [{"act": "INFORM"}], "service_results": []}]},
    ]
    origin = json.dumps([{"dialogue_id": "1_0", "services": ["B", "A"], "turns": turns}]).encode()
    derive = info("sgd_dialogues").derive
    assert derive is not None
    kept = '{"id":"1_0","services":["B","A"],"turns":[["U","Größe?",["Find"],["AFFIRM","REQUEST"]],["S","M",[],["INFORM"]]]}\n'
    assert derive([origin, origin]).decode("utf-8") == kept * 2


def test_summaries(mirror):
    line = json.dumps({"source": ["A b.", "C."], "target": ["x", "y"]})
    mirror("scitldr", {f"SciTLDR-A.{part}.jsonl.gz": line for part in ("train", "dev", "test")})
    part = load("scitldr", verify=False)["dev"]
    assert (part.x, part.y, part.extra["summaries"], part.extra["sentences"]) == (["A b. C."], ["x"], [["x", "y"]], [["A b.", "C."]])
    mirror("sentence_compression_eval1000", {"google_eval_1000.jsonl.gz": json.dumps({"id": "u", "text": "a b c", "summaries": ["a c"]})})
    part = load("sentence_compression_eval1000", verify=False).test
    assert (part.x, part.y, part.extra["id"]) == (["a b c"], ["a c"], ["u"])
