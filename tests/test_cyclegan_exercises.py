"""The networks of CycleGAN as a learner writes them: each misconception is told in words."""
# ruff: noqa: E501 — a wrong answer reads best as one line
import inspect

import pytest
import torch
from rewritten import changed
from torch import nn

from gan_course.lessons import exercises
from gan_course.lessons.exercises import cyclegan_networks, cyclegan_training

BLOCK, GENERATOR = cyclegan_networks.ResidualBlock, cyclegan_networks.ResidualGenerator


ADD, RUN, BLOCKS = "return x + self.f(x)", "return self.layers(x)", "*[ResidualBlock(wide) for _ in range(blocks)],"
LAST = "nn.Conv2d(width, channels, 3, padding=1), nn.Tanh(),"
DOUBLE = "nn.ConvTranspose2d(wide, width, 4, 2, 1, bias=False)"
WRONG = [
    (BLOCK, "no_skip", [(ADD, "return self.f(x)")]),
    (BLOCK, "minus", [(ADD, "return x - self.f(x)")]),
    (BLOCK, "other_numbers", [(ADD, "return (x + self.f(x)) / 2")]),
    (BLOCK, "activation", [(ADD, "return (x + self.f(x)).relu()")]),
    (BLOCK, "activation", [("nn.InstanceNorm2d(width), nn.ReLU()", "nn.BatchNorm2d(width), nn.ReLU()")]),
    (BLOCK, "no_batchnorm", [("nn.InstanceNorm2d(width), nn.ReLU()", "nn.ReLU()")]),
    (BLOCK, "order", [("nn.InstanceNorm2d(width), nn.ReLU()", "nn.ReLU(), nn.InstanceNorm2d(width)")]),
    (BLOCK, "no_padding", [("padding=1", "padding=0")]),
    (BLOCK, "no_padding", [("padding=1", "padding=0"), (ADD, "return self.f(x) + x")]),
    (BLOCK, "convolution", [("3, padding=1", "5, padding='same'")]),
    (BLOCK, "other_numbers", [("padding=1", "padding=1, padding_mode='reflect'")]),
    (BLOCK, "layers", [("            nn.Conv2d(width, width, 3, padding=1, bias=False), nn.InstanceNorm2d(width),\n", "")]),
    (BLOCK, "no_super", [("        super().__init__()\n", "")]),
    (BLOCK, "no_return", [(ADD, "x + self.f(x)")]),
    (BLOCK, "one_size", [("nn.Conv2d(width, width", "nn.Conv2d(8, 8")]),
    (GENERATOR, "no_tanh", [(LAST, "nn.Conv2d(width, channels, 3, padding=1),")]),
    (GENERATOR, "no_tanh", [("nn.Tanh()", "nn.Sigmoid()")]),
    (GENERATOR, "shared", [(BLOCKS, "*[ResidualBlock(wide)] * blocks,")]),
    (GENERATOR, "layers", [(BLOCKS, "ResidualBlock(wide),")]),
    (GENERATOR, "python_list", [(BLOCKS, ""), ("        self.layers = ", "        self.blocks = [ResidualBlock(wide) for _ in range(blocks)]\n        self.layers = "),
                                (RUN, "x = self.layers[:6](x)\n        for block in self.blocks:\n            x = block(x)\n        return self.layers[6:](x)")]),
    (GENERATOR, "picture_size", [(DOUBLE, "nn.ConvTranspose2d(wide, width, 4, 1, 1, bias=False)")]),
    (GENERATOR, "channels", [(LAST, "nn.Conv2d(width, 2 * channels, 3, padding=1), nn.Tanh(),")]),
    (GENERATOR, "batchnorm_at_the_edge", [(LAST, "nn.Conv2d(width, channels, 3, padding=1), nn.InstanceNorm2d(channels), nn.Tanh(),")]),
    (GENERATOR, "activation", [(DOUBLE, "nn.Upsample(scale_factor=2), nn.Conv2d(wide, width, 3, padding=1, bias=False)")]),
    (GENERATOR, "other_numbers", [(RUN, "return (x + self.layers(x)) / 2")]),
]


@pytest.mark.parametrize("written, misconception, changes", WRONG,
                         ids=[f"{written.__name__}-{said}" for written, said, _ in WRONG])
def test_each_misconception_is_recognised(written, misconception, changes):
    verdict = exercises.assess(f"11.{written.__name__}", changed(written, *changes))
    assert (verdict.outcome, verdict.id) == ("wrong", misconception), verdict.says


def test_messages_of_the_block_are_tried():
    block = exercises.find("11.ResidualBlock")
    own = {mistake.id for mistake in (*block.mistakes, *block.looks_like)}
    assert own <= {said for written, said, _ in WRONG if written is BLOCK}


@pytest.mark.parametrize("written, changes", [
    (BLOCK, []), (BLOCK, [(ADD, "y = self.f(x)\n        y += x\n        return y")]),
    (BLOCK, [("padding=1", "padding='same'")]),
    (BLOCK, [("nn.Conv2d(width, width, 3, padding=1", "nn.ZeroPad2d(1), nn.Conv2d(width, width, 3")]),
    (GENERATOR, []), (GENERATOR, [("nn.Tanh(),", ""), (RUN, "return torch.tanh(self.layers(x))")]),
    (GENERATOR, [("self.layers = nn.Sequential(", "self.layers = nn.ModuleList([", ), ("nn.Tanh(),\n        )", "nn.Tanh(),\n        ])"),
                 (RUN, "for layer in self.layers:\n            x = layer(x)\n        return x")]),
])
def test_a_right_network_may_be_written_in_many_ways(written, changes):
    verdict = exercises.assess(f"11.{written.__name__}", changed(written, *changes))
    assert (verdict.outcome, verdict.id) == ("right", "right"), verdict.says


def test_a_bias_before_the_norm_is_a_remark():
    verdict = exercises.assess("11.ResidualBlock", changed(BLOCK, (", bias=False", "")))
    assert (verdict.outcome, verdict.id) == ("right", "bias_before_batchnorm")
    assert "InstanceNorm" in verdict.says


@pytest.mark.parametrize("written", [BLOCK, GENERATOR])
def test_a_stub_is_not_yet(written):
    head = inspect.getsource(written).split("        super().__init__()\n")[0]
    space = {"nn": nn}
    exec(f"{head}        super().__init__()\n        ...\n\n    def forward(self, x):\n        ...\n", space)
    assert exercises.assess(f"11.{written.__name__}", space[written.__name__]).outcome == "not yet"


def test_the_step_moves_the_networks_as_the_game_of_the_package_does():
    """One iteration of the exercise, and the moves of the course's CycleGAN on the same mini-batch."""
    from gan_course.data import Batch
    from gan_course.games.cyclegan import CycleGAN

    torch.manual_seed(0)
    x, y = torch.rand(2, 2, 3, 8, 8) * 2 - 1
    networks = [GENERATOR(3, 4, 1), GENERATOR(3, 4, 1), nn.Conv2d(3, 1, 4, 2), nn.Conv2d(3, 1, 4, 2)]
    G, F, D_X, D_Y = networks
    game = CycleGAN(*networks, data_shape=(3, 8, 8), cycle=7.0, identity=3.0)
    with torch.no_grad():
        of_G = sum(game.generator_terms(Batch(x, y)).values()).item()
        of_D = sum(sum(game.discriminator_terms(D, real, fake).values())
                   for D, real, fake in ((D_X, x, F(y)), (D_Y, y, G(x)))).item()
    still = [torch.optim.SGD(net.parameters(), 0.0) for net in (nn.ModuleList([G, F]), nn.ModuleList([D_X, D_Y]))]
    losses = cyclegan_training.training_step(*networks, *still, nn.Identity(), nn.Identity(), x, y, 7.0, 3.0)
    assert losses == pytest.approx((of_D, of_G), rel=1e-4)
