"""Text: language models, labelled sentences, translation, summaries, dialogues."""

from __future__ import annotations

import json
from typing import Any

from elman.datasets.dataset import Info, Split
from elman.datasets.files import Files
from elman.datasets.formats import read_json_lines, read_table
from elman.errors import FileError

_Read = tuple[dict[str, Split], dict[str, Any]]


def _shakespeare(files: Files) -> _Read:
    text = files.text("input.txt.gz")
    cut = len(text) * 9 // 10
    return {"train": Split(x=[text[:cut]]), "validation": Split(x=[text[cut:]])}, {}


def _wikitext(files: Files) -> _Read:
    return {part: Split(x=[line.strip(" ") for line in files.lines(f"{part}.txt.gz")]) for part in ("valid", "test")}, {}


def _patents(files: Files) -> _Read:
    path = "neural_network_patent_query.csv.gz"
    table = read_table(files.text(path), path)
    extra = {name: table[f"patent_{name}"] for name in ("date", "number", "title")}
    return {"all": Split(x=table["patent_abstract"], extra=extra)}, {}


def _sst2(files: Files) -> _Read:
    splits = {}
    for part in ("train", "dev", "test"):
        path = f"{part}.tsv.gz"
        rows = [line.rpartition("\t") for line in files.lines(path)]
        wrong = next((number for number, row in enumerate(rows, start=1) if row[2] not in ("0", "1")), None)
        if wrong is not None:
            raise FileError(f"{path}, line {wrong}: a sentence, a tab and 0 or 1 were expected.")
        splits[part] = Split(x=[sentence for sentence, _, _ in rows], y=[int(label) for _, _, label in rows])
    return splits, {"labels": ("negative", "positive")}


def _movie_reviews(files: Files) -> _Read:
    negative, positive = (files.lines(f"rt-polarity.{sign}.txt.gz") for sign in ("neg", "pos"))
    x = [line.strip() for line in (*negative, *positive)]
    return {"all": Split(x=x, y=[0] * len(negative) + [1] * len(positive))}, {"labels": ("negative", "positive")}


def _multi30k(files: Files, source: str, target: str) -> _Read:
    splits = {}
    for part, path in (("train", "train"), ("validation", "val"), ("test", "test_2016_flickr")):
        splits[part] = Split(x=files.lines(f"{path}.{source}.gz"), y=files.lines(f"{path}.{target}.gz"))
    return splits, {}


def _scan(files: Files, split: str) -> _Read:
    splits = {}
    for part in ("train", "test"):
        path = f"tasks_{part}_{split}.txt.gz"
        pairs = [line.removeprefix("IN: ").partition(" OUT: ") for line in files.lines(path)]
        wrong = next((number for number, pair in enumerate(pairs, start=1) if not pair[1]), None)
        if wrong is not None:
            raise FileError(f"{path}, line {wrong}: 'IN: … OUT: …' was expected.")
        splits[part] = Split(x=[command for command, _, _ in pairs], y=[actions for _, _, actions in pairs])
    return splits, {}


def _spooky(files: Files) -> _Read:
    train = read_table(files.text("train.csv.gz"), "train.csv")
    splits = {"train": Split(x=train["text"], y=train["author"], extra={"id": train["id"]})}
    if files.has("test_unlabelled.csv.gz"):
        test = read_table(files.text("test_unlabelled.csv.gz"), "test_unlabelled.csv")
        splits["unlabelled"] = Split(x=test["text"], extra={"id": test["id"]})
    return splits, {"authors": {"EAP": "Edgar Allan Poe", "HPL": "H. P. Lovecraft", "MWS": "Mary Shelley"}}


def _banking(files: Files) -> _Read:
    splits = {}
    for part in ("train", "test"):
        table = read_table(files.text(f"{part}.csv.gz"), f"{part}.csv")
        splits[part] = Split(x=table["text"], y=table["category"])
    return splits, {"categories": tuple(json.loads(files.text("categories.json")))}


def _dialogues(files: Files, unit: str) -> _Read:
    splits = {}
    for part in ("train", "dev", "test"):
        rows = read_json_lines(files.lines(f"{part}.jsonl.gz"), f"{part}.jsonl")
        splits[part] = _turns(rows) if unit == "turn" else _whole(rows)
    return splits, {}


def _whole(rows: list[dict[str, Any]]) -> Split:
    turns = [row["turns"] for row in rows]
    extra = {
        "id": [row["id"] for row in rows],
        "intents": [[tuple(turn[2]) for turn in one] for one in turns],
        "acts": [[tuple(turn[3]) for turn in one] for one in turns],
    }
    return Split(x=[[(turn[0], turn[1]) for turn in one] for one in turns], y=[tuple(row["services"]) for row in rows], extra=extra)


def _turns(rows: list[dict[str, Any]]) -> Split:
    answers = [(row["id"], turn) for row in rows for turn in row["turns"] if turn[0] == "U"]
    extra = {"id": [name for name, _ in answers], "acts": [tuple(turn[3]) for _, turn in answers]}
    return Split(x=[turn[1] for _, turn in answers], y=[tuple(turn[2]) for _, turn in answers], extra=extra)


def _slim_calls(parts: list[bytes]) -> bytes:
    """Files of the origin as one object a dialogue and line; the meaning of a turn is gathered over its services, in alphabetical order."""
    calls = [call for part in parts for call in json.loads(part)]
    rows = [
        {"id": call["dialogue_id"], "services": call["services"], "turns": [_slim_turn(turn) for turn in call["turns"]]} for call in calls
    ]
    return "".join(json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n" for row in rows).encode("utf-8")


def _slim_turn(turn: dict[str, Any]) -> list[Any]:
    intents = {frame["state"]["active_intent"] for frame in turn["frames"] if "state" in frame} - {"NONE"}
    acts = {action["act"] for frame in turn["frames"] for action in frame["actions"]}
    return [turn["speaker"][0], turn["utterance"], sorted(intents), sorted(acts)]


def _scitldr(files: Files) -> _Read:
    splits = {}
    for part in ("train", "dev", "test"):
        rows = read_json_lines(files.lines(f"SciTLDR-A.{part}.jsonl.gz"), f"SciTLDR-A.{part}.jsonl")
        extra = {"sentences": [row["source"] for row in rows], "summaries": [row["target"] for row in rows]}
        splits[part] = Split(x=[" ".join(row["source"]) for row in rows], y=[row["target"][0] for row in rows], extra=extra)
    return splits, {}


def _compression(files: Files) -> _Read:
    rows = read_json_lines(files.lines("google_eval_1000.jsonl.gz"), "google_eval_1000.jsonl")
    extra = {"id": [row["id"] for row in rows], "summaries": [row["summaries"] for row in rows]}
    return {"test": Split(x=[row["text"] for row in rows], y=[row["summaries"][0] for row in rows], extra=extra)}, {}


_WORDS, _CHARACTERS = "text", "text:char"
_LANGUAGES = ("de", "en", "fr")

SETS = (
    Info(
        name="tiny_shakespeare",
        family="text",
        summary="1,115,394 characters of Shakespeare; first 90 % train, last 10 % validation (customary, not official)",
        licence="MIT (repository, code); the text is in the public domain",
        origin="https://github.com/karpathy/char-rnn/tree/6f9487a",
        citation="A. Karpathy, The unreasonable effectiveness of recurrent neural networks, 2015",
        source=_CHARACTERS,
        target="",
        read=_shakespeare,
    ),
    Info(
        name="wikitext2_valid_test",
        family="text",
        summary="WikiText-2 without its training part: lines of tokens; published perplexities are not comparable",
        licence="CC BY-SA (Wikipedia); repository BSD-3-Clause",
        origin="https://github.com/pytorch/examples/tree/77f55b9",
        citation="S. Merity et al., Pointer sentinel mixture models, 2016",
        source=_WORDS,
        target="",
        read=_wikitext,
    ),
    Info(
        name="patent_abstracts",
        family="text",
        summary="3,522 US patent abstracts on neural networks with date, number and title; no split",
        licence="MIT (repository); US patent text",
        origin="https://github.com/WillKoehrsen/recurrent-neural-networks/tree/8da0e37",
        citation="W. Koehrsen, Recurrent neural networks by example, 2018",
        source=_WORDS,
        target="",
        read=_patents,
    ),
    Info(
        name="sst2",
        family="text",
        summary="film review sentences, negative 0 or positive 1; official split 6,920 / 872 / 1,821",
        licence="not stated by the origin",
        origin="https://github.com/clairett/pytorch-sentiment-classification/tree/457ffd8",
        citation="R. Socher et al., Recursive deep models for semantic compositionality over a sentiment treebank, EMNLP 2013",
        source=_WORDS,
        target="category",
        read=_sst2,
    ),
    Info(
        name="mr_polarity",
        family="text",
        summary="10,662 film review sentences, negative 0 (first half) or positive 1; no split: shuffle before cutting",
        licence="Apache-2.0 (repository); data not stated",
        origin="https://github.com/dennybritz/cnn-text-classification-tf/tree/18762b4",
        citation="B. Pang and L. Lee, Seeing stars, ACL 2005",
        source=_WORDS,
        target="category",
        read=_movie_reviews,
    ),
    Info(
        name="multi30k",
        family="text",
        summary="picture descriptions in German, English and French; official split 29,000 / 1,014 / 1,000 (test 2016)",
        licence="not stated by the origin",
        origin="https://github.com/multi30k/dataset/tree/a3d2e0d",
        citation="D. Elliott et al., Multi30K: multilingual English-German image descriptions, 2016",
        source="text:bpe",
        target="text:bpe",
        read=_multi30k,
        options={"source": _LANGUAGES, "target": ("en", "de", "fr")},
    ),
    Info(
        name="scan",
        family="text",
        summary="commands to actions; official splits by option: simple, length, addprim_jump",
        licence="BSD (Facebook)",
        origin="https://github.com/brendenlake/SCAN/tree/c4b756c",
        citation="B. Lake and M. Baroni, Generalization without systematicity, ICML 2018",
        source=_WORDS,
        target=_WORDS,
        read=_scan,
        options={"split": ("simple", "length", "addprim_jump")},
    ),
    Info(
        name="spooky_authors",
        family="text",
        summary="19,579 sentences by three authors, and 8,392 without labels; make your own hold-out",
        licence="not stated; files of a Kaggle competition, texts in the public domain",
        origin="https://github.com/xertji/Spooky-Author-Data/tree/60b1bc5",
        citation="Kaggle, Spooky author identification, 2017",
        source=_WORDS,
        target="category",
        read=_spooky,
    ),
    Info(
        name="banking77",
        family="text",
        summary="questions of online banking customers, 77 intents; official split 10,003 / 3,080",
        licence="CC BY 4.0",
        origin="https://github.com/PolyAI-LDN/task-specific-datasets/tree/57ec275",
        citation="I. Casanueva et al., Efficient intent detection with dual sentence encoders, 2020",
        source=_WORDS,
        target="category",
        read=_banking,
    ),
    Info(
        name="sgd_dialogues",
        family="text",
        summary="calls between user and service: intents of each user turn, or the services of a whole call (part of the official splits)",
        licence="CC BY-SA 4.0 (derived file: share alike)",
        origin="https://github.com/google-research-datasets/dstc8-schema-guided-dialogue/tree/e852981",
        citation="A. Rastogi et al., Towards scalable multi-domain conversational agents, AAAI 2020",
        source=_WORDS,
        target="tags",
        read=_dialogues,
        options={"unit": ("turn", "dialogue")},
        derivation=(
            "Its files were made from dialogues_001 to 025 (train), 001 to 007 (dev) and 001 to 011 (test) of the origin: one object a "
            "dialogue with id, services and turns [U or S, utterance, active intents, dialogue acts]; slots and states left out."
        ),
        derive=_slim_calls,
    ),
    Info(
        name="scitldr",
        family="text",
        summary="scientific abstracts and one-sentence summaries; official split 1,992 / 619 / 618; y is the first summary",
        licence="Apache-2.0",
        origin="https://github.com/allenai/scitldr/tree/5ccad9c",
        citation="I. Cachola et al., TLDR: extreme summarization of scientific documents, 2020",
        source=_WORDS,
        target=_WORDS,
        read=_scitldr,
    ),
    Info(
        name="sentence_compression_eval1000",
        family="text",
        summary="1,000 news sentences with a compression made by deleting words; for evaluation only",
        licence='not stated by the origin; Google gives the set out "as is"',
        origin="https://github.com/complementizer/rl-sentence-compression/tree/c319cd0",
        citation="K. Filippova and Y. Altun, Overcoming the lack of parallel data in sentence compression, EMNLP 2013",
        source=_WORDS,
        target=_WORDS,
        read=_compression,
    ),
)
