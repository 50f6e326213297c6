"""Loops that a learner writes: what is right passes, and each misconception is told in words."""
# ruff: noqa: E501 — a wrong answer reads best as one line
import inspect

import pytest
import torch
from torch.nn.functional import softplus

from gan_course.lessons.exercises import _checking, first_loop

OWN = {exercise.key: exercise for exercise in first_loop.EXERCISES}


def changed(function, *changes):
    """The function with lines of its source exchanged, as a learner would write it."""
    source = inspect.getsource(function)
    for old, new in changes:
        assert old in source, old
        source = source.replace(old, new)
    space = {"torch": torch, "softplus": softplus}
    exec(compile(source, "cell", "exec"), space)
    return space[function.__name__]


STEP, ADAM = first_loop.training_step, first_loop.optimizers
D_LOSS = "softplus(-D(x)).mean() + softplus(D(G(z).detach())).mean()"
SECOND = "    z = torch.randn(len(x), G.z_dim, device=x.device)\n    loss_G"
WRONG = [
    ("03.training_step", "zero_forgotten_D", [("    optimizer_D.zero_grad()\n", "")]),
    ("03.training_step", "zero_forgotten_G", [("    optimizer_G.zero_grad()\n", "")]),
    ("03.training_step", "zero_forgotten_both", [("    optimizer_D.zero_grad()\n", ""), ("    optimizer_G.zero_grad()\n", "")]),
    ("03.training_step", "harmful_no_detach", [(".detach()", ""), ("    optimizer_G.zero_grad()\n", "")]),
    ("03.training_step", "same_z", [(SECOND, "    loss_G")]),
    ("03.training_step", "labels", [(D_LOSS, "softplus(D(x)).mean() + softplus(-D(G(z).detach())).mean()")]),
    ("03.training_step", "wrong_player", [("softplus(-D(G(z))).mean()", "softplus(D(G(z))).mean()")]),
    ("03.training_step", "saturating", [("softplus(-D(G(z))).mean()", "-softplus(D(G(z))).mean()")]),
    ("03.training_step", "half", [(D_LOSS, f"0.5 * ({D_LOSS})")]),
    ("03.training_step", "graph_kept", [("loss_D.item(), loss_G.item()", "loss_D, loss_G")]),
    ("03.training_step", "losses_swapped", [("loss_D.item(), loss_G.item()", "loss_G.item(), loss_D.item()")]),
    ("03.training_step", "eval", [("    return", "    G.eval()\n    return")]),
    ("03.training_step", "update_counts", [("    optimizer_G.step()\n", "    optimizer_G.step()\n    optimizer_G.step()\n")]),
    ("03.training_step", "update_counts", [("    optimizer_D.step()\n", "")]),
    ("03.training_step", "update_counts", [("    optimizer_G.step()\n", "    optimizer_G.step()\n    optimizer_D.step()\n")]),
    ("03.training_step", "no_return", [("    return loss_D.item(), loss_G.item()\n", "")]),
    ("03.optimizers", "one_for_both", [("return optimizer_G, optimizer_D", "return optimizer_G, optimizer_G")]),
    ("03.optimizers", "one_for_both", [("G.parameters()", "[*G.parameters(), *D.parameters()]"), ("D.parameters(), lr", "[*G.parameters(), *D.parameters()], lr")]),
    ("03.optimizers", "holds_the_other", [("Adam(D.parameters()", "Adam([*G.parameters(), *D.parameters()]")]),
    ("03.optimizers", "exchanged", [("return optimizer_G, optimizer_D", "return optimizer_D, optimizer_G")]),
    ("03.optimizers", "same_player", [("Adam(D.parameters()", "Adam(G.parameters()")]),
    ("03.optimizers", "betas", [(", betas=(0.5, 0.999)", "")]),
    ("03.optimizers", "not_adam", [("torch.optim.Adam", "torch.optim.AdamW")]),
    ("03.optimizers", "not_two", [("return optimizer_G, optimizer_D", "return optimizer_G")]),
]


@pytest.mark.parametrize("key, misconception, changes", WRONG,
                         ids=[f"{key}-{said}" for key, said, _ in WRONG])
def test_each_misconception_is_recognised(key, misconception, changes):
    verdict = _checking.assess(OWN[key], changed(OWN[key].reference, *changes))
    assert (verdict.outcome, verdict.id) == ("wrong", misconception), verdict.says


@pytest.mark.parametrize("changes", [
    [],
    [("softplus(-D(x)).mean()", "torch.nn.functional.binary_cross_entropy_with_logits(D(x), torch.ones(len(x)))")],
    [("    optimizer_D.zero_grad()\n    loss_D.backward()", "    D.zero_grad()\n    loss_D.backward()")],
    [("optimizer_G.zero_grad()", "optimizer_G.zero_grad(set_to_none=False)")],
])
def test_a_right_round_may_be_written_in_many_ways(changes):
    assert _checking.assess(OWN["03.training_step"], changed(STEP, *changes)).outcome == "right"


def test_a_forgotten_detach_that_does_no_harm_is_a_remark():
    verdict = _checking.assess(OWN["03.training_step"], changed(STEP, (".detach()", "")))
    assert (verdict.outcome, verdict.id) == ("right", "harmless_no_detach")
    assert "harmless" in verdict.says and _checking.assess(OWN["03.training_step"], changed(STEP)).id == "right"


def test_right_optimizers_may_be_written_in_many_ways():
    answer = changed(ADAM, ("lr=lr, betas=(0.5, 0.999)", "lr, (0.5, 0.999)"))
    assert _checking.assess(OWN["03.optimizers"], answer).outcome == "right"
