"""Networks that a learner writes: right ones pass however they are written, wrong ones are told why."""
# ruff: noqa: E501 — a wrong answer reads best as one line
import math
import re
from functools import partial
from itertools import pairwise

import pytest
import rewritten
import torch
import torch.nn.functional as F
from torch import nn

from gan_course.lessons import exercises
from gan_course.lessons.exercises import (
    _networks,
    best_discriminator,
    dcgan_networks,
    denoiser,
    feature_network,
    first_networks,
)
from gan_course.lessons.exercises._faults import N
from gan_course.lessons.exercises._networks import Network


class ConvGenerator(nn.Module):
    """As small as a DCGAN can be: z (N, z_dim) -> (N, 1, 12, 12)."""

    def __init__(self, z_dim, width):
        super().__init__()
        self.layers = nn.Sequential(
            nn.ConvTranspose2d(z_dim, width, 3, bias=False), nn.BatchNorm2d(width), nn.ReLU(),
            nn.ConvTranspose2d(width, width, 4, 2, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU(),
            nn.ConvTranspose2d(width, 1, 4, 2, 1), nn.Tanh())
        for layer in self.modules():
            if isinstance(layer, nn.ConvTranspose2d):
                nn.init.normal_(layer.weight, 0.0, 0.02)

    def forward(self, z):
        return self.layers(z[:, :, None, None])


class ConvDiscriminator(nn.Module):
    """x (N, 3, 16, 16) -> (N,)."""

    def __init__(self, width):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(3, width, 4, 2, 1), nn.LeakyReLU(0.2),
            nn.Conv2d(width, width, 4, 2, 1, bias=False), nn.BatchNorm2d(width), nn.LeakyReLU(0.2),
            nn.Conv2d(width, 1, 4))

    def forward(self, x):
        return self.layers(x).flatten()


HINTS = ("a", "b", "c")
CONV_G = Network("99.ConvGenerator", ConvGenerator,
                 ({"z_dim": 16, "width": 32}, {"z_dim": 20, "width": 40}),
                 lambda z_dim, **_: (torch.randn(N, z_dim),), "generator", HINTS, std=0.02)
CONV_D = Network("99.ConvDiscriminator", ConvDiscriminator, ({"width": 8}, {"width": 11}),
                 lambda **_: (torch.randn(N, 3, 16, 16),), "discriminator", HINTS)
LINE_D = next(each for each in best_discriminator.EXERCISES if each.key == "02.Discriminator")
OWN = {exercise.key: exercise for exercise in (
    *first_networks.EXERCISES, *feature_network.EXERCISES, *dcgan_networks.EXERCISES, *denoiser.EXERCISES, LINE_D, CONV_G, CONV_D)}


changed = partial(rewritten.changed, math=math, pairwise=pairwise)


def verdict(key, answer):
    outcome, said, words, _ = _networks.assess(OWN[key], answer)
    return outcome, said, words


@pytest.mark.parametrize("key", OWN)
def test_the_same_network_written_anew_is_right(key):
    outcome, said, _ = verdict(key, changed(OWN[key].reference))
    assert (outcome, said) == ("right", "right")


@pytest.mark.parametrize("key", OWN)
def test_the_courses_own_class_and_an_empty_one_are_not_answers_yet(key):
    reference = OWN[key].reference
    assert verdict(key, reference)[:2] == ("not yet", "reference")

    class Empty(reference):
        def forward(self, *inputs):
            ...
    assert verdict(key, Empty)[:2] == ("not yet", "stub")

    class NoForward(nn.Module):
        pass
    assert verdict(key, NoForward)[:2] == ("not yet", "stub")


def test_a_network_may_be_written_with_functions_and_methods_instead_of_modules():
    class Functional(nn.Module):
        def __init__(self, z_dim, data_shape, width):
            super().__init__()
            self.z_dim, self.data_shape = z_dim, tuple(data_shape)
            self.first, self.second = nn.Linear(z_dim, width), nn.Linear(width, width)
            self.last = nn.Linear(width, int(torch.tensor(data_shape).prod()))

        def forward(self, z):
            h = F.relu(self.second(self.first(z).relu()))
            return torch.tanh(self.last(h)).reshape(-1, *self.data_shape)

    assert verdict("03.ImageGenerator", Functional)[:2] == ("right", "right")


def test_a_table_may_be_looked_up_twice():
    answer = changed(Denoiser, ("silu(h + time)", "silu(h + self.time(t))"))
    assert verdict("16.Denoiser", answer)[:2] == ("right", "right")


FEATURES = feature_network.FeatureNetwork
G, IMAGE, D = first_networks.Generator, first_networks.ImageGenerator, first_networks.Discriminator
LINE = best_discriminator.Discriminator
DCGAN_G, DCGAN_D = dcgan_networks.Generator, dcgan_networks.Discriminator
Denoiser = denoiser.Denoiser
INNER = "nn.BatchNorm2d(a), nn.ReLU(), "
END = "layers += [nn.ConvTranspose2d(widths[-1], channels, 4, 2, 1), nn.Tanh()]"
FIRST = "nn.Conv2d(channels, widths[0], 4, 2, 1), "
WRONG = [
    ("07.Generator", "z_not_reshaped", changed(DCGAN_G, ("z[:, :, None, None]", "z"))),
    ("07.Generator", "no_tanh", changed(DCGAN_G, (", nn.Tanh()", ""))),
    ("07.Generator", "no_tanh", changed(DCGAN_G, ("nn.Tanh()", "nn.Sigmoid()"))),
    ("07.Generator", "batchnorm_at_the_edge", changed(DCGAN_G, (", nn.Tanh()]", ", nn.BatchNorm2d(channels), nn.Tanh()]"))),
    ("07.Generator", "no_batchnorm", changed(DCGAN_G, (INNER, "nn.ReLU(), "))),
    ("07.Generator", "order", changed(DCGAN_G, (INNER, "nn.ReLU(), nn.BatchNorm2d(a), "))),
    ("07.Generator", "activation", changed(DCGAN_G, (INNER, "nn.BatchNorm2d(a), nn.LeakyReLU(0.2), "))),
    ("07.Generator", "picture_size", changed(DCGAN_G, ("(a, b, 4, 2, 1", "(a, b, 4, 2, 0"))),
    ("07.Generator", "picture_size", changed(DCGAN_G, ("widths[0], start,", "widths[0], 4,"))),
    ("07.Generator", "convolution", changed(DCGAN_G, ("(a, b, 4, 2, 1, bias", "(a, b, 2, 2, 0, bias"))),
    ("07.Generator", "channels", changed(DCGAN_G, ("channels, 4, 2, 1), nn.Tanh()", "2, 4, 2, 1), nn.Tanh()"))),
    ("07.Generator", "picture_size", changed(DCGAN_G, ("pairwise(widths)", "pairwise(widths[:2])"), ("widths[-1]", "widths[1]"))),
    ("07.Generator", "layer_sizes", changed(DCGAN_G, ("nn.ConvTranspose2d(a, b,", "nn.ConvTranspose2d(b, a,"))),
    ("07.Generator", "python_list", changed(DCGAN_G, ("nn.Sequential(*layers)", "layers"), (
        "return self.layers(z[:, :, None, None])", "h = z[:, :, None, None]\n        for layer in self.layers:\n            h = layer(h)\n        return h"))),
    ("07.Generator", "not_kept", changed(DCGAN_G, ("        self.z_dim = z_dim\n", ""))),
    ("07.Generator", "no_bias", changed(DCGAN_G, ("channels, 4, 2, 1)", "channels, 4, 2, 1, bias=False)"))),
    ("07.Discriminator", "sigmoid_in_D", changed(DCGAN_D, (".flatten()", ".flatten().sigmoid()"))),
    ("07.Discriminator", "not_a_vector", changed(DCGAN_D, (".flatten()", ""))),
    ("07.Discriminator", "batchnorm_at_the_edge", changed(DCGAN_D, (FIRST, FIRST + "nn.BatchNorm2d(widths[0]), "))),
    ("07.Discriminator", "no_batchnorm", changed(DCGAN_D, ("nn.BatchNorm2d(b), ", ""))),
    ("07.Discriminator", "relu_for_leaky", changed(DCGAN_D, ("nn.LeakyReLU(0.2)]", "nn.ReLU()]"))),
    ("07.Discriminator", "slope", changed(DCGAN_D, ("nn.LeakyReLU(0.2)]", "nn.LeakyReLU()]"))),
    ("07.Discriminator", "mixes_samples", changed(DCGAN_D, ("(widths[-1], 1, end)", "(widths[-1], 1, 1)"))),
    ("02.Discriminator", "sigmoid_in_D", changed(LINE, (".squeeze(1)", ".squeeze(1).sigmoid()"))),
    ("02.Discriminator", "not_a_vector", changed(LINE, (".squeeze(1)", ""))),
    ("02.Discriminator", "layers", changed(LINE, ("nn.Linear(width, width), nn.ReLU(),", ""))),
    ("02.Discriminator", "one_size", changed(LINE, ("nn.Linear(1, width)", "nn.Linear(1, 8)"))),
    ("02.Discriminator", "activation", changed(LINE, ("nn.ReLU()", "nn.Tanh()"))),
    ("06.FeatureNetwork", "no_super", changed(FEATURES, ("super().__init__()", "pass"))),
    ("06.FeatureNetwork", "convolution", changed(FEATURES, ("2 * width, 3, stride=2, padding=1)", "2 * width, 4, stride=2, padding=1)"))),
    ("06.FeatureNetwork", "layer_sizes", changed(FEATURES, ("2 * width, 3, stride=2, padding=1)", "2 * width, 3, padding=1)"))),
    ("06.FeatureNetwork", "layer_sizes", changed(FEATURES, ("nn.Flatten(),\n", ""))),
    ("06.FeatureNetwork", "layers", changed(FEATURES, ("features), nn.ReLU(),", "features), nn.ReLU(), nn.Linear(features, features),"))),
    ("06.FeatureNetwork", "size", changed(FEATURES, ("7 * 7, features)", "7 * 7, 10)"))),
    ("06.FeatureNetwork", "activation", changed(FEATURES, ("features), nn.ReLU(),", "features), nn.Softmax(1),"))),
    ("06.FeatureNetwork", "activation", changed(FEATURES, ("features), nn.ReLU(),", "features),"))),
    ("06.FeatureNetwork", "one_size", changed(FEATURES, ("nn.Conv2d(1, width,", "nn.Conv2d(1, 4,"))),
    ("03.Generator", "no_super", changed(G, ("super().__init__()", "pass"))),
    ("03.Generator", "unwanted_tanh", changed(G, ("nn.Linear(width, 2),", "nn.Linear(width, 2), nn.Tanh(),"))),
    ("03.Generator", "relu_at_the_end", changed(G, ("nn.Linear(width, 2),", "nn.Linear(width, 2), nn.ReLU(),"))),
    ("03.Generator", "layer_sizes", changed(G, ("nn.Linear(width, width)", "nn.Linear(2 * width, width)"))),
    ("03.Generator", "one_size", changed(G, ("nn.Linear(z_dim, width)", "nn.Linear(4, width)"))),
    ("03.Generator", "size", changed(G, ("nn.Linear(width, 2)", "nn.Linear(width, 3)"))),
    ("03.Generator", "layers", changed(G, ("nn.Linear(width, width), nn.ReLU(),\n", ""))),
    ("03.Generator", "activation", changed(G, ("nn.Linear(width, width), nn.ReLU(),", "nn.Linear(width, width), nn.GELU(),"))),
    ("03.Generator", "width", changed(G, ("nn.Linear(z_dim, width), nn.ReLU(),\n            nn.Linear(width, width)",
                                         "nn.Linear(z_dim, 2 * width), nn.ReLU(),\n            nn.Linear(2 * width, width)"))),
    ("03.Generator", "python_list", changed(G, ("self.layers = nn.Sequential(", "self.layers = list(("),
                                            ("nn.Linear(width, 2),\n        )", "nn.Linear(width, 2),\n        ))"),
                                            ("return self.layers(z)", "for layer in self.layers:\n            z = layer(z)\n        return z"))),
    ("03.Generator", "made_in_forward", changed(G, ("return self.layers(z)", "return nn.Linear(2, 2)(self.layers(z))"))),
    ("03.Generator", "shared", changed(G, ("return self.layers(z)", "h = self.layers[1](self.layers[0](z))\n"
                                           "        return self.layers[4](self.layers[2](self.layers[2](h)).relu())"))),
    ("03.Generator", "not_kept", changed(G, ("        self.z_dim = z_dim\n", ""))),
    ("03.Generator", "no_return", changed(G, ("return self.layers(z)", "self.layers(z)"))),
    ("03.Generator", "not_a_tensor", changed(G, ("return self.layers(z)", "return self.layers(z), z"))),
    ("03.Generator", "no_gradient", changed(G, ("return self.layers(z)", "return self.layers(z).detach()"))),
    ("03.Generator", "idle_parameters", changed(G, ("super().__init__()", "super().__init__()\n        self.more = nn.Linear(2, 2)"))),
    ("03.Generator", "other_numbers", changed(G, ("return self.layers(z)", "return 2 * self.layers(z)"))),
    ("03.Generator", "eval_mode", changed(G, ("return self.layers(z)", "self.eval()\n        return self.layers(z)"))),
    ("03.Generator", "arguments", changed(G, ("z_dim, width):", "width):\n        z_dim = 4"))),
    ("03.Generator", "endless", changed(G, ("return self.layers(z)", "while True:\n            pass"))),
    ("03.Generator", "stub", changed(G, ("nn.Linear(width, 2),", "nn.Linear(width, ...),"))),
    ("03.Generator", "an_instance", G(4, 8)),
    ("03.Generator", "not_a_module", lambda z: z),
    ("03.ImageGenerator", "no_tanh", changed(IMAGE, (", nn.Tanh()", ""))),
    ("03.ImageGenerator", "no_tanh", changed(IMAGE, ("nn.Tanh()", "nn.Sigmoid()"))),
    ("03.ImageGenerator", "size", changed(IMAGE, (".view(len(z), *self.data_shape)", ""))),
    ("03.ImageGenerator", "mixes_samples", changed(IMAGE, (".view(len(z), *self.data_shape)",
                                                           ".T.reshape(len(z), *self.data_shape)"))),
    ("03.ImageGenerator", "other_numbers", changed(IMAGE, (".view(len(z), *self.data_shape)",
                                                           ".view(len(z), *self.data_shape).flip(3)"))),
    ("03.Discriminator", "sigmoid_in_D", changed(D, ("nn.Linear(width, 1),", "nn.Linear(width, 1), nn.Sigmoid(),"))),
    ("03.Discriminator", "sigmoid_in_D", changed(D, (".squeeze(1)", ".squeeze(1).sigmoid()"))),
    ("03.Discriminator", "squashed_D", changed(D, (".squeeze(1)", ".squeeze(1).tanh()"))),
    ("03.Discriminator", "not_a_vector", changed(D, (".squeeze(1)", ""))),
    ("03.Discriminator", "relu_for_leaky", changed(D, ("nn.LeakyReLU(0.2)", "nn.ReLU()"))),
    ("03.Discriminator", "slope", changed(D, ("nn.LeakyReLU(0.2)", "nn.LeakyReLU()"))),
    ("03.Discriminator", "dropout", changed(D, (" nn.Dropout(dropout),", ""))),
    ("03.Discriminator", "dropout", changed(D, ("nn.Dropout(dropout)", "nn.Dropout(0.5)"))),
    ("03.Discriminator", "dropout_on_the_input", changed(D, ("nn.Flatten(),", "nn.Flatten(), nn.Dropout(dropout),"))),
    ("03.Discriminator", "in_front", changed(D, ("nn.Flatten(),", "nn.Flatten(), nn.LeakyReLU(0.2),"))),
    ("03.Discriminator", "one_sample", changed(D, (".squeeze(1)", ".squeeze()"))),
    ("03.Discriminator", "one_sample", changed(D, (".squeeze(1)", ".view(6)"))),
    ("03.Discriminator", "dropout_in_evaluation", changed(D, ("nn.Dropout(dropout),", ""), (
        "return self.layers(x)", "return nn.functional.dropout(self.layers(x), 0.3)"))),
    ("03.Discriminator", "batchnorm_at_the_edge", changed(D, ("nn.Linear(math.prod(data_shape), width),",
                                                              "nn.Linear(math.prod(data_shape), width), nn.BatchNorm1d(width),"))),
    ("03.Discriminator", "mixes_samples", changed(D, ("nn.Flatten()", "nn.Flatten(0)"), ("nn.Linear(math.prod(data_shape), width)",
                                                      f"nn.Linear({N} * math.prod(data_shape), width)"), (".squeeze(1)", ""))),
    ("99.ConvGenerator", "z_not_reshaped", changed(ConvGenerator, ("z[:, :, None, None]", "z"))),
    ("99.ConvGenerator", "batchnorm_at_the_edge", changed(ConvGenerator, ("nn.ConvTranspose2d(width, 1, 4, 2, 1), nn.Tanh()",
                                                                          "nn.ConvTranspose2d(width, 1, 4, 2, 1), nn.BatchNorm2d(1), nn.Tanh()"))),
    ("99.ConvGenerator", "picture_size", changed(ConvGenerator, ("width, 1, 4, 2, 1)", "width, 1, 4, 2, 0)"))),
    ("99.ConvGenerator", "channels", changed(ConvGenerator, ("width, 1, 4, 2, 1)", "width, 3, 4, 2, 1)"))),
    ("99.ConvGenerator", "convolution", changed(ConvGenerator, ("width, 1, 4, 2, 1)", "width, 1, 2, 2, 0)"))),
    ("99.ConvGenerator", "initial_weights", changed(ConvGenerator, ("0.0, 0.02", "0.0, 0.2"))),
    ("99.ConvGenerator", "initial_weights", changed(ConvGenerator, ("nn.init.normal_(layer.weight, 0.0, 0.02)", "pass"))),
    ("99.ConvGenerator", "no_batchnorm", changed(ConvGenerator, ("nn.BatchNorm2d(width), nn.ReLU(),\n            nn.ConvTranspose2d(width, width",
                                                                 "nn.ReLU(),\n            nn.ConvTranspose2d(width, width"))),
    ("99.ConvGenerator", "order", changed(ConvGenerator, ("nn.BatchNorm2d(width), nn.ReLU(),", "nn.ReLU(), nn.BatchNorm2d(width),"))),
    ("99.ConvGenerator", "layer_sizes", changed(ConvGenerator, ("nn.ConvTranspose2d(width, width", "nn.ConvTranspose2d(2 * width, width"))),
    ("99.ConvDiscriminator", "other_layer", changed(ConvDiscriminator, (
        "nn.Conv2d(width, 1, 4))", "nn.Flatten(), nn.Linear(16 * width, 1))"))),
    ("99.ConvDiscriminator", "batchnorm_at_the_edge", changed(ConvDiscriminator, (
        "nn.Conv2d(3, width, 4, 2, 1),", "nn.Conv2d(3, width, 4, 2, 1), nn.BatchNorm2d(width),"))),
    ("16.Denoiser", "without_time", changed(Denoiser, ("silu(h + time)", "silu(h + 0 * time)"))),
    ("16.Denoiser", "time_once", changed(Denoiser, (
        "h, time = self.first(x.flatten(1)), self.time(t)", "h = self.first(x.flatten(1)) + self.time(t)"), ("silu(h + time)", "silu(h)"))),
    ("16.Denoiser", "time_outside", changed(Denoiser, ("silu(h + time)", "silu(h) + time"))),
    ("16.Denoiser", "time_at_the_end", changed(Denoiser, ("silu(h))", "silu(h + time))"))),
    ("16.Denoiser", "shortcut", changed(Denoiser, ("return self.last", "return x + self.last"))),
    ("16.Denoiser", "size", changed(Denoiser, (".view_as(x)", ""))),
    ("16.Denoiser", "python_list", changed(Denoiser, ("nn.ModuleList(nn.Linear(width, width) for _ in range(2))",
                                                      "[nn.Linear(width, width) for _ in range(2)]"))),
    ("16.Denoiser", "other_layer", changed(Denoiser, ("nn.Embedding(T, width)", "nn.Linear(1, width)"),
                                           ("self.time(t)", "self.time(t[:, None] / 1)"))),
    ("99.ConvDiscriminator", "no_bias", changed(ConvDiscriminator, ("nn.Conv2d(width, 1, 4))", "nn.Conv2d(width, 1, 4, bias=False))"))),
]


@pytest.mark.parametrize("key, misconception, answer", WRONG,
                         ids=[f"{key}-{said}" for key, said, _ in WRONG])
def test_each_misconception_is_recognised_and_told_in_words(key, misconception, answer):
    outcome, said, words = verdict(key, answer)
    assert said == misconception and outcome == ("not yet" if said == "stub" else "wrong")
    assert re.match(r"[A-Z`]", words) and words.endswith((".", "?")) and len(words) > 40


def test_the_message_says_which_size_came_out_of_which_layer():
    answer = changed(ConvGenerator, ("width, 1, 4, 2, 1)", "width, 1, 4, 2, 0)"))
    words = verdict("99.ConvGenerator", answer)[2]
    assert "(6, 1, 14, 14), and should give (6, 1, 12, 12)" in words and "3x3 -> 6x6 -> 14x14" in words


@pytest.mark.parametrize("key, answer, beside_data", [
    ("07.Discriminator", changed(DCGAN_D, (FIRST, FIRST + "nn.BatchNorm2d(widths[0]), ")), True),
    ("07.Generator", changed(DCGAN_G, (", nn.Tanh()]", ", nn.BatchNorm2d(channels), nn.Tanh()]")), True),
    ("03.Discriminator", changed(D, ("nn.Linear(width, 1),", "nn.Linear(width, 1), nn.BatchNorm1d(1),")), False),
    ("06.FeatureNetwork", changed(FEATURES, ("nn.Conv2d(1, width, 3, stride=2, padding=1),", "nn.Conv2d(1, width, 3, stride=2, padding=1), nn.BatchNorm2d(width),")), False),
])
def test_a_norm_that_nobody_asked_for_takes_the_datas_spread_only_beside_the_data(key, answer, beside_data):
    _, said, words = verdict(key, answer)
    assert said == "batchnorm_at_the_edge" and ("the data's own values" in words) == beside_data


@pytest.mark.parametrize("instead, by_hand", [("", True), ("nn.GELU(),", False), ("nn.ReLU(), nn.GELU(),", False)])
def test_where_an_activation_is_missing_it_is_said_what_is_not_seen(instead, by_hand):
    answer = changed(G, ("nn.Linear(width, width), nn.ReLU(),", f"nn.Linear(width, width), {instead}"))
    _, said, words = verdict("03.Generator", answer)
    assert said == "activation" and ("written by hand" in words) == by_hand


def test_a_bias_before_batchnorm_is_a_remark_and_no_error():
    answer = changed(ConvGenerator, (", bias=False", ""))
    outcome, said, words = verdict("99.ConvGenerator", answer)
    assert (outcome, said) == ("right", "bias_before_batchnorm") and "has no effect" in words


def test_the_check_gives_back_the_learners_class_and_else_the_courses(monkeypatch, capsys):
    from gan_course.widgets import exercises as widget

    mine = changed(G)
    assert widget.check("03.Generator", mine) is mine
    wrong = changed(G, ("nn.Linear(width, 2)", "nn.Linear(width, 3)"))
    assert widget.check("03.Generator", wrong) is G
    assert "(6, 3), and should give (6, 2)" in capsys.readouterr().out


def test_checking_leaves_the_notebooks_random_numbers_alone():
    torch.manual_seed(5)
    expected = torch.randn(3)
    torch.manual_seed(5)
    exercises.assess("03.Generator", changed(G))
    assert torch.equal(torch.randn(3), expected)


def test_evidence_is_equal_for_the_reference_and_a_right_answer_and_differs_for_a_wrong_one():
    def same(a, b):
        return all(x.keys() == y.keys() and all(torch.allclose(x[k], y[k]) if isinstance(x[k], torch.Tensor)
                                                else x[k] == y[k] for k in x) for x, y in zip(a, b, strict=True))
    truth = exercises.evidence("03.Generator", G)
    assert same(exercises.evidence("03.Generator", changed(G)), truth)
    assert not same(exercises.evidence("03.Generator", changed(G, ("return self.layers(z)", "return 2 * self.layers(z)"))), truth)
