"""The whole training step of CycleGAN, in notebook 11."""
import torch
from torch import Tensor, nn
from torch.nn.utils import parameters_to_vector

from gan_course.lessons.exercises._checking import Exercise, Mistake, Probe, Seen, as_number
from gan_course.lessons.exercises._loops import LEFT_OVER, Optimizer
from gan_course.lessons.exercises._translators import Line, Patches, pictures
from gan_course.lessons.exercises.cyclegan import cycle_loss, identity_loss, size
from gan_course.lessons.exercises.least_squares import adversarial_loss, discriminator_loss


def training_step(G, F, D_X, D_Y, optimizer_G, optimizer_D, pool_X, pool_Y, x, y, cycle, identity):
    """One iteration: both generators, then both discriminators; gives back loss_D, loss_G."""
    fake_x, fake_y = F(y), G(x)
    loss_G = (adversarial_loss(D_X, D_Y, fake_x, fake_y)
              + cycle * cycle_loss(G, F, x, y, fake_x, fake_y)
              + identity * identity_loss(G, F, x, y))
    optimizer_G.zero_grad()
    loss_G.backward()
    optimizer_G.step()

    loss_D = (discriminator_loss(D_X, x, pool_X(fake_x.detach()))
              + discriminator_loss(D_Y, y, pool_Y(fake_y.detach())))
    optimizer_D.zero_grad()
    loss_D.backward()
    optimizer_D.step()
    return loss_D.item(), loss_G.item()


class Notes:
    """What happened in an iteration: optimizers' steps, pools' visitors, networks' questions."""

    def __init__(self):
        self.steps: list[str] = []
        self.pooled: dict[str, list[Tensor]] = {"X": [], "Y": []}
        self.early = False                      # was a pool asked before any network had moved?
        self.translations = 0


class NotedPool:
    """A pool that gives back something else than it gets, as a full one does."""

    def __init__(self, domain: str, notes: Notes):
        self.domain, self.notes = domain, notes

    def __call__(self, fake: Tensor) -> Tensor:
        self.notes.pooled[self.domain].append(fake)
        self.notes.early |= not self.notes.steps
        return 0.8 * fake + (0.1 if self.domain == "X" else -0.15)


def scene() -> dict:
    """Two generators, two discriminators, their optimizers and pools, before each iteration."""
    notes = Notes()
    nets = {"G": Line(1.3, 0.1), "F": Line(0.6, -0.2), "D_X": Patches(0.3, 0.7, -0.4, 0.2),
            "D_Y": Patches(-0.5, 0.3, 0.8, 0.4)}
    for net in nets.values():
        net.numbers.grad = torch.full_like(net.numbers, LEFT_OVER)
        net.before = parameters_to_vector(net.parameters()).detach().clone()
    for name in ("G", "F"):
        def counted(*_):
            notes.translations += 1
        nets[name].register_forward_pre_hook(counted)
    together = {name: nn.ModuleList([nets[one], nets[other]])
                for name, one, other in (("G", "G", "F"), ("D", "D_X", "D_Y"))}
    found = nets | {f"optimizer_{name}": Optimizer(name, net, notes.steps)
                    for name, net in together.items()}
    found |= {f"pool_{domain}": NotedPool(domain, notes) for domain in "XY"}
    found |= {"x": pictures(1), "y": pictures(2), "cycle": 3.0, "identity": 2.0}
    return found


def the_losses(inputs: dict) -> dict:
    """The learner's own functions of the notebook, as the course has written them."""
    return {"adversarial_loss": adversarial_loss, "cycle_loss": cycle_loss,
            "discriminator_loss": discriminator_loss, "identity_loss": identity_loss}


def played(results: list, inputs: dict) -> Seen:
    """How all four moved, what was given back, and in which state the networks were left."""
    nets = {name: inputs[name] for name in ("G", "F", "D_X", "D_Y")}
    notes = inputs["pool_X"].notes
    seen: Seen = {f"how {name} moved": as_number(parameters_to_vector(net.parameters())
                                                 - net.before) for name, net in nets.items()}
    seen["all in training mode"] = all(net.training for net in nets.values())
    seen["all ask for gradients"] = all(net.numbers.requires_grad for net in nets.values())
    seen["the steps"] = " ".join(notes.steps)
    losses = list(results[0]) if results and isinstance(results[0], tuple | list) else results
    numbers = [as_number(loss) for loss in losses]
    fine = len(numbers) == 2 and all(isinstance(number, Tensor) and number.dim() == 0
                                     for number in numbers)
    seen["the losses"] = torch.stack(numbers) if fine else "not two numbers"
    seen["a graph is kept"] = any(isinstance(loss, Tensor) and loss.grad_fn is not None
                                  for loss in losses)
    counts = {domain: len(fakes) for domain, fakes in notes.pooled.items()}
    seen["the questions to each pool"] = " and ".join(map(str, counts.values()))
    pooled = [fake for fakes in notes.pooled.values() for fake in fakes]
    seen |= {"_moved": {name: bool(seen[f"how {name} moved"].any()) for name in nets},
             "_pooled": counts,
             "_early": notes.early, "_attached": any(fake.requires_grad for fake in pooled),
             "_translations": notes.translations}
    return seen


def step(*, swap=False, detach_D=True, detach_G=False, again=False, D_first=False,
         zero=("G", "D"), adv=lambda D_X, D_Y, fx, fy: adversarial_loss(D_X, D_Y, fx, fy),
         cyc=cycle_loss, ident=identity_loss,
         weigh=lambda adv, cyc, ident, cycle, identity: adv + cycle * cyc + identity * ident,
         pools=lambda X, Y, fx, fy: (X(fx), Y(fy)),
         judge=lambda D_X, D_Y, x, y, fx, fy: (discriminator_loss(D_X, x, fx)
                                               + discriminator_loss(D_Y, y, fy)),
         give=lambda D, G: (D.item(), G.item())):
    """An iteration that is right but for what is changed."""
    def training_step(G, F, D_X, D_Y, optimizer_G, optimizer_D, pool_X, pool_Y, x, y, cycle,
                      identity):
        def translate():
            return (G(y), F(x)) if swap else (F(y), G(x))

        def generators(fake_x, fake_y):
            if detach_G:
                fake_x, fake_y = fake_x.detach(), fake_y.detach()
            loss = weigh(adv(D_X, D_Y, fake_x, fake_y), cyc(G, F, x, y, fake_x, fake_y),
                         ident(G, F, x, y), cycle, identity)
            if "G" in zero:
                optimizer_G.zero_grad()
            loss.backward()
            optimizer_G.step()
            return loss

        def discriminators(fake_x, fake_y):
            if detach_D:
                fake_x, fake_y = fake_x.detach(), fake_y.detach()
            loss = judge(D_X, D_Y, x, y, *pools(pool_X, pool_Y, fake_x, fake_y))
            if "D" in zero:
                optimizer_D.zero_grad()
            loss.backward()
            optimizer_D.step()
            return loss

        fakes = translate()
        if D_first:
            loss_D = discriminators(*fakes)
            return give(loss_D, generators(*(translate() if again else fakes)))
        loss_G = generators(*fakes)
        return give(discriminators(*(translate() if again else fakes)), loss_G)
    return training_step


def moved_right(seen: Seen) -> bool:
    inputs = scene()
    right = played([training_step(*inputs.values())], inputs)
    return all(torch.allclose(seen[name], right[name], rtol=1e-4, atol=1e-6)
               for name in right if name.startswith("how "))


def said(seen: Seen, text: str) -> bool:
    return text in seen.get("the error", "")


def l2(a: Tensor) -> Tensor:
    return a.square().mean()


STEP_MISTAKES = (
    Mistake("pool_for_G", "G and F are judged on images from the pool. Old fakes have no graph to "
            "the networks of today; the pool is for the discriminators.",
            when=lambda seen: seen["_early"] and seen["the steps"] in ("", "G", "G D")),
    Mistake("not_detached", "The fakes go into the discriminators' loss with their graph, and its "
            "backward pass runs on into G and F, which have moved already. In the discriminators' "
            "move fakes are plain data: `pool_X(fake_x.detach())`.",
            when=lambda seen: seen["_attached"] or any(said(seen, text) for text in (
                "backward through the graph a second time", "modified by an inplace operation"))),
    Mistake("cut_loss", "A loss has lost its graph before `backward` is called, so there is "
            "nothing to go back along. In the generators' move nothing is detached, and `.item()` "
            "comes last.",
            when=lambda seen: said(seen, "does not require grad")),
    Mistake("vector", "A loss is still a tensor of many numbers, and `backward` wants one. Each "
            "loss of this notebook is a mean.",
            when=lambda seen: said(seen, "only for scalar outputs")),
    Mistake("frozen", "It leaves networks that ask for no gradients, so that they cannot move in "
            "the next iteration. What is switched off with `requires_grad_(False)` has to be "
            "switched on again.",
            when=lambda seen: not seen["all ask for gradients"]),
    Mistake("eval", "It leaves a network in evaluation mode. If you switch to `eval()`, switch "
            "back with `train()`.", when=lambda seen: not seen["all in training mode"]),
    Mistake("graph_kept", "The losses it gives back are tensors that still hold the whole graph of "
            "their iteration, so memory grows with every one. `loss.item()` is the number alone.",
            when=lambda seen: seen["a graph is kept"]),
    Mistake("one_optimizer", "The same optimizer steps in both moves, so one pair of networks "
            "never moves.", when=lambda seen: seen["the steps"] in ("D D", "G G")),
    Mistake("step_forgotten", "A pair of networks takes no step. Each of the two moves ends in a "
            "`step()` of its own optimizer.",
            when=lambda seen: seen["the steps"] in ("", "D", "G") and "the error" not in seen),
    Mistake("update_counts", "The steps come in another number than asked: in each iteration "
            "optimizer_G steps once and optimizer_D steps once.",
            when=lambda seen: sorted(seen["the steps"].split()) != ["D", "G"]
            and "the error" not in seen),
    Mistake("D_first", "The discriminators move before the generators. Nothing is wrong with that "
            "order, but asked is that of the authors' code: G and F first, on a D that has not yet "
            "seen these fakes.", when=lambda seen: seen["the steps"] == "D G"),
    Mistake("swapped", "G and F are exchanged: G turns x into fake_y, F turns y into fake_x.",
            like=(step(swap=True),
                  step(swap=True, cyc=lambda G, F, x, y, fx, fy: cycle_loss(F, G, x, y, fx, fy)),
                  step(swap=True, cyc=lambda G, F, x, y, fx, fy: size(G(fy) - x)
                       + size(F(fx) - y)))),
    Mistake("cut_generators", "In the generators' move the fakes are cut loose, by `detach` or "
            "`torch.no_grad()`: no discriminator tells G and F anything, and half of the cycle is "
            "gone. Only in the discriminators' move are fakes plain data.",
            like=step(detach_G=True)),
    Mistake("cycle_swapped", "The cycle loss gets the two fakes, or the two generators, in the "
            "wrong order: fake_y comes from x and goes back through F.",
            like=(step(cyc=lambda G, F, x, y, fx, fy: cycle_loss(G, F, x, y, fy, fx)),
                  step(cyc=lambda G, F, x, y, fx, fy: cycle_loss(F, G, x, y, fx, fy)))),
    Mistake("cycle_wrong_picture", "The cycle ends at the wrong image: what comes back from x is "
            "compared with x, and what comes back from y with y.",
            like=(step(cyc=lambda G, F, x, y, fx, fy: cycle_loss(G, F, y, x, fx, fy)),
                  step(cyc=lambda G, F, x, y, fx, fy: size(F(fy) - fx) + size(G(fx) - fy)))),
    Mistake("identity_wrong_side", "The identity loss is fed from the wrong side: G should leave y "
            "alone, which is what it makes, and F should leave x alone.",
            like=(step(ident=lambda G, F, x, y: identity_loss(G, F, y, x)),
                  step(ident=lambda G, F, x, y: identity_loss(F, G, x, y)))),
    Mistake("squared", "A difference is squared where the paper takes its absolute value (L1): in "
            "the cycle, in the identity, or in both.",
            like=tuple(step(cyc=c, ident=i) for c, i in (
                (lambda G, F, x, y, fx, fy: l2(F(fy) - x) + l2(G(fx) - y), identity_loss),
                (cycle_loss, lambda G, F, x, y: l2(G(y) - y) + l2(F(x) - x)),
                (lambda G, F, x, y, fx, fy: l2(F(fy) - x) + l2(G(fx) - y),
                 lambda G, F, x, y: l2(G(y) - y) + l2(F(x) - x))))),
    Mistake("no_cycle", "The cycle loss is missing from the generators' loss.",
            like=step(weigh=lambda a, c, i, cycle, identity: a + identity * i)),
    Mistake("no_identity", "The identity loss is missing from the generators' loss. It has the "
            "weight `identity`, which may be 0 and is not here.",
            like=step(weigh=lambda a, c, i, cycle, identity: a + cycle * c)),
    Mistake("no_adversarial", "Nothing asks the discriminators: without the adversarial loss G and "
            "F may simply copy their input.",
            like=step(weigh=lambda a, c, i, cycle, identity: cycle * c + identity * i)),
    Mistake("weights", "The weights are not used, or not where they belong: `cycle` multiplies the "
            "cycle loss, `identity` the identity loss, and the adversarial loss has none.",
            like=tuple(step(weigh=weigh) for weigh in (
                lambda a, c, i, cycle, identity: a + c + i,
                lambda a, c, i, cycle, identity: a + identity * c + cycle * i,
                lambda a, c, i, cycle, identity: a + cycle * (c + i),
                lambda a, c, i, cycle, identity: a + cycle * c + cycle * identity * i,
                lambda a, c, i, cycle, identity: a + cycle * c + i,
                lambda a, c, i, cycle, identity: cycle * a + c + identity * i))),
    Mistake("judges_swapped", "A discriminator judges the wrong domain: D_X knows x, and has to "
            "score fake_x; D_Y knows y, and has to score fake_y.",
            like=(step(adv=lambda D_X, D_Y, fx, fy: adversarial_loss(D_Y, D_X, fx, fy)),
                  step(adv=lambda D_X, D_Y, fx, fy: adversarial_loss(D_X, D_Y, fy, fx)),
                  step(judge=lambda D_X, D_Y, x, y, fx, fy: discriminator_loss(D_X, x, fy)
                       + discriminator_loss(D_Y, y, fx)),
                  step(judge=lambda D_X, D_Y, x, y, fx, fy: discriminator_loss(D_X, y, fx)
                       + discriminator_loss(D_Y, x, fy)),
                  step(judge=lambda D_X, D_Y, x, y, fx, fy: discriminator_loss(D_X, y, fy)
                       + discriminator_loss(D_Y, x, fx)))),
    Mistake("one_discriminator", "Only one discriminator moves. The other one would go on judging "
            "by what it knew at the start.",
            when=lambda seen: "the error" not in seen
            and not all(seen["_moved"][name] for name in ("D_X", "D_Y")),
            like=(step(judge=lambda D_X, D_Y, x, y, fx, fy: discriminator_loss(D_X, x, fx)),
                  step(judge=lambda D_X, D_Y, x, y, fx, fy: discriminator_loss(D_Y, y, fy)))),
    Mistake("labels", "In the discriminators' move real images and fakes are exchanged: "
            "`discriminator_loss(D, real, fake)`.",
            like=step(judge=lambda D_X, D_Y, x, y, fx, fy: discriminator_loss(D_X, fx, x)
                      + discriminator_loss(D_Y, fy, y))),
    Mistake("no_pool", "The fakes do not go through the pools. Each discriminator sees what its "
            "pool gives back, which is partly older.",
            when=lambda seen: "the error" not in seen and 0 in seen["_pooled"].values()),
    Mistake("pool_unused", "The fakes go into the pools, and what the pools give back is not used.",
            like=step(pools=lambda X, Y, fx, fy: (X(fx), Y(fy), (fx, fy))[2])),
    Mistake("pools_swapped", "The pools are exchanged: pool_X keeps fakes of the first domain, "
            "which F draws.", like=(step(pools=lambda X, Y, fx, fy: (Y(fx), X(fy))),
                                    step(pools=lambda X, Y, fx, fy: (Y(fy), X(fx))))),
    Mistake("pooled_twice", "A pool is asked more than once in an iteration, so it exchanges its "
            "images too fast.",
            when=lambda seen: max(seen["_pooled"].values()) > 1),
    Mistake("zero_forgotten_both", "No old gradients are wiped out. PyTorch adds each backward "
            "pass to what is there: call `zero_grad()` before both of them.", like=step(zero=())),
    Mistake("zero_forgotten_D", "The discriminators' old gradients are not wiped out before their "
            "backward pass. The generators' move has left gradients in them too, since it goes "
            "through them.", like=step(zero=("G",))),
    Mistake("zero_forgotten_G", "The generators' old gradients are not wiped out before their "
            "backward pass: each step would be taken along the sum of all earlier ones.",
            like=step(zero=("D",))),
    Mistake("translated_again", "For the discriminators x and y are translated once more, by "
            "networks that have just moved. Asked is to use the fakes that are there: it saves two "
            "passes in each iteration.",
            like=step(again=True)),
    Mistake("losses_swapped", "All four networks move as they should, but the losses come back in "
            "another order or form: asked is the pair (loss_D, loss_G), as plain numbers.",
            when=lambda seen: "the error" not in seen and moved_right(seen)),
)

SLOW = (
    Mistake("extra_translations", "A remark: it calls G and F more often than six times in all, so "
            "each iteration takes longer than it has to. fake_x and fake_y can be used twice.",
            when=lambda seen: seen["_translations"] > 6),
)


EXERCISES = (
    Exercise("11.training_step", training_step, (
        Probe(scene, played, STEP_MISTAKES, the_losses),), (
        "Translate both images first. Then come two moves of the same form: a loss, old gradients "
        "away, backward pass, step.",
        "The generators' loss is the sum of your three losses, the second times `cycle`, the third "
        "times `identity`. In the discriminators' move each fake is detached and goes through its "
        "pool.",
        "`fake_x, fake_y = F(y), G(x)`; `loss_G = adversarial_loss(D_X, D_Y, fake_x, fake_y) + "
        "cycle * cycle_loss(…) + identity * identity_loss(…)`; `loss_D = discriminator_loss(D_X, "
        "x, pool_X(fake_x.detach())) + …`; give back `loss_D.item(), loss_G.item()`."),
        "Two generators and two discriminators have moved, each along its own loss.",
        frozenset({"fake_x", "fake_y", "loss_D", "loss_G", "players", "pools"}), SLOW),
)
