"""Augmentation in training: another example of a value, as another speaker, room, hand or camera would have given it."""

from __future__ import annotations

import numpy as np

_SPEED = 0.15
"""Largest change of speed, as a natural logarithm."""
_TRACT = 0.1
"""Largest stretch of the mel axis, as a natural logarithm: shorter and longer vocal tracts."""
_LOUDNESS = 2.0
"""Largest change of loudness, as a natural logarithm of the power."""
_QUIET, _LOUD = 9.0, 3.0
"""Distance of noise from the loudest frame, as a natural logarithm of the power."""
_MASKS = 2
_LONGEST_MASK = 0.12
_HIGHEST_MASK = 0.2
_SLANT = 0.12
_TURN = 0.15
_PACE = 0.2
_CUT = 0.15
_MISSING_JOINT = 0.05
_TREMOR = 0.06
_PLACE = 0.3
_FARTHER, _NEARER = 0.4, 1.0
"""Zoom of a scene, out and in, as natural logarithms: small things are common, large ones are learned from them."""
_STRETCH = 0.07
_LEAST_INSIDE = 1 / 3


def augment_spectrum(spectrum: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Return a log-mel spectrum at another speed, of another vocal tract, louder or softer, and half of the time with noise.

    Parameters
    ----------
    spectrum : ndarray
        (T, bands) natural logarithms of power.
    random : Generator
        Source of random numbers.

    Returns
    -------
    ndarray
        float64 (T', bands).

    Notes
    -----
    Speed: Ko 2015, "Audio augmentation for speech recognition"; vocal tract length: Jaitly & Hinton 2013; noise is added as power, with an
    even floor and a tilt.
    """
    count, bands = spectrum.shape
    if not count:
        return spectrum
    speed, tract = np.exp(random.uniform(-_SPEED, _SPEED)), np.exp(random.uniform(-_TRACT, _TRACT))
    changed = _interpolated(spectrum, np.arange(max(1, round(count / speed))) * speed)
    changed = _interpolated(changed.T, np.arange(bands) * tract).T + random.uniform(-_LOUDNESS, _LOUDNESS)
    if random.random() < 0.5:
        tilt = np.linspace(0, random.uniform(-3, 0), bands)
        floor = changed.max() - random.uniform(_LOUD, _QUIET) + tilt
        changed = np.logaddexp(changed, floor + np.log(random.standard_exponential(changed.shape) + 1e-9))
    return changed


def mask_spectrum(frames: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Return standardised frames with some stretches of time and some bands silenced (Park 2019, "SpecAugment").

    Parameters
    ----------
    frames : ndarray
        (T, bands), 0 on average.
    random : Generator
        Source of random numbers.

    Returns
    -------
    ndarray
        (T, bands), a copy.
    """
    masked = frames.copy()
    for axis, share in ((0, _LONGEST_MASK), (1, _HIGHEST_MASK)):
        for _ in range(_MASKS):
            width = int(random.uniform(0, share) * masked.shape[axis])
            start = random.integers(0, masked.shape[axis] - width + 1)
            masked[(slice(None),) * axis + (slice(start, start + width),)] = 0
    return masked


def augment_steps(steps: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Return pen steps slanted, stretched and turned a little, with noise, and starting elsewhere.

    Parameters
    ----------
    steps : ndarray
        (T, 3): dx, dy, pen; the first is the way from the mean first point.
    random : Generator
        Source of random numbers.

    Returns
    -------
    ndarray
        (T, 3), the pen as it was.
    """
    if not len(steps):
        return steps
    shape = np.eye(2) + random.normal(0, _SLANT, (2, 2))
    tremor = np.diff(random.normal(0, _TREMOR, (len(steps), 2)), axis=0, prepend=0)  # points tremble, not their sum
    moved = steps[:, :2] @ shape + tremor
    moved[0] += random.normal(0, _PLACE, 2)
    return np.concatenate([moved, steps[:, 2:]], axis=1).astype(steps.dtype)


def augment_poses(features: np.ndarray, joints: int, dimensions: int, random: np.random.Generator) -> np.ndarray:
    """Return the features of a moving body turned, faster or slower, cropped at its ends, with noise and missing joints.

    Parameters
    ----------
    features : ndarray
        (T, …): of each step J·D numbers of the pose, J·D of motion, then distances.
    joints : int
        J.
    dimensions : int
        D.
    random : Generator
        Source of random numbers.

    Returns
    -------
    ndarray
        (T', …).
    """
    if len(features) < 2:
        return features
    begin, end = (int(random.uniform(0, _CUT) * len(features)) for _ in range(2))
    speed = np.exp(random.uniform(-_PACE, _PACE))
    places = np.arange(begin, len(features) - end, speed)
    changed = _interpolated(features, places) + random.normal(0, _TREMOR, (len(places), features.shape[1]))
    numbers = joints * dimensions
    turn = np.eye(dimensions)
    if dimensions > 1:
        angle = random.normal(0, _TURN)
        turn[:2, :2] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    for start, scale in ((0, 1.0), (numbers, speed)):
        part = changed[:, start : start + numbers].reshape(-1, joints, dimensions) @ turn * scale
        part[:, random.random(joints) < _MISSING_JOINT] = 0
        changed[:, start : start + numbers] = part.reshape(len(changed), -1)
    return changed


def augment_pictures(picture: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Return a picture turned, slanted, stretched and shifted a little, lighter or darker."""
    affine = np.concatenate([np.eye(2) + random.normal(0, 0.07, (2, 2)), random.normal(0, 0.05, (2, 1))], axis=1)
    height, width = picture.shape[1:]
    affine[0, 1:] *= min(1.0, height / width)  # shifts along a line are measured by its height
    affine[1, ::2] *= min(1.0, width / height)
    moved = _sampled(picture, affine, "border")
    return (moved * random.uniform(0.85, 1.15) + random.uniform(-0.08, 0.08)).astype(picture.dtype)


def augment_scene(picture: np.ndarray, boxes: np.ndarray, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return a picture mirrored half of the time, nearer or farther, elsewhere, lighter or darker, and its boxes where they then are.

    Parameters
    ----------
    picture : ndarray
        (c, h, w), 0 black and 1 white.
    boxes : ndarray
        (T, 4 or more): left, top, right and bottom as shares of the picture; further columns stay.
    random : Generator
        Source of random numbers.

    Returns
    -------
    tuple of ndarray
        The picture, black beyond its borders, and the boxes of which at least a third is inside it, clipped at the borders.
    """
    zoom = np.exp(random.uniform(-_FARTHER, _NEARER)) * np.exp(random.normal(0, _STRETCH, 2))
    window = 1 / zoom  # width and height of the window as shares of the picture
    start = random.uniform(np.minimum(0, 1 - window), np.maximum(0, 1 - window))
    flip = -1.0 if random.random() < 0.5 else 1.0
    middle = 2 * start + window - 1  # torch's coordinates: -1..1
    moved = _sampled(picture, np.array([[flip * window[0], 0, middle[0]], [0, window[1], middle[1]]]), "zeros")
    bright = np.clip(moved * random.uniform(0.7, 1.3) + random.uniform(-0.1, 0.1), 0, 1) ** np.exp(random.uniform(-0.3, 0.3))
    corners = (boxes[:, :4] - np.tile(start, 2)) / np.tile(window, 2)
    if flip < 0:
        corners[:, [0, 2]] = 1 - corners[:, [2, 0]]
    clipped = np.clip(corners, 0, 1)
    share = np.prod(clipped[:, 2:] - clipped[:, :2], axis=1) / np.maximum(np.prod(corners[:, 2:] - corners[:, :2], axis=1), 1e-12)
    mask = share > _LEAST_INSIDE
    return bright.astype(picture.dtype), np.concatenate([clipped, boxes[:, 4:]], axis=1)[mask].astype(boxes.dtype)


def _sampled(picture: np.ndarray, affine: np.ndarray, padding: str) -> np.ndarray:
    """Return a picture sampled through an affine map (2, 3); beyond its borders "zeros", or the "border" repeated."""
    import torch
    from torch.nn import functional

    height, width = picture.shape[1:]
    x, y = ((2 * np.arange(side) + 1) / side - 1 for side in (width, height))  # centres of pixels, the picture from -1 to 1
    grid = np.empty((1, height, width, 2), dtype=np.float32)
    for axis, (along, across, shift) in enumerate(affine):
        grid[0, :, :, axis] = along * x + (across * y + shift)[:, None]
    source = torch.from_numpy(np.ascontiguousarray(picture))[None]
    return functional.grid_sample(source, torch.from_numpy(grid), padding_mode=padding, align_corners=False)[0].numpy()


def _interpolated(rows: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Return rows interpolated linearly at places between them; beyond the last row, the last."""
    places = np.clip(places, 0, len(rows) - 1)
    low = places.astype(np.int64)
    share = (places - low)[:, None]
    return rows[low] * (1 - share) + rows[np.minimum(low + 1, len(rows) - 1)] * share
