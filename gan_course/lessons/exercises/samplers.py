"""The exercises of notebook 16 on drawing from a diffusion model: DDPM and DDIM."""
import torch
from torch import Tensor, nn

from gan_course.lessons.exercises._checking import (
    Exercise,
    Mistake,
    Probe,
    Seen,
    number_called,
)
from gan_course.lessons.exercises.diffusion import OUTSIDE, SCHEDULE


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


# the samplers
BETA = torch.tensor([0.05, 0.2, 0.4, 0.6])


class Told(nn.Module):
    """A denoiser whose answers depend on x and on t and leave [-1, 1]; it notes the times."""

    def __init__(self):
        super().__init__()
        self.asked: list[str] = []

    def forward(self, x, t):
        right = isinstance(t, Tensor) and t.shape == (len(x),) and not t.is_floating_point()
        self.asked.append(f"{t[0].item()}" if right else "no time for each row")
        if not right:
            raise ValueError("the times have to be whole numbers of shape (N,)")
        return torch.tanh(x) * (1.2 + 0.2 * t[:, None]) - 0.2


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
              sd=lambda w, *_: w[2].sqrt(), previous=lambda abar, t: before(abar, t), fresh=True,
              of_told=lambda told: told, of_sample=lambda x: x):
    """A wrong answer: DDPM's sampler, right but for what is changed."""
    def ddpm_sample(net, x, beta):
        abar, drawn = (1 - beta).cumprod(0), []
        for t in reversed(range(len(beta))):
            told = of_told(net(x, torch.full((len(x),), t)))
            w, given = weights(beta, abar, t, previous(abar, t)), (beta, abar, t)
            drawn.append(torch.randn_like(x))
            x = (of_clean(w, *given) * told + of_x(w, *given) * x
                 + sd(w, *given) * drawn[-1 if fresh else 0])
        return of_sample(x)
    return ddpm_sample


def before(abar, t):
    return abar[t - 1] if t else torch.tensor(1.0)


def cut_off(x):
    return x.clamp(-1, 1)


CUT_OFF = ("It cuts off at -1 and 1. For pixels that does no harm, but points of the plane may lie "
           "farther out, and this sampler serves both. Leave the numbers as they are.")


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
    Mistake("wraps_around", "At t = 0 `alpha_bar[t - 1]` is `alpha_bar[-1]`, the *last* entry of "
            "the list. Before time 0 alpha_bar is 1.",
            like=ancestral(previous=lambda a, t: a[t - 1])),
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
    Mistake("cut_off", CUT_OFF, like=(ancestral(of_told=cut_off), ancestral(of_sample=cut_off),
                                      ancestral(of_told=cut_off, of_sample=cut_off))),
    Mistake("minus_noise", "The fresh noise is subtracted. Gaussian noise is symmetric, so the "
            "samples have the right distribution; but the formula has a plus, and the check "
            "compares with it number by number. Write it with a plus.",
            like=ancestral(sd=lambda w, *_: -w[2].sqrt())),
)


def told_noise(x, clean, now):
    return (x - now**0.5 * clean) / (1 - now)**0.5


def implicit(*, end=lambda abar: 1.0, noise=told_noise, share=lambda later: (
        later**0.5, (1 - later)**0.5), skip_last=False, shifted=False,
             of_told=lambda told: told, of_sample=lambda x: x):
    """A wrong answer: DDIM's sampler, right but for what is changed."""
    def ddim_sample(net, x, alpha_bar, times):
        levels = [*alpha_bar[times].tolist(), end(alpha_bar)]
        for t, now, later in zip(times, levels, levels[1:], strict=False):
            clean = of_told(net(x, torch.full((len(x),), t)))
            if skip_last and t == times[-1]:
                return x
            if shifted:
                later = float(alpha_bar[t - 1]) if t else 1.0
            of_clean, of_noise = share(later)
            x = of_clean * clean + of_noise * noise(x, clean, now)
        return of_sample(x)
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
                  implicit(noise=lambda x, clean, now: (x - now**0.5 * clean) / (1 - now)),
                  implicit(noise=lambda x, clean, now: (x - now * clean) / (1 - now)**0.5),
                  implicit(share=lambda later: (later, 1 - later)))),
    Mistake("x_as_noise", "x_t itself goes on in the place of its noise. First the clean x has to "
            "be taken away.", like=implicit(noise=lambda x, clean, now: x)),
    Mistake("told_is_noise", "It takes the network's answer for the noise, as in the DDPM paper. "
            "Here the network tells the clean x.",
            like=_of_noise),
    Mistake("cut_off", CUT_OFF, like=(implicit(of_told=cut_off), implicit(of_sample=cut_off),
                                      implicit(of_told=cut_off, of_sample=cut_off))),
)


EXERCISES = (
    Exercise("16.ddpm_sample", ddpm_sample, (Probe(ddpm_scene, sample, OF_DDPM),), (
        "A loop over t from T - 1 down to 0. In each step two weights and a variance, and all "
        "three need alpha_bar of the time before.",
        "`before` is alpha_bar with a 1 in front and its last entry missing. Then the mean is a "
        "weighted sum of the clean x and of x_t, and fresh noise comes on top.",
        "`before = torch.cat([torch.ones_like(beta[:1]), alpha_bar[:-1]])`, "
        "`for t in reversed(range(len(beta))):`, and in it the formulas of the text."),
        "Fresh noise in every step but the last, whose variance is 0.", OUTSIDE),
    Exercise("16.ddim_sample", ddim_sample, (Probe(ddim_scene, sample, OF_DDIM),), (
        "Two things in each step: work out the noise from x_t and the clean x that the network "
        "tells, then mix the two again at the next level.",
        "noise = (x - root(abar) * clean) / root(1 - abar), with the level of now; the new x has "
        "the weights of the next level, and after the last time that level is 1.",
        "`levels = [*alpha_bar[times].tolist(), 1.0]`, and a loop over t, the level of now and the "
        "next one."), "No fresh noise: the same x_T always gives the same sample.", OUTSIDE),
)
