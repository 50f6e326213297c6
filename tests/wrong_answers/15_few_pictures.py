"""Answers to the exercises of notebook deeper/15_few_pictures, as learners write them."""
# ruff: noqa: E501 — a wrong answer reads best as one line
import numpy as np
import torch

from gan_course.lessons.exercises.augmentations import cutout, translation


def shifted(picture, d, a):
    """One picture, moved with slices."""
    out, (_, h, w) = torch.zeros_like(picture), picture.shape
    out[:, max(d, 0):h + min(d, 0), max(a, 0):w + min(a, 0)] = picture[:, max(-d, 0):h - max(d, 0), max(-a, 0):w - max(a, 0)]
    return out


def with_slices(x, down, across, sign=1):
    return torch.stack([shifted(x[i], sign * int(down[i]), sign * int(across[i])) for i in range(len(x))])


def with_a_margin(x, down, across, order=(0, 0, 0, 0)):
    """A margin of so many rows or columns at the left, right, top and bottom."""
    _, _, h, w = x.shape
    left, _, above, _ = order
    wide = torch.nn.functional.pad(x, order)
    return torch.stack([each[:, above - d:above - d + h, left - a:left - a + w] for each, d, a in zip(wide, down.tolist(), across.tolist(), strict=True)])


def with_a_grid(x, down, across):
    n, _, h, w = x.shape
    rows, columns = (2 * torch.arange(size) + 1.0 - size for size in (h, w))
    grid = torch.stack(torch.broadcast_tensors(((columns - 2 * across[:, None]) / w)[:, None], ((rows - 2 * down[:, None]) / h)[:, :, None]), dim=-1)
    return torch.nn.functional.grid_sample(x, grid, mode="nearest", align_corners=False)


def with_index(x, down, across):
    n, _, h, w = x.shape
    rows, columns = torch.arange(h) - down[:, None], torch.arange(w) - across[:, None]
    inside = ((rows >= 0) & (rows < h))[:, None, :, None] & ((columns >= 0) & (columns < w))[:, None, None, :]
    moved = x[torch.arange(n)[:, None, None], :, rows.clamp(0, h - 1)[:, :, None], columns.clamp(0, w - 1)[:, None, :]]
    return moved.permute(0, 3, 1, 2) * inside


def clamped(x, down, across):
    n, _, h, w = x.shape
    rows, columns = (torch.arange(h) - down[:, None]).clamp(0, h - 1), (torch.arange(w) - across[:, None]).clamp(0, w - 1)
    return x[torch.arange(n)[:, None, None], :, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)


def hole(x, top, left, half=None):
    mask, half = torch.zeros(len(x), 1, *x.shape[2:]), half or x.shape[2] // 2
    for i in range(len(x)):
        mask[i, :, max(0, int(top[i])):int(top[i]) + half, max(0, int(left[i])):int(left[i]) + half] = 1
    return mask


def rows_only(x, top):
    place = torch.arange(x.shape[2])
    return x * ((place < top[:, None]) | (place >= top[:, None] + x.shape[2] // 2))[:, None, :, None]


def negative(x, top, left):
    mask, half = torch.ones_like(x), x.shape[2] // 2
    for i, (t, l) in enumerate(zip(top, left, strict=True)):
        mask[i, :, t:t + half, l:l + half] = 0
    return x * mask


def through_numpy(x, *places, function):
    return torch.from_numpy(np.array(function(x.detach(), *places)))


def drawn(x, far=lambda n: torch.randint(-2, 3, (2, n)), places=lambda n: torch.randint(-4, 13, (2, n)), move=translation, cut=cutout):
    """An answer with other random numbers, or with other functions."""
    return cut(move(x, *far(len(x))), *places(len(x)))


def one(low, high):
    return lambda n: torch.randint(low, high, (2, 1)).expand(2, n)


def to_an_eighth(x):
    most = x.shape[-1] // 8
    return lambda n: torch.randint(-most, most + 1, (2, n))


def centred(x, first=lambda side: -(side // 4), last=lambda side: side - side // 4):
    side = x.shape[-1]
    return lambda n: torch.randint(first(side), last(side) + 1, (2, n))


def at(**ends):
    """An answer whose holes begin somewhere else."""
    return lambda x: drawn(x, far=to_an_eighth(x), places=centred(x, **ends))


def cut_first(x):
    return translation(cutout(x, *centred(x)(len(x))), *to_an_eighth(x)(len(x)))


def one_at_a_time(x):
    return torch.cat([drawn(each, far=to_an_eighth(x), places=centred(x)) for each in x.split(1)])


def with_floats(x):
    side = x.shape[-1]
    far, places = (lambda n, most=most: (torch.rand(2, n) * most).floor().long() for most in (2 * (side // 8) + 1, side + 1))
    return drawn(x, far=lambda n: far(n) - side // 8, places=lambda n: places(n) - side // 4)


def mostly_near(n):
    return torch.randn(2, n).round().clamp(-2, 2).long()


def without_gradients(x):
    with torch.no_grad():
        return drawn(x)


def joined(D, change, x, fake):
    return D(change(torch.cat([x, fake]))).chunk(2)


RIGHT = {
    "15.translation": [with_slices, with_index, with_a_grid],
    "15.cutout": [lambda x, top, left: x * (1 - hole(x, top, left)), lambda x, top, left: x.masked_fill(hole(x, top, left).bool(), 0)],
    "15.augment": [lambda x: drawn(x, far=to_an_eighth(x), places=centred(x)), one_at_a_time, with_floats],
    "15.both_scores": [joined, lambda D, change, x, fake: [D(change(images)) for images in (x, fake)]],
}
WRONG = {
    "15.translation": {
        "other_way": [lambda x, down, across: with_slices(x, down, across, -1), lambda x, down, across: with_slices(x, -down, across)],
        "swapped": [lambda x, down, across: with_index(x, across, down)],
        "rolled": [lambda x, down, across: torch.stack([torch.roll(each, (int(d), int(a)), dims=(-2, -1)) for each, d, a in zip(x, down, across, strict=True)])],
        "stretched": [clamped],
        "same_for_all": [lambda x, down, across: torch.stack([shifted(each, int(down[0]), int(across[0])) for each in x])],
        "one_direction": [lambda x, down, across: with_slices(x, down, torch.zeros_like(across))],
        "narrow": [lambda *all: with_a_margin(*all, order=(2, 2, 2, 2)), lambda x, *moves: with_a_margin(x, *moves, order=(*2 * x.shape[2:3], *2 * x.shape[3:]))],
        "not_differentiable": [lambda x, down, across: with_index(x.detach(), down, across), lambda *all: through_numpy(*all, function=with_index),
                               lambda x, down, across: with_index(torch.from_numpy(x.numpy()), down, across)],
        "unknown": [lambda x, down, across: with_index(x, 2 * down, across)],
        "error": [lambda x, down, across: shifted(x, down, across)],
    },
    "15.cutout": {
        "kept": [lambda x, top, left: x * hole(x, top, left)],
        "cross": [lambda x, top, left: rows_only(x, top), lambda x, top, left: rows_only(rows_only(x, top).mT, left).mT],
        "wrong_side": [lambda x, top, left: x * (1 - hole(x, top, left, x.shape[2] // 4))],
        "centre": [lambda x, top, left: x * (1 - hole(x, top - x.shape[2] // 4, left - x.shape[3] // 4))],
        "swapped": [lambda x, top, left: x * (1 - hole(x, left, top))],
        "same_for_all": [lambda x, top, left: x * (1 - hole(x, top, left)[:1])],
        "negative_start": [negative],
        "pushed_inside": [lambda x, top, left: x * (1 - hole(x, top.clamp(0, 4), left.clamp(0, 4)))],
        "black": [lambda x, top, left: torch.where(hole(x, top, left) > 0, -1.0, x)],
        "not_differentiable": [lambda x, top, left: x.data * (1 - hole(x, top, left)), lambda *all: through_numpy(*all, function=cutout)],
        "unknown": [lambda x, top, left: x * (1 - 0.5 * hole(x, top, left))],
        "error": [lambda x, top, left: cutout(x, int(top), int(left))],
    },
    "15.augment": {
        "shape": [lambda x: drawn(x)[:, :, 2:-2, 2:-2]],
        "torn": [lambda x: drawn(x) + 0.6 * torch.rand_like(x), lambda x: drawn(x, move=lambda x, down, across: x[:, :, torch.randperm(16)])],
        "no_translation": [lambda x: drawn(x, far=lambda n: torch.zeros(2, n, dtype=int))],
        "same_move": [lambda x: drawn(x, far=lambda n: torch.tensor([[1], [-2]]).expand(2, n))],
        "diagonal": [lambda x: drawn(x, far=lambda n: torch.randint(-2, 3, (n,)).expand(2, n))],
        "upper_end": [lambda x: drawn(x, far=lambda n: torch.randint(-2, 2, (2, n)))],
        "one_sided": [lambda x: drawn(x, far=lambda n: torch.randint(0, 3, (2, n))), lambda x: drawn(x, far=lambda n: -torch.randint(0, 3, (2, n)))],
        "how_far": [lambda x: drawn(x, far=lambda n: torch.randint(-4, 5, (2, n))), lambda x: drawn(x, far=lambda n: torch.randint(-1, 2, (2, n)))],
        "no_cutout": [lambda x: drawn(x, cut=lambda x, top, left: x)],
        "same_hole": [lambda x: drawn(x, places=one(0, 9))],
        "not_as_likely": [lambda x: drawn(x, far=mostly_near)],
        "diagonal_holes": [lambda x: drawn(x, places=lambda n: torch.randint(-4, 13, (n,)).expand(2, n))],
        "cut_first": [cut_first],
        "hole_upper_end": [lambda x: drawn(x, places=lambda n: torch.randint(16, (2, n)) - 4), at(last=lambda side: side - side // 4 - 1)],
        "hole_places": [lambda x: drawn(x, places=lambda n: torch.randint(17, (2, n))), at(first=lambda side: 0, last=lambda side: side), at(first=lambda side: -side // 2)],
        "one_size": [drawn, lambda x: drawn(x, far=to_an_eighth(x)), lambda x: drawn(x, places=centred(x))],
        "holes_inside": [lambda x: drawn(x, places=lambda n: torch.randint(0, 9, (2, n)))],
        "not_differentiable": [without_gradients, lambda x: drawn(x.detach()), lambda x: drawn(torch.from_numpy(x.numpy()))],
        "error": [lambda x: translation(x, *torch.randint(-2, 3, (1, len(x))))],
    },
    "15.both_scores": {
        "one_tensor": [lambda D, change, x, fake: D(change(torch.cat([x, fake])))],
        "real_only": [lambda D, change, x, fake: (D(change(x)), D(fake))],
        "fake_only": [lambda D, change, x, fake: (D(x), D(change(fake)))],
        "unchanged": [lambda D, change, x, fake: D(torch.cat([x, fake])).chunk(2)],
        "scores_changed": [lambda D, change, x, fake: (change(D(x)), change(D(fake)))],
        "swapped": [lambda D, change, x, fake: (D(change(fake)), D(change(x)))],
        "twice": [lambda D, change, x, fake: tuple(D(change(change(images))) for images in (x, fake))],
        "no_gradient": [lambda D, change, x, fake: (D(change(x)), D(change(fake.detach()))), lambda D, change, x, fake: joined(D, change, x.detach(), fake),
                        torch.no_grad()(joined)],
        "error": [lambda D, change, x, fake: (D(change(x, fake)), D(fake))],
        "unknown": [lambda D, change, x, fake: (D(change(x)), -D(change(fake)))],
    },
}
