"""The exercises of notebook 11 on losses: least squares, the cycle, the identity."""
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


def cycle_loss(G, F, x, y, fake_x, fake_y):
    """What is lost on the way there and back; fake_y = G(x), fake_x = F(y) -> scalar."""
    x_again, y_again = F(fake_y), G(fake_x)
    return (x_again - x).abs().mean() + (y_again - y).abs().mean()


def identity_loss(G, F, x, y):
    """What a generator changes in an image that needs no change: x, y (N, C, H, W) -> scalar."""
    return (G(y) - y).abs().mean() + (F(x) - x).abs().mean()


def size(x):
    return x.abs().mean()


# The cycle

def cycle(x_term, y_term, norm=size):
    """Two terms of a cycle; each is a function of G, F, x, y, fake_x and fake_y that gives the
    images that should be 0.
    """
    return lambda *g: norm(x_term(*g)) + norm(y_term(*g))


def x_cycle(G, F, x, y, fake_x, fake_y):
    return F(fake_y) - x


def y_cycle(G, F, x, y, fake_x, fake_y):
    return G(fake_x) - y


CYCLE_MISTAKES = (
    VECTOR,
    Mistake("one_way", "It goes one way only. A cycle that is checked from one side can be cheated "
            "from the other: all of the second domain may be translated into one picture.",
            like=(lambda *g: size(x_cycle(*g)), lambda *g: size(y_cycle(*g)))),
    Mistake("no_way_back", "It compares an image with its translation, and those two are *meant* "
            "to differ. Which network brings it back?",
            like=cycle(lambda G, F, x, y, fake_x, fake_y: fake_y - x,
                       lambda G, F, x, y, fake_x, fake_y: fake_x - y)),
    Mistake("pairs", "It compares with an image of the other domain. There are no pairs here: x "
            "and y of a mini-batch have nothing to do with each other. What comes back from x is "
            "compared with x.",
            like=(cycle(lambda G, F, x, y, fake_x, fake_y: F(fake_y) - y,
                        lambda G, F, x, y, fake_x, fake_y: G(fake_x) - x),
                  cycle(lambda G, F, x, y, fake_x, fake_y: fake_y - y,
                        lambda G, F, x, y, fake_x, fake_y: fake_x - x))),
    Mistake("with_the_fake", "It compares what came back with a fake. The journey began at a real "
            "image, and that is where it should end.",
            like=(cycle(lambda G, F, x, y, fake_x, fake_y: F(fake_y) - fake_x,
                        lambda G, F, x, y, fake_x, fake_y: G(fake_x) - fake_y),
                  cycle(lambda G, F, x, y, fake_x, fake_y: F(fake_y) - fake_y,
                        lambda G, F, x, y, fake_x, fake_y: G(fake_x) - fake_x))),
    Mistake("swapped", "G and F are exchanged. fake_y lies in the second domain, so F has to bring "
            "it back; G brings fake_x back.",
            like=(cycle(lambda G, F, x, y, fake_x, fake_y: G(fake_y) - x,
                        lambda G, F, x, y, fake_x, fake_y: F(fake_x) - y),
                  cycle(lambda G, F, x, y, fake_x, fake_y: F(fake_x) - x,
                        lambda G, F, x, y, fake_x, fake_y: G(fake_y) - y),
                  cycle(lambda G, F, x, y, fake_x, fake_y: G(F(x)) - x,
                        lambda G, F, x, y, fake_x, fake_y: F(G(y)) - y))),
    Mistake("squared", "It squares the differences. The paper takes their absolute values (L1), "
            "which forgive a few large ones and blur less.",
            like=cycle(x_cycle, y_cycle, lambda d: d.square().mean())),
    Mistake("signed", "Differences above and below 0 cancel here. Something has to take their sign "
            "away first.",
            like=cycle(x_cycle, y_cycle, lambda d: d.mean())),
    Mistake("sum", "It sums over the pixels. Then the weight of the term depends on the size of "
            "the image: take the mean.",
            like=cycle(x_cycle, y_cycle, lambda d: d.abs().sum())),
    Mistake("half", "Right up to a factor: the two ways are added, not averaged.",
            like=cycle(x_cycle, y_cycle, lambda d: size(d) / 2)),
    Mistake("weight", "The weight 10 is in it already. Here only the loss is asked for; the "
            "training step weighs it.",
            like=cycle(x_cycle, y_cycle, lambda d: 10 * size(d))),
)
CYCLE_SLOPES = (
    NUMBER,
    Mistake("detached", "The number is right, but the way there is cut off: only the network that "
            "brings the image back would learn. Both have to move, so nothing is detached here.",
            like=(lambda G, F, x, y, fake_x, fake_y: size(F(fake_y.detach()) - x)
                                                     + size(G(fake_x.detach()) - y),
                  lambda G, F, x, y, fake_x, fake_y: size(F(fake_y.detach()) - x)
                                                     + size(G(fake_x) - y),
                  lambda G, F, x, y, fake_x, fake_y: size(F(fake_y) - x)
                                                     + size(G(fake_x.detach()) - y))),
)
AGAIN = (
    Mistake("translates_again", "A remark: it translates x and y once more, although fake_x and "
            "fake_y are there already. The number is the same, and each iteration takes longer.",
            when=lambda seen: seen.get("_calls", 2) > 2),
)


# Identity

def stays(G, F, x, y, norm=size):
    return norm(G(y) - y) + norm(F(x) - x)


IDENTITY_MISTAKES = (
    VECTOR,
    Mistake("wrong_side", "It feeds each generator from the wrong side: it asks G to leave x "
            "alone, and F to leave y. But those are the images that they are there to change! "
            "Which image is already what G should give?",
            like=lambda G, F, x, y: size(G(x) - x) + size(F(y) - y)),
    Mistake("one_way", "It asks one generator only. The other may still repaint what needs no "
            "paint.",
            like=(lambda G, F, x, y: size(G(y) - y), lambda G, F, x, y: size(F(x) - x))),
    Mistake("pairs", "It compares a translation with an image of the other domain, as pix2pix "
            "does. Here x and y are no pairs.",
            like=lambda G, F, x, y: size(G(x) - y) + size(F(y) - x)),
    Mistake("exchanged", "Each image goes through the right network and is compared with the wrong "
            "one. Nothing should change: what comes out of G(y) is compared with y.",
            like=lambda G, F, x, y: size(G(y) - x) + size(F(x) - y)),
    Mistake("cycle", "That is the cycle once more. Here each generator is used once.",
            like=lambda G, F, x, y: size(F(G(x)) - x) + size(G(F(y)) - y)),
    Mistake("squared", "It squares the differences, where absolute values (L1) are asked for.",
            like=lambda G, F, x, y: stays(G, F, x, y, lambda d: d.square().mean())),
    Mistake("signed", "Without their size taken, differences above and below 0 cancel.",
            like=lambda G, F, x, y: stays(G, F, x, y, lambda d: d.mean())),
    Mistake("sum", "It sums over the pixels where the mean is asked for.",
            like=lambda G, F, x, y: stays(G, F, x, y, lambda d: d.abs().sum())),
    Mistake("half", "Right up to a factor: the two terms are added, not averaged.",
            like=lambda G, F, x, y: stays(G, F, x, y) / 2),
    Mistake("weight", "The weight 5 is in it already. Here only the loss is asked for; the "
            "training step weighs it.",
            like=lambda G, F, x, y: 5 * stays(G, F, x, y)),
)


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


class Counted(Line):
    """A generator that counts how often it is called, in a list that both generators share."""

    def __init__(self, a: float, b: float, calls: list[str]):
        super().__init__(a, b)
        self.calls = calls

    def forward(self, x):
        self.calls.append("a call")
        return super().forward(x)


def generators(seed, n=3):
    return lambda: {"G": Line(1.5, 0.1), "F": Line(0.4, -0.2), "x": pictures(seed, n),
                    "y": pictures(seed + 1, n)}


def there_and_back(seed, n=3):
    """The arguments of `cycle_loss`, with the translations made already."""
    def inputs():
        calls: list[str] = []
        G, F = Counted(1.5, 0.1, calls), Counted(0.4, -0.2, calls)
        x, y = pictures(seed, n), pictures(seed + 1, n)
        found = {"G": G, "F": F, "x": x, "y": y, "fake_x": F(y), "fake_y": G(x)}
        calls.clear()
        return found
    return inputs


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


def slopes_and_calls(results, inputs):
    return slopes(results, inputs) | {"_calls": len(inputs["G"].calls)}


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
             "At a score of 1/2 everywhere it is 1/4: that is the line in the plots.",
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
    Exercise("11.cycle_loss", cycle_loss,
             (Probe(there_and_back(1), value, CYCLE_MISTAKES),
              Probe(there_and_back(3, 1), value),
              Probe(there_and_back(1), slopes_and_calls, CYCLE_SLOPES)),
             ("Two journeys, each there and back, and the way there is done. Which network brings "
              "fake_y home?",
              "Two calls of networks: F on fake_y, G on fake_x.",
              "Each journey: what came home, minus what left; absolute value; mean. Add the two."),
             "It says nothing about *where* the images have been in between: that is the "
             "discriminators' business.",
             OUTSIDE, AGAIN),
    Exercise("11.identity_loss", identity_loss,
             (Probe(generators(1), value, IDENTITY_MISTAKES),
              Probe(generators(3, 1), value),
              Probe(generators(1), slopes, (NUMBER,))),
             ("G makes winter pictures. What should it do with one that is a winter picture "
              "already?",
              "So G reads y here, and F reads x, each once.",
              "For each: the result minus what went in; absolute value; mean. Add the two."),
             "No image is translated here, and yet it decides about colours.",
             OUTSIDE | {"fake_x", "fake_y"}),
)
