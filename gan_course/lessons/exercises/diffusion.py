"""The exercises of notebook 16 on diffusion: the noisy x_t, the loss, and two samplers.

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


def ddpm_sample(net, x, beta):
    """From pure noise x (N, ...) to samples, through all T steps of beta (T,)."""
    alpha_bar = (1 - beta).cumprod(dim=0)
    before = torch.cat([torch.ones_like(beta[:1]), alpha_bar[:-1]])
    for t in reversed(range(len(beta))):
        clean = net(x, torch.full((len(x),), t, device=x.device))
        of_clean = before[t].sqrt() * beta[t] / (1 - alpha_bar[t])
        of_x = (1 - beta[t]).sqrt() * (1 - before[t]) / (1 - alpha_bar[t])
        variance = beta[t] * (1 - before[t]) / (1 - alpha_bar[t])
        x = of_clean * clean + of_x * x + variance.sqrt() * torch.randn_like(x)
    return x


def ddim_sample(net, x, alpha_bar, times):
    """From pure noise x (N, ...) to samples, asking net only at the falling `times`."""
    levels = [*alpha_bar[times].tolist(), 1.0]
    for t, now, later in zip(times, levels, levels[1:], strict=False):
        clean = net(x, torch.full((len(x),), t, device=x.device))
        noise = (x - now**0.5 * clean) / (1 - now)**0.5
        x = later**0.5 * clean + (1 - later)**0.5 * noise
    return x


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
    Mistake("l1", "It takes absolute errors. The best answer to a squared error is the mean of all "
            "x that fit, and the sampler needs that mean.", when=clue("_l1")),
    Mistake("detached", "The value is right, but no gradient flows into the network.",
            when=lambda seen: seen.get("the network learns") is False),
)


# the samplers

BETA = torch.tensor([0.05, 0.2, 0.4, 0.6])


class Told(nn.Module):
    """A denoiser whose answers depend on x and on t; it notes the times."""

    def __init__(self):
        super().__init__()
        self.asked: list[str] = []

    def forward(self, x, t):
        right = isinstance(t, Tensor) and t.shape == (len(x),) and not t.is_floating_point()
        self.asked.append(f"{t[0].item()}" if right else "no time for each row")
        if not right:
            raise ValueError("the times have to be whole numbers of shape (N,)")
        return torch.tanh(x) * (0.6 + 0.1 * t[:, None]) - 0.1


def noise() -> Tensor:
    return torch.randn(4, 3, generator=torch.Generator().manual_seed(9))


def ddpm_scene() -> dict:
    return {"net": Told(), "x": noise(), "beta": BETA.clone()}


def ddim_scene() -> dict:
    return {"net": Told(), "x": noise(), "alpha_bar": SCHEDULE.clone(), "times": [4, 2, 1]}


def sample(results: list, inputs: dict) -> Seen:
    """The sample, and as a clue the times in the order in which the network was asked."""
    return (number_called("the sample", results)
            | {"the times asked": " ".join(inputs["net"].asked)})


def weights(beta, abar, t, before):
    """DDPM's weights of the clean x and of x_t, and the variance of a step."""
    rest = 1 - abar[t]
    return (before.sqrt() * beta[t] / rest, (1 - beta[t]).sqrt() * (1 - before) / rest,
            beta[t] * (1 - before) / rest)


def ancestral(of_clean=lambda w, *_: w[0], of_x=lambda w, *_: w[1],
              sd=lambda w, *_: w[2].sqrt(), previous=lambda abar, t: before(abar, t), fresh=True):
    """A wrong answer: DDPM's sampler, right but for what is changed."""
    def ddpm_sample(net, x, beta):
        abar, drawn = (1 - beta).cumprod(0), []
        for t in reversed(range(len(beta))):
            told = net(x, torch.full((len(x),), t))
            w, given = weights(beta, abar, t, previous(abar, t)), (beta, abar, t)
            drawn.append(torch.randn_like(x))
            x = (of_clean(w, *given) * told + of_x(w, *given) * x
                 + sd(w, *given) * drawn[-1 if fresh else 0])
        return x
    return ddpm_sample


def before(abar, t):
    return abar[t - 1] if t else torch.tensor(1.0)


def _times(*wanted: str):
    return lambda seen: seen.get("the times asked") in wanted


OF_DDPM = (
    Mistake("t_shape", "The network wants a time for each row: whole numbers of shape (N,), all of "
            "them t. `torch.full` makes them.",
            when=lambda seen: "no time for each row" in seen["the times asked"]),
    Mistake("forward", "The times go upwards. Sampling begins at the last one, where x is pure "
            "noise.", when=_times("0 1 2 3", "1 2 3", "0 1 2")),
    Mistake("off_by_one", "Not all times come: sampling begins at T - 1 and ends with 0, both "
            "included.", when=_times("3 2 1", "2 1 0", "2 1", "4 3 2 1")),
    Mistake("variance_beta", "The fresh noise has the variance beta[t]. That is the other choice "
            "of the paper, but it leaves noise in the last step, where the variance asked for is "
            "0.", like=ancestral(sd=lambda w, beta, abar, t: beta[t].sqrt())),
    Mistake("noise_last", "The last step adds noise, which stays in the sample. At t = 0 the time "
            "before has alpha_bar = 1, so the variance is 0.",
            like=(ancestral(sd=lambda w, b, a, t: (w[2] if t else b[t]).sqrt()),
                  ancestral(sd=lambda w, b, a, t: w[2].sqrt() if t else 1.0))),
    Mistake("no_noise", "No fresh noise is added, so all samples drift towards the middle. DDPM "
            "draws from a Gaussian in every step but the last.",
            like=ancestral(sd=lambda *_: 0.0)),
    Mistake("variance_as_sd", "The fresh noise is multiplied by its variance. Which number scales "
            "noise?", like=ancestral(sd=lambda w, *_: w[2])),
    Mistake("same_noise", "Every step adds the same noise. Each one needs noise of its own.",
            like=ancestral(fresh=False)),
    Mistake("before_shifted", "The list of alpha_bar before each time is shifted the wrong way. "
            "Before time 0 it is 1, so the list begins with a 1. (A well-known library had this "
            "bug for three days.)",
            like=(ancestral(previous=lambda a, t: a[t + 1] if t + 1 < len(a)
                            else torch.tensor(1.0)),
                  ancestral(previous=lambda a, t: a[t + 1] if t + 1 < len(a)
                            else torch.tensor(0.0)))),
    Mistake("before_is_now", "alpha_bar before the step is taken to be alpha_bar[t]. It belongs to "
            "time t - 1, and is 1 before time 0.", like=ancestral(previous=lambda a, t: a[t])),
    Mistake("swapped", "The two weights are exchanged: the network's answer has the weight of x_t, "
            "and the other way round.",
            like=ancestral(of_clean=lambda w, *_: w[1], of_x=lambda w, *_: w[0])),
    Mistake("clean_only", "Each step jumps to the clean x that the network tells, and nothing of "
            "x_t is kept. The mean lies between the two.",
            like=(ancestral(of_x=lambda *_: 0.0), ancestral(of_clean=lambda *_: 1.0,
                                                            of_x=lambda *_: 0.0))),
    Mistake("no_root", "A weight has no root where the formula has one: alpha_bar before the step "
            "and 1 - beta stand under roots.",
            like=(ancestral(of_clean=lambda w, b, a, t: before(a, t) * b[t] / (1 - a[t])),
                  ancestral(of_x=lambda w, b, a, t: (1 - b[t]) * (1 - before(a, t))
                            / (1 - a[t])),
                  ancestral(of_clean=lambda w, b, a, t: before(a, t) * b[t] / (1 - a[t]),
                            of_x=lambda w, b, a, t: (1 - b[t]) * (1 - before(a, t))
                            / (1 - a[t])))),
    Mistake("told_is_noise", "It takes the network's answer for the noise, as in the DDPM paper. "
            "Here the network tells the clean x.",
            like=ancestral(of_clean=lambda w, b, a, t: -b[t] / (1 - a[t]).sqrt()
                           / (1 - b[t]).sqrt(), of_x=lambda w, b, a, t: (1 - b[t])**-0.5)),
)


def told_noise(x, clean, now):
    return (x - now**0.5 * clean) / (1 - now)**0.5


def implicit(*, end=lambda abar: 1.0, noise=told_noise, share=lambda later: (
        later**0.5, (1 - later)**0.5), skip_last=False, shifted=False):
    """A wrong answer: DDIM's sampler, right but for what is changed."""
    def ddim_sample(net, x, alpha_bar, times):
        levels = [*alpha_bar[times].tolist(), end(alpha_bar)]
        for t, now, later in zip(times, levels, levels[1:], strict=False):
            clean = net(x, torch.full((len(x),), t))
            if skip_last and t == times[-1]:
                return x
            if shifted:
                later = float(alpha_bar[t - 1]) if t else 1.0
            of_clean, of_noise = share(later)
            x = of_clean * clean + of_noise * noise(x, clean, now)
        return x
    return ddim_sample


def _of_noise(net, x, alpha_bar, times):
    levels = [*alpha_bar[times].tolist(), 1.0]
    for t, now, later in zip(times, levels, levels[1:], strict=False):
        told = net(x, torch.full((len(x),), t))
        x = later**0.5 * (x - (1 - now)**0.5 * told) / now**0.5 + (1 - later)**0.5 * told
    return x


OF_DDIM = (
    Mistake("t_shape", "The network wants a time for each row, whole numbers of shape (N,), all of "
            "them t.", when=lambda seen: "no time for each row" in seen["the times asked"]),
    Mistake("all_times", "It asks at every time. Asked are only those in `times`: that is what "
            "makes DDIM fast.", when=_times("4 3 2 1 0", "4 3 2 1")),
    Mistake("forward", "The times are gone through upwards. They are given in the order in which "
            "they are needed, from noise to data.", when=_times("1 2 4")),
    Mistake("last_missing", "The last time of the list is left out. After it comes one more step, "
            "to alpha_bar = 1.", when=_times("4 2")),
    Mistake("last_level", "After the last time it steps to alpha_bar[0] and not to 1, so a little "
            "noise stays in every sample. (Two well-known programs had this bug.)",
            like=implicit(end=lambda abar: float(abar[0]))),
    Mistake("last_step_missing", "The network is asked at the last time, and nothing is done with "
            "its answer.", like=implicit(skip_last=True)),
    Mistake("neighbour", "It steps to the neighbouring time t - 1. The next level is that of the "
            "next entry of `times`, however far away that is.", like=implicit(shifted=True)),
    Mistake("fresh_noise", "It adds fresh noise. DDIM goes on with the noise that it finds in x_t, "
            "so its way is fixed by the first x.",
            like=implicit(noise=lambda x, clean, now: torch.randn_like(x))),
    Mistake("no_noise", "Only the clean x is kept, scaled down, and the noise that belongs to the "
            "next level is missing.", like=implicit(share=lambda later: (later**0.5, 0.0))),
    Mistake("clean_at_once", "It goes on with the clean x at full size, as if the next level were "
            "1.", like=implicit(share=lambda later: (1.0, 0.0))),
    Mistake("not_rescaled", "The noise that is found in x_t is not divided by the root of "
            "1 - alpha_bar, so it is not of variance 1.",
            like=implicit(noise=lambda x, clean, now: x - now**0.5 * clean)),
    Mistake("whole_clean", "To find the noise it takes away the clean x at full size. In x_t it "
            "has the weight of the root of alpha_bar.",
            like=implicit(noise=lambda x, clean, now: (x - clean) / (1 - now)**0.5)),
    Mistake("no_root", "Weights without their roots: alpha_bar and 1 - alpha_bar are variances.",
            like=(implicit(noise=lambda x, clean, now: (x - now * clean) / (1 - now),
                           share=lambda later: (later, 1 - later)),
                  implicit(noise=lambda x, clean, now: (x - now * clean) / (1 - now)),
                  implicit(share=lambda later: (later, 1 - later)))),
    Mistake("x_as_noise", "x_t itself goes on in the place of its noise. First the clean x has to "
            "be taken away.", like=implicit(noise=lambda x, clean, now: x)),
    Mistake("told_is_noise", "It takes the network's answer for the noise, as in the DDPM paper. "
            "Here the network tells the clean x.",
            like=_of_noise),
)

OUTSIDE = frozenset({"noise", "clean", "T", "denoiser"})
EXERCISES = (
    Exercise("16.ddim_sample", ddim_sample, (Probe(ddim_scene, sample, OF_DDIM),), (
        "Two things in each step: work out the noise from x_t and the clean x that the network "
        "tells, then mix the two again at the next level.",
        "noise = (x - root(abar) * clean) / root(1 - abar), with the level of now; the new x has "
        "the weights of the next level, and after the last time that level is 1.",
        "`levels = [*alpha_bar[times].tolist(), 1.0]`, and a loop over t, the level of now and the "
        "next one."), "No fresh noise: the same x_T always gives the same sample.", OUTSIDE),
    Exercise("16.ddpm_sample", ddpm_sample, (Probe(ddpm_scene, sample, OF_DDPM),), (
        "A loop over t from T - 1 down to 0. In each step two weights and a variance, and all "
        "three need alpha_bar of the time before.",
        "`before` is alpha_bar with a 1 in front and its last entry missing. Then the mean is a "
        "weighted sum of the clean x and of x_t, and fresh noise comes on top.",
        "`before = torch.cat([torch.ones_like(beta[:1]), alpha_bar[:-1]])`, "
        "`for t in reversed(range(len(beta))):`, and in it the formulas of the text."),
        "Fresh noise in every step but the last, whose variance is 0.", OUTSIDE),
    Exercise("16.diffusion_loss", diffusion_loss, (Probe(scene, loss_seen, OF_THE_LOSS, given),), (
        "Three draws: x comes from the data, t and the noise are yours. What does the network see, "
        "and what should it tell?",
        "`torch.randint` for (N,) times below T, `torch.randn_like` for the noise, `noised` for "
        "x_t. Then the mean squared error between net(x_t, t) and x.",
        "`t = torch.randint(len(alpha_bar), (len(x),), device=x.device)`; and the loss is "
        "`(net(x_t, t) - x)`, squared, and its mean."),
        "One network for all amounts of noise.", OUTSIDE),
    Exercise("16.noised", noised, (Probe(points, x_t, OF_X_T), Probe(images, x_t, ON_IMAGES)), (
        "The variances of the two parts are alpha_bar and 1 - alpha_bar. By what are numbers "
        "multiplied to get these variances?",
        "root(alpha_bar[t]) * x + root(1 - alpha_bar[t]) * noise, where alpha_bar[t] needs a shape "
        "that fits the rows of x.",
        "`abar = alpha_bar[t].view(-1, *[1] * (x.dim() - 1))` has shape (N, 1) for points and "
        "(N, 1, 1, 1) for pictures."),
        "One draw leads from x to any time: there is no need to go step by step."),
)
