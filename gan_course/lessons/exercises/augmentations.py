"""DiffAugment's translation and cutout, for numbers that are given: exercises of notebook
deeper/15_few_pictures.
"""
import torch
from torch import Tensor
from torch.nn.functional import pad

from gan_course.lessons.exercises._checking import (
    Exercise,
    Mistake,
    Probe,
    Seen,
    as_number,
    number_called,
)
from gan_course.lessons.exercises._gradients import numpy_refused


def translation(x, down, across):
    """Each picture of x (N, C, H, W) moved by its own whole numbers down and across (N,)."""
    height, width = x.shape[2:]
    wide = pad(x, (width, width, height, height))       # (N, C, 3 H, 3 W), with 0 all around
    moved = [picture[:, height - d:2 * height - d, width - a:2 * width - a]
             for picture, d, a in zip(wide, down.tolist(), across.tolist(), strict=True)]
    return torch.stack(moved)


def cutout(x, top, left):
    """x (N, C, H, H) with 0 in a square of half the side; top and left (N,): its first places."""
    side = x.shape[2]
    place = torch.arange(side, device=x.device)
    rows, columns = ((place >= start[:, None]) & (place < start[:, None] + side // 2)
                     for start in (top, left))          # (N, H) each
    return x * ~(rows[:, None, :, None] & columns[:, None, None, :])


# A gradient, for a function whose values are right

NOT_DIFFERENTIABLE = Mistake(
    "not_differentiable", "The pictures are right, but no gradient flows back through them. G "
    "learns through this function, so it needs operations that PyTorch can differentiate: no "
    "`detach`, no `no_grad`, no way through NumPy, and no new tensor made from plain numbers.",
    when=lambda seen: seen.get("a gradient flows back") is False or numpy_refused(seen))


def gradient_of_pictures(probe: Probe) -> Probe:
    """Another look: the gradient that comes back to x for a fixed sum of the changed pictures."""
    def inputs() -> dict:
        made = probe.inputs()
        return made | {"x": made["x"].requires_grad_(True)}

    def look(results: list, inputs: dict) -> Seen:
        if not results:
            return {}
        x, changed = inputs["x"], results[0]
        if not isinstance(changed, Tensor) or not changed.requires_grad:
            return {"a gradient flows back": False}
        weights = torch.arange(changed.numel(), dtype=changed.dtype).cos().view(changed.shape)
        grad, = torch.autograd.grad((changed * weights).sum(), x, allow_unused=True)
        return {"a gradient flows back": grad is not None, "the gradient": as_number(grad)}

    return Probe(inputs, look, (NOT_DIFFERENTIABLE,))


def the_pictures(results: list, inputs: dict) -> Seen:
    return number_called("the pictures", results)


# Translation

def moves(seed: int, n: int = 4):
    """Pictures of 6 x 6 pixels and moves of up to two pixels, different for each."""
    def inputs() -> dict:
        x = torch.randn(n, 2, 6, 6, generator=torch.Generator().manual_seed(seed))
        return {"x": x, "down": torch.tensor([1, -2, 0, 2][:n]),
                "across": torch.tensor([2, 1, -1, 0][:n])}
    return inputs


def long_moves() -> dict:
    """Pictures that are not square, and moves of nearly their height and width."""
    x = torch.randn(3, 2, 5, 8, generator=torch.Generator().manual_seed(2))
    return {"x": x, "down": torch.tensor([3, -4, 0]), "across": torch.tensor([-7, 1, 6])}


def rolled(x, down, across):
    return torch.stack([each.roll((d, a), (1, 2)) for each, d, a in
                        zip(x, down.tolist(), across.tolist(), strict=True)])


def one_move(x, down, across):
    return translation(x, down[:1].expand(len(x)), across[:1].expand(len(x)))


def stretched(x, down, across):
    height, width = x.shape[2:]
    wide = pad(x, (width, width, height, height), mode="replicate")
    return torch.stack([each[:, height - d:2 * height - d, width - a:2 * width - a] for each, d, a
                        in zip(wide, down.tolist(), across.tolist(), strict=True)])


TRANSLATION_MISTAKES = (
    Mistake("other_way", "The pictures move the other way. A positive `down` moves a picture down, "
            "so row r of the result was row r - down before.",
            like=(lambda x, down, across: translation(x, -down, -across),
                  lambda x, down, across: translation(x, -down, across),
                  lambda x, down, across: translation(x, down, -across))),
    Mistake("swapped", "`down` and `across` are exchanged. In (N, C, H, W) the third dimension "
            "goes down and the fourth goes across.",
            like=lambda x, down, across: translation(x, across, down)),
    Mistake("rolled", "What leaves a picture on one side comes in again on the other. Those pixels "
            "should be 0: a letter must not be cut in two.", like=rolled),
    Mistake("stretched", "The edge of the picture is repeated where nothing has moved in. These "
            "pixels should be 0.", like=stretched),
    Mistake("same_for_all", "All pictures move by the same numbers, those of the first one. Every "
            "picture has its own `down[i]` and `across[i]`.", like=one_move),
    Mistake("one_direction", "The pictures move in one direction only.",
            like=(lambda x, down, across: translation(x, down, 0 * across),
                  lambda x, down, across: translation(x, 0 * down, across))),
)
ON_LONG_MOVES = (
    Mistake("narrow", "It is right for short moves of square pictures. A move may be nearly as "
            "long as the picture, so put that much around it. `pad` begins with the last "
            "dimension: left, right, above, below.",
            when=lambda seen: True),
)


# Cutout

def holes(seed: int):
    """Pictures of 8 x 8 pixels and places of the hole, three of them partly outside."""
    def inputs() -> dict:
        x = torch.randn(4, 2, 8, 8, generator=torch.Generator().manual_seed(seed))
        return {"x": x, "top": torch.tensor([-1, 2, 6, 0]), "left": torch.tensor([3, -2, 1, 4])}
    return inputs


def cut(side=lambda x: x.shape[2] // 2, shift=0, end=lambda x, hole: x * ~hole, join=torch.mul):
    """A wrong cutout: another side, another place, or something else done with the hole."""
    def cutout(x, top, left):
        place = torch.arange(x.shape[2])
        rows, columns = ((place >= start[:, None] - shift)
                         & (place < start[:, None] - shift + side(x)) for start in (top, left))
        return end(x, join(rows[:, None, :, None], columns[:, None, None, :]).bool())
    return cutout


def sliced(x, top, left):
    """Python's slices, to which a negative start means something else."""
    out, half = x.clone(), x.shape[2] // 2
    for i, (t, l) in enumerate(zip(top.tolist(), left.tolist(), strict=True)):
        out[i, :, t:t + half, l:l + half] = 0
    return out


def pushed_inside(x, top, left):
    most = x.shape[2] - x.shape[2] // 2
    return cutout(x, top.clamp(0, most), left.clamp(0, most))


CUTOUT_MISTAKES = (
    Mistake("kept", "It keeps the square and takes everything else away. The square should be 0.",
            like=cut(end=lambda x, hole: x * hole)),
    Mistake("cross", "Whole rows or columns become 0. A pixel lies in the hole only if its row "
            "*and* its column do.",
            like=(cut(join=torch.add), cut(join=lambda rows, columns: rows.expand(-1, -1, -1, 8)),
                  cut(join=lambda rows, columns: columns.expand(-1, -1, 8, -1)))),
    Mistake("wrong_side", "The square has another side. It is half of the picture's.",
            like=(cut(side=lambda x: x.shape[2] // 4), cut(side=lambda x: x.shape[2] // 2 + 1),
                  cut(side=lambda x: x.shape[2] // 2 - 1), cut(side=lambda x: x.shape[2]))),
    Mistake("centre", "`top` and `left` are taken as the centre of the square. They are its first "
            "row and its first column.", like=cut(shift=2)),
    Mistake("swapped", "`top` and `left` are exchanged. In (N, C, H, H) the third dimension goes "
            "down and the fourth goes across.",
            like=lambda x, top, left: cutout(x, left, top)),
    Mistake("same_for_all", "All pictures have the hole of the first one. Every picture has its "
            "own `top[i]` and `left[i]`.",
            like=lambda x, top, left: cutout(x, top[:1].expand(len(x)), left[:1].expand(len(x)))),
    Mistake("negative_start", "A hole that begins above or left of the picture is lost, or is cut "
            "elsewhere: `top` and `left` can be negative, and a negative start of a slice counts "
            "from the end. Compare places instead, or let slices start at `max(0, …)`.",
            like=sliced),
    Mistake("pushed_inside", "Holes that should lie partly outside are pushed into the picture. "
            "Only the part that is inside becomes 0.", like=pushed_inside),
    Mistake("black", "The hole becomes -1. It should be 0, the middle of the range.",
            like=cut(end=lambda x, hole: x.masked_fill(hole, -1.0))),
)


EXERCISES = (
    Exercise("15.translation", translation,
             (Probe(moves(1), the_pictures, TRANSLATION_MISTAKES),
              Probe(moves(2, n=3), the_pictures, TRANSLATION_MISTAKES),
              Probe(long_moves, the_pictures, ON_LONG_MOVES),
              gradient_of_pictures(Probe(moves(1), the_pictures))),
             ("Put 0 all around each picture, and cut a window of its old size out of that.",
              "`pad(x, (width, width, height, height))` adds a whole picture's width and height on "
              "every side. A picture moves down when the window moves up.",
              "For each picture: `picture[:, height - d:2 * height - d, width - a:2 * width - a]`; "
              "`torch.stack` puts them together again."),
             "Each pixel is copied or lost, so the gradient flows back to where it came from."),
    Exercise("15.cutout", cutout,
             (Probe(holes(1), the_pictures, CUTOUT_MISTAKES),
              gradient_of_pictures(Probe(holes(1), the_pictures))),
             ("Make a table that is True in the hole, (N, 1, H, H), and multiply x with its "
              "opposite.",
              "Rows of the hole: `(place >= top[:, None]) & (place < top[:, None] + side // 2)`, "
              "with `place = torch.arange(side, device=x.device)`, is (N, H). Columns alike.",
              "`x * ~(rows[:, None, :, None] & columns[:, None, None, :])`"),
             "The pixels outside the hole keep their value and their gradient."),
)
