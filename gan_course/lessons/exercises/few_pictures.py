"""Where the changes of DiffAugment go in the losses: an exercise of notebook
deeper/15_few_pictures.
"""
import torch

from gan_course.lessons.exercises._checking import Exercise, Mistake, Probe, Seen, as_number
from gan_course.lessons.exercises._gradients import ALL, reached


def both_scores(D, change, x, fake):
    """D's scores of real pictures x and of fakes (N, C, H, H), both changed: two tensors (N,)."""
    return D(change(x)), D(change(fake))


def scene() -> dict:
    """A discriminator, a change without chance in it, and pictures, to which a gradient flows."""
    draw = torch.Generator().manual_seed(5)
    x, fake, weights = (torch.randn(*shape, generator=draw) for shape in
                        ((3, 1, 4, 4), (3, 1, 4, 4), (16,)))
    return {"D": lambda images: images.flatten(1).tanh() @ weights,
            "change": lambda images: images.flip(3) * 0.5 + 0.25 * images.square(),
            "x": x.requires_grad_(True), "fake": fake.requires_grad_(True)}


def the_scores(results: list, inputs: dict) -> Seen:
    if not results:
        return {}
    pair = results[0]
    if not isinstance(pair, tuple | list) or len(pair) != 2:
        return {"two tensors": False}
    names = "the scores of real pictures", "the scores of fakes"
    seen = {name: as_number(each) for name, each in zip(names, pair, strict=True)}
    gradients = (reached(each, {name: inputs[name]})
                 for each, name in zip(pair, ("x", "fake"), strict=True))
    return {"two tensors": True, **seen, "the gradient": "; ".join(gradients)}


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
            when=lambda seen: "Dimension out of range" in seen.get("the error", "")),
    Mistake("swapped", "They come back in the other order: first the real pictures, then the "
            "fakes.", like=lambda D, change, x, fake: (D(change(fake)), D(change(x)))),
    Mistake("twice", "The pictures are changed twice.",
            like=lambda D, change, x, fake: (D(change(change(x))), D(change(change(fake))))),
    Mistake("no_gradient", "The scores are right, but a gradient does not reach both: R1 needs the "
            "slope at x, and G learns through the fakes. Leave out `detach` and `no_grad` here.",
            when=lambda seen: seen.get("the gradient", f"{ALL}; {ALL}") != f"{ALL}; {ALL}"),
)


EXERCISES = (
    Exercise("15.both_scores", both_scores,
             (Probe(scene, the_scores, SCORES_MISTAKES),),
             ("Both kinds of pictures go through the same two functions.",
              "First `change`, then `D`.",
              "`return D(change(x)), D(change(fake))`"),
             "Both kinds are changed in the same way, so a hole says nothing about who drew it."),
)
