"""Networks of timm that read pictures: with the user's weights, frozen or tuned, in grids or one vector, saved in the model file."""

import sys
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch

import elman
from elman import Category, Image, Model, Network, Series, Text, Training
from elman.codecs import Discrete, Pixels
from elman.errors import FileError, MissingExtraError, SettingError
from elman.network import Sizes, plan
from elman.network.planning.side import Side
from elman.network.stems.backbone import Backbone, backbone_grid, is_backbone

try:
    import timm
except (ImportError, RuntimeError):  # torchvision, which timm needs, can be made for another torch
    timm = None

needs_timm = pytest.mark.skipif(timm is None, reason="the extra timm is not installed")
STEM = "timm:resnet10t"
QUICK = Training(max_epochs=1, verbose=0)
TINY = {"stem": STEM, "hidden_size": 8, "embedding_size": 8}


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file as people have it: of the whole network, its classifier included."""
    torch.manual_seed(5)
    path = tmp_path_factory.mktemp("weights") / "model.safetensors"
    safetensors.torch.save_file(timm.create_model("resnet10t", num_classes=10).state_dict(), path)
    return path


@pytest.fixture(scope="module")
def pictures() -> tuple[list[np.ndarray], list[str]]:
    rng = np.random.default_rng(0)
    return list(rng.integers(0, 255, (12, 64, 40, 3), np.uint8)), ["a dog", "two cats", "a cat"] * 4


def the_backbone(model: Model) -> Backbone:
    return model.model_.stem.backbone


@needs_timm
def test_weights_come_from_the_file_stay_frozen_and_are_saved_inside_the_model(weights, pictures, tmp_path) -> None:
    xs, ys = pictures
    model = Model(Image(), Text("word"), network=Network(**TINY, stem_weights=str(weights)), training=QUICK).fit(xs, ys)
    assert (model.plan().stem, model.plan().stem_frozen, model.plan().grid) == (STEM, True, (2, 2))
    given = safetensors.torch.load_file(weights)
    kept = the_backbone(model).network.state_dict()
    assert set(given) - set(kept) == {"fc.weight", "fc.bias"}
    assert all(torch.equal(kept[name], given[name]) for name in kept)
    assert model.plan().parameters < 50_000  # those of the backbone do not learn
    said, maps = model.predict(xs[:2], return_attention=True, min_length=1)
    assert maps[0].cells().shape[1:] == (2, 2)
    model.save(tmp_path / "captions.elman")
    weights.rename(tmp_path / "moved")  # the model needs the file no more
    again = elman.load(tmp_path / "captions.elman")
    (tmp_path / "moved").rename(weights)
    assert again.predict(xs[:2], min_length=1) == said
    assert all(torch.equal(a, b) for a, b in zip(again.model_.state_dict().values(), model.model_.state_dict().values(), strict=True))


@needs_timm
def test_features_are_timms_own_on_normalised_pictures() -> None:
    torch.manual_seed(0)
    backbone = Backbone(STEM, Pixels(3, 64, 40)).train()
    x = torch.rand(2, 3, 64, 40)
    mean, std = (torch.tensor(backbone.network.pretrained_cfg[name])[:, None, None] for name in ("mean", "std"))
    alone = timm.create_model("resnet10t", num_classes=0, global_pool="").eval()
    alone.load_state_dict(backbone.network.state_dict())
    torch.testing.assert_close(backbone(x), alone.forward_features((x - mean) / std))
    assert backbone_grid(STEM, Pixels(3, 64, 40)) == tuple(backbone(x).shape[2:])
    torch.testing.assert_close(backbone(x[:, :1]), backbone(x[:, :1].repeat(1, 3, 1, 1)))
    assert backbone(x).requires_grad
    backbone.freeze()
    assert not backbone(x).requires_grad


@needs_timm
def test_tuned_weights_learn_and_statistics_stay(weights, pictures) -> None:
    xs, ys = pictures
    network = Network(**TINY, stem_weights=str(weights), stem_frozen=False)
    model = Model(Image(), Category(), network=network, training=QUICK).fit(xs, ys)
    assert (model.plan().grid, model.plan().stem_frozen) == ((), False)
    given, kept = safetensors.torch.load_file(weights), the_backbone(model).network.state_dict()
    changed = {name for name in kept if not torch.equal(kept[name], given[name])}
    assert changed
    assert not {name for name in changed if "running" in name or "num_batches" in name}
    assert model.predict_proba(xs[:3]).shape == (3, 3)


@needs_timm
def test_other_files_and_networks_are_refused(weights, pictures, tmp_path) -> None:
    xs, ys = pictures

    def fit(**options) -> None:
        Model(Image(), Text("word"), network=Network(**{**TINY, **options}), training=QUICK).fit(xs, ys)

    with pytest.raises(FileError, match=r"could not read the weights in .*none: No such file.*Give stem_weights the path"):
        fit(stem_weights=str(tmp_path / "none"))
    (tmp_path / "pickle").write_bytes(b"\x80\x04no weights at all")
    with pytest.raises(FileError, match="is no file of safetensors.*pickles are not read"):
        fit(stem_weights=str(tmp_path / "pickle"))
    safetensors.torch.save_file({"conv1.weight": torch.zeros(1)}, tmp_path / "other")
    with pytest.raises(FileError, match="does not hold the weights of this network.*Name the network"):
        fit(stem_weights=str(tmp_path / "other"))
    with pytest.raises(SettingError, match="timm knows no network named 'resnet10x'"):
        fit(stem="timm:resnet10x")
    with pytest.raises(SettingError, match=r"no channels of a picture. Use a convolutional network"):
        Backbone("timm:vit_tiny_patch16_224", Pixels(3, 224, 224))
    with pytest.raises(SettingError, match="cannot read pictures of 64 x 40"):
        Backbone("timm:vit_tiny_patch16_224", Pixels(3, 64, 40))


def test_a_missing_timm_names_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "timm", None)
    with pytest.raises(MissingExtraError, match=r"timm is needed to read pictures with stem='timm:resnet18'.*elman\[timm\]"):
        Backbone("timm:resnet18", Pixels(3, 64, 64))


def test_only_networks_of_timms_own_are_named() -> None:
    assert [is_backbone(f"timm:{name}") for name in ("resnet18.a1_in1k", "hf-hub:a/b", "local-dir:/x", "../x", "")] == [True] + [False] * 4


def test_settings_that_cannot_be_are_refused() -> None:
    words, numbers = Side("many", Discrete(5)), Side("one", Pixels(3, 64, 64))
    for stem in ("cnov", "timm:hf-hub:a/b"):
        with pytest.raises(SettingError, match="stem must be one of .* or 'timm:' and the name of a network"):
            plan(numbers, words, Network(stem=stem), examples=Sizes(rows=9))
    with pytest.raises(SettingError, match="reads pictures, Image.. or Video..; this model reads none"):
        plan(words, Side("one", Discrete(2)), Network(stem=STEM), examples=Sizes(rows=9))
    with pytest.raises(SettingError, match="stem_frozen=True is for a stem of timm"):
        plan(numbers, words, Network(stem_frozen=True), examples=Sizes(rows=9))
    with pytest.raises(SettingError, match="stem_weights are for a stem of timm"):
        Model(Series(), Category(), network=Network(stem_weights="x"), training=QUICK).fit([[1, 2], [2, 1]] * 4, ["a", "b"] * 4)
