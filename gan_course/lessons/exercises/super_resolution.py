"""The exercises of notebook 12: the generator of SRGAN, its two losses, and its training step."""
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from gan_course.lessons.exercises import _loops
from gan_course.lessons.exercises._checking import Exercise, Mistake, Probe, Seen, as_number
from gan_course.lessons.exercises._faults import N
from gan_course.lessons.exercises._networks import Network
from gan_course.lessons.exercises._translators import (
    NUMBER,
    VECTOR,
    Line,
    Patches,
    pictures,
    value,
)


class ResidualBlock(nn.Module):
    """x -> x + f(x), f two 3x3 convolutions with a PReLU between: (N, width, H, W), same shape."""

    def __init__(self, width):
        super().__init__()
        self.f = nn.Sequential(
            nn.Conv2d(width, width, 3, padding=1), nn.PReLU(),
            nn.Conv2d(width, width, 3, padding=1),
        )

    def forward(self, x):
        return x + self.f(x)


class Generator(nn.Module):
    """Small images (N, channels, H, W) -> large ones (N, channels, 4H, 4W) in [-1, 1]."""

    def __init__(self, channels, width, blocks):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(channels, width, 3, padding=1), nn.PReLU(),
            *[ResidualBlock(width) for _ in range(blocks)],
            nn.Conv2d(width, 4 * width, 3, padding=1), nn.PixelShuffle(2), nn.PReLU(),
            nn.Conv2d(width, 4 * width, 3, padding=1), nn.PixelShuffle(2), nn.PReLU(),
            nn.Conv2d(width, channels, 3, padding=1), nn.Tanh(),
        )

    def forward(self, x):
        return self.layers(x)


def content_loss(fake, y):
    """E|fake - y|^2 over all pixels; images (N, C, H, W) -> scalar."""
    return (fake - y).square().mean()


def adversarial_loss(D, fake):
    """-E log D(fake), where D gives logits; images (N, C, H, W) -> scalar."""
    return softplus(-D(fake)).mean()


def training_step(G, D, optimizer_G, optimizer_D, x, y, adv):
    """One iteration on small x and large y: D moves, then G. Returns D's loss and G's loss."""
    fake = G(x)
    loss_D = softplus(-D(y)).mean() + softplus(D(fake.detach())).mean()
    optimizer_D.zero_grad()
    loss_D.backward()
    optimizer_D.step()

    loss_G = content_loss(fake, y) + adv * adversarial_loss(D, fake)
    optimizer_G.zero_grad()
    loss_G.backward()
    optimizer_G.step()
    return loss_D.item(), loss_G.item()


# The networks

def features(width, **others):
    """N feature maps, higher than wide."""
    return (torch.randn(N, width, 6, 7),)


def images(channels, **others):
    """N small images, higher than wide, so that mixed-up axes show."""
    return (torch.randn(N, channels, 6, 4),)


class WithoutSkip(ResidualBlock):
    def forward(self, x):
        return self.f(x)


class Difference(ResidualBlock):
    def forward(self, x):
        return x - self.f(x)


NETWORKS = (
    Network("12.ResidualBlock", ResidualBlock, ({"width": 8}, {"width": 5}), features, "features", (
        "`__init__` makes the layers of f, `forward` adds what they give to x.",
        "f has three layers: a convolution, a PReLU and a convolution. A 3x3 convolution keeps the "
        "size with a padding of 1.",
        "`nn.Conv2d(width, width, 3, padding=1)`, `nn.PReLU()`, and the convolution once more; "
        "`return x + self.f(x)`."),
            mistakes=(
                Mistake("no_skip", "The layers are right, and x itself is missing: a residual "
                        "block gives back x + f(x).", like=WithoutSkip),
                Mistake("minus", "It subtracts: a residual block gives back x + f(x).",
                        like=Difference)),
            well_done="x passes through, and f learns what to add."),
    Network("12.Generator", Generator, (
        {"channels": 3, "width": 6, "blocks": 2}, {"channels": 1, "width": 4, "blocks": 3}),
            images, "generator", (
                "Everything up to the first PixelShuffle happens at the small size.",
                "`nn.PixelShuffle(2)` takes four channels for one, so the convolution before it "
                "goes from `width` to `4 * width`, and `width` channels come out.",
                "Twice: `nn.Conv2d(width, 4 * width, 3, padding=1), nn.PixelShuffle(2), "
                "nn.PReLU()`. The end is `nn.Conv2d(width, channels, 3, padding=1), nn.Tanh()`."),
            well_done="Four times as high and four times as wide, every value in [-1, 1]."),
)


# The two losses

def slope_for_fake(results: list, inputs: dict) -> Seen:
    """The gradient of the loss with respect to the fake, or that there is none."""
    seen = {}
    for result in results:
        if not isinstance(result, Tensor) or not result.requires_grad:
            return {"the slope for the fake": "missing"}
        slope, = torch.autograd.grad(result.sum(), inputs["fake"], allow_unused=True)
        seen = {"the slope for the fake": "cut off" if slope is None else as_number(slope)}
    return seen


def two_images(seed: int, n: int = 3) -> Callable:
    return lambda: {"fake": pictures(seed, n).requires_grad_(True), "y": pictures(seed + 1, n)}


def judged(seed: int, n: int = 3) -> Callable:
    return lambda: {"D": Patches(0.9, 1.4, -0.7, 0.4),
                    "fake": pictures(seed, n).requires_grad_(True)}


def apart(of_difference: Callable) -> Callable:
    return lambda fake, y: of_difference(fake - y)


def asked(of_logits: Callable) -> Callable:
    return lambda D, fake: of_logits(D(fake))


CONTENT_MISTAKES = (
    VECTOR,
    Mistake("absolute", "It takes absolute values. The paper's content loss squares the "
            "differences.", like=apart(lambda d: d.abs().mean())),
    Mistake("signed", "Differences above and below 0 cancel. Square them first.",
            like=(apart(lambda d: d.mean()), apart(lambda d: d.mean().square()),
                  apart(lambda d: -d.mean()))),
    Mistake("sum", "The squares are summed. Take their mean over all pixels, channels and images.",
            like=apart(lambda d: d.square().sum())),
    Mistake("per_image", "The squares are summed within each image. Take the mean of all of them.",
            like=apart(lambda d: d.square().flatten(1).sum(1).mean())),
    Mistake("root", "It takes the root of the mean. Leave the squared error as it is.",
            like=apart(lambda d: d.square().mean().sqrt())),
    Mistake("half", "It is half of what is asked.", like=apart(lambda d: d.square().mean() / 2)),
)
ADVERSARIAL_MISTAKES = (
    VECTOR,
    Mistake("d_target", "That is what D wants of fakes: low logits. G wants the opposite.",
            like=asked(lambda l: softplus(l).mean())),
    Mistake("saturating", "That is the minimax loss of notebook 02: where D is sure, its gradient "
            "is nearly 0.", like=asked(lambda l: -softplus(l).mean())),
    Mistake("critic", "That is the loss of a critic, as in notebook 05. Here D gives the logit of "
            "a probability, and the loss is its negative logarithm.",
            like=(asked(lambda l: -l.mean()), asked(lambda l: l.mean()))),
    Mistake("no_logarithm", "That is a probability and not its logarithm.",
            like=(asked(lambda l: -l.sigmoid().mean()), asked(lambda l: 1 - l.sigmoid().mean()))),
    Mistake("sigmoid_twice", "D's logits go through a sigmoid, and then into a loss of logits, "
            "which takes the sigmoid itself.", like=asked(lambda l: softplus(-l.sigmoid()).mean())),
    Mistake("sum", "It is summed. Take the mean over all logits.",
            like=asked(lambda l: softplus(-l).sum())),
)


# The step

def scene() -> dict:
    """G, D, their optimizers and a mini-batch, as they are before each iteration."""
    G, D = Line(0.6, 0.1), Patches(0.9, 1.4, -0.7, 0.4)
    return _loops.watched(G, D) | {"x": pictures(1), "y": pictures(2), "adv": 0.3}


def the_losses(inputs: dict) -> dict:
    """What the step finds under the names of the exercises before."""
    return {"content_loss": content_loss, "adversarial_loss": adversarial_loss}


def stepped(*, real: Callable = lambda x, y: y,
            loss_D: Callable = lambda r, f: _loops.real(r) + _loops.fake(f),
            loss_G: Callable = lambda D, x, y, fake, adv:
            content_loss(fake, y) + adv * adversarial_loss(D, fake),
            zero_D: bool = True, zero_G: bool = True, zero_between: str = "") -> Callable:
    """An iteration that is right but for what is changed."""
    def training_step(G, D, optimizer_G, optimizer_D, x, y, adv):
        fake = G(x)
        value_D = loss_D(D(real(x, y)), D(fake.detach()))
        for name, optimizer, zero in (("D", optimizer_D, zero_D), ("G", optimizer_G, zero_G)):
            loss = value_D if name == "D" else loss_G(D, x, y, fake, adv)
            if zero:
                optimizer.zero_grad()
            loss.backward()
            if name in zero_between:
                optimizer.zero_grad()
            optimizer.step()
        return value_D.item(), loss.item()
    return training_step


def moved_right(seen: Seen) -> bool:
    """Whether both players have moved as they should, whatever is given back."""
    inputs = scene()
    right = _loops.round_played([training_step(*inputs.values())], inputs)
    return _loops.same_moves(seen, right)


STEP_MISTAKES = (
    Mistake("no_detach", "The fake in D's loss is not detached: D's backward pass went on through "
            "G and used its graph up, and G's own backward pass needs it. For D the fakes are "
            "plain data, `fake.detach()`.",
            when=lambda seen: "backward through the graph a second time"
            in seen.get("the error", "")),
    *_loops.OF_ANY_ROUND,
    Mistake("zero_between", "Gradients are wiped out between the backward pass and the step, so "
            "the step has nothing to act on. `zero_grad` comes before `backward`.",
            like=tuple(stepped(zero_between=players) for players in ("D", "G", "DG"))),
    Mistake("zero_forgotten_both", "Neither player's old gradients are wiped out. PyTorch adds "
            "each backward pass to what is there: call `zero_grad()` before both of them.",
            like=stepped(zero_D=False, zero_G=False)),
    Mistake("zero_forgotten_D", "D's old gradients are not wiped out before its backward pass.",
            like=stepped(zero_D=False)),
    Mistake("zero_forgotten_G", "G's old gradients are not wiped out before its backward pass.",
            like=stepped(zero_G=False)),
    Mistake("both_want_fakes_real", "D learns to take fakes for real, and so does G: both players "
            "want the same, nobody objects, and the images learn nothing from D. D's loss is small "
            "where y gets a high logit and the fake a low one.",
            like=stepped(loss_D=lambda r, f: _loops.fake(r) + _loops.real(f))),
    Mistake("real_is_small", "D is shown x as the real example. Real is y, the large image.",
            like=stepped(real=lambda x, y: x)),
    Mistake("wrong_player", "G minimises D's loss on the fakes, so it learns to be caught.",
            like=stepped(loss_G=lambda D, x, y, fake, adv:
                         content_loss(fake, y) + adv * _loops.fake(D(fake)))),
    Mistake("to_x", "The content loss compares with x. It should compare with the true large "
            "image, y.", like=stepped(loss_G=lambda D, x, y, fake, adv:
                                      content_loss(fake, x) + adv * adversarial_loss(D, fake))),
    Mistake("no_weight", "The adversarial loss has no weight. It is multiplied by `adv`.",
            like=stepped(loss_G=lambda D, x, y, fake, adv:
                         content_loss(fake, y) + adversarial_loss(D, fake))),
    Mistake("weight_of_content", "The weight is on the wrong term: `adv` multiplies the "
            "adversarial loss.",
            like=stepped(loss_G=lambda D, x, y, fake, adv:
                         adv * content_loss(fake, y) + adversarial_loss(D, fake))),
    Mistake("weight_of_both", "The weight multiplies both terms. Only the adversarial loss has it.",
            like=stepped(loss_G=lambda D, x, y, fake, adv:
                         adv * (content_loss(fake, y) + adversarial_loss(D, fake)))),
    Mistake("no_content", "The content loss is missing: nothing ties the fake to its small image.",
            like=stepped(loss_G=lambda D, x, y, fake, adv: adv * adversarial_loss(D, fake))),
    Mistake("no_adversarial", "D has no say in G's loss. Add `adv` times `adversarial_loss`.",
            like=(stepped(loss_G=lambda D, x, y, fake, adv: content_loss(fake, y)),
                  stepped(loss_G=lambda D, x, y, fake, adv: content_loss(fake, y)
                          + adv * adversarial_loss(D, fake.detach())))),
    Mistake("half", "D's loss is the mean of its two terms; asked is their sum. It trains as well, "
            "but the chance level 1.386 of the plots is that of the sum.",
            like=stepped(loss_D=lambda r, f: (_loops.real(r) + _loops.fake(f)) / 2)),
    Mistake("sigmoid_twice", "D's logits go through a sigmoid, and then into a loss of logits, "
            "which takes the sigmoid itself. With two of them D can never be sure.",
            like=stepped(loss_D=lambda r, f: _loops.real(r.sigmoid()) + _loops.fake(f.sigmoid()))),
    Mistake("losses_swapped", "The moves are right, but the losses come back in another order or "
            "form: asked is the pair (D's loss, G's loss), as plain numbers.",
            when=lambda seen: "the error" not in seen and moved_right(seen)),
)

EXERCISES = (
    *NETWORKS,
    Exercise("12.content_loss", content_loss,
             (Probe(two_images(1), value, CONTENT_MISTAKES), Probe(two_images(5, 1), value),
              Probe(two_images(1), slope_for_fake, (NUMBER,))),
             ("Pixel by pixel: the difference, its square, and one mean at the end.",
              "`.mean()` without arguments runs over images, channels and pixels at once.",
              "`(fake - y).square().mean()`, or `nn.functional.mse_loss`."),
             "Its best answer is the mean of all images that fit, which need not be one of them."),
    Exercise("12.adversarial_loss", adversarial_loss,
             (Probe(judged(1), value, ADVERSARIAL_MISTAKES), Probe(judged(5, 1), value),
              Probe(judged(1), slope_for_fake, (
                  Mistake("detached", "The number is right, but the fake is cut off from G, which "
                          "then does not learn from it.",
                          like=lambda D, fake: adversarial_loss(D, fake.detach())), NUMBER))),
             ("It is G's loss of notebook 03, with images that are given.",
              "D gives logits l, and -log sigmoid(l) is softplus(-l).",
              "`softplus(-D(fake)).mean()`."),
             "It does not know y: D asks whether this is *a* real image, not whether it is the "
             "right one."),
    Exercise("12.training_step", training_step,
             (Probe(scene, _loops.round_played, STEP_MISTAKES, the_losses),),
             ("Two moves, as in notebook 10, but D sees one image at a time.",
              "D's move: the logits of y and of `fake.detach()`; the loss, zero_grad, backward, "
              "step. G's move: the two losses of the exercises before, with the graph.",
              "`loss_G = content_loss(fake, y) + adv * adversarial_loss(D, fake)`."),
             "D has moved, then G, on one and the same fake.",
             frozenset({"batch", "game"}), remarks=(_loops.NO_DETACH,)),
)
