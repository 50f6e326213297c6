"""Loops that a learner writes: what is right passes, and each misconception is told in words."""
# ruff: noqa: E501 — a wrong answer reads best as one line
import inspect

import pytest
from rewritten import changed

from gan_course.lessons.exercises import _checking, dcgan_step, first_loop, first_training

OWN = {exercise.key: exercise for exercise in (
    *first_loop.EXERCISES, *first_training.EXERCISES, *dcgan_step.EXERCISES)}


STEP, ADAM, TRAIN = first_loop.training_step, first_loop.optimizers, first_training.train
D_LOSS = "softplus(-D(x)).mean() + softplus(D(G(z).detach())).mean()"
LOOP = "for x, _ in islice(batches, iterations):\n"
ROUND = "        history.append(training_step(G, D, optimizer_G, optimizer_D, x))\n"
OPTIMIZERS = "    optimizer_G, optimizer_D = optimizers(G, D, lr)\n"
LERP = "mean.lerp_(now, 1 - decay)"
BUFFERS = ("            for mean, now in zip(G_ema.buffers(), G.buffers(), strict=True):\n"
           "                mean.copy_(now)\n")
BUFFERS_LOOP = BUFFERS.splitlines(keepends=True)[0]
HALF_OF_D, HALF_OF_G = inspect.getsource(STEP).split('"""\n', 1)[1].split("    return")[0].split("\n\n")
INLINE = """        z = torch.randn(len(x), G.z_dim)
        loss_D = nn.functional.softplus(-D(x)).mean() + nn.functional.softplus(D(G(z).detach())).mean()
        optimizer_D.zero_grad()
        loss_D.backward()
        optimizer_D.step()
        z = torch.randn(len(x), G.z_dim)
        loss_G = nn.functional.softplus(-D(G(z))).mean()
        optimizer_G.zero_grad()
        loss_G.backward()
        optimizer_G.step()
        history.append((loss_D.item(), loss_G.item()))
"""
SECOND = "    z = torch.randn(len(x), G.z_dim, device=x.device)\n    loss_G"
AVERAGE = "    ema(G_ema, G, 0.995)\n"
FIRST_NOISE = "    z = torch.randn(len(x), G.z_dim, device=x.device)\n    loss_D"
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
    ("03.training_step", "update_counts", [("    optimizer_G.step()\n", "    optimizer_G.step()\n    optimizer_D.step()\n")]),
    ("03.training_step", "cut_loss", [("    loss_D.backward()", "    loss_D = loss_D.detach()\n    loss_D.backward()")]),
    ("03.training_step", "cut_loss", [("    loss_G = softplus(-D(G(z))).mean()\n", "    with torch.no_grad():\n        loss_G = softplus(-D(G(z))).mean()\n")]),
    ("03.training_step", "vector", [("softplus(-D(G(z))).mean()", "softplus(-D(G(z)))")]),
    ("03.training_step", "step_first", [("    loss_D.backward()\n    optimizer_D.step()\n", "    optimizer_D.step()\n    loss_D.backward()\n")]),
    ("03.training_step", "step_first", [("    loss_G.backward()\n    optimizer_G.step()\n", "    optimizer_G.step()\n    loss_G.backward()\n")]),
    ("03.training_step", "old_logits", [("    optimizer_D.step()\n\n", ""), ("    optimizer_G.zero_grad()\n", "    optimizer_D.step()\n    optimizer_G.zero_grad()\n")]),
    ("03.training_step", "backward_forgotten", [("    loss_D.backward()\n    optimizer_D.step()\n", "    loss_D.backward()\n"), ("    optimizer_G.step()\n", "    optimizer_D.step()\n    optimizer_G.step()\n")]),
    ("03.training_step", "frozen", [("    loss_G = softplus", "    D.requires_grad_(False)\n    loss_G = softplus")]),
    ("03.training_step", "one_optimizer", [("optimizer_G.step()", "optimizer_D.step()")]),
    ("03.training_step", "step_forgotten", [("    optimizer_D.step()\n", "")]),
    ("03.training_step", "step_forgotten", [("    optimizer_D.step()\n", ""), ("    optimizer_G.step()\n", "")]),
    ("03.training_step", "backward_forgotten", [("    loss_D.backward()\n", "")]),
    ("03.training_step", "backward_forgotten", [("    loss_G.backward()\n", "")]),
    ("03.training_step", "backward_forgotten", [("    loss_G.backward()\n", ""), ("    loss_D.backward()\n", "")]),
    ("03.training_step", "detached_fake", [("softplus(-D(G(z))).mean()", "softplus(-D(G(z).detach())).mean()")]),
    ("03.training_step", "zero_between", [("    loss_D.backward()\n", "    loss_D.backward()\n    optimizer_D.zero_grad()\n")]),
    ("03.training_step", "zero_between", [("    optimizer_G.zero_grad()\n    loss_G.backward()\n", "    loss_G.backward()\n    optimizer_G.zero_grad()\n")]),
    ("03.training_step", "sum", [(D_LOSS, D_LOSS.replace("mean", "sum"))]),
    ("03.training_step", "sum", [(D_LOSS, D_LOSS.replace("mean", "sum")), ("softplus(-D(G(z))).mean()", "softplus(-D(G(z))).sum()")]),
    ("03.training_step", "sigmoid_twice", [(D_LOSS, "softplus(-D(x).sigmoid()).mean() + softplus(D(G(z).detach()).sigmoid()).mean()")]),
    ("03.training_step", "sigmoid_twice", [("softplus(-D(G(z))).mean()", "softplus(-D(G(z)).sigmoid()).mean()")]),
    ("03.training_step", "unknown", [("softplus(-D(G(z))).mean()", "(1 - D(G(z))).square().mean()")]),
    ("03.training_step", "losses_swapped", [("return loss_D.item(), loss_G.item()", "return loss_D.item() + loss_G.item()")]),
    ("03.training_step", "G_first", [(HALF_OF_G, ""), (HALF_OF_D, HALF_OF_G + HALF_OF_D)]),
    ("03.training_step", "no_return", [("    return loss_D.item(), loss_G.item()\n", "")]),
    ("03.optimizers", "one_for_both", [("return optimizer_G, optimizer_D", "return optimizer_G, optimizer_G")]),
    ("03.optimizers", "one_for_both", [("G.parameters()", "[*G.parameters(), *D.parameters()]"), ("D.parameters(), lr", "[*G.parameters(), *D.parameters()], lr")]),
    ("03.optimizers", "holds_the_other", [("Adam(D.parameters()", "Adam([*G.parameters(), *D.parameters()]")]),
    ("03.optimizers", "exchanged", [("return optimizer_G, optimizer_D", "return optimizer_D, optimizer_G")]),
    ("03.optimizers", "same_player", [("Adam(D.parameters()", "Adam(G.parameters()")]),
    ("03.optimizers", "betas", [(", betas=(0.5, 0.999)", "")]),
    ("03.optimizers", "not_adam", [("torch.optim.Adam", "torch.optim.AdamW")]),
    ("03.optimizers", "not_two", [("return optimizer_G, optimizer_D", "return optimizer_G")]),
    ("03.train", "no_grad", [("with torch.no_grad()", "if True"), (".requires_grad_(False)", "")]),
    ("03.train", "graph_of_average", [("with torch.no_grad()", "if True")]),
    ("03.train", "graph_kept", [(ROUND, INLINE.replace("loss_D.item(), loss_G.item()", "loss_D, loss_G"))]),
    ("03.train", "graph_kept", [(ROUND, INLINE.replace("(loss_D.item(), loss_G.item())", "torch.stack([loss_D, loss_G])")), ("np.array(history)", "torch.stack(history)")]),
    ("03.train", "graph_kept", [(ROUND, INLINE.replace("loss_D.item(), loss_G.item()", "loss_D, loss_G")), ("np.array(history)", "history")]),
    ("03.train", "never_ends", [("islice(batches, iterations)", "batches")]),
    ("03.train", "not_two", [("return np.array(history), G_ema", "return G_ema")]),
    ("03.train", "not_two", [("return np.array(history), G_ema", "return history")]),
    ("03.train", "other_order", [("return np.array(history), G_ema", "return G_ema, np.array(history)")]),
    ("03.train", "whole_numbers", [(LERP, "pass"), ("mean.copy_(now)", "pass"), (BUFFERS_LOOP, "            for name, now in G.state_dict().items():\n                G_ema.state_dict()[name].lerp_(now, 1 - decay)\n" + BUFFERS_LOOP)]),
    ("03.train", "whole_numbers", [(LERP, "pass"), ("mean.copy_(now)", "pass"), (BUFFERS_LOOP, "            for mean, now in zip(G_ema.state_dict().values(), G.state_dict().values(), strict=True):\n                mean.mul_(decay).add_((1 - decay) * now)\n" + BUFFERS_LOOP)]),
    ("03.train", "returns_G", [("return np.array(history), G_ema", "return np.array(history), G")]),
    ("03.train", "returns_G", [("copy.deepcopy(G).requires_grad_(False)", "G")]),
    ("03.train", "shared", [("copy.deepcopy(G).requires_grad_(False)", "copy.copy(G)")]),
    ("03.train", "shared", [(LERP, "mean.data = now.data")]),
    ("03.train", "eval", [("    return", "    G.eval()\n    return")]),
    ("03.train", "new_optimizers", [(OPTIMIZERS, ""), (LOOP, f"{LOOP}    {OPTIMIZERS}")]),
    ("03.train", "new_optimizers", [(OPTIMIZERS, ""), (LOOP, LOOP + "".join(
        f"        optimizer_{player} = torch.optim.Adam({player}.parameters(), lr, (0.5, 0.999))\n" for player in "GD"))]),
    ("03.train", "update_counts", [(ROUND, INLINE.replace("        optimizer_D.step()\n", 2 * "        optimizer_D.step()\n"))]),
    ("03.train", "update_counts", [(ROUND, INLINE.replace("optimizer_G.step()", "len(history) or optimizer_G.step()"))]),
    ("03.train", "one_batch", [(f"    {LOOP}", "    x, _ = next(batches)\n    for _ in range(iterations):\n")]),
    ("03.train", "batch_used_twice", [(ROUND, 2 * ROUND)]),
    ("03.train", "batch_unused", [(f"    {LOOP}", f"    x, _ = next(batches)\n    {LOOP}")]),
    ("03.train", "batch_unused", [(LOOP, f"{LOOP}        x, _ = next(batches)\n")]),
    ("03.train", "too_many", [("islice(batches, iterations)", "islice(batches, iterations + 1)")]),
    ("03.train", "too_few", [("islice(batches, iterations)", "islice(batches, iterations - 1)")]),
    ("03.train", "average_first", [(ROUND, ""), (BUFFERS, BUFFERS + ROUND)]),
    ("03.train", "average_at_the_end", [("        with torch.no_grad():\n", "    with torch.no_grad():\n"), (BUFFERS, "")]),
    ("03.train", "decay_swapped", [(LERP, "mean.lerp_(now, decay)")]),
    ("03.train", "decay_swapped", [(LERP, "mean.mul_(1 - decay).add_(decay * now)")]),
    ("03.train", "average_stands", [(LERP, "mean = mean.lerp(now, 1 - decay)")]),
    ("03.train", "average_is_a_copy", [(LERP, "mean.copy_(now)")]),
    ("03.train", "average_is_a_copy", [(ROUND, f"{ROUND}        G_ema = copy.deepcopy(G)\n")]),
    ("03.train", "losses_swapped", [("np.array(history)", "np.array(history)[:, ::-1].copy()")]),
    ("03.train", "history_list", [("np.array(history)", "history")]),
    ("03.train", "history_form", [("np.array(history)", "np.array(history).T")]),
    ("03.train", "history_form", [("np.array(history)", "np.array(history)[:, 0]")]),
    ("03.train", "unknown", [("(G, D, lr)", "(G, D, 2 * lr)")]),
    *[("07.training_step", said, changes) for said, changes in [
        ("average_stands", [(AVERAGE, "")]),
        ("average_first", [(AVERAGE, ""), (FIRST_NOISE, AVERAGE + FIRST_NOISE)]),
        ("average_swapped", [("ema(G_ema, G, 0.995)", "ema(G_ema, G, 0.005)")]),
        ("average_of_D", [("ema(G_ema, G, 0.995)", "ema(G_ema, D, 0.995)")]),
        ("decay", [("ema(G_ema, G, 0.995)", "ema(G_ema, G, 0.9)")]),
        ("decay", [(AVERAGE, 2 * AVERAGE)]),
    ]],
    ("03.train", "outside", [(LOOP, f"{LOOP}        x = x.to(device)\n")]),
]
WRONG += [("07.training_step", said, changes) for key, said, changes in WRONG if key == "03.training_step"]


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
    [("    loss_G = softplus", "    D.requires_grad_(False)\n    loss_G = softplus"), ("    return", "    D.requires_grad_(True)\n    return")],
    [("G(z).detach()", "torch.no_grad()(G)(z)")],
    [("    z = torch.randn(len(x), G.z_dim, device=x.device)\n    loss_D", "    z, z_G = torch.randn(2 * len(x), G.z_dim, device=x.device).chunk(2)\n    loss_D"), (SECOND, "    loss_G"), ("softplus(-D(G(z))).mean()", "softplus(-D(G(z_G))).mean()")],
    [("    z = torch.randn(len(x), G.z_dim, device=x.device)\n    loss_D", "    z, z_G = torch.randn(2, len(x), G.z_dim)\n    loss_D"), (SECOND, "    loss_G"), ("softplus(-D(G(z))).mean()", "softplus(-D(G(z_G))).mean()")],
])
def test_a_right_round_may_be_written_in_many_ways(changes):
    assert _checking.assess(OWN["03.training_step"], changed(STEP, *changes)).outcome == "right"


def test_a_forgotten_detach_that_does_no_harm_is_a_remark():
    verdict = _checking.assess(OWN["03.training_step"], changed(STEP, (".detach()", "")))
    assert (verdict.outcome, verdict.id) == ("right", "harmless_no_detach")
    assert "harmless" in verdict.says and _checking.assess(OWN["03.training_step"], changed(STEP)).id == "right"


@pytest.mark.parametrize("changes", [
    [], [(AVERAGE, """    with torch.no_grad():
        for mean, now in zip(G_ema.parameters(), G.parameters(), strict=True):
            mean.mul_(0.995).add_(now, alpha=0.005)
""")]])
def test_a_right_step_of_dcgan_may_be_written_in_many_ways(changes):
    answer = changed(dcgan_step.training_step, *changes)
    assert _checking.assess(OWN["07.training_step"], answer).id == "right"


def test_right_optimizers_may_be_written_in_many_ways():
    answer = changed(ADAM, ("lr=lr, betas=(0.5, 0.999)", "lr, (0.5, 0.999)"))
    assert _checking.assess(OWN["03.optimizers"], answer).outcome == "right"


@pytest.mark.parametrize("changes", [
    [],
    [(ROUND, INLINE)],
    [("(G, D, batches, iterations, lr, decay=0.998)", "(G, D, batches, iterations, lr, decay)")],
    [("islice(batches, iterations)", "tqdm(islice(batches, iterations), total=iterations)")],
    [(f"    {LOOP}", "    for _ in range(iterations):\n        x = next(batches).x\n")],
    [(LERP, "mean.copy_(decay * mean + (1 - decay) * now)")],
    [("np.array(history), G_ema", "torch.tensor(history), G_ema.eval()")],
    [(OPTIMIZERS, "".join(f"    optimizer_{player} = torch.optim.Adam({player}.parameters(), lr, (0.5, 0.999))\n" for player in "GD"))],
])
def test_a_right_training_may_be_written_in_many_ways(changes, capfd):
    verdict = _checking.assess(OWN["03.train"], changed(TRAIN, *changes))
    assert (verdict.outcome, verdict.id, verdict.printed) == ("right", "right", ""), verdict.says
    assert capfd.readouterr().err == ""                             # no progress bar flashes up


@pytest.mark.parametrize("remarks, changes", [
    (["average_asks_for_gradients"], [(".requires_grad_(False)", "")]),
    (["buffers_forgotten"], [(BUFFERS, "")]),
    (["one_more_batch"], [(f"    {LOOP}", "    for i, (x, _) in enumerate(batches):\n        if i == iterations:\n            break\n")]),
    (["average_asks_for_gradients", "buffers_forgotten"], [(".requires_grad_(False)", ""), (BUFFERS, "")]),
])
def test_what_does_no_harm_in_a_training_is_a_remark(remarks, changes):
    verdict = _checking.assess(OWN["03.train"], changed(TRAIN, *changes))
    assert (verdict.outcome, verdict.id) == ("right", remarks[0])
    for remark in first_training.REMARKS:
        assert (remark.says in verdict.says) == (remark.id in remarks)


def test_a_training_in_a_helper_of_the_learner_is_checked_too():
    space = dict(vars(first_training))
    exec("""@torch.no_grad()
def update_average(G_ema, G, decay):
    for mean, now in zip(G_ema.parameters(), G.parameters(), strict=True):
        mean.mul_(decay).add_(now, alpha=1 - decay)

def train(G, D, batches, iterations, lr, decay):
    optimizer_G, optimizer_D = optimizers(G, D, lr)
    G_ema, history = copy.deepcopy(G), []
    for x, _ in islice(batches, iterations):
        history.append(training_step(G, D, optimizer_G, optimizer_D, x))
        update_average(G_ema, G, decay)
    return np.array(history), G_ema
""", space)
    own = space["training_step"]
    assert _checking.assess(OWN["03.train"], space["train"]).outcome == "right"
    assert space["training_step"] is own                            # the notebook's names are left alone


def test_every_misconception_of_a_training_has_its_own_message_and_a_wrong_solution():
    for key, exercise in OWN.items():
        mistakes = {mistake.id: mistake.says for mistake in exercise.probes[0].mistakes}
        assert set(mistakes) <= {said for wrong, said, _ in WRONG if wrong == key}, key
        assert len(set(mistakes.values())) == len(mistakes)
