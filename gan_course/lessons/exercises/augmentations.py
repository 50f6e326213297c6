"""DiffAugment's translation and cutout, and random numbers for them: exercises of notebook
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


def augment(x):
    """Every picture of x (N, C, H, H) moved, and then cut, by random numbers of its own."""
    n, side = len(x), x.shape[2]
    most = side // 8
    down, across = torch.randint(-most, most + 1, (2, n), device=x.device)
    top, left = torch.randint(side + 1, (2, n), device=x.device) - side // 4
    return cutout(translation(x, down, across), top, left)


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


# Random numbers for both

def numbered(side: int, n: int):
    """Pictures all alike, in which every pixel has a number of its own, from 1 on."""
    def inputs() -> dict:
        pixels = torch.arange(1.0, side**2 + 1).view(1, 1, side, side)
        return {"x": pixels.repeat(n, 1, 1, 1).requires_grad_(True)}
    return inputs


def what_happened(results: list, inputs: dict) -> Seen:
    """By how much the pictures were moved, and where their holes are."""
    if not results:
        return {}
    x, changed = inputs["x"], results[0]
    if not isinstance(changed, Tensor) or changed.shape != x.shape:
        return {"pictures of the same shape": False}
    moved = moves_of(changed.detach()[:, 0])
    if moved is None:
        return {"every picture is moved as a whole": False}
    down, across, gone = moved
    cuts = holes_of(gone)
    grad = (torch.autograd.grad(changed.sum(), x, allow_unused=True)[0]
            if changed.requires_grad else None)
    return {"every picture is moved as a whole": True,
            **seen_of_moves(down, across), **seen_of_holes(cuts, x.shape[2]),
            "a gradient flows back": grad is not None and bool((grad != 0).any()),
            "_moves": set(zip(down.tolist(), across.tolist(), strict=True)), "_cuts": set(cuts)}


def moves_of(numbers: Tensor) -> tuple[Tensor, Tensor, Tensor] | None:
    """How far numbered pictures (N, H, H) were moved down and across (N,), and the pixels that
    are missing though they should have stayed, (N, H, H). None if some were not moved as a whole.
    """
    side = numbers.shape[1]
    number, rows = numbers.round().long() - 1, torch.arange(side).view(side, 1)     # -1: empty
    there, far = number >= 0, 10 * side
    distances = []
    for place, before in ((rows, number // side), (rows.T, number % side)):
        distance = place - before
        least, most = (distance.masked_fill(~there, end) for end in (far, -far))
        distances.append(least.amin(dim=(1, 2)))
        if not torch.equal(distances[-1], most.amax(dim=(1, 2))):
            return None
    inside = torch.ones_like(there)
    for place, distance in zip((rows, rows.T), distances, strict=True):
        first = place - distance[:, None, None]
        inside &= (first >= 0) & (first < side)
    return *distances, inside & ~there


def holes_of(gone: Tensor) -> list[tuple[int, ...]]:
    """The first row, first column, last row and last column of each hole; () where there is none.
    """
    ends = []
    for along in (2, 1):                                            # rows, then columns
        some = gone.any(dim=along).long()
        ends.append((some.argmax(dim=1), some.shape[1] - 1 - some.flip(1).argmax(dim=1)))
    (top, bottom), (left, right) = ends
    holes = torch.stack([top, left, bottom, right], dim=1).tolist()
    return [tuple(hole) if there else ()
            for hole, there in zip(holes, gone.flatten(1).any(dim=1).tolist(), strict=True)]


def seen_of_moves(down: Tensor, across: Tensor) -> Seen:
    counts = [each.unique(return_counts=True) for each in (down, across)]
    (downs, _), (acrosses, _) = counts
    pairs = set(zip(down.tolist(), across.tolist(), strict=True))
    return {"the moves down": str(downs.tolist()), "the moves across": str(acrosses.tolist()),
            "a move of its own for each picture": len(pairs) > len(downs) > 1,
            "every move is as likely as the others": all(
                all_alike(each) for _, each in counts)}


def all_alike(counts: Tensor) -> bool:
    """Whether none of some counts is lower than chance would make it in a million equal draws."""
    mean = counts.double().mean()
    return bool(counts.min() >= mean - 5.5 * mean.sqrt())


def seen_of_holes(cuts: list[tuple[int, ...]], side: int) -> Seen:
    holes = [hole for hole in cuts if hole]
    sizes = [(bottom - top + 1, right - left + 1) for top, left, bottom, right in holes]
    seen = {"the largest hole": max(sizes, default=(0, 0)),
            "a hole of its own for each picture": len(set(cuts)) > side,
            "some holes lie partly outside": any(min(size) < side // 2 - 2 for size in sizes)}
    if holes:
        tops, lefts, bottoms, rights = zip(*holes, strict=True)
        seen |= {"how far the holes reach": str((min(bottoms), min(rights), max(tops),
                                                 max(lefts))),
                 "top and left are two numbers": any(
                     abs(bottom - right) > side // 4 for _, _, bottom, right in holes)}
    return seen


def says(name: str, value):
    """A clue: this was seen under this name."""
    return lambda seen: seen.get(name) == value


def moves_are(test):
    """A clue: what is true of the set of moves."""
    return lambda seen: "_moves" in seen and test(seen["_moves"])


AUGMENT_MISTAKES = (
    Mistake("shape", "Pictures have to come back in the same shape, (N, C, H, H).",
            when=says("pictures of the same shape", False)),
    Mistake("torn", "A picture comes back torn or with other values. Move it as a whole, with "
            "`translation`, and cut a hole, with `cutout`.",
            when=says("every picture is moved as a whole", False)),
    Mistake("no_translation", "The pictures are not moved.",
            when=moves_are(lambda moves: moves == {(0, 0)})),
    Mistake("same_move", "All pictures of a mini-batch are moved alike. Draw N numbers for each "
            "direction, not one.", when=moves_are(lambda moves: len(moves) == 1)),
    Mistake("diagonal", "Every picture is moved by the same number down and across, so only along "
            "a diagonal. Draw the two numbers separately.",
            when=moves_are(lambda moves: all(d == a for d, a in moves))),
    Mistake("upper_end", "The largest move never happens. `torch.randint(low, high, …)` leaves "
            "`high` out, so add 1 to it.",
            when=moves_are(lambda moves: max(max(each) for each in moves) == 1
                           and min(min(each) for each in moves) == -2)),
    Mistake("one_sided", "Pictures are moved in one direction only: down and to the right, or up "
            "and to the left. The numbers run from minus an eighth of the side to plus an eighth.",
            when=moves_are(lambda moves: min(min(each) for each in moves) >= 0
                           or max(max(each) for each in moves) <= 0)),
    Mistake("how_far", "The pictures are moved too far, or not far enough. The most is an eighth "
            "of the side, here 2 pixels of 16, in each direction.",
            when=moves_are(lambda moves: max(abs(one) for each in moves for one in each) != 2)),
    Mistake("not_as_likely", "Some moves are drawn more often than others. All of them should be "
            "equally likely, and `torch.randint` draws them so.",
            when=says("every move is as likely as the others", False)),
    Mistake("no_cutout", "The pictures have no hole.",
            when=lambda seen: seen.get("_cuts") == {()}),
    Mistake("same_hole", "All pictures of a mini-batch have the same hole. Draw N numbers for "
            "`top` and N for `left`.",
            when=says("a hole of its own for each picture", False)),
    Mistake("holes_inside", "The hole always lies inside. Its *centre* is drawn from the whole "
            "picture, edges included, so `top` runs from minus a quarter of the side to three "
            "quarters.",
            when=says("some holes lie partly outside", False)),
    Mistake("diagonal_holes", "Every hole has the same number for `top` and `left`, so the holes "
            "lie on a diagonal. Draw the two numbers separately.",
            when=says("top and left are two numbers", False)),
    Mistake("cut_first", "The pictures are cut first and moved afterwards, so the hole moves "
            "along. Move first, then cut.", when=says("how far the holes reach", "(1, 1, 14, 14)")),
    Mistake("hole_upper_end", "The last place of the hole never happens. `torch.randint` leaves "
            "its upper end out, so add 1 to it.",
            when=says("how far the holes reach", "(3, 3, 11, 11)")),
    Mistake("hole_places", "The holes do not reach as far as they should. The *centre* of a hole "
            "lies anywhere from 0 to the side, both included, so its first row and column run from "
            "minus a quarter of the side to three quarters.",
            when=lambda seen: seen.get("how far the holes reach", REACH) != REACH),
    Mistake("not_differentiable", NOT_DIFFERENTIABLE.says, when=NOT_DIFFERENTIABLE.when),
)
REACH = "(3, 3, 12, 12)"
"""The least last row and column of a hole, and the greatest first ones, in pictures of 16 x 16."""
ON_OTHER_SIZES = (
    Mistake("one_size", "It is right for pictures of 16 x 16 and not for larger ones. Is a number "
            "written where one belongs that comes from `x.shape`?", when=lambda seen: True),
)


def given(inputs: dict) -> dict:
    """What the function finds in the notebook: the two that were written before."""
    return {"translation": translation, "cutout": cutout}


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
    Exercise("15.augment", augment,
             (Probe(numbered(16, 800), what_happened, AUGMENT_MISTAKES, given),
              Probe(numbered(24, 300), what_happened, ON_OTHER_SIZES, given)),
             ("Draw four whole numbers for every picture: `down`, `across`, `top` and `left`.",
              "`torch.randint(-most, most + 1, (2, n))` has two rows of n numbers, from -most to "
              "most. The centre of the hole is one of the numbers 0 to side, and `top` is a "
              "quarter of the side less.",
              "`down, across = torch.randint(-(side // 8), side // 8 + 1, (2, n), "
              "device=x.device)`, `top, left = torch.randint(side + 1, (2, n), device=x.device) - "
              "side // 4`, and then `cutout(translation(x, down, across), top, left)`."),
             "Hardly any picture is ever seen twice in the same way."),
)
