"""The exercises of notebook 16 on diffusion: the noisy x_t, the loss, and two samplers.

The loss draws its own times and its own noise, so it is given a network that notes what it is
asked: from x_t and t follows which noise was added.
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
    """The mean squared error of the noise that net(x_t, t) tells -> scalar."""
    t = torch.randint(len(alpha_bar), (len(x),), device=x.device)
    noise = torch.randn_like(x)
    return (net(noised(x, t, noise, alpha_bar), t) - noise).square().mean()


def ddpm_sample(net, x, beta):
    """From pure noise x (N, ...) to samples, through all T steps of beta (T,)."""
    alpha_bar = (1 - beta).cumprod(dim=0)
    for t in reversed(range(len(beta))):
        noise = net(x, torch.full((len(x),), t, device=x.device))
        x = (x - beta[t] / (1 - alpha_bar[t]).sqrt() * noise) / (1 - beta[t]).sqrt()
        if t > 0:
            x = x + beta[t].sqrt() * torch.randn_like(x)
    return x


def ddim_sample(net, x, alpha_bar, times):
    """From pure noise x (N, ...) to samples, asking net only at the falling `times`."""
    levels = [*alpha_bar[times].tolist(), 1.0]
    for t, now, later in zip(times, levels, levels[1:], strict=False):
        noise = net(x, torch.full((len(x),), t, device=x.device))
        clean = (x - (1 - now)**0.5 * noise) / now**0.5
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
    told = 0.5 * given + 0.1
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
    error = (told - noise).square()
    seen["the loss is that of the noise"] = _close(result, error.mean())
    seen["_of_x"] = _close(result, (told - x).square().mean())
    seen["_of_x_t"] = _close(result, (told - given).square().mean())
    seen["_sum"] = _close(result, error.sum()) or _close(result, error.sum(1).mean())
    seen["_other"] = bool((result - told.square().mean() - 1).abs() < 0.15)
    seen["_l1"] = _close(result, error.sqrt().mean())
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
    Mistake("target_x", "The network's answer is compared with x. Asked is noise prediction: it "
            "tells the noise that was added.", when=clue("_of_x")),
    Mistake("target_x_t", "The network's answer is compared with the x_t that it was asked about. "
            "Which part of x_t should it tell?", when=clue("_of_x_t")),
    Mistake("sum", "Squared errors are added up. Here the mean over everything is asked, so that a "
            "network that always tells 0 costs 1.", when=clue("_sum")),
    Mistake("l1", "It takes absolute errors. The best answer to a squared error is the mean of the "
            "noise, and the sampler needs that mean.", when=clue("_l1")),
    Mistake("other_noise", "The answer is compared with noise that was drawn anew, which nobody "
            "can tell. Draw it once and use it twice.", when=clue("_other")),
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


def ancestral(*, mean=None, sd=lambda beta, abar, t: beta[t].sqrt(), last=False, fresh=True):
    """A wrong answer: DDPM's sampler, right but for what is changed."""
    def ddpm_sample(net, x, beta):
        abar, drawn = (1 - beta).cumprod(0), []
        for t in reversed(range(len(beta))):
            told = net(x, torch.full((len(x),), t))
            x = (mean or ancestral_mean)(x, told, beta, abar, t)
            if t > 0 or last:
                drawn.append(torch.randn_like(x))
                x = x + sd(beta, abar, t) * drawn[-1 if fresh else 0]
        return x
    return ddpm_sample


def ancestral_mean(x, told, beta, abar, t):
    return (x - beta[t] / (1 - abar[t]).sqrt() * told) / (1 - beta[t]).sqrt()


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
    Mistake("noise_last", "Fresh noise is added after the last step, too, and stays in the sample. "
            "At t = 0 the mean is the answer.", like=ancestral(last=True)),
    Mistake("no_noise", "No fresh noise is added, so all samples drift towards the middle. DDPM "
            "draws from a Gaussian in every step but the last.",
            like=ancestral(sd=lambda beta, abar, t: 0.0)),
    Mistake("variance_as_sd", "The fresh noise is multiplied by beta, which is its variance. Which "
            "number scales noise?", like=ancestral(sd=lambda beta, abar, t: beta[t])),
    Mistake("same_noise", "Every step adds the same noise. Each one needs noise of its own.",
            like=ancestral(fresh=False)),
    Mistake("posterior_variance", "The fresh noise has the variance of q(x_{t-1} | x_t, x), the "
            "other choice of the paper, which is right as well. Asked here is the variance beta.",
            like=ancestral(sd=lambda b, a, t: (b[t] * (1 - before(a, t)) / (1 - a[t])).sqrt())),
    Mistake("no_scale", "x is never scaled up. The forward process multiplies by the root of "
            "1 - beta in each step, and the way back divides by it.",
            like=ancestral(mean=lambda x, e, b, a, t: x - b[t] / (1 - a[t]).sqrt() * e)),
    Mistake("alpha_bar_scale", "It divides by the root of alpha_bar. One step back undoes one "
            "step, so its factor is that of beta[t] alone.",
            like=ancestral(mean=lambda x, e, b, a, t:
                           (x - b[t] / (1 - a[t]).sqrt() * e) / a[t].sqrt())),
    Mistake("whole_noise", "It takes away all the noise at once, or beta of it without the "
            "divisor. The factor in one step is beta over the root of 1 - alpha_bar.",
            like=(ancestral(mean=lambda x, e, b, a, t:
                            (x - (1 - a[t]).sqrt() * e) / (1 - b[t]).sqrt()),
                  ancestral(mean=lambda x, e, b, a, t: (x - e) / (1 - b[t]).sqrt()),
                  ancestral(mean=lambda x, e, b, a, t: (x - b[t] * e) / (1 - b[t]).sqrt()))),
    Mistake("no_root", "The factor of the noise has 1 - alpha_bar in its divisor. The network "
            "tells noise of variance 1, so the root belongs there.",
            like=ancestral(mean=lambda x, e, b, a, t:
                           (x - b[t] / (1 - a[t]) * e) / (1 - b[t]).sqrt())),
    Mistake("alpha_bar_shifted", "alpha_bar is that of the time before. In the factor of the noise "
            "stands the one of x_t, alpha_bar[t].",
            like=ancestral(mean=lambda x, e, b, a, t:
                           (x - b[t] / (1 - before(a, t) + 1e-20).sqrt() * e)
                           / (1 - b[t]).sqrt() if t else ancestral_mean(x, e, b, a, t))),
    Mistake("added", "The noise is added to x once more instead of taken away.",
            like=ancestral(mean=lambda x, e, b, a, t: ancestral_mean(x, -e, b, a, t))),
)


def implicit(*, end=lambda abar: 1.0, clean=lambda x, told, now: (x - (1 - now)**0.5 * told)
             / now**0.5, direction=lambda told, clean, x: told, share=lambda later: (
                 later**0.5, (1 - later)**0.5), skip_last=False, shifted=False):
    """A wrong answer: DDIM's sampler, right but for what is changed."""
    def ddim_sample(net, x, alpha_bar, times):
        levels = [*alpha_bar[times].tolist(), end(alpha_bar)]
        for t, now, later in list(zip(times, levels, levels[1:], strict=False)):
            told = net(x, torch.full((len(x),), t))
            if skip_last and t == times[-1]:
                return x
            if shifted:
                later = float(alpha_bar[t - 1]) if t else 1.0
            x_0 = clean(x, told, now)
            of_x, of_noise = share(later)
            x = of_x * x_0 + of_noise * direction(told, x_0, x)
        return x
    return ddim_sample


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
    Mistake("fresh_noise", "It adds fresh noise. DDIM goes on with the noise that the network has "
            "told, so its way is fixed by the first x.",
            like=implicit(direction=lambda told, clean, x: torch.randn_like(x))),
    Mistake("no_noise", "Only the clean x is kept, scaled down, and the noise that belongs to the "
            "next level is missing.", like=implicit(share=lambda later: (later**0.5, 0.0))),
    Mistake("clean_at_once", "It goes on with the clean x at full size, as if the next level were "
            "1.", like=implicit(share=lambda later: (1.0, 0.0))),
    Mistake("not_rescaled", "The clean x is not divided by the root of alpha_bar: without its "
            "noise, x_t is still a shrunk x.",
            like=implicit(clean=lambda x, told, now: x - (1 - now)**0.5 * told)),
    Mistake("whole_noise", "To get the clean x it takes away the noise at full size. In x_t it has "
            "the weight of the root of 1 - alpha_bar.",
            like=implicit(clean=lambda x, told, now: (x - told) / now**0.5)),
    Mistake("no_root", "Weights without their roots: alpha_bar and 1 - alpha_bar are variances.",
            like=(implicit(clean=lambda x, told, now: (x - (1 - now) * told) / now,
                           share=lambda later: (later, 1 - later)),
                  implicit(clean=lambda x, told, now: (x - (1 - now) * told) / now),
                  implicit(share=lambda later: (later, 1 - later)))),
    Mistake("told_is_x", "The network's answer is taken for the clean x. It tells the noise; the "
            "clean x has to be worked out from it.",
            like=implicit(clean=lambda x, told, now: told,
                          direction=lambda told, clean, x: x)),
)

OUTSIDE = frozenset({"noise", "clean", "T", "denoiser"})
EXERCISES = (
    Exercise("16.ddim_sample", ddim_sample, (Probe(ddim_scene, sample, OF_DDIM),), (
        "Two things in each step: work out the clean x from x_t and the told noise, then mix the "
        "two again at the next level.",
        "clean = (x - root(1 - abar) * noise) / root(abar), with the level of now; the new x has "
        "the weights of the next level, and after the last time that level is 1.",
        "`levels = [*alpha_bar[times].tolist(), 1.0]`, and a loop over t, the level of now and the "
        "next one."), "No fresh noise: the same x_T always gives the same sample.", OUTSIDE),
    Exercise("16.ddpm_sample", ddpm_sample, (Probe(ddpm_scene, sample, OF_DDPM),), (
        "A loop over t from T - 1 down to 0. In each step the mean first, then fresh noise.",
        "The mean is (x - beta[t] / root(1 - alpha_bar[t]) * noise) / root(1 - beta[t]). The fresh "
        "noise has variance beta[t], and at t = 0 there is none.",
        "`for t in reversed(range(len(beta))):`, `noise = net(x, torch.full((len(x),), t))`, the "
        "mean, and `if t > 0:` the noise."), "Fresh noise in every step but the last.", OUTSIDE),
    Exercise("16.diffusion_loss", diffusion_loss, (Probe(scene, loss_seen, OF_THE_LOSS, given),), (
        "Three draws: x comes from the data, t and the noise are yours. What does the network see, "
        "and what should it tell?",
        "`torch.randint` for (N,) times below T, `torch.randn_like` for the noise, `noised` for "
        "x_t. Then the mean squared error between net(x_t, t) and the noise.",
        "`t = torch.randint(len(alpha_bar), (len(x),), device=x.device)`; and the loss is "
        "`(net(x_t, t) - noise).square().mean()`."),
        "A network that always tells 0 would cost 1; everything below is learned.", OUTSIDE),
    Exercise("16.noised", noised, (Probe(points, x_t, OF_X_T), Probe(images, x_t, ON_IMAGES)), (
        "The variances of the two parts are alpha_bar and 1 - alpha_bar. By what are numbers "
        "multiplied to get these variances?",
        "root(alpha_bar[t]) * x + root(1 - alpha_bar[t]) * noise, where alpha_bar[t] needs a shape "
        "that fits the rows of x.",
        "`abar = alpha_bar[t].view(-1, *[1] * (x.dim() - 1))` has shape (N, 1) for points and "
        "(N, 1, 1, 1) for pictures."),
        "One draw leads from x to any time: there is no need to go step by step."),
)
