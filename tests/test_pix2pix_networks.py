"""The networks of notebook 10 as learners write them: right ones pass, each misconception gets its own message."""
# ruff: noqa: E501 — a wrong answer reads best as one line
import re

import pytest
import torch
import torch.nn.functional as F
from rewritten import changed
from torch import nn

from gan_course.games.pix2pix import UNet as GeneralUNet
from gan_course.lessons import exercises
from gan_course.lessons.exercises import pix2pix_networks
from gan_course.lessons.exercises.pix2pix_networks import Down, PatchDiscriminator, Up

U = pix2pix_networks.UNet


KEYS = {"10.Down": Down, "10.Up": Up, "10.UNet": U, "10.PatchDiscriminator": PatchDiscriminator}
CATS = tuple(f"torch.cat([self.up{i}({x}), d{j}], dim=1)" for i, x, j in ((1, "d4", 3), (2, "u", 2), (3, "u", 1)))


def joined(new):
    """The U-Net with its three skip connections written in another way; `up` and `d` stand for the two parts."""
    return changed(U, *[(cat, new.replace("up", f"self.up{i}({x})").replace("SEEN", f"d{j}"))
                        for cat, (i, x, j) in zip(CATS, ((1, "d4", 3), (2, "u", 2), (3, "u", 1)), strict=True)])


NARROW = (("Up(4 * w + 4 * w, 2 * w", "Up(4 * w, 2 * w"), ("Up(2 * w + 2 * w, w)", "Up(2 * w, w)"), ("nn.ConvTranspose2d(w + w, 3", "nn.ConvTranspose2d(w, 3"))
NO_CAT = tuple((cat, cat[len("torch.cat(["):].split(", d")[0]) for cat in CATS)
ADDED = tuple((cat, cat[len("torch.cat(["):].replace(", d", " + d").split("]")[0]) for cat in CATS)


@pytest.mark.parametrize("key", KEYS)
def test_the_same_network_written_anew_is_right(key):
    assert exercises.assess(key, changed(KEYS[key])).id == "right"


def test_other_right_ways_to_write_them():
    class Down(nn.Module):
        def __init__(self, a, b, norm=True):
            super().__init__()
            self.net = nn.Sequential(nn.Conv2d(a, b, 4, 2, 1, bias=False if norm else True), *([nn.BatchNorm2d(b)] if norm else []))

        def forward(self, x):
            return F.leaky_relu(self.net(x), 0.2)

    class UNet(nn.Module):
        """Without blocks, and with lists."""

        def __init__(self, width):
            super().__init__()
            w = width
            self.down = nn.ModuleList([Down(3, w, False), Down(w, 2 * w), Down(2 * w, 4 * w), Down(4 * w, 4 * w, False)])
            sizes = [(4 * w, 4 * w), (8 * w, 2 * w), (4 * w, w)]
            self.up = nn.ModuleList([nn.ConvTranspose2d(a, b, 4, 2, 1, bias=False) for a, b in sizes])
            self.norms = nn.ModuleList([nn.BatchNorm2d(b) for _, b in sizes])
            self.last = nn.ConvTranspose2d(2 * w, 3, 4, 2, 1)

        def forward(self, x):
            seen = []
            for block in self.down:
                x = block(x)
                seen.append(x)
            x = seen.pop()
            for i, (up, norm) in enumerate(zip(self.up, self.norms, strict=True)):
                x = norm(up(x))
                if i < 2:
                    x = F.dropout(x, 0.5, training=self.training)
                x = torch.cat([F.relu(x), seen.pop()], 1)
            return torch.tanh(self.last(x))

    assert exercises.assess("10.Down", Down).id == "right"
    assert exercises.assess("10.UNet", UNet).id == "right"


def test_a_bias_before_the_norm_is_a_remark():
    assert exercises.assess("10.Up", changed(Up, (", bias=False", ""))).id == "bias_before_batchnorm"


WRONG = [
    ("10.Down", "picture_size", changed(Down, ("stride=2, padding=1", "stride=2, padding=0"))),
    ("10.Down", "picture_size", changed(Down, ("stride=2", "stride=1"))),
    ("10.Down", "batchnorm_at_the_edge", changed(Down, ("nn.BatchNorm2d(b) if norm else nn.Identity()", "nn.BatchNorm2d(b)"))),
    ("10.Down", "no_batchnorm", changed(Down, ("nn.BatchNorm2d(b) if norm else nn.Identity()", "nn.Identity()"))),
    ("10.Down", "relu_for_leaky", changed(Down, ("nn.LeakyReLU(0.2)", "nn.ReLU()"))),
    ("10.Down", "order", changed(Down, ("self.activation(self.norm(self.conv(x)))", "self.norm(self.activation(self.conv(x)))"))),
    ("10.Up", "picture_size", changed(Up, ("stride=2, padding=1", "stride=2, padding=0"))),
    ("10.Up", "in_front", changed(Up, ("nn.ConvTranspose2d(a, b, 4, stride=2, padding=1", "nn.Upsample(scale_factor=2), nn.Conv2d(a, b, 3, padding=1"))),
    ("10.Up", "dropout", changed(Up, ("            nn.Dropout(dropout),\n", ""))),
    ("10.Up", "dropout", changed(Up, ("nn.Dropout(dropout)", "nn.Dropout(0.3)"))),
    ("10.Up", "activation", changed(Up, ("            nn.ReLU(),\n", ""))),
    ("10.UNet", "skip_forgotten", changed(U, *NARROW, *NO_CAT)),
    ("10.UNet", "skip_forgotten", changed(U, *NARROW, *ADDED)),
    ("10.UNet", "not_joined", changed(U, *NO_CAT)),
    ("10.UNet", "wrong_axis", joined("torch.cat([up, SEEN])")),
    ("10.UNet", "wrong_axis", joined("torch.cat([up, SEEN], dim=2)")),
    ("10.UNet", "wrong_axis", joined("torch.cat([up, SEEN], dim=-1)")),
    ("10.UNet", "wrong_partner", changed(U, (CATS[0], CATS[0].replace("d3]", "d1]")))),
    ("10.UNet", "wrong_partner", changed(U, (CATS[0], CATS[0].replace("d3]", "d4]")))),
    ("10.UNet", "skip_first", joined("torch.cat([SEEN, up], dim=1)")),
    ("10.UNet", "no_tanh", changed(U, ("self.last(u).tanh()", "self.last(u)"))),
    ("10.UNet", "no_tanh", changed(U, ("self.last(u).tanh()", "self.last(u).sigmoid()"))),
    ("10.UNet", "dropout", changed(U, (", dropout=0.5)", ")"))),
    ("10.UNet", "batchnorm_at_the_edge", changed(U, ("Down(3, w, norm=False)", "Down(3, w)"))),
    ("10.UNet", "one_size", changed(U, ("w = width", "w = 8"), ("Down(3, w, norm=False)", "Down(3, width, norm=False)"))),
    ("10.PatchDiscriminator", "not_conditional", changed(PatchDiscriminator, ("nn.Conv2d(6, width", "nn.Conv2d(3, width"))),
    ("10.PatchDiscriminator", "sigmoid_in_D", changed(PatchDiscriminator, ("self.layers(pair)", "self.layers(pair).sigmoid()"))),
    ("10.PatchDiscriminator", "one_logit", changed(PatchDiscriminator, ("self.layers(pair)", "self.layers(pair).mean(dim=(1, 2, 3))"))),
    ("10.PatchDiscriminator", "one_logit", changed(PatchDiscriminator, ("nn.Conv2d(2 * width, 1, 4, stride=1, padding=1)", "nn.Flatten(), nn.Linear(2 * width * 64, 1)"))),
    ("10.PatchDiscriminator", "picture_size", changed(PatchDiscriminator, ("1, 4, stride=1, padding=1", "1, 4, stride=2, padding=1"))),
    ("10.PatchDiscriminator", "no_batchnorm", changed(PatchDiscriminator, ("            nn.InstanceNorm2d(2 * width), nn.LeakyReLU(0.2),\n", "            nn.LeakyReLU(0.2),\n"))),
    ("10.PatchDiscriminator", "slope", changed(PatchDiscriminator, ("nn.LeakyReLU(0.2)", "nn.LeakyReLU()"))),
]


@pytest.mark.parametrize("key, misconception, answer", WRONG, ids=[f"{key}-{said}" for key, said, _ in WRONG])
def test_each_misconception_is_recognised_and_told_in_words(key, misconception, answer):
    verdict = exercises.assess(key, answer)
    assert (verdict.outcome, verdict.id) == ("wrong", misconception), verdict.says
    assert re.match(r"[A-Z`]", verdict.says) and len(verdict.says) > 40


@pytest.mark.parametrize("mistake", [each for key in KEYS for each in (*exercises.find(key).looks_like, *exercises.find(key).mistakes)],
                         ids=lambda mistake: mistake.id)
def test_every_wrong_network_of_the_package_is_recognised(mistake):
    """Also those that nobody writes in the list above."""
    key = "10.PatchDiscriminator" if mistake.id == "not_conditional" else "10.UNet"
    for like in mistake.like if isinstance(mistake.like, tuple) else (mistake.like,):
        assert exercises.assess(key, like).id == mistake.id


def test_the_learners_u_net_has_the_layers_of_the_packages_and_takes_every_multiple_of_16():
    mine, general = U(8), GeneralUNet(3, 8, 4, 3, nn.BatchNorm2d)
    shapes = [[tuple(part.weight.shape) for part in net.modules() if isinstance(part, nn.Conv2d | nn.ConvTranspose2d)] for net in (mine, general)]
    assert shapes[0] == shapes[1] and len(shapes[0]) == 8
    assert mine(torch.randn(2, 3, 64, 64)).shape == (2, 3, 64, 64)
