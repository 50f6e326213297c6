"""Small frozen classifiers whose features and probabilities feed the metrics: `load("digits")`.

They play the part that Inception plays for photographs. A judge never learns from a generator, so
that all generators face the same one; the distances it gives are comparable with no other judge's.
The weights lie in data/judges, and the data are not needed to use them. They were made by

    python -m gan_course.judge digits
    python -m gan_course.judge shapes
    python -m gan_course.judge mnist
    python -m gan_course.judge fashion_mnist --epochs 30
    python -m gan_course.judge glyphs
    python -m gan_course.judge glyphs_colour
    python -m gan_course.judge letters

that of Fashion-MNIST from the 2,000 training pictures that were at hand. With all of them it should
do better, and needs no --epochs. The judges of glyphs and letters also read the factors behind a
picture: `load("glyphs").read(x)`.
"""
import argparse
import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

import torch
from safetensors import safe_open
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, pad

from gan_course import data, metrics
from gan_course.data.sets import ImageSet, scale
from gan_course.paths import DATA
from gan_course.profile import seed_everything
from gan_course.readers import Readers, scores
from gan_course.training import checkpoints

FOLDER = DATA / "judges"
# how long each judge is trained
EPOCHS = {"digits": 60, "shapes": 8, "mnist": 2, "fashion_mnist": 2,
          "glyphs": 15, "glyphs_colour": 15, "letters": 15}
# the channels of its convolutions
WIDTH = {"digits": 32, "shapes": 16, "mnist": 16, "fashion_mnist": 16,
         "glyphs": 24, "glyphs_colour": 24, "letters": 24}
FAMILIES = {"glyphs": 4, "glyphs_colour": 4, "letters": 4}          # those that read factors
SHARED = {"glyphs_plain": "glyphs"}                                 # has the judge of another set
PAPER = {"shapes": 1.0, "glyphs_colour": 1.0}           # around an image; elsewhere -1, black
GREY = ("shapes",)                      # half in grey, since colour alone gives the class away
BATCH = 64
NEW_ROUNDS = 300                        # of a judge for your own pictures
ROWS = 1024                             # images judged at once


class Judge(nn.Module):
    """x -> logits through 3x3 convolutions and one hidden layer of 64 features.

    Images are halved until they are at most 7 pixels wide: once from 8x8, twice from 28x28, three
    times from 32x32.

    Args:
        data_shape: the shape of one image, (C, H, W).
        classes: the number of classes.
        width: the channels of the convolutions.
        families: the number of font families where it also reads the factors of printed characters
            (see `Readers`); 0: it reads none.

    Attributes:
        accuracy: the share of held-out images that it names rightly, 0 to 1.
        scores: how well it reads each factor of the same images.
    """

    def __init__(self, data_shape: tuple[int, int, int], classes: int, width: int = 32,
                 families: int = 0):
        super().__init__()
        self.data_shape, self.classes, self.accuracy = tuple(data_shape), classes, float("nan")
        self.scores: dict[str, float] = {}
        channels, height, breadth = data_shape
        layers: list[nn.Module] = [nn.Conv2d(channels, width, 3, padding=1), nn.ReLU()]
        while max(height, breadth) > 7:
            layers += [nn.Conv2d(width, width, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
            height, breadth = height // 2, breadth // 2
        self.body = nn.Sequential(*layers, nn.Flatten(), nn.Linear(width * height * breadth, 64),
                                  nn.BatchNorm1d(64), nn.ReLU())
        self.head = nn.Linear(64, classes)
        self.readers = Readers(64, families, colour=channels == 3) if families else None

    def forward(self, x: Tensor) -> Tensor:
        """x -> logits: (N, *data_shape) in [-1, 1] -> (N, classes)."""
        return self.head(self.body(x))                              # (N, 64) -> (N, classes)

    @torch.no_grad()
    def features(self, x: Tensor) -> Tensor:
        """What the judge sees in each image before it decides.

        Args:
            x: images, (N, *data_shape), floats in [-1, 1], on any device.

        Returns:
            (N, 64), at least 0, on the judge's device.

        Raises:
            ValueError: these are images of another shape or type.
        """
        if x.shape[1:] != self.data_shape or not x.is_floating_point():
            shape = ", ".join(map(str, self.data_shape))
            raise ValueError(f"This judge needs floats in [-1, 1] of shape (N, {shape}); "
                             f"got {x.dtype} of shape {tuple(x.shape)}.")
        return torch.cat([self.body(part.to(self.head.weight)) for part in x.split(ROWS)])

    @torch.no_grad()
    def probabilities(self, x: Tensor) -> Tensor:
        """p(y|x) for each image.

        Args:
            x: images, (N, *data_shape), floats in [-1, 1], on any device.

        Returns:
            (N, classes), rows that sum to 1, on the judge's device.

        Raises:
            ValueError: these are images of another shape or type.
        """
        return self.head(self.features(x)).softmax(dim=1)

    @torch.no_grad()
    def read(self, x: Tensor) -> dict[str, Tensor]:
        """The factors of each image as the judge sees them.

        Args:
            x: images, (N, *data_shape), floats in [-1, 1], on any device.

        Returns:
            The name of each factor -> (N,), in the data set's units, on the judge's device.

        Raises:
            ValueError: this judge reads no factors, or these are images of another shape or type.
        """
        if self.readers is None:
            raise ValueError("This judge reads no factors; those of glyphs and letters do.")
        return self.readers(self.features(x))


def named(judge: Judge, x: Tensor, names: Sequence[str]) -> Tensor:
    """Which labels the judge would give to each image.

    Args:
        judge: the frozen classifier; for "bold" and "family" one that reads factors.
        x: images, (N, *data_shape) in [-1, 1].
        names: the labels in question: "bold", "family", and "class" or "character", which both mean
            the class (and so does any other name).

    Returns:
        A number for each of them, int64 (N, labels), on the CPU.

    Raises:
        ValueError: this judge reads no factors, or these are images of another shape or type.
    """
    factors = judge.read(x) if {"bold", "family"} & set(names) else {}
    columns = [factors[name].round().long() if name in factors else
               judge.probabilities(x).argmax(dim=1) for name in names]
    return torch.stack(columns, dim=1).cpu()


def frechet_classifier_distance(judge: Judge, real: Tensor, fake: Tensor) -> float:
    """`metrics.frechet_distance` between the judge's features of real and generated images.

    It is not called FID, because the network is not Inception: compare it only under the same
    judge and at the same N.

    Args:
        judge: the frozen classifier.
        real, fake: (N, *data_shape) and (M, *data_shape) in [-1, 1].

    Returns:
        The distance, at least 0, in squared units of the features.

    Raises:
        ValueError: these are images of another shape or type.
    """
    return metrics.frechet_distance(judge.features(real), judge.features(fake))


@cache
def load(name: str) -> Judge:
    """The frozen judge for a data set: always the same object.

    Args:
        name: a key of `EPOCHS` or `SHARED`.

    Returns:
        The judge, on the CPU, in evaluation mode.

    Raises:
        ValueError: there is no judge for this data set.
        FileNotFoundError: its weights are missing; the message says how to make them.
    """
    if name in SHARED:
        return load(SHARED[name])
    if name not in EPOCHS:
        raise ValueError(f"There is no judge for {name!r}. There is one for: "
                         f"{', '.join([*EPOCHS, *SHARED])}.")
    path = FOLDER / f"{name}.safetensors"
    if not path.exists():
        raise FileNotFoundError(f"There are no weights at {path}. Train them, in a minute, with: "
                                f"python -m gan_course.judge {name}")
    with safe_open(path, framework="pt") as file:
        about = json.loads(file.metadata()["judge"])
        judge = Judge(about["data_shape"], about["classes"], WIDTH[name], FAMILIES.get(name, 0))
        judge.load_state_dict({key: file.get_tensor(key) for key in file.keys()})
    judge.accuracy, judge.scores = about["accuracy"], about.get("scores", {})
    return judge.eval().requires_grad_(False)


def train(name: str, *, epochs: int | None = None, seed: int = 0) -> Judge:
    """A new judge for a data set, its accuracy measured on the held-out images.

    Cross entropy, Adam with a learning rate that falls from 2e-3 to 0 along half a cosine, every
    image shifted anew by up to one pixel. Of shapes, half are shown in grey, or the judge would
    look at the colour and never at the form. Of printed characters, the factors are learned at the
    same time.

    Args:
        name: a key of `EPOCHS`.
        epochs: how long; by default as `EPOCHS` says.
        seed: of the weights and the order of the images.

    Returns:
        The judge, frozen, on the CPU. Python, NumPy and PyTorch have been seeded with `seed`.

    Raises:
        KeyError: `epochs` is None and `EPOCHS` does not have this name.
    """
    learn, held_out = data.load(name), data.load(name, "test")
    rounds = (EPOCHS[name] if epochs is None else epochs) * (len(learn) // BATCH)
    return _learned(name, learn, held_out, rounds, seed)


def load_or_train(name: str, learn: ImageSet, held_out: ImageSet) -> Judge:
    """The frozen judge that comes with the course for a data set; where there is none, a new one.

    The new one takes a few seconds, learns from the training images and is as good as they allow:
    look at its `accuracy`, which is printed. Training it seeds Python, NumPy and PyTorch with 0:
    seed them anew if you draw random numbers afterwards.

    Args:
        name: what the data set is called.
        learn, held_out: its images, of at least two classes.

    Returns:
        The judge, on the CPU, in evaluation mode.
    """
    if name in EPOCHS or name in SHARED:
        return load(name)
    judge = _learned(name, learn, held_out, NEW_ROUNDS, seed=0)
    print(f"The course has no judge for {name}, so one was trained on its {len(learn):,} training "
          f"images. It names {judge.accuracy:.0%} of the {len(held_out):,} held-out ones rightly.")
    return judge


def _learned(name: str, learn: ImageSet, held_out: ImageSet, rounds: int, seed: int) -> Judge:
    """A new judge, frozen, its accuracy measured on the held-out images."""
    seed_everything(seed)
    width, families = WIDTH.get(name, 16), FAMILIES.get(name, 0)
    judge = Judge(learn.data_shape, len(learn.classes), width, families)
    optimizer = torch.optim.Adam(judge.parameters(), lr=2e-3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, rounds)
    numbered = replace(learn, labels=torch.arange(len(learn)))      # which image, not which class
    stream = data.batches(numbered, min(BATCH, len(learn)), seed=seed, device="cpu")
    for _ in range(rounds):
        x, rows = next(stream)
        x = shifted(x, PAPER.get(name, -1.0))
        features = judge.body(half_grey(x) if name in GREY else x)
        loss = cross_entropy(judge.head(features), learn.labels[rows])
        if judge.readers:
            factors = {factor: learn.factors[factor][rows] for factor in judge.readers}
            loss = loss + judge.readers.loss(features, factors)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    right = judge.eval().probabilities(scale(held_out.images)).argmax(dim=1) == held_out.labels
    judge.accuracy = right.double().mean().item()
    if judge.readers:
        judge.scores = scores(judge.read(scale(held_out.images)), held_out.factors)
    return judge.requires_grad_(False)


def shifted(x: Tensor, paper: float = -1.0) -> Tensor:
    """Each image moved by -1, 0 or 1 pixel, across and down, at random.

    Args:
        x: images, (N, C, H, W), on the CPU.
        paper: the value of the pixels that come in at the edge; -1 is black.

    Returns:
        The images, of the same shape.
    """
    height, breadth = x.shape[2:]
    around = pad(x, (1, 1, 1, 1), value=paper)
    nine = torch.stack([around[:, :, i:i + height, j:j + breadth]
                        for i in range(3) for j in range(3)])
    return nine[torch.randint(9, (len(x),)), torch.arange(len(x))]


def half_grey(x: Tensor) -> Tensor:
    """About every second image in grey: in each channel the mean of the three.

    Args:
        x: images, (N, 3, H, W), on the CPU.

    Returns:
        The images, of the same shape.
    """
    chosen = torch.rand(len(x), 1, 1, 1) < 0.5
    return torch.where(chosen, x.mean(dim=1, keepdim=True), x)


def save(judge: Judge, path: Path, **about) -> None:
    """Write a judge's weights, as a whole or not at all.

    Args:
        judge: the judge.
        path: the file.
        about: what else belongs into its header; values that JSON knows.

    Raises:
        OSError: the file cannot be written.
    """
    about |= {"data_shape": judge.data_shape, "classes": judge.classes, "accuracy": judge.accuracy}
    if judge.readers:
        about |= {"scores": judge.scores}
    checkpoints.write(path, judge.state_dict(), {"judge": json.dumps(about)})


def main(arguments: list[str] | None = None) -> None:
    """The command line: train a judge and write its weights.

    Args:
        arguments: the words after the program's name; by default those of this process.
    """
    parser = argparse.ArgumentParser(prog="python -m gan_course.judge",
                                     description="Train a frozen judge and keep its weights.")
    parser.add_argument("name", choices=EPOCHS)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--epochs", type=int, help=f"how long (default: {EPOCHS})")
    parser.add_argument("--out", type=Path, help="where to write (default: data/judges)")
    given = parser.parse_args(arguments)
    epochs = EPOCHS[given.name] if given.epochs is None else given.epochs
    judge = train(given.name, epochs=epochs, seed=given.seed)
    path = (given.out or FOLDER) / f"{given.name}.safetensors"
    recipe = ("cross entropy; Adam, lr 2e-3 to 0 along half a cosine; batches of 64; shifts of up "
              "to one pixel")
    if given.name in GREY:
        recipe += "; every second image in grey"
    if judge.readers:
        recipe += "; plus cross entropy or squared error of each factor"
    save(judge, path, data=given.name, seed=given.seed, epochs=epochs, recipe=recipe)
    print(f"{path}: {judge.accuracy:.1%} of the held-out {given.name} named rightly; "
          f"{path.stat().st_size:,} bytes; "
          f"sha256 {hashlib.sha256(path.read_bytes()).hexdigest()}")
    if judge.readers:
        print("factors read rightly (bold, family), or R^2: "
              + ", ".join(f"{name} {score:.3f}" for name, score in judge.scores.items()))


if __name__ == "__main__":
    torch.set_num_threads(1)            # so that sums are always added in one order
    main()
