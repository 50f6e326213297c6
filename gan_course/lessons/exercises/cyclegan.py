"""Two exercises of notebook 11: the cycle loss and the identity loss."""
from gan_course.lessons.exercises._checking import Exercise, Mistake, Probe
from gan_course.lessons.exercises._translators import NUMBER, VECTOR, Line, pictures, slopes, value
from gan_course.lessons.exercises.least_squares import OUTSIDE


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


def slopes_and_calls(results, inputs):
    return slopes(results, inputs) | {"_calls": len(inputs["G"].calls)}


EXERCISES = (
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
