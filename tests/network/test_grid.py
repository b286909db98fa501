"""A picture kept as a grid: which cells, what a cell sees, that answers look at it, and that older plans mean what they meant."""

import re

import numpy as np
import pytest
import torch
from torch.nn import functional

from elman.codecs import Continuous, Discrete, Pixels
from elman.errors import DataError, SettingError
from elman.network import Network, Plan, Sizes, build, collate, plan
from elman.network.planning.infer import counted
from elman.network.planning.side import Side
from elman.network.stems.grid import CellReader, GridStem, grid_of

PICTURE, WORDS = Side("one", Pixels(1, 16, 16)), Side("many", Discrete(6))
SIZES = Sizes(rows=20, target_mean=3, target_max=5)


def planned(source: Side = PICTURE, target: Side = WORDS, **options) -> Plan:
    return plan(source, target, Network(hidden_size=16, embedding_size=8, **options), examples=SIZES)


@pytest.mark.parametrize(
    ("space", "grid"),
    [
        (Pixels(3, 96, 96), (6, 6)),
        (Pixels(1, 8, 8), (8, 8)),
        (Pixels(1, 9, 17), (4, 8)),
        (Pixels(3, 224, 224), (7, 7)),
        (Pixels(1, 2, 300), (2, 4)),
    ],
)
def test_every_side_is_halved_until_it_has_eight_cells_at_most(space: Pixels, grid: tuple[int, int]) -> None:
    assert grid_of(space) == grid
    stem = GridStem(space, 4, grid).eval()
    cells = stem(torch.rand(2, space.c, space.h, space.w))
    assert cells.lengths.tolist() == [grid[0] * grid[1]] * 2
    assert len(stem(torch.zeros(0, space.c, space.h, space.w))) == 0


def test_a_stem_is_its_blocks_cell_by_cell_row_by_row_from_the_top() -> None:
    torch.manual_seed(0)
    stem = GridStem(Pixels(2, 16, 20), 5, (8, 5)).double().eval()
    x = torch.rand(3, 2, 16, 20, dtype=torch.float64)
    first, norm, second, again = stem.blocks[0], stem.blocks[2], stem.blocks[4], stem.blocks[6]
    seen = functional.max_pool2d(functional.conv2d(x, first.weight, first.bias, padding=1), 2)
    seen = functional.relu(functional.group_norm(seen, 2, norm.weight, norm.bias))
    seen = functional.max_pool2d(functional.conv2d(seen, second.weight, second.bias, padding=1), (1, 2))
    seen = functional.relu(functional.group_norm(seen, 4, again.weight, again.bias))
    found, _ = stem(x).to_padded()
    for row, column in ((0, 0), (7, 4), (3, 2)):
        cell = functional.relu(seen[:, :, row, column] @ stem.linear.weight.T + stem.linear.bias)
        place = stem.places.weight[row * 5 + column]
        torch.testing.assert_close(found[:, row * 5 + column], cell + place)


def test_the_decoder_starts_from_the_mean_of_the_cells() -> None:
    torch.manual_seed(0)
    model = build(planned()).eval()
    encoded = model.encode(torch.rand(3, 1, 16, 16))
    assert isinstance(model.encoder, CellReader)
    assert encoded.sequence is not None
    assert encoded.sequence.lengths.tolist() == [64] * 3
    torch.testing.assert_close(encoded.vector, encoded.sequence.to_padded()[0].mean(1))


def test_words_are_read_off_the_place_where_they_stand() -> None:
    """Which of three marks stand in a picture, from left to right: one vector of 8 numbers would have to hold all of it."""
    rng = np.random.default_rng(0)
    marks = np.stack([np.eye(4), np.ones((4, 4)), np.eye(4)[::-1]])
    answers = rng.integers(0, 3, (60, 4))
    pictures = np.concatenate([marks[answers[:, i]] for i in range(4)], axis=2)[:, None]
    pictures = np.concatenate([pictures, np.zeros_like(pictures)], axis=2).astype(np.float32)
    source, target = Side("one", Pixels(1, 8, 16)), Side("many", Discrete(3))
    torch.manual_seed(0)
    made = plan(source, target, Network(hidden_size=24, embedding_size=16, dropout=0.0), examples=Sizes(rows=60, target_max=4))
    model = build(made)
    x, y = collate(list(pictures), source.space, "one"), collate(list(answers), target.space, "many")
    optimizer = torch.optim.AdamW(model.parameters(), 0.01)
    for _ in range(100):
        optimizer.zero_grad()
        model.loss(x, y).mean.backward()
        optimizer.step()
    assert np.mean([np.array_equal(a, b) for a, b in zip(model.predict(x), answers, strict=True)]) > 0.95


def test_a_plan_says_what_it_looks_at_and_comes_back_from_json() -> None:
    made = planned()
    assert (made.grid, made.attention, made.attends, made.decoder) == ((8, 8), "general", True, "autoregressive")
    assert re.search(r"^grid +8 x 8 cells +of a picture, to attend to", str(made), re.M)
    assert "cells of the picture (Xu 2015)" in made.why["attention"]
    assert Plan.from_config(made.config()) == made
    assert planned(attention="additive").grid == (8, 8)
    for whole in (planned(attention="none"), planned(stem="linear"), planned(target=Side("one", Discrete(3)))):
        assert (whole.grid, whole.attends) == ((), False)
        assert "grid" not in str(whole)
    assert planned(target=Side("many", Continuous(4))).grid == (8, 8)
    assert planned(source=Side("many", Pixels(1, 16, 16))).grid == ()
    assert planned(source=Side("one", Continuous(4))).attention == "none"


def test_grids_that_cannot_be_are_refused() -> None:
    made = planned()
    for grid in ((8,), (8, 17), (0, 8), (8, 2.0), (True, 8)):
        with pytest.raises(SettingError, match="grid must be rows and columns of cells, at most the picture's 16 x 16"):
            counted(made, grid=grid)
    for changes in ({"attention": "none"}, {"stem": "linear"}, {"source": Side("one", Continuous(3))}):
        with pytest.raises(SettingError, match="grid is for one picture"):
            counted(made, **changes)
    with pytest.raises(DataError, match="grid is for one picture"):
        Plan.from_config({**made.config(), "stem": "linear"})


def test_a_picture_without_more_pixels_than_cells_is_one_vector() -> None:
    tiny = planned(source=Side("one", Pixels(1, 8, 8)))
    assert (tiny.grid, tiny.attention) == ((), "none")
    assert "one vector" in tiny.why["attention"]
    assert planned(source=Side("one", Pixels(1, 8, 16))).grid == (8, 8)
    assert planned(source=Side("one", Pixels(1, 8, 8)), attention="general").grid == (8, 8)  # who asks for it, has it
