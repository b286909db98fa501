"""The reader of boxes: what cells are told, what a step costs, and that it stops."""

import numpy as np
import pytest
import torch

from elman.codecs import Pixels, Rectangles
from elman.errors import SettingError
from elman.network import Network, Sizes, build, collate, plan
from elman.network.box_targets import Wanted, centres, hits, overlaps
from elman.network.contract import Encoded
from elman.network.relation import relate
from elman.network.spaces import Side

PICTURE, BOXES = Side("one", Pixels(1, 24, 40)), Side("many", Rectangles(2))
SIZES = Sizes(rows=10, target_max=6)
ROWS = [np.array([[0.1, 0.1, 0.5, 0.6, 1], [0.6, 0.2, 0.9, 0.5, 0]], np.float32), np.zeros((0, 5), np.float32)]


def model(seed=0, **options):
    torch.manual_seed(seed)
    return build(plan(PICTURE, BOXES, Network(**{"embedding_size": 16, "hidden_size": 12, **options}), examples=SIZES))


def pictures(n, seed=0):
    return torch.rand(n, 1, 24, 40, generator=torch.Generator().manual_seed(seed))


def brute(a, b):
    """Overlap by counting points of a fine grid."""
    x = (np.arange(400) + 0.5) / 400
    inside = [((x > box[0]) & (x < box[2]))[None] & ((x > box[1]) & (x < box[3]))[:, None] for box in (a, b)]
    return (inside[0] & inside[1]).sum() / (inside[0] | inside[1]).sum()


def test_overlap_is_what_counting_points_says():
    a, b = torch.tensor([0.1, 0.1, 0.5, 0.6]), torch.tensor([0.3, 0.2, 0.8, 0.5])
    share, beside = overlaps(a, b)
    assert float(share) == pytest.approx(brute(a.numpy(), b.numpy()), abs=0.01)
    hull = 0.7 * 0.5
    union = 0.4 * 0.5 + 0.5 * 0.3 - 0.2 * 0.3
    assert float(beside) == pytest.approx((hull - union) / hull, abs=1e-6)


def test_cells_are_told_the_middle_and_share_out_a_box():
    boxes = torch.tensor([[[0.1, 0.1, 0.5, 0.6], [0.0, 0.0, 0.0, 0.0]]])
    wanted = Wanted.of(boxes, torch.tensor([[True, False]]), 6, 10)
    middle = 2 * 10 + 3  # (0.3, 0.35) lies in row 2, column 3
    assert wanted.middle[0, 0] == middle
    assert wanted.heat[0].argmax() == middle
    assert wanted.heat[0, middle] == 1
    assert (wanted.heat[0] == 1).sum() == 1
    assert wanted.owner[0, middle] == 0
    assert wanted.share.sum() == pytest.approx(1)
    near = (centres(6, 10, boxes) - torch.tensor([0.3, 0.35])).abs()
    assert torch.equal(wanted.owner[0] == 0, ((near <= torch.tensor([0.1, 0.125])).all(1)) | (torch.arange(60) == middle))


def test_a_cell_finds_what_its_box_overlaps_or_what_lies_in_its_middle():
    boxes, mask = torch.tensor([[[0.1, 0.1, 0.5, 0.6]]]), torch.tensor([[True]])
    said = torch.tensor([[[0.1, 0.1, 0.5, 0.6], [0.6, 0.6, 0.7, 0.7], [0.1, 0.1, 0.5, 0.5]]])
    assert hits(said, boxes, mask, torch.tensor([[1]]))[0, :, 0].tolist() == pytest.approx([1.0, 0.25, 0.8])
    assert float(hits(said, boxes, ~mask, torch.tensor([[1]])).sum()) == 0


def test_a_unit_is_a_box_or_the_end_and_gradients_reach_every_weight():
    network = model()
    loss = network.loss(pictures(2), collate(ROWS, BOXES.space, "many"))
    assert loss.units == 2 + 2  # boxes and ends
    loss.total.backward()
    assert [name for name, weight in network.named_parameters() if weight.grad is None] == []


def test_pictures_without_boxes_can_be_learned_from():
    loss = model().loss(pictures(2), collate([ROWS[1], ROWS[1]], BOXES.space, "many"))
    assert loss.units == 2
    assert torch.isfinite(loss.total)


def test_the_reader_learns_to_give_each_box_once_and_stop():
    torch.manual_seed(0)
    network, x, y = model(dropout=0.0), pictures(2), collate(ROWS, BOXES.space, "many")
    optimiser = torch.optim.Adam(network.parameters(), lr=5e-3)
    for _ in range(120):
        optimiser.zero_grad()
        network.loss(x, y).mean.backward()
        optimiser.step()
    first, second = network.predict(x, min_score=0.5)
    assert first.shape == (2, 6)
    assert second.shape == (0, 6)
    order = np.argsort(first[:, 0])
    np.testing.assert_allclose(first[order, :4], ROWS[0][:, :4], atol=0.1)
    assert first[order, 4].tolist() == [1, 0]
    assert (first[:, 5] > 0.5).all()


def test_answers_are_shares_with_confidence_and_obey_their_limits():
    network = model().eval()
    all_of_it = network.predict(pictures(3), min_score=0.0, max_length=5)
    assert [row.shape for row in all_of_it] == [(5, 6)] * 3
    for row in all_of_it:
        assert row.dtype == np.float32
        assert ((row[:, :4] >= 0) & (row[:, :4] <= 1)).all()
        assert ((row[:, 5] >= 0) & (row[:, 5] <= 1)).all()
        assert len({tuple(box[:4]) for box in row}) == 5  # no cell twice
    assert [len(row) for row in network.predict(pictures(3), max_length=0)] == [0, 0, 0]
    assert network.predict(pictures(0)) == []


def test_a_picture_knows_nothing_of_its_batch():
    network, x = model().eval(), pictures(4)
    together = network.predict(x, min_score=0.0, max_length=4)
    for row in range(4):
        np.testing.assert_allclose(network.predict(x[row : row + 1], min_score=0.0, max_length=4)[0], together[row], rtol=1e-5, atol=1e-6)


def test_what_cannot_be_is_said():
    with pytest.raises(SettingError, match="Boxes are found in a whole picture"):
        relate(Side("many", PICTURE.space), BOXES, SIZES)
    with pytest.raises(SettingError, match="embedding_size that is a multiple of 8, 16 at least; got 20"):
        model(embedding_size=20)
    with pytest.raises(SettingError, match="Boxes have no classes to give probabilities of"):
        model().predict_proba(pictures(1))
    with pytest.raises(SettingError, match="Boxes need a grid of cells"):
        model().decoder.predict(Encoded(size=1, vector=torch.zeros(1, 4)), torch.tensor([1]))
