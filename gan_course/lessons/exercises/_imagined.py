"""What the exercise on an imagined step of D looks at, and what goes wrong with such a step.

The new parameters have to be right, and two things besides: nothing that the caller holds has
changed, and the way back from the new parameters to the fakes, and to the parameters before the
step, is open.
"""
import torch
from torch import Tensor
from torch.nn.functional import softplus

from gan_course.lessons.exercises._checking import Mistake, Seen, as_number, same
from gan_course.lessons.exercises._losses import SIGMOID_TWICE, WASSERSTEIN


def step(loss, move=lambda parameter, slope, eta: parameter - eta * slope, **options):
    """A step that is right in everything but the `loss` of the real and fake logits, or the `move`
    from a parameter and its slope.
    """
    def imagined(D, parameters, x, fake, eta):
        slopes = torch.autograd.grad(loss(D(parameters, x), D(parameters, fake)),
                                     tuple(parameters.values()), **{"create_graph": True} | options)
        return {name: move(parameters[name], slope, eta)
                for name, slope in zip(parameters, slopes, strict=True)}
    return imagined


def d_loss(r, f):
    return softplus(-r).mean() + softplus(f).mean()


right = step(d_loss)


def copied(D, parameters, x, fake, eta):
    return right(D,
                 {name: parameter.detach().requires_grad_()
                  for name, parameter in parameters.items()},
                 x, fake, eta)


def slopes_of_a_copy(D, parameters, x, fake, eta):
    new = copied(D, parameters, x, fake, eta)
    return {name: parameter + new[name] - parameter.detach()
            for name, parameter in parameters.items()}


def fake_cut_loose(D, parameters, x, fake, eta):
    return right(D, parameters, x, fake.detach(), eta)


def error(words):
    return lambda seen: words in seen.get("the error", "")


STEP_MISTAKES = (
    Mistake("no_grad", "D was asked while nothing was recorded, or its loss was turned into a "
            "plain number, so it has no slopes. The step is imagined, but it needs slopes like any "
            "other.",
            when=error("does not require grad")),
    Mistake("other_parameters", "The slopes asked for are of other tensors than those D was called "
            "with. Call D with the very parameters whose slopes you want.",
            when=error("not have been used in the graph")),
    Mistake("vector", "The loss is still one number for each example, and a slope is of one "
            "number. The E in the formula stands for something that has not been done yet.",
            when=error("only for scalar outputs")),
    Mistake("names_for_tensors", "It walks through a dict and meets the names, not the tensors. "
            "Where in a dict are the tensors?",
            when=lambda seen: any(error(words)(seen)
                                  for words in ("got str", "'str' ", "multiply sequence"))),
    Mistake("in_place", "It moves D itself. This step is only imagined: the caller's tensors, and "
            "the dict they are in, stay as they are; make new ones.",
            when=lambda seen: error("in-place operation")(seen) or not seen["D stays where it is"]),
    Mistake("backward", "`backward` leaves gradients in D's parameters, and in all that made the "
            "fakes: G and D would find them there at their next step. You want the slopes handed "
            "to you: which function of `torch.autograd` does that?",
            when=lambda seen: seen["gradients are left behind"]),
    Mistake("not_a_dict", "It should give back a dict, like the one it gets: D is to be called "
            "with it.",
            when=lambda seen: "what comes" in seen),
    Mistake("names", "The new dict has other names in it than the old one, so D cannot be called "
            "with it. Each parameter keeps its name, and none is left out.",
            when=lambda seen: "the error" not in seen and {
                key for key in seen if "new" in key} != {"the new W", "the new b", "the new v"}),
    Mistake("slopes", "These are the slopes, or the steps, and not where they lead. Where is a "
            "parameter after the step?",
            like=tuple(step(d_loss, move) for move in (
                lambda p, slope, eta: slope, lambda p, slope, eta: eta * slope,
                lambda p, slope, eta: -eta * slope, lambda p, slope, eta: -slope))),
    Mistake("ascends", "D goes up its own loss, and imagines becoming worse. D minimises: which "
            "sign does the step have?",
            like=step(d_loss, lambda p, slope, eta: p + eta * slope)),
    Mistake("eta", "The step is not eta times the slope: eta is missing, or it comes in twice or "
            "below the line.",
            like=tuple(step(d_loss, move) for move in (
                lambda p, slope, eta: p - slope, lambda p, slope, eta: p - eta ** 2 * slope,
                lambda p, slope, eta: p - slope / eta,
                lambda p, slope, eta: p - (1 - eta) * slope,
                lambda p, slope, eta: eta * (p - slope)))),
    Mistake("G_loss", "That is G's loss. The one who moves in imagination is D, with D's loss: "
            "what does D pay for fakes?",
            like=(step(lambda r, f: softplus(-f).mean()), step(lambda r, f: -softplus(f).mean()))),
    Mistake("labels", "Real and fake are exchanged: this D would learn to take fakes for real. "
            "Which logits are to go up, and which down?",
            like=step(lambda r, f: softplus(r).mean() + softplus(-f).mean())),
    Mistake("fake_only", "D learns from the fakes only. A real D also holds on to the real data: "
            "one term of its loss is missing.",
            like=step(lambda r, f: softplus(f).mean())),
    Mistake("real_only", "D learns from real data only. Then its step does not depend on the "
            "fakes: one term of its loss is missing.",
            like=step(lambda r, f: softplus(-r).mean())),
    Mistake("half", "The loss is half of D's: it takes the mean of the two terms. The formula adds "
            "them, and eta is meant for their sum.",
            like=step(lambda r, f: d_loss(r, f) / 2)),
    Mistake("sum", "It adds up over the examples, so a larger batch would mean a longer step. The "
            "E in the formula is a mean.",
            like=step(lambda r, f: softplus(-r).sum() + softplus(f).sum())),
    Mistake("sigmoid_twice", SIGMOID_TWICE,
            like=step(lambda r, f: d_loss(r.sigmoid(), f.sigmoid()))),
    Mistake("wasserstein", WASSERSTEIN, like=step(lambda r, f: f.mean() - r.mean())),
)
GRAPH_MISTAKES = (
    Mistake("cut", "D arrives at the right place, but the result has no history at all: no "
            "gradient can go back through it, neither to the fakes nor to the step before. "
            "Something cuts it loose in the last line.",
            when=lambda seen: all(isinstance(value, str) for value in seen.values()
                                  if not isinstance(value, bool))),
    Mistake("create_graph", "D arrives at the right place, but its slopes are plain numbers that "
            "do not know the fakes: G would merely meet a better D. Slopes have to be recorded as "
            "they are computed; `retain_graph` only keeps the old record for another trip.",
            like=step(d_loss, create_graph=False, retain_graph=True)),
    Mistake("fake_detached", "D arrives at the right place, but the fakes were cut loose on the "
            "way in, so G does not learn how its fakes steer D. In D's real move that is what you "
            "want; is it here?",
            like=fake_cut_loose),
    Mistake("parameters_detached", "G is reached, but the parameters were cut loose from the step "
            "before. With a second imagined step the way back would be broken: use them as they "
            "come.",
            like=(step(d_loss, lambda p, slope, eta: p.detach() - eta * slope), copied,
                  slopes_of_a_copy)),
)


def small_D(parameters, x):
    return (x @ parameters["W"] + parameters["b"]).tanh() @ parameters["v"]


def before_the_step():
    generator = torch.Generator().manual_seed(5)
    W, b, v, x, fake = (torch.randn(*shape, generator=generator)
                        for shape in ((2, 3), (3,), (3,), (6, 2), (6, 2)))
    parameters = {name: tensor.requires_grad_()
                  for name, tensor in {"W": W, "b": b, "v": v}.items()}
    return {"D": small_D, "parameters": parameters, "x": x + 1, "fake": fake.requires_grad_(),
            "eta": 0.3}


def new_place(results, inputs):
    """Where D would be, whether the caller's own parameters still are where they were, and whether
    gradients lie about.
    """
    now, before = ({name: as_number(value) for name, value in parameters.items()}
                   for parameters in (inputs["parameters"], before_the_step()["parameters"]))
    tensors = [inputs["fake"], *inputs["parameters"].values()]
    seen: Seen = {"D stays where it is": same(now, before)}
    seen["gradients are left behind"] = any(
        isinstance(tensor, Tensor) and tensor.is_leaf and tensor.grad is not None
        for tensor in tensors)
    for result in results:
        parts = result if isinstance(result, dict) else {}
        seen |= {f"the new {name}": as_number(value)
                 for name, value in parts.items()} or {"what comes": type(result).__name__}
    return seen


def ways_back(results, inputs):
    """How the new place would shift with the fakes, and with the parameters before the step."""
    starts = {"the fakes": inputs["fake"], **inputs["parameters"]}
    for result in results:
        open_ends = [value.square().sum() for value in result.values()
                     if isinstance(value, Tensor) and value.requires_grad]
        ends = [None] * len(starts)
        if open_ends:
            ends = torch.autograd.grad(sum(open_ends), tuple(starts.values()), allow_unused=True)
        return {f"the way back to {name}": "missing" if end is None else as_number(end)
                for name, end in zip(starts, ends, strict=True)}
    return {}
