"""Two exercises of notebook 11: the least-squares losses of its discriminators and generators."""
from torch.nn.functional import softplus

from gan_course.lessons.exercises._checking import Exercise, Mistake, Probe
from gan_course.lessons.exercises._translators import (
    NUMBER,
    VECTOR,
    Line,
    Patches,
    pictures,
    slopes,
    value,
)


def discriminator_loss(D, real, fake):
    """The loss of one D on real images and fakes of its domain, (N, C, H, W) each -> scalar."""
    return (D(real) - 1).square().mean() / 2 + D(fake).square().mean() / 2


def adversarial_loss(D_X, D_Y, fake_x, fake_y):
    """What the discriminators cost G and F, fakes of both domains (N, C, H, W) -> scalar."""
    return (D_Y(fake_y) - 1).square().mean() + (D_X(fake_x) - 1).square().mean()


# What G and F want from the discriminators

def wants(of_score, of_y=lambda D_X, D_Y: D_Y, of_x=lambda D_X, D_Y: D_X):
    """A loss of both scores, fake_y scored by one network and fake_x by another."""
    return lambda D_X, D_Y, fake_x, fake_y: (of_score(of_y(D_X, D_Y)(fake_y))
                                             + of_score(of_x(D_X, D_Y)(fake_x)))


def to_one(score):
    return (score - 1).square().mean()


ADVERSARIAL_MISTAKES = (
    VECTOR,
    Mistake("wrong_judge", "Each fake is scored by the wrong discriminator. fake_y has to pass for "
            "an image of the second domain: which of the two knows those?",
            like=wants(to_one, lambda D_X, D_Y: D_X, lambda D_X, D_Y: D_Y)),
    Mistake("one_judge", "One discriminator scores both. There are two domains, and a "
            "discriminator for each.",
            like=(wants(to_one, of_x=lambda D_X, D_Y: D_Y),
                  wants(to_one, of_y=lambda D_X, D_Y: D_X))),
    Mistake("one_way", "It asks one generator only, and the other has no reason to draw anything "
            "real.",
            like=(lambda D_X, D_Y, fake_x, fake_y: to_one(D_Y(fake_y)),
                  lambda D_X, D_Y, fake_x, fake_y: to_one(D_X(fake_x)))),
    Mistake("to_zero", "It pulls the scores of the fakes to 0. That is what D wants of them; a "
            "generator wants the score of a real image.",
            like=wants(lambda s: s.square().mean())),
    Mistake("log_loss", "That is the loss of notebook 02, with logarithms. CycleGAN's is that of "
            "LSGAN: squares.",
            like=wants(lambda s: softplus(-s).mean())),
    Mistake("sigmoid", "The score goes through a sigmoid first. Least squares want the raw score.",
            like=wants(lambda s: to_one(s.sigmoid()))),
    Mistake("critic", "Minus the score is the loss of a Wasserstein generator. Here a score above "
            "1 is no better than one below it.",
            like=wants(lambda s: -s.mean())),
    Mistake("half", "Right up to a factor. In CycleGAN D's loss is halved, and this one is not.",
            like=wants(lambda s: to_one(s) / 2)),
    Mistake("sum", "It sums over places or images. Take the mean, so that the weight does not "
            "depend on how many there are.",
            like=wants(lambda s: (s - 1).square().sum())),
)
ADVERSARIAL_SLOPES = (
    NUMBER,
    Mistake("detached", "The number is right, but the fakes are cut off from the networks that "
            "drew them: G and F would never learn. Only in D's loss are fakes plain data.",
            like=lambda D_X, D_Y, fake_x, fake_y: to_one(D_Y(fake_y.detach()))
                                                  + to_one(D_X(fake_x.detach()))),
)


# What D wants

def judging(of_real=to_one, of_fake=lambda s: s.square().mean(), factor=0.5):
    return lambda D, real, fake: factor * (of_real(D(real)) + of_fake(D(fake)))


JUDGE_MISTAKES = (
    VECTOR,
    Mistake("labels", "Real and fake are exchanged: this D gives 1 to fakes.",
            like=lambda D, real, fake: judging()(D, fake, real)),
    Mistake("both_one", "Both are pulled to 1. Then D need not look at the images at all.",
            like=judging(of_fake=to_one)),
    Mistake("real_only", "Nobody tells D what is fake.",
            like=lambda D, real, fake: to_one(D(real)) / 2),
    Mistake("fake_only", "Nobody tells D what is real.",
            like=lambda D, real, fake: D(fake).square().mean() / 2),
    Mistake("not_halved", "Right up to a factor: CycleGAN halves D's loss.",
            like=judging(factor=1.0)),
    Mistake("minus_one", "It pulls the fakes to -1. In CycleGAN the targets are 1 and 0.",
            like=judging(of_fake=lambda s: (s + 1).square().mean())),
    Mistake("log_loss", "That is the loss of notebook 02, with logarithms. Least squares are asked "
            "for.",
            like=(judging(lambda s: softplus(-s).mean(), lambda s: softplus(s).mean()),
                  judging(lambda s: softplus(-s).mean(), lambda s: softplus(s).mean(), 1.0))),
    Mistake("sigmoid", "The score goes through a sigmoid first, and then a sure D can hardly move "
            "any more. Use the raw score.",
            like=judging(lambda s: to_one(s.sigmoid()), lambda s: s.sigmoid().square().mean())),
    Mistake("sum", "It sums over the patches. Take the mean, so that the loss does not grow with "
            "the picture.",
            like=judging(lambda s: (s - 1).square().sum(), lambda s: s.square().sum())),
)


def judged(seed, n=3):
    """The arguments of `adversarial_loss`; the fakes come from generators that should learn."""
    def inputs():
        G, F = Line(1.5, 0.1), Line(0.4, -0.2)
        fake_x, fake_y = F(pictures(seed + 1, n)), G(pictures(seed, n))
        fake_x.drawn_by, fake_y.drawn_by = F, G
        return {"D_X": Patches(0.3, 1.1, -0.7, 0.2), "D_Y": Patches(-0.9, 0.5, 1.3, 0.4),
                "fake_x": fake_x, "fake_y": fake_y}
    return inputs


def slopes_of_all(results, inputs):
    """The slopes for the discriminators, and for the generators that drew the fakes."""
    drawn_by = {"F": inputs["fake_x"].drawn_by, "G": inputs["fake_y"].drawn_by}
    return slopes(results, inputs | drawn_by)


def one_judge(seed, n=3):
    return lambda: {"D": Patches(0.3, 1.1, -0.7, 0.2), "real": pictures(seed, n),
                    "fake": pictures(seed + 1, n)}


OUTSIDE = frozenset({"real_x", "real_y", "cycle", "identity"})
EXERCISES = (
    Exercise("11.discriminator_loss", discriminator_loss,
             (Probe(one_judge(1), value, JUDGE_MISTAKES),
              Probe(one_judge(3, 1), value),
              Probe(one_judge(1), slopes, (NUMBER,))),
             ("Two targets: one for the scores of real images, another for those of fakes.",
              "Real scores should be 1 and fake ones 0. What is the cost of a score that is not?",
              "The mean square of (score - 1) on real, the mean square of the score on fake; half "
              "of their sum."),
             "At a score of 1/2 everywhere it is 1/4, for each of the two discriminators.",
             OUTSIDE | {"fake_x", "fake_y"}),
    Exercise("11.adversarial_loss", adversarial_loss,
             (Probe(judged(1), value, ADVERSARIAL_MISTAKES),
              Probe(judged(3, 1), value),
              Probe(judged(1), slopes_of_all, ADVERSARIAL_SLOPES)),
             ("Two fakes, and a discriminator for each domain. Which of them scores fake_y?",
              "A least-squares generator wants the score 1. D_Y knows the second domain, and "
              "fake_y wants to belong there.",
              "The score minus 1, squared, and the mean over all patches; the same with D_X and "
              "fake_x; add."),
             "Every patch of every image has a say in it.",
             OUTSIDE),
)
