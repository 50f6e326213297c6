"""The losses of notebook 02: that of D, and the non-saturating one of G."""
import torch
from torch.nn.functional import binary_cross_entropy, softplus

from gan_course.lessons.exercises import _losses
from gan_course.lessons.exercises._checking import (
    Exercise,
    Mistake,
)
from gan_course.lessons.exercises._losses import (
    LEAST_SQUARES,
    NO_LOG,
    SIGMOID_FORGOTTEN,
    SIGMOID_TWICE,
    WASSERSTEIN,
)


def discriminator_loss(real_logits, fake_logits):
    """-V(D, G): what D minimises. Logits (N,) and (M,) -> scalar."""
    return softplus(-real_logits).mean() + softplus(fake_logits).mean()


def non_saturating_generator_loss(fake_logits):
    """-E[log D(G(z))]: what G minimises in practice. Logits (N,) -> scalar."""
    return softplus(-fake_logits).mean()


def real_cost(logits):
    return softplus(-logits)


def fake_cost(logits):
    return softplus(logits)


D_MISTAKES = (
    Mistake(
        "labels",
        "Real and fake are exchanged: a D that is right about everything would pay the most. Think"
        " of a clever D, with high logits on real and low ones on fake. What should it pay?",
        like=lambda r, f: fake_cost(r).mean() + real_cost(f).mean(),
    ),
    Mistake(
        "both_real",
        "It rewards high logits on the fakes too, so calling everything real would be perfect "
        "play. Look at the second term of V: what does D earn for a fake?",
        like=lambda r, f: real_cost(r).mean() + real_cost(f).mean(),
    ),
    Mistake(
        "both_fake",
        "It rewards low logits on real examples too, so calling everything fake would be perfect "
        "play. Look at the first term of V: what does D earn for a real one?",
        like=lambda r, f: fake_cost(r).mean() + fake_cost(f).mean(),
    ),
    Mistake(
        "sigmoid_twice",
        SIGMOID_TWICE,
        like=(
            lambda r, f: discriminator_loss(r.sigmoid(), f.sigmoid()),
            lambda r, f: discriminator_loss(r.sigmoid(), f),
            lambda r, f: discriminator_loss(r, f.sigmoid()),
        ),
    ),
    Mistake(
        "sigmoid_forgotten",
        SIGMOID_FORGOTTEN,
        like=(
            lambda r, f: -r.log().mean() - (1 - f).log().mean(),
            lambda r, f: r.log().mean() + (1 - f).log().mean(),
            lambda r, f: real_cost(r).mean() - (1 - f).log().mean(),
            lambda r, f: -r.log().mean() + fake_cost(f).mean(),
        ),
    ),
    Mistake(
        "no_log",
        NO_LOG,
        like=(
            lambda r, f: (1 - r.sigmoid()).mean() + f.sigmoid().mean(),
            lambda r, f: -r.sigmoid().mean() - (1 - f.sigmoid()).mean(),
            lambda r, f: r.sigmoid().mean() + (1 - f.sigmoid()).mean(),
            lambda r, f: f.sigmoid().mean() - r.sigmoid().mean(),
        ),
    ),
    Mistake(
        "wasserstein",
        WASSERSTEIN,
        like=(lambda r, f: f.mean() - r.mean(), lambda r, f: r.mean() - f.mean()),
    ),
    Mistake(
        "least_squares",
        LEAST_SQUARES,
        like=(
            lambda r, f: (r - 1).square().mean() + f.square().mean(),
            lambda r, f: (r.sigmoid() - 1).square().mean() + f.sigmoid().square().mean(),
        ),
    ),
)

G_MISTAKES = (
    Mistake(
        "saturating",
        "This is the other generator loss, the minimax one: its value falls too when D is fooled, "
        "but its gradient vanishes just where the fakes are worst. The one asked for has its "
        "logarithm around D itself.",
        like=lambda f: -fake_cost(f).mean(),
    ),
    Mistake(
        "labels",
        "This is what D pays for the fakes: it falls when they are spotted, so G would learn to be"
        " caught. G wants D to take them for real: which target belongs to that?",
        like=lambda f: fake_cost(f).mean(),
    ),
    Mistake("sigmoid_twice", SIGMOID_TWICE, like=lambda f: real_cost(f.sigmoid()).mean()),
    Mistake(
        "sigmoid_forgotten",
        SIGMOID_FORGOTTEN,
        like=(
            lambda f: -f.log().mean(),
            lambda f: f.log().mean(),
            lambda f: binary_cross_entropy(f, torch.ones_like(f)),
        ),
    ),
    Mistake(
        "no_log",
        NO_LOG,
        like=(
            lambda f: -f.sigmoid().mean(),
            lambda f: (1 - f.sigmoid()).mean(),
            lambda f: f.sigmoid().mean(),
        ),
    ),
    Mistake("wasserstein", WASSERSTEIN, like=(lambda f: -f.mean(), lambda f: f.mean())),
    Mistake(
        "least_squares",
        LEAST_SQUARES,
        like=(lambda f: (f - 1).square().mean(), lambda f: (f.sigmoid() - 1).square().mean()),
    ),
)


EXERCISES = (
    Exercise(
        "02.discriminator_loss",
        discriminator_loss,
        _losses.probes({"real_logits": real_cost, "fake_logits": fake_cost}, D_MISTAKES),
        (
            "Begin with one example. V gives D log D(x) for a real one; the loss is minus that. "
            "Which function of the logit is it?",
            "The text above has both pieces: `softplus` of one sign for real examples, of the "
            "other for fakes. A clever D pays nearly nothing.",
            "One cost for each example, then one mean over real and one over fake, then both "
            "added. Two calls of `softplus`, two of `mean`.",
        ),
        "It is -V(D, G) in a form that does not overflow. An undecided D pays 1.386.",
    ),
    Exercise(
        "02.non_saturating_generator_loss",
        non_saturating_generator_loss,
        _losses.probes({"fake_logits": real_cost}, G_MISTAKES),
        (
            "G wants its fakes to be taken for real. Which of D's two costs would say how far they"
            " are from that?",
            "It is -log D of the fakes, on average. You wrote -log D for real examples a moment "
            "ago.",
            "The same `softplus` that D pays for real examples, on the fakes' logits, and its "
            "mean.",
        ),
        "Its gradient is largest where D is sure of a fake. Later in the notebook you see why that"
        " matters.",
    ),
)
