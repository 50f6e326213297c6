"""Where the changes of DiffAugment go in the losses: an exercise of notebook
deeper/15_few_pictures.
"""
import torch
from torch import Tensor

from gan_course.lessons.exercises._checking import Exercise, Mistake, Probe, Seen, as_number


def both_scores(D, change, x, fake):
    """D's scores of real pictures x and of fakes (N, C, H, H), both changed: two tensors (N,)."""
    return D(change(x)), D(change(fake))


def scene() -> dict:
    """A discriminator, a change without chance in it, and pictures, to which a gradient flows."""
    draw = torch.Generator().manual_seed(5)
    x, fake, weights = (torch.randn(*shape, generator=draw) for shape in
                        ((3, 1, 4, 4), (3, 1, 4, 4), (16,)))
    return {"D": lambda images: images.flatten(1).tanh() @ weights,
            "change": lambda images: images.flip(3) * 0.5 + 0.25 * images.square(), "x": x,
            "fake": fake.requires_grad_(True)}


def the_scores(results: list, inputs: dict) -> Seen:
    if not results:
        return {}
    pair = results[0]
    if not isinstance(pair, tuple | list) or len(pair) != 2:
        return {"two tensors": False}
    seen = {"two tensors": True, "of real pictures": as_number(pair[0]),
            "of fakes": as_number(pair[1])}
    reaches = isinstance(pair[1], Tensor) and pair[1].requires_grad
    return seen | {"a gradient reaches the fakes": reaches}


SCORES_MISTAKES = (
    Mistake("one_tensor", "Two things are asked for: the scores of real pictures, and those of "
            "fakes.", when=lambda seen: seen.get("two tensors") is False),
    Mistake("real_only", "Only the real pictures are changed. Then shifted letters with holes "
            "count as real, and G learns to draw them.",
            like=lambda D, change, x, fake: (D(change(x)), D(fake))),
    Mistake("fake_only", "Only the fakes are changed. Then D tells them by their holes, and G "
            "cannot help having them.", like=lambda D, change, x, fake: (D(x), D(change(fake)))),
    Mistake("unchanged", "Nothing is changed: D sees the pictures as they are.",
            like=lambda D, change, x, fake: (D(x), D(fake))),
    Mistake("scores_changed", "It changes D's scores, and it should change the pictures.",
            when=lambda seen: "the error" in seen),
    Mistake("swapped", "They come back in the other order: first the real pictures, then the "
            "fakes.", like=lambda D, change, x, fake: (D(change(fake)), D(change(x)))),
    Mistake("twice", "The pictures are changed twice.",
            like=lambda D, change, x, fake: (D(change(change(x))), D(change(change(fake))))),
    Mistake("no_gradient", "The scores are right, but no gradient reaches the fakes, so G could "
            "not learn from them. Leave out `detach` and `no_grad` here.",
            when=lambda seen: seen.get("a gradient reaches the fakes") is False),
)


EXERCISES = (
    Exercise("15.both_scores", both_scores,
             (Probe(scene, the_scores, SCORES_MISTAKES),),
             ("Both kinds of pictures go through the same two functions.",
              "First `change`, then `D`.",
              "`return D(change(x)), D(change(fake))`"),
             "Both kinds are changed in the same way, so a hole says nothing about who drew it."),
)
