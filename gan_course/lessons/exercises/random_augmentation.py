"""DiffAugment with random numbers: an exercise of notebook deeper/15_few_pictures."""
import torch
from torch import Tensor

from gan_course.lessons.exercises._checking import Exercise, Mistake, Probe, Seen
from gan_course.lessons.exercises.augmentations import NOT_DIFFERENTIABLE, cutout, translation


def augment(x):
    """Every picture of x (N, C, H, H) moved, and then cut, by random numbers of its own."""
    n, side = len(x), x.shape[2]
    most = side // 8
    down, across = torch.randint(-most, most + 1, (2, n), device=x.device)
    top, left = torch.randint(side + 1, (2, n), device=x.device) - side // 4
    return cutout(translation(x, down, across), top, left)


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
