"""Answers to the exercises of deeper/12_laplacian_pyramid, as learners write them."""
# ruff: noqa: E501 — a wrong answer reads best as one line
import torch
import torch.nn.functional as nnf
from torch import nn


def down(x):
    return nnf.avg_pool2d(x, 2)


def up(x):
    return nnf.interpolate(x, scale_factor=2, mode="bilinear")


def taken_apart(x, levels, lost=lambda x: x - up(down(x))):
    images = [x]
    for _ in range(levels):
        images.append(down(images[-1]))
    return [images[-1]] + [lost(image) for image in images[-2::-1]]


def recursive(x, levels):
    return [x] if not levels else [*recursive(down(x), levels - 1), x - up(down(x))]


def put_together(parts, step=lambda x, h: h + up(x)):
    x = parts[0]
    for h in parts[1:]:
        x = step(x, h)
    return x


def fake(G, x, noise):
    small = nnf.avg_pool2d(x, 2)
    blurry = up(small)
    return G(blurry, noise) + blurry


def no_gradients(G, x, noise):
    with torch.no_grad():
        return fake(G, x, noise)


def empties_the_list(parts):
    x = parts.pop(0)
    while parts:
        x = up(x) + parts.pop(0)
    return x


def adds_to_the_details(parts):
    x = parts[0]
    for detail in parts[1:]:
        detail += up(x)
        x = detail
    return x


class Detail(nn.Module):
    """As asked, written with layers of their own, but for what a class below changes."""

    more, last, put = 1, nn.Identity, staticmethod(lambda coarse, noise: torch.cat((coarse, noise), 1))

    def __init__(self, channels, width):
        super().__init__()
        self.a = nn.Conv2d(channels + self.more, width, 5, padding="same")
        self.b = nn.Conv2d(width, width, 5, padding="same")
        self.c = nn.Conv2d(width, channels, 5, padding="same")
        self.end = self.last()

    def forward(self, coarse, noise):
        h = nnf.relu(self.a(self.put(coarse, noise)))
        return self.end(self.c(nnf.relu(self.b(h))))


class Tanh(Detail):
    last = nn.Tanh


class ScaledTanh(Detail):
    def forward(self, coarse, noise):
        return 2 * super().forward(coarse, noise).tanh()


class CutBelow(Detail):
    """Its ReLUs are written as cuts."""

    def forward(self, coarse, noise):
        h = self.a(self.put(coarse, noise)).clamp(min=0)
        return self.c(torch.clamp_min(self.b(h), 0))


class NoiseFirst(Detail):
    put = staticmethod(lambda coarse, noise: torch.cat((noise, coarse), 1))


class Alone(Detail):
    more, put = 0, staticmethod(lambda coarse, noise: coarse)


class Added(Detail):
    more, put = 0, staticmethod(lambda coarse, noise: coarse + noise)


class Whole(Detail):
    def forward(self, coarse, noise):
        return super().forward(coarse, noise) + coarse


class Clamped(Detail):
    def forward(self, coarse, noise):
        return super().forward(coarse, noise).clamp(-1, 1)


class ReluToTheEnd(Detail):
    last = nn.ReLU


class Shrinking(Detail):
    def __init__(self, channels, width):
        super().__init__(channels, width)
        self.a = nn.Conv2d(channels + 1, width, 5)


class NoSecondRelu(Detail):
    def forward(self, coarse, noise):
        return self.c(self.b(nnf.relu(self.a(self.put(coarse, noise)))))


def levels(coarsest, details, z, planes, step=lambda x, h: up(x) + h, end=lambda x: x.clamp(-1, 1), given=up):
    image = coarsest(z)
    for level, G in enumerate(details):
        image = step(image, G(given(image), planes[level]))
    return end(image)


def levels_with(**changed):
    return lambda coarsest, details, z, planes: levels(coarsest, details, z, planes, **changed)


RIGHT = {
    "12.DetailGenerator": [Detail, CutBelow],
    "12.draw_levels": [levels, levels_with(end=lambda x: x.clip(-1, 1))],
    "12.level_fake": [fake],
    "12.pyramid": [taken_apart, recursive],
    "12.rebuild": [put_together],
}
WRONG = {
    "12.DetailGenerator": {
        "unwanted_tanh": [Tanh, ScaledTanh],
        "noise_first": [NoiseFirst],
        "no_channel_for_noise": [Alone, Added],
        "whole_image": [Whole],
        "cut_off": [Clamped],
        "relu_at_the_end": [ReluToTheEnd],
        "picture_size": [Shrinking],
        "activation": [NoSecondRelu],
    },
    "12.draw_levels": {
        "not_cut_off": [levels_with(end=lambda x: x)],
        "tanh": [levels_with(end=lambda x: x.tanh())],
        "cut_each_level": [levels_with(step=lambda x, h: (up(x) + h).clip(-1, 1), end=lambda x: x)],
        "residual_alone": [levels_with(step=lambda x, h: h)],
        "minus": [levels_with(step=lambda x, h: up(x) - h)],
        "no_residual": [levels_with(step=lambda x, h: up(x))],
        "nearest": [levels_with(step=lambda x, h: nnf.interpolate(x, scale_factor=2) + h), levels_with(given=lambda x: nnf.interpolate(x, scale_factor=2))],
        "sizes": [levels_with(given=lambda x: x), levels_with(step=lambda x, h: x + h), lambda coarsest, details, z, planes: levels(coarsest, details, z, planes[::-1])],
        "unknown": [levels_with(step=lambda x, h: up(x) + 2 * h), lambda coarsest, details, z, planes: levels(coarsest, details[:2], z, planes[:2])],
        "error": [lambda coarsest, details, z, planes: levels(coarsest, details.nothing, z, planes)],
    },
    "12.level_fake": {
        "residual_alone": [lambda G, x, noise: G(up(down(x)), noise)],
        "given_the_image": [lambda G, x, noise: x + G(x, noise), lambda G, x, noise: up(down(x)) + G(x, noise)],
        "added_to_the_image": [lambda G, x, noise: x + G(up(down(x)), noise)],
        "cut_off": [lambda G, x, noise: fake(G, x, noise).clamp(-1, 1), lambda G, x, noise: fake(G, x, noise).tanh(), lambda G, x, noise: up(down(x)) + torch.tanh(G(up(down(x)), noise))],
        "minus": [lambda G, x, noise: up(down(x)) - G(up(down(x)), noise)],
        "detached": [no_gradients, lambda G, x, noise: fake(G, x, noise).detach()],
        "sizes": [lambda G, x, noise: down(x) + G(down(x), noise)],
        "unknown": [lambda G, x, noise: fake(G, x, noise) + 1],
        "error": [lambda G, x, noise: fake(G, x.nothing, noise)],
    },
    "12.pyramid": {
        "not_a_list": [lambda x, levels: x - up(down(x))],
        "fine_to_coarse": [lambda x, levels: taken_apart(x, levels)[::-1], lambda x, levels: [taken_apart(x, levels)[0], *taken_apart(x, levels)[:0:-1]]],
        "sign": [lambda x, levels: taken_apart(x, levels, lambda x: up(down(x)) - x)],
        "tanh": [lambda x, levels: taken_apart(x, levels, lambda x: torch.tanh(x - up(down(x))))],
        "images_not_residuals": [lambda x, levels: taken_apart(x, levels, lambda x: x)],
        "nearest": [lambda x, levels: taken_apart(x, levels, lambda x: x - nnf.interpolate(down(x), scale_factor=2))],
        "unknown": [lambda x, levels: taken_apart(x, levels, lambda x: 2 * (x - up(down(x))))],
        "error": [lambda x, levels: taken_apart(x, levels, lambda x: x - down(x))],
    },
    "12.rebuild": {
        "changed_inputs": [empties_the_list, adds_to_the_details],
        "minus": [lambda parts: put_together(parts, lambda x, h: up(x) - h)],
        "cut_off": [lambda parts: put_together(parts, lambda x, h: up(x) + torch.tanh(h)), lambda parts: put_together(parts, lambda x, h: torch.tanh(up(x) + h)),
                    lambda parts: put_together(parts).clip(-1, 1), lambda parts: put_together(parts, lambda x, h: torch.clip(up(x) + h, -1, 1))],
        "nearest": [lambda parts: put_together(parts, lambda x, h: nnf.interpolate(x, scale_factor=2) + h)],
        "no_residual": [lambda parts: put_together(parts, lambda x, h: up(x))],
        "sizes": [lambda parts: put_together([parts[0], *parts[:0:-1]]), lambda parts: put_together(parts, lambda x, h: x + h)],
        "unknown": [lambda parts: put_together(parts) + 1, lambda parts: put_together(parts[:3])],
        "error": [lambda parts: put_together(parts, lambda x, h: up(x.nothing) + h)],
    },
}
