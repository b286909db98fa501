"""Boxes one after the other: geometry against plain loops, the reader's chances, and what it remembers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from elman.codecs import Continuous, Discrete, Pixels, Rectangles
from elman.errors import SettingError
from elman.network import Network, SequenceModel, Sizes, build, collate, plan
from elman.network.assembly import assemble
from elman.network.decoders.box_targets import Wanted, centres, hits, overlaps
from elman.network.planning.side import Side

PICTURE, BOXES = Side("one", Pixels(1, 24, 32)), Side("many", Rectangles(2))
TRUE = torch.tensor([[[0.1, 0.1, 0.4, 0.5], [0.5, 0.25, 1.0, 0.75]], [[0.0, 0.0, 0.2, 0.2], [0, 0, 0, 0]]])
MASK = torch.tensor([[True, True], [True, False]])


def model(seed: int = 0, **settings: object) -> SequenceModel:
    torch.manual_seed(seed)
    network = Network(**{"hidden_size": 8, "embedding_size": 8, **settings})  # type: ignore[arg-type]
    return build(plan(PICTURE, BOXES, network, examples=Sizes(rows=9, target_mean=2, target_max=4)))


def test_a_picture_and_boxes_are_planned() -> None:
    made = model().plan
    assert (made.relation, made.decoder, made.max_length) == ("one-to-many", "boxes", 8)
    assert type(made).from_config(made.config()) == made
    assert "found one at a time until no more" in str(made)
    with pytest.raises(SettingError, match=r"Boxes are found in a whole picture\. Use Image\(\) as the source"):
        plan(Side("many", Continuous(3)), BOXES, examples=Sizes(rows=9))
    with pytest.raises(SettingError, match=r"boxes need body='recurrent' and an embedding_size that is a multiple of 8; got 12 and"):
        model(embedding_size=12)


def test_overlaps_equal_those_of_plain_numbers() -> None:
    left, right = torch.tensor([[0.0, 0.0, 2.0, 2.0]]), torch.tensor([[1.0, 0.0, 3.0, 2.0], [4.0, 0.0, 6.0, 2.0]])
    shared, hull = overlaps(left[:, None], right[None])
    torch.testing.assert_close(shared, torch.tensor([[1 / 3, 0.0]]))
    torch.testing.assert_close(hull, torch.tensor([[0.0, 1 / 3]]))  # a hull of 12, of which 4 belong to neither


def test_what_cells_should_say_equals_a_loop_over_cells() -> None:
    height, width = 6, 8
    wanted = Wanted.of(TRUE, MASK, height, width)
    for row in range(2):
        for cell in range(height * width):
            x, y = (cell % width + 0.5) / width, (cell // width + 0.5) / height
            near = []
            for box in range(2):
                if not MASK[row, box]:
                    continue
                x1, y1, x2, y2 = TRUE[row, box].tolist()
                middle = ((x1 + x2) / 2, (y1 + y2) / 2)
                here = int(middle[1] * height) * width + int(middle[0] * width) == cell
                assert not here or int(wanted.middle[row, box]) == cell
                if here or (abs(x - middle[0]) <= (x2 - x1) / 4 and abs(y - middle[1]) <= (y2 - y1) / 4):
                    near.append((0.0 if here else (x2 - x1) * (y2 - y1), box))
                assert (float(wanted.heat[row, cell]) == 1.0) or not here
            assert int(wanted.owner[row, cell]) == (min(near)[1] if near else -1)
    torch.testing.assert_close(wanted.share.sum(1), MASK.sum(1).float())
    assert int((wanted.heat == 1).sum()) == 3
    torch.testing.assert_close(centres(2, 2, TRUE), torch.tensor([[0.25, 0.25], [0.75, 0.25], [0.25, 0.75], [0.75, 0.75]]))


def test_cells_hit_what_their_box_overlaps_and_the_one_in_the_middle() -> None:
    said = torch.zeros(2, 48, 4)
    said[..., 2:] = 1e-3
    said[0, 5] = TRUE[0, 1]
    found = hits(said, TRUE, MASK, Wanted.of(TRUE, MASK, 6, 8).middle)
    assert float(found[0, 5, 1]) == 1.0
    assert found.nonzero().tolist() == sorted([[0, 5, 1], [0, 10, 0], [0, 30, 1], [1, 0, 0]])


def test_no_boxes_at_all_can_be_learned() -> None:
    network = model()
    batch = collate([np.zeros((0, 5), np.float32)] * 2, BOXES.space, "many")
    loss = network.loss(torch.rand(2, 1, 24, 32), batch)
    assert loss.units == 2
    loss.total.backward()
    assert all(p.grad is None or torch.isfinite(p.grad).all() for p in network.parameters())


def test_the_loss_is_the_chance_of_any_box_that_is_left() -> None:
    """At the first step both cells are right, at the second the other one, then "no more": worked out in plain numbers."""
    network = model().eval()
    decoder = network.decoder
    true = torch.cat([TRUE[:1], torch.tensor([[[0.0], [1.0]]])], 2)
    with torch.no_grad():
        cells = decoder.look(network.encode(torch.rand(1, 1, 24, 32)).vector)
        wanted = Wanted.of(true[..., :4], MASK[:1], *cells.shape)
        total, units = decoder._steps(cells, true, MASK[:1], wanted)
        found = hits(cells.boxes, true[..., :4], MASK[:1], wanted.middle)[0]
        reading, left, nats = decoder.begin(cells), {0, 1}, 0.0
        while left:
            scores, reading = decoder.ask_next(cells, reading)
            chances = torch.softmax(scores[0].double(), 0)
            right = [c for c in range(48) if any(found[c, b] > 0 for b in left)]
            nats -= float(torch.log(chances[right].sum()))
            best = max(right, key=lambda c, chances=chances: float(chances[c]))
            left.remove(max(left, key=lambda b, best=best: float(found[best, b])))
            reading = decoder.give(cells, reading, torch.tensor([best]))
        scores, reading = decoder.ask_next(cells, reading)
        nats -= float(torch.log_softmax(scores[0].double(), 0)[-1])
    assert units == 3
    assert float(total) == pytest.approx(nats, rel=1e-5)


def test_a_cell_is_given_once_and_covers_what_it_overlaps() -> None:
    network = model().eval()
    decoder = network.decoder
    with torch.no_grad():
        cells = decoder.look(network.encode(torch.rand(2, 1, 24, 32)).vector)
        before = decoder.begin(cells)
        after = decoder.give(cells, before, torch.tensor([3, 7]))
        scores, _ = decoder.ask_next(cells, after)
    assert after.given.nonzero().tolist() == [[0, 3], [1, 7]]
    expected = overlaps(cells.boxes, cells.boxes[torch.arange(2), torch.tensor([3, 7])][:, None])[0]
    torch.testing.assert_close(after.covered, expected)
    assert bool((scores[[0, 1], [3, 7]] < -1e3).all())
    rows = network.predict(torch.rand(2, 1, 24, 32), min_score=0.0, max_length=30)
    assert [row.shape for row in rows] == [(30, 6), (30, 6)]
    assert all(len(np.unique(row[:, :4], axis=0)) == 30 for row in rows)


def test_higher_demands_give_a_beginning_of_the_same_boxes() -> None:
    network, pictures = model(), torch.rand(3, 1, 24, 32)
    every = network.predict(pictures, min_score=0.0, max_length=20)
    for least in (0.05, 0.3, 0.9):
        for some, row in zip(network.predict(pictures, min_score=least, max_length=20), every, strict=True):
            below = np.flatnonzero(row[:, 5] < least)
            np.testing.assert_array_equal(some, row[: below[0] if len(below) else len(row)])


def test_the_reader_learns_to_count_what_it_gave() -> None:
    """Blocks in a dark picture: found, each once, and then no more."""
    random, rows, pictures = np.random.default_rng(0), [], []
    for _ in range(24):
        picture, boxes = np.zeros((1, 24, 32), np.float32), []
        for x in random.permutation([2, 12, 22])[: random.integers(0, 4)]:
            y = int(random.integers(1, 14))
            picture[0, y : y + 8, x : x + 8] = 1
            boxes.append([x / 32, y / 24, (x + 8) / 32, (y + 8) / 24, float(y > 7)])
        pictures.append(picture)
        rows.append(np.array(boxes, np.float32).reshape(-1, 5))
    network, x, y = model(dropout=0.0), torch.from_numpy(np.stack(pictures)), collate(rows, BOXES.space, "many")
    optimizer = torch.optim.Adam(network.parameters(), lr=0.01)
    for _ in range(150):
        optimizer.zero_grad()
        network.loss(x, y).mean.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
    found = network.predict(x, min_score=0.5)
    assert sum(len(a) == len(b) for a, b in zip(found, rows, strict=True)) >= 22
    pairs = [(torch.tensor(a[:, None, :4]), torch.tensor(b[None, :, :4])) for a, b in zip(found, rows, strict=True) if len(b) and len(a)]
    best = [float(overlaps(a, b)[0].amax(0).min()) for a, b in pairs]
    assert np.mean(np.array(best) > 0.5) > 0.9


def test_other_questions_are_refused() -> None:
    network = model()
    with pytest.raises(SettingError, match="Boxes have no classes to give probabilities of"):
        network.predict_proba(torch.rand(1, 1, 24, 32))
    with pytest.raises(SettingError, match=r"Boxes need a grid of cells\. Use Image\(\) as the source"):
        network.decoder.loss(network.encode(torch.rand(1, 1, 24, 32)).__class__(size=1), None)
    of_symbols = replace(network.plan, source=Side("one", Discrete(3)))
    with pytest.raises(SettingError, match="Boxes need a source of whole pictures"):
        assemble(of_symbols)
