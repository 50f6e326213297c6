"""The exercises of notebook 16 on training a diffusion model: the noisy x_t, and the loss.

The loss draws its own times and its own noise, so it is given a network that notes what it is
asked: from x, x_t and t follows which noise was added.
"""
import torch
from torch import Tensor, nn

from gan_course.lessons.exercises._checking import (
    Exercise,
    Mistake,
    Probe,
    Seen,
    number_called,
)


def noised(x, t, noise, alpha_bar):
    """x_t: x, noise (N, ...), times t (N,), alpha_bar (T,) -> (N, ...)."""
    abar = alpha_bar[t].view(-1, *[1] * (x.dim() - 1))
    return abar.sqrt() * x + (1 - abar).sqrt() * noise


def diffusion_loss(net, x, alpha_bar):
    """The mean squared error of the clean x that net(x_t, t) tells -> scalar."""
    t = torch.randint(len(alpha_bar), (len(x),), device=x.device)
    x_t = noised(x, t, torch.randn_like(x), alpha_bar)
    return (net(x_t, t) - x).square().mean()


# x_t
SCHEDULE = torch.tensor([0.95, 0.8, 0.5, 0.2, 0.04])


def _process(*shape: int):
    def inputs() -> dict:
        draw = torch.Generator().manual_seed(6)
        return {"x": torch.randn(4, *shape, generator=draw), "t": torch.tensor([0, 3, 1, 4]),
                "noise": torch.randn(4, *shape, generator=draw), "alpha_bar": SCHEDULE.clone()}
    return inputs


points, images = _process(3), _process(1, 4, 3)


def x_t(results: list, inputs: dict) -> Seen:
    return number_called("x_t", results)


def mixed(of_x, of_noise, level=lambda alpha_bar, t: alpha_bar[t]):
    """A wrong answer: other weights of x and of the noise."""
    def noised(x, t, noise, alpha_bar):
        abar = level(alpha_bar, t).view(-1, *[1] * (x.dim() - 1))
        return of_x(abar) * x + of_noise(abar) * noise
    return noised


def rest(abar):
    return (1 - abar).sqrt()


def _said(*words: str):
    return lambda seen: any(word in seen.get("the error", "") for word in words)


OF_X_T = (
    Mistake("broadcast", "alpha_bar[t] has shape (N,), and PyTorch lines it up with the last "
            "dimension of x. It needs one entry for each row: shape (N, 1), and for pictures "
            "(N, 1, 1, 1).", when=_said("must match the size", "broadcast")),
    Mistake("only_images", "It is right for pictures, (N, C, H, W). For points, (N, D), "
            "alpha_bar[t] needs fewer dimensions of length 1 behind its N: as many as x has.",
            when=lambda seen: isinstance(seen.get("x_t"), Tensor) and seen["x_t"].dim() == 4),
    Mistake("no_root", "The weights are alpha_bar and 1 - alpha_bar. Those are shares of the "
            "variance; numbers are multiplied by their roots.",
            like=mixed(lambda a: a, lambda a: 1 - a)),
    Mistake("variance_as_sd", "The weight of the noise is a variance. Its root is the standard "
            "deviation, which noise is multiplied by.",
            like=mixed(torch.sqrt, lambda a: 1 - a)),
    Mistake("one_minus_root", "The weight of the noise is 1 minus the root. What adds up to 1 are "
            "the two variances: subtract first, then take the root.",
            like=mixed(torch.sqrt, lambda a: 1 - a.sqrt())),
    Mistake("swapped", "The two weights are exchanged: at t = 0 nearly everything is noise. "
            "alpha_bar is the share of x.", like=mixed(rest, torch.sqrt)),
    Mistake("x_not_scaled", "x keeps its full size and the noise is added, so the variance grows. "
            "DDPM scales x down, so that x_T is like N(0, I).",
            like=mixed(torch.ones_like, rest)),
    Mistake("off_by_one", "The weights are those of a neighbouring time. Times begin at 0 here, as "
            "Python counts, and time t belongs to alpha_bar[t].",
            like=(mixed(torch.sqrt, rest, lambda a, t: a[t - 1]),
                  mixed(torch.sqrt, rest, lambda a, t: a[(t + 1) % len(a)]))),
    Mistake("one_time", "All rows have the time of one of them. Each row has its own t.",
            like=(mixed(torch.sqrt, rest, lambda a, t: a[t[:1]]),
                  mixed(torch.sqrt, rest, lambda a, t: a[t[-1:]]))),
)


ON_IMAGES = (
    Mistake("only_points", "It is right for points, (N, D). For pictures, (N, C, H, W), "
            "alpha_bar[t] needs more dimensions of length 1 behind its N: as many as x has.",
            when=lambda seen: True),
)


# the loss

class Noting(nn.Module):
    """A denoiser that notes what it was asked: it tells half of x_t, plus a weight that learns."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(0.1))
        self.asked: list[tuple] = []

    def forward(self, x, t):
        self.asked.append((x.detach(), t))
        return 0.5 * x + self.weight


def scene() -> dict:
    """A network that notes, 1,500 points far from the origin, and a schedule."""
    draw = torch.Generator().manual_seed(8)
    return {"net": Noting(), "x": 3 + torch.randn(1500, 4, generator=draw),
            "alpha_bar": SCHEDULE.clone()}


def given(inputs: dict) -> dict:
    """What the loss finds in the notebook: the function that was written before."""
    return {"noised": noised}


def loss_seen(results: list, inputs: dict) -> Seen:
    """Which times and which noise the network was asked about, and how the loss compares."""
    x, alpha_bar, asked = inputs["x"], inputs["alpha_bar"], inputs["net"].asked
    if len(asked) != 1:
        return {"how often the network is asked": f"{len(asked)}"}
    given, t = asked[0]
    if not isinstance(t, Tensor) or t.shape != (len(x),) or t.is_floating_point():
        return {"the times": "not one whole number for each row"}
    if given.shape != x.shape or not 0 <= t.min() <= t.max() < len(alpha_bar):
        return {"what the network is asked": "not an x_t for each row, with a time from 0 to T - 1"}
    share = torch.bincount(t, minlength=len(alpha_bar)) / len(t)
    abar = alpha_bar[t][:, None]
    noise = (given - abar.sqrt() * x) / (1 - abar).sqrt()
    error = 0.5 * given + 0.1 - x
    seen = {"all times come": bool(((share - 0.2).abs() < 0.06).all()),
            "the noise has mean 0": bool(noise.mean().abs() < 0.1),
            "the noise has sd 1": bool((noise.std() - 1).abs() < 0.1),
            "the noise is Gaussian": bool(noise.abs().max() > 2.5),
            "each number has noise of its own": bool((noise.std(dim=0) > 0.1).all()
                                                     and (noise.std(dim=1) > 1e-3).all()),
            "_share": share, "_clean": torch.equal(given, x)}
    if not results:
        return seen
    result = results[0]
    if not isinstance(result, Tensor) or result.dim():
        return seen | {"the loss": "no scalar tensor"}
    seen["the loss is that of x"] = _close(result, error.square().mean())
    seen["_of_noise"] = _close(result, (error + x - noise).square().mean())
    seen["_of_x_t"] = _close(result, (error + x - given).square().mean())
    seen["_sum"] = any(_close(result, each) for each in (error.square().sum(),
                                                        error.square().sum(1).mean()))
    seen["_scaled"] = any(_close(result, each) for each in (error.square().mean() / 2,
                                                           error.square().mean().sqrt()))
    seen["_l1"] = _close(result, error.abs().mean())
    return seen | {"the network learns": bool(result.requires_grad)}


def _close(a: Tensor, b: Tensor) -> bool:
    return bool((a - b).abs() <= 1e-3 * b.abs())


def clue(name: str):
    return lambda seen: seen.get(name) is True


OF_THE_LOSS = (
    Mistake("t_shape", "The network wants a time for each row, whole numbers of shape (N,). "
            "`torch.randint` makes them.",
            when=lambda seen: "the times" in seen),
    Mistake("vector", "The loss has to be one number, as a tensor: the mean over everything.",
            when=lambda seen: "the loss" in seen),
    Mistake("clean_input", "The network is asked about x itself, without noise. It has to see x_t.",
            when=clue("_clean")),
    Mistake("one_t", "The whole mini-batch has the same time. That trains, but with very noisy "
            "gradients; asked is a time for each row.",
            when=lambda seen: "_share" in seen and bool(seen["_share"].max() == 1)),
    Mistake("t_from_one", "Time 0 never comes, so the network never learns the last step of "
            "sampling. The times are 0 to T - 1.",
            when=lambda seen: "_share" in seen and bool(seen["_share"][0] == 0)),
    Mistake("t_too_short", "Time T - 1 never comes, and there sampling begins. The upper end of "
            "`torch.randint` is left out already.",
            when=lambda seen: "_share" in seen and bool(seen["_share"][-1] == 0)),
    Mistake("shared_noise", "Several numbers share one draw of the noise. Each number of each row "
            "needs noise of its own: `torch.randn_like(x)`.",
            when=lambda seen: seen.get("each number has noise of its own") is False),
    Mistake("uniform", "The noise is not Gaussian: `torch.rand` is uniform on [0, 1), "
            "`torch.randn` is what is needed.",
            when=lambda seen: seen.get("the noise is Gaussian") is False
            and seen["the noise has mean 0"] is False),
    Mistake("target_noise", "The network's answer is compared with the noise, as in the DDPM "
            "paper. Here it tells the clean x, from which the noise follows.",
            when=clue("_of_noise")),
    Mistake("target_x_t", "The network's answer is compared with the x_t that it was asked about. "
            "What should it tell?", when=clue("_of_x_t")),
    Mistake("sum", "Squared errors are added up. Here the mean over everything is asked, so that a "
            "loss does not depend on the number of pixels.", when=clue("_sum")),
    Mistake("scaled", "It is half of the mean squared error, or its root. Asked is the mean of the "
            "squared errors as it is.", when=clue("_scaled")),
    Mistake("l1", "It takes absolute errors. The best answer to a squared error is the mean of all "
            "x that fit, and the sampler needs that mean.", when=clue("_l1")),
    Mistake("detached", "The value is right, but no gradient flows into the network.",
            when=lambda seen: seen.get("the network learns") is False),
)


OUTSIDE = frozenset({"noise", "clean", "T", "denoiser"})


EXERCISES = (
    Exercise("16.noised", noised, (Probe(points, x_t, OF_X_T), Probe(images, x_t, ON_IMAGES)), (
        "The variances of the two parts are alpha_bar and 1 - alpha_bar. By what are numbers "
        "multiplied to get these variances?",
        "root(alpha_bar[t]) * x + root(1 - alpha_bar[t]) * noise, where alpha_bar[t] needs a shape "
        "that fits the rows of x.",
        "`abar = alpha_bar[t].view(-1, *[1] * (x.dim() - 1))` has shape (N, 1) for points and "
        "(N, 1, 1, 1) for pictures."),
        "One draw leads from x to any time: there is no need to go step by step."),
    Exercise("16.diffusion_loss", diffusion_loss, (Probe(scene, loss_seen, OF_THE_LOSS, given),), (
        "Three draws: x comes from the data, t and the noise are yours. What does the network see, "
        "and what should it tell?",
        "`torch.randint` for (N,) times below T, `torch.randn_like` for the noise, `noised` for "
        "x_t. Then the mean squared error between net(x_t, t) and x.",
        "`t = torch.randint(len(alpha_bar), (len(x),), device=x.device)`; and the loss is "
        "`(net(x_t, t) - x)`, squared, and its mean."),
        "One network for all amounts of noise.", OUTSIDE),
)
