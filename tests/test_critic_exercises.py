"""The critic and its loop as a learner writes them: each misconception is told in words."""
# ruff: noqa: E501 — a wrong answer reads best as one line
import inspect

import pytest
import torch
from rewritten import changed
from torch import nn

from gan_course.lessons import exercises
from gan_course.lessons.exercises import critic_update, wasserstein, wasserstein_loop

CRITIC, STEP, ITERATION = critic_update.Critic, critic_update.critic_step, wasserstein_loop.wgan_iteration


GAP = "critic(real).mean() - critic(fake.detach()).mean()"
LOSS = "-gap + weight * gradient_penalty(critic, real, fake.detach())"
LAST = "            nn.Linear(width, 1),\n"
MOVE = "".join(inspect.getsource(ITERATION).splitlines(True)[6:11])  # G's
WRONG = [
    (CRITIC, "squashed_critic", [(LAST, "            nn.Linear(width, 1), nn.Sigmoid(),\n")]),
    (CRITIC, "squashed_critic", [("self.layers(x).squeeze(1)", "self.layers(x).squeeze(1).tanh()")]),
    (CRITIC, "batchnorm_in_critic", [("nn.Linear(width, width), ", "nn.Linear(width, width), nn.BatchNorm1d(width), ")]),
    (CRITIC, "not_a_vector", [(".squeeze(1)", "")]),
    (CRITIC, "relu_for_leaky", [("nn.LeakyReLU(0.2)", "nn.ReLU()")]),
    (CRITIC, "layers", [("            nn.Linear(width, width), nn.LeakyReLU(0.2),\n", "")]),
    (STEP, "sign", [(LOSS, "gap + weight * gradient_penalty(critic, real, fake.detach())")]),
    (STEP, "sign", [(GAP, "critic(fake.detach()).mean() - critic(real).mean()")]),
    (STEP, "no_penalty", [(LOSS, "-gap")]),
    (STEP, "penalty_subtracted", [(LOSS, "-gap - weight * gradient_penalty(critic, real, fake.detach())")]),
    (STEP, "no_weight", [("weight * ", "")]),
    (STEP, "no_weight", [("weight * ", "10 * ")]),
    (STEP, "penalty_pair", [("gradient_penalty(critic, real, fake", "gradient_penalty(critic, real, real")]),
    (STEP, "penalty_pair", [("gradient_penalty(critic, real, fake", "gradient_penalty(critic, fake, fake")]),
    (STEP, "zero_forgotten", [("    optimizer.zero_grad()\n", "")]),
    (STEP, "zero_after_backward", [("    optimizer.zero_grad()\n    loss.backward()\n", "    loss.backward()\n    optimizer.zero_grad()\n")]),
    (STEP, "step_first", [("    loss.backward()\n    optimizer.step()\n", "    optimizer.step()\n    loss.backward()\n")]),
    (STEP, "no_step", [("    optimizer.step()\n", "")]),
    (STEP, "two_steps", [("    optimizer.step()\n", "    optimizer.step()\n    optimizer.step()\n")]),
    (STEP, "log_loss", [(GAP, "-softplus(-critic(real)).mean() - softplus(critic(fake.detach())).mean()")]),
    (STEP, "sigmoid", [(GAP, "torch.sigmoid(critic(real)).mean() - torch.sigmoid(critic(fake.detach())).mean()")]),
    (STEP, "sum", [(GAP, "critic(real).sum() - critic(fake.detach()).sum()")]),
    (STEP, "one_side", [(GAP, "critic(real).mean()")]),
    (STEP, "one_side", [(GAP, "-critic(fake.detach()).mean()")]),
    (STEP, "loss_returned", [("gap.item()", "loss.item()")]),
    (STEP, "loss_returned", [("gap.item()", "-gap.item()")]),
    (STEP, "no_number", [("return gap.item()", "return [gap.item(), loss.item()]")]),
    (STEP, "no_return", [("    return gap.item()\n", "")]),
    (STEP, "graph_kept", [("gap.item()", "gap")]),
    (STEP, "cut_loss", [(GAP, f"({GAP}).detach()"), ("weight * gradient_penalty(critic, real, fake.detach())", "weight * gradient_penalty(critic, real, fake.detach()).item()")]),
    (STEP, "eval", [("    return", "    critic.eval()\n    return")]),
    (STEP, "outside", [("fake.detach()).mean()", "G(z)).mean()")]),
    (ITERATION, "one_update", [("    for _ in range(n_critic):\n", "    if True:\n")]),
    (ITERATION, "update_counts", [("range(n_critic)", "range(n_critic + 1)")]),
    (ITERATION, "update_counts", [("    optimizer_G.step()\n", "")]),
    (ITERATION, "G_in_the_loop", [(MOVE, MOVE.replace("    ", "        "))]),
    (ITERATION, "same_batch", [("    for _", "    x, _ = next(batches)\n    for _"), ("        x, _ = next(batches)\n", "")]),
    (ITERATION, "same_z", [("    for _", "    z = torch.randn(5, G.z_dim)\n    for _"), ("        z = torch.randn(len(x), G.z_dim, device=x.device)\n", "")]),
    (ITERATION, "weight", [("G(z), weight)", "G(z), 10.0)")]),
    (ITERATION, "G_sign", [("-critic(G(z)).mean()", "critic(G(z)).mean()")]),
    (ITERATION, "log_loss", [("-critic(G(z)).mean()", "softplus(-critic(G(z))).mean()")]),
    (ITERATION, "G_sum", [("-critic(G(z)).mean()", "-critic(G(z)).sum()")]),
    (ITERATION, "zero_forgotten_G", [("    optimizer_G.zero_grad()\n", "")]),
    (ITERATION, "no_gradient", [("-critic(G(z)).mean()", "-critic(G(z)).mean().detach()")]),
    (ITERATION, "gap_returned", [("return gap", "return -gap")]),
    (ITERATION, "graph_kept", [("return gap", "return loss")]),
    (ITERATION, "eval", [("    return", "    G.eval()\n    return")]),
    (ITERATION, "no_return", [("    return gap\n", "")]),
]


def key(written):
    return f"05.{written.__name__}"


@pytest.mark.parametrize("written, misconception, changes", WRONG,
                         ids=[f"{written.__name__}-{said}" for written, said, _ in WRONG])
def test_each_misconception_is_recognised(written, misconception, changes):
    verdict = exercises.assess(key(written), changed(written, *changes))
    assert (verdict.outcome, verdict.id) == ("wrong", misconception), verdict.says


def test_G_may_not_move_first():
    lines = inspect.getsource(ITERATION).splitlines(True)
    move = ["    x, _ = next(batches)\n", *lines[6:11]]
    source = "".join([*lines[:2], *move, *lines[2:6], *lines[11:]])
    space = {"torch": torch, "critic_step": STEP}
    exec(source, space)
    assert exercises.assess("05.wgan_iteration", space["wgan_iteration"]).id == "G_first"


def test_all_messages_of_the_loops_are_tried():
    tried = {said for _, said, _ in WRONG} | {"G_first"}
    for mistakes in (critic_update.OF_AN_UPDATE, wasserstein_loop.OF_AN_ITERATION):
        assert {mistake.id for mistake in mistakes} <= tried


@pytest.mark.parametrize("written, changes", [
    (CRITIC, []), (CRITIC, [("squeeze(1)", "view(-1)")]),
    (STEP, []), (STEP, [(LOSS, "critic(fake.detach()).mean() - critic(real).mean() + weight * gradient_penalty(critic, fake.detach(), real)")]),
    (STEP, [("    optimizer.zero_grad()\n", ""), ("    loss =", "    critic.zero_grad()\n    loss =")]),
    (ITERATION, []), (ITERATION, [("-critic(G(z)).mean()", "critic(x).mean() - critic(G(z)).mean()")]),
    (ITERATION, [("G(z), weight)", "G(z).detach(), weight)")]),
    (ITERATION, [(f"z = torch.randn(len(x), G.z_dim, device=x.device)\n{rest}", f"z = torch.stack([torch.randn(G.z_dim) for _ in x])\n{rest}")
                 for rest in ("        gap", "    loss")]),
])
def test_a_right_answer_may_be_written_in_many_ways(written, changes):
    verdict = exercises.assess(key(written), changed(written, *changes))
    assert (verdict.outcome, verdict.id) == ("right", "right"), verdict.says


@pytest.mark.parametrize("written", [CRITIC, STEP, ITERATION])
def test_a_stub_is_not_yet(written):
    body = "\n".join(line for line in inspect.getsource(written).splitlines() if '"""' in line or line.strip().startswith(("def", "class")))
    stub = body.replace("def __init__(self, data_shape, width):", "def __init__(self, data_shape, width):\n        super().__init__()")
    stub = stub.replace("def forward(self, x):", "def forward(self, x):\n        ...")
    space = {"nn": nn}
    exec(stub, space)
    assert exercises.assess(key(written), space[written.__name__]).outcome == "not yet"


def test_fakes_that_are_not_detached_are_a_remark():
    verdict = exercises.assess("05.critic_step", changed(STEP, ("fake.detach()", "fake")))
    assert (verdict.outcome, verdict.id) == ("right", "no_detach")


def test_a_square_root_at_zero_is_a_remark():
    verdict = exercises.assess("05.gradient_penalty", changed(wasserstein.gradient_penalty, ("norm(dim=1)", "square().sum(1).sqrt()")))
    assert (verdict.outcome, verdict.id) == ("right", "sqrt_at_zero")


def test_the_losses_of_the_course_are_those_of_the_exercises():
    """A critic trained by the exercise and one trained by the game of the package move alike."""
    from gan_course import losses
    from gan_course.lessons.exercises.critic_update import an_update

    torch.manual_seed(0)
    inputs = an_update()
    critic, real, fake = inputs["critic"], inputs["real"], inputs["fake"].detach()
    assert STEP(critic, torch.optim.SGD(critic.parameters(), 0.0), real, fake, 1.0) == pytest.approx(
        -losses.wasserstein_critic_loss(critic(real), critic(fake)).item())
