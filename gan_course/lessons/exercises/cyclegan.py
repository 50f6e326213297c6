"""The exercises of notebook 11: every loss of CycleGAN."""
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


def cycle_loss(G, F, x, y):
    """What is lost on the way there and back: E|F(G(x)) - x| + E|G(F(y)) - y|.

    x, y (N, C, H, W) -> scalar.
    """
    there_and_back = (F(G(x)) - x).abs().mean()
    back_and_there = (G(F(y)) - y).abs().mean()
    return there_and_back + back_and_there


def identity_loss(G, F, x, y):
    """What a translator changes in a picture that needs no change: E|G(y) - y| + E|F(x) - x|.

    x, y (N, C, H, W) -> scalar.
    """
    winter_stays = (G(y) - y).abs().mean()
    summer_stays = (F(x) - x).abs().mean()
    return winter_stays + summer_stays


def adversarial_loss(G, F, D_X, D_Y, x, y):
    """G and F want a score of 1: E(D_Y(G(x)) - 1)^2 + E(D_X(F(y)) - 1)^2.

    x, y (N, C, H, W) -> scalar.
    """
    return (D_Y(G(x)) - 1).square().mean() + (D_X(F(y)) - 1).square().mean()


def discriminator_loss(D, real, fake):
    """D wants 1 for real and 0 for fake, halved: E(D(real) - 1)^2 / 2 + E D(fake)^2 / 2.

    (N, C, H, W) each -> scalar.
    """
    return (D(real) - 1).square().mean() / 2 + D(fake).square().mean() / 2


def size(x):
    return x.abs().mean()


# The cycle

def cycle(x_term, y_term, norm=size):
    """Two terms of a cycle; each is a function of G, F, x and y that gives the pictures that should
    be nothing.
    """
    return lambda G, F, x, y: norm(x_term(G, F, x, y)) + norm(y_term(G, F, x, y))


def x_cycle(G, F, x, y):
    return F(G(x)) - x


def y_cycle(G, F, x, y):
    return G(F(y)) - y


CYCLE_MISTAKES = (
    VECTOR,
    Mistake("one_way", "It goes one way only. A cycle that is checked from one side can be cheated "
            "from the other: all of the second domain may be thrown on a heap.",
            like=(lambda *g: size(x_cycle(*g)), lambda *g: size(y_cycle(*g)))),
    Mistake("no_way_back", "It compares a picture with its translation, and that is *meant* to be "
            "different. Which network brings it back?",
            like=cycle(lambda G, F, x, y: G(x) - x, lambda G, F, x, y: F(y) - y)),
    Mistake("pairs", "It compares with a picture of the other domain. There are no pairs here: x "
            "and y of a batch have nothing to do with each other.",
            like=(cycle(lambda G, F, x, y: F(G(x)) - y, lambda G, F, x, y: G(F(y)) - x),
                  cycle(lambda G, F, x, y: G(x) - y, lambda G, F, x, y: F(y) - x))),
    Mistake("wrong_order", "A translator is fed a picture of the wrong domain: G reads x, and F "
            "reads y. Which of the two must come first?",
            like=cycle(lambda G, F, x, y: G(F(x)) - x, lambda G, F, x, y: F(G(y)) - y)),
    Mistake("same_twice", "The same network translates twice. One of the two goes there, the other "
            "comes back.",
            like=cycle(lambda G, F, x, y: G(G(x)) - x, lambda G, F, x, y: F(F(y)) - y)),
    Mistake("squared", "It squares the differences. The paper takes their absolute values, which "
            "forgive a few large ones and give sharper pictures.",
            like=cycle(x_cycle, y_cycle, lambda d: d.square().mean())),
    Mistake("signed", "Differences above and below 0 cancel here. Something has to take their sign "
            "away first.",
            like=cycle(x_cycle, y_cycle, lambda d: d.mean())),
    Mistake("sum", "It sums over the pixels. Then the weight of the term depends on the size of "
            "the picture: take the mean.",
            like=cycle(x_cycle, y_cycle, lambda d: d.abs().sum())),
    Mistake("half", "Right up to a factor: the two ways are added, not averaged.",
            like=cycle(x_cycle, y_cycle, lambda d: size(d) / 2)),
    Mistake("weight", "The weight 10 is in it already. Here only the loss is asked for; who plays "
            "the game weighs it.",
            like=cycle(x_cycle, y_cycle, lambda d: 10 * size(d))),
)
CYCLE_SLOPES = (
    NUMBER,
    Mistake("detached", "The number is right, but the way there is cut off: only the network that "
            "comes last would learn. Both have to move, so nothing is detached here.",
            like=(lambda G, F, x, y: size(F(G(x).detach()) - x) + size(G(F(y).detach()) - y),
                  lambda G, F, x, y: size(F(G(x).detach()) - x) + size(y_cycle(G, F, x, y)),
                  lambda G, F, x, y: size(x_cycle(G, F, x, y)) + size(G(F(y).detach()) - y))),
)


# Identity

def stays(G, F, x, y, norm=size):
    return norm(G(y) - y) + norm(F(x) - x)


IDENTITY_MISTAKES = (
    VECTOR,
    Mistake("no_translation", "It asks G to leave x alone, and F to leave y. But those are the "
            "pictures that they are there to change! Which picture is already what G should give?",
            like=lambda G, F, x, y: size(G(x) - x) + size(F(y) - y)),
    Mistake("one_way", "It asks one translator only. The other may still repaint what needs no "
            "paint.",
            like=(lambda G, F, x, y: size(G(y) - y), lambda G, F, x, y: size(F(x) - x))),
    Mistake("pairs", "It compares a translation with a picture of the other domain, as pix2pix "
            "does. Here x and y are no pairs.",
            like=lambda G, F, x, y: size(G(x) - y) + size(F(y) - x)),
    Mistake("cycle", "That is the cycle once more. Here each translator is used once.",
            like=lambda G, F, x, y: size(F(G(x)) - x) + size(G(F(y)) - y)),
    Mistake("squared", "It squares the differences, where absolute values are asked for.",
            like=lambda G, F, x, y: stays(G, F, x, y, lambda d: d.square().mean())),
    Mistake("signed", "Without their size taken, differences above and below 0 cancel.",
            like=lambda G, F, x, y: stays(G, F, x, y, lambda d: d.mean())),
    Mistake("sum", "It sums over the pixels where the mean is asked for.",
            like=lambda G, F, x, y: stays(G, F, x, y, lambda d: d.abs().sum())),
    Mistake("half", "Right up to a factor: the two terms are added, not averaged.",
            like=lambda G, F, x, y: stays(G, F, x, y) / 2),
    Mistake("weight", "The weight 5 is in it already. Here only the loss is asked for; who plays "
            "the game weighs it.",
            like=lambda G, F, x, y: 5 * stays(G, F, x, y)),
)


# What G and F want from the judges

def wants(of_score, x_judge=lambda D_X, D_Y: D_Y, y_judge=lambda D_X, D_Y: D_X):
    """A loss of both scores, G's pictures judged by one network and F's by another."""
    return lambda G, F, D_X, D_Y, x, y: (of_score(x_judge(D_X, D_Y)(G(x)))
                                         + of_score(y_judge(D_X, D_Y)(F(y))))


def to_one(score):
    return (score - 1).square().mean()


ADVERSARIAL_MISTAKES = (
    VECTOR,
    Mistake("wrong_judge", "Each picture is judged by the wrong network. G makes pictures of the "
            "second domain: who knows those?",
            like=wants(to_one, lambda D_X, D_Y: D_X, lambda D_X, D_Y: D_Y)),
    Mistake("one_judge", "One network judges both. There are two domains, and a judge for each.",
            like=(wants(to_one, y_judge=lambda D_X, D_Y: D_Y),
                  wants(to_one, x_judge=lambda D_X, D_Y: D_X))),
    Mistake("one_way", "It asks one translator only, and the other has no reason to draw anything "
            "real.",
            like=(lambda G, F, D_X, D_Y, x, y: to_one(D_Y(G(x))),
                  lambda G, F, D_X, D_Y, x, y: to_one(D_X(F(y))))),
    Mistake("to_zero", "It pulls the scores of the fakes to 0. That is what D wants of them; a "
            "forger wants the score of a real picture.",
            like=wants(lambda s: s.square().mean())),
    Mistake("real_ones", "It scores the real pictures. They cost G and F nothing, whatever those "
            "draw.",
            like=(lambda G, F, D_X, D_Y, x, y: to_one(D_Y(y)) + to_one(D_X(x)),
                  lambda G, F, D_X, D_Y, x, y: to_one(D_Y(x)) + to_one(D_X(y)))),
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
    Mistake("sum", "It sums over places or pictures. Take the mean, so that the weight does not "
            "depend on how many there are.",
            like=wants(lambda s: (s - 1).square().sum())),
)
ADVERSARIAL_SLOPES = (
    NUMBER,
    Mistake("detached", "The number is right, but the fakes are cut off from the networks that "
            "drew them: G and F would never learn.",
            like=lambda G, F, D_X, D_Y, x, y: to_one(D_Y(G(x).detach()))
                                              + to_one(D_X(F(y).detach()))),
)


# What D wants

def judging(of_real=to_one, of_fake=lambda s: s.square().mean(), factor=0.5):
    return lambda D, real, fake: factor * (of_real(D(real)) + of_fake(D(fake)))


JUDGE_MISTAKES = (
    VECTOR,
    Mistake("labels", "Real and fake are exchanged: this D gives 1 to forgeries.",
            like=lambda D, real, fake: judging()(D, fake, real)),
    Mistake("both_one", "Both are pulled to 1. Then D need not look at all.",
            like=judging(of_fake=to_one)),
    Mistake("real_only", "Nobody tells D what is fake.",
            like=lambda D, real, fake: to_one(D(real)) / 2),
    Mistake("fake_only", "Nobody tells D what is real.",
            like=lambda D, real, fake: D(fake).square().mean() / 2),
    Mistake("not_halved", "Right up to a factor: CycleGAN halves D's loss, which slows D down "
            "beside G and F.",
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


def translators(seed, n=3):
    return lambda: {"G": Line(1.5, 0.1), "F": Line(0.4, -0.2), "x": pictures(seed, n),
                    "y": pictures(seed + 1, n)}


def all_four(seed, n=3):
    def inputs():
        x, y = pictures(seed, n), pictures(seed + 1, n)
        return {"G": Line(1.5, 0.1), "F": Line(0.4, -0.2), "D_X": Patches(0.3, 1.1, -0.7, 0.2),
                "D_Y": Patches(-0.9, 0.5, 1.3, 0.4), "x": x, "y": y}
    return inputs


def one_judge(seed, n=3):
    return lambda: {"D": Patches(0.3, 1.1, -0.7, 0.2), "real": pictures(seed, n),
                    "fake": pictures(seed + 1, n)}


OUTSIDE = frozenset({"game", "real_x", "real_y", "fake_x", "fake_y"})
EXERCISES = (
    Exercise("11.cycle_loss", cycle_loss,
             (Probe(translators(1), value, CYCLE_MISTAKES),
              Probe(translators(3, 1), value),
              Probe(translators(1), slopes, CYCLE_SLOPES)),
             ("Two journeys, each there and back. Where does a summer picture come home to?",
              "Four calls of networks: G on x and then F on that; F on y and then G on that.",
              "Each journey: what came home, minus what left; absolute value; mean. Add the two."),
             "It says nothing about *where* the pictures have been in between: that is the judges' "
             "business.",
             OUTSIDE),
    Exercise("11.identity_loss", identity_loss,
             (Probe(translators(1), value, IDENTITY_MISTAKES),
              Probe(translators(3, 1), value),
              Probe(translators(1), slopes, (NUMBER,))),
             ("G makes winter pictures. What should it do with one that is a winter picture "
              "already?",
              "So G reads y here, and F reads x, each once.",
              "For each: the result minus what went in; absolute value; mean. Add the two."),
             "No picture is translated here, and yet it decides about colours.",
             OUTSIDE),
    Exercise("11.adversarial_loss", adversarial_loss,
             (Probe(all_four(1), value, ADVERSARIAL_MISTAKES),
              Probe(all_four(3, 1), value),
              Probe(all_four(1), slopes, ADVERSARIAL_SLOPES)),
             ("Two forgers, and each has a judge. Who judges G's pictures?",
              "A least-squares forger wants the score 1. D_Y knows winter pictures, and G makes "
              "them of x.",
              "The score minus 1, squared, and the mean over all patches; the same with F, D_X and "
              "y; add."),
             "Every patch of every picture has a say in it.",
             OUTSIDE),
    Exercise("11.discriminator_loss", discriminator_loss,
             (Probe(one_judge(1), value, JUDGE_MISTAKES),
              Probe(one_judge(3, 1), value),
              Probe(one_judge(1), slopes, (NUMBER,))),
             ("Two targets: one for the scores of real pictures, another for those of fakes.",
              "Real scores should be 1 and fake ones 0. What is the cost of a score that is not?",
              "The mean square of (score - 1) on real, the mean square of the score on fake; half "
              "of their sum."),
             "At a score of 1/2 everywhere it is 1/4: that is the line in the lab.",
             OUTSIDE),
)
