from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from elman import codecs, datasets
from elman.datasets import Dataset, Split, info
from elman.errors import DataError, SettingError

NOT_YET = {"audio", "boxes", "notes", "strokes"}
"""Codecs that bring their own libraries; the rest must be known by name."""


def test_split_unpacks_and_cuts():
    part = Split(x=["a", "b", "c"], y=np.array([1, 2, 3]), extra={"who": ["x", "y", "z"]})
    x, y = part
    assert (x, y.tolist(), len(part)) == (["a", "b", "c"], [1, 2, 3], 3)
    short = part.head(2)
    assert (short.x, short.y.tolist(), short.extra["who"]) == (["a", "b"], [1, 2], ["x", "y"])
    assert Split(x=[1, 2]).head(1).y is None


def test_split_refuses_columns_of_other_length():
    with pytest.raises(DataError, match=r"column 'y' has 1 rows, x has 2"):
        Split(x=[1, 2], y=[1])
    with pytest.raises(DataError, match=r"column 'who' has 3 rows, x has 2"):
        Split(x=[1, 2], extra={"who": [1, 2, 3]})


def test_head_refuses_a_negative_count():
    with pytest.raises(SettingError, match=r"count must be 0 or more; got -1"):
        Split(x=[1]).head(-1)


def test_results_are_frozen():
    part = Split(x=[1], extra={"who": ["x"]})
    with pytest.raises(dataclasses.FrozenInstanceError):
        part.x = [2]
    with pytest.raises(TypeError):
        part.extra["who"] = []
    data = Dataset(info=info("sst2"), splits={"train": part})
    with pytest.raises(TypeError):
        data.splits["test"] = part


def test_dataset_reaches_its_parts_and_its_papers():
    data = Dataset(info=info("scan"), splits={"train": Split(x=["a"], y=["b"])}, options={"split": "length"})
    assert data.train is data["train"]
    assert "train" in data
    assert "dev" not in data
    assert repr(data) == "<Dataset scan, split='length' (train: 1)>"
    assert (data.name, data.licence, data.origin) == ("scan", "BSD (Facebook)", "https://github.com/brendenlake/SCAN/tree/c4b756c")
    assert "Lake" in data.citation
    assert (data.source, data.target) == ("text", "text")


def test_an_unknown_part_names_the_nearest():
    data = Dataset(info=info("scan"), splits={"train": Split(x=[]), "test": Split(x=[])})
    with pytest.raises(SettingError, match=r"scan has no split 'trian'; it has \['train', 'test'\]. Did you mean 'train'"):
        data["trian"]
    with pytest.raises(AttributeError, match=r"no attribute or split 'trian'; splits are .* Did you mean 'train'"):
        _ = data.trian


def test_an_unknown_option_or_value_names_the_nearest():
    with pytest.raises(SettingError, match=r"scan has no option 'splt'; it has \['split'\]. Did you mean 'split'"):
        datasets.load("scan", splt="length")
    with pytest.raises(SettingError, match=r"split of scan must be one of .*; got 'lenght'. Did you mean 'length'"):
        datasets.load("scan", split="lenght")


def test_an_unknown_set_or_family_names_the_nearest():
    with pytest.raises(SettingError, match=r"no data set 'multi30'; .*names\(\) lists them. Did you mean 'multi30k'"):
        datasets.load("multi30")
    with pytest.raises(SettingError, match=r"no family 'txt'; there are .* Did you mean 'text'"):
        datasets.names("txt")


def test_families_share_out_all_names():
    families = ["text", "speech", "pen", "ocr", "images", "video", "music", "series"]
    assert sorted(name for family in families for name in datasets.names(family)) == datasets.names()
    assert len(datasets.names()) == 26


@pytest.mark.parametrize("name", datasets.names())
def test_every_set_says_where_it_is_from_and_how_to_read_it(name):
    entry = info(name)
    assert entry.origin.startswith("https://github.com/")
    assert "/tree/" in entry.origin, "a fixed commit"
    assert entry.licence
    assert entry.citation
    assert entry.summary
    for spec in filter(None, (entry.source, entry.target)):
        assert spec in codecs.names() or spec in NOT_YET
