"""The exercises of notebook deeper/17_time_series: a power spectrum, the bicoherence, and a
generator of signals.
"""
from itertools import pairwise

import torch
from torch import Tensor, nn

from gan_course.lessons.exercises._checking import Exercise, Mistake, Probe, Seen, number_called
from gan_course.lessons.exercises._faults import N
from gan_course.lessons.exercises._networks import Network


def power_spectrum(x):
    """The mean periodogram of signals (N, T): a power for each frequency 0 to T/2, (T//2 + 1,)."""
    X = torch.fft.rfft(x)                                           # (N, T//2 + 1), complex
    return X.abs().square().mean(dim=0) / x.shape[1]


def bicoherence(x, k):
    """How firmly frequency 2k of signals (N, T) follows the phase of frequency k: 0 to 1."""
    X = torch.fft.rfft(x)
    fundamental, harmonic = X[:, k].square(), X[:, 2 * k]
    size = (fundamental.abs().square().mean() * harmonic.abs().square().mean()).sqrt()
    return (fundamental * harmonic.conj()).mean().abs() / size


class SignalGenerator(nn.Module):
    """z (N, z_dim) -> signals (N, 1, T) with T = start 2^len(widths)."""

    def __init__(self, z_dim, widths, start):
        super().__init__()
        self.z_dim = z_dim
        layers = [nn.ConvTranspose1d(z_dim, widths[0], start)]
        for a, b in pairwise([*widths, widths[-1]]):
            layers += [nn.LeakyReLU(0.2), nn.ConvTranspose1d(a, b, 8, 2, 3)]
        layers += [nn.LeakyReLU(0.2), nn.Conv1d(widths[-1], 1, 9, 1, 4)]
        self.layers = nn.Sequential(*layers)

    def forward(self, z):
        return self.layers(z[:, :, None])                           # z as a signal of one sample


def three_signals() -> dict:
    """Three signals of ten samples with a mean of their own, so that no two of the numbers agree.
    """
    dice = torch.Generator().manual_seed(3)
    t = torch.arange(10.0)
    x = torch.cos(2 * torch.pi * 2 * t / 10 + 6 * torch.rand(3, 1, generator=dice))
    return {"x": x + 0.5 * torch.randn(3, 10, generator=dice) + 0.3}


def spectrum(results: list, inputs: dict) -> Seen:
    if results and isinstance(results[0], Tensor) and results[0].is_complex():
        return {"the spectrum": "a complex tensor"}
    return number_called("the spectrum", results)


def _size(seen: Seen, name: str) -> tuple:
    value = seen.get(name)
    return tuple(value.shape) if isinstance(value, Tensor) else ()


def _power(x: Tensor) -> Tensor:
    return torch.fft.rfft(x).abs().square()


OF_THE_SPECTRUM = (
    Mistake("complex", "The coefficients are complex numbers, and a power is not: take the square "
            "of their absolute values.",
            when=lambda seen: "complex" in str(seen.get("the spectrum"))),
    Mistake("one_number", "There is one number for all frequencies. Average over the signals, "
            "`dim=0`, and leave the frequencies apart.",
            when=lambda seen: "the spectrum" in seen and _size(seen, "the spectrum") == ()),
    Mistake("not_averaged", "There is a periodogram for each signal. Asked is their mean, one "
            "power for each frequency.", when=lambda seen: len(_size(seen, "the spectrum")) == 2),
    Mistake("over_frequencies", "It averages over the frequencies, and has a number for each "
            "signal. The mean is over the signals, `dim=0`.",
            when=lambda seen: _size(seen, "the spectrum") == (3,)),
    Mistake("two_sided", "It has ten frequencies, and the upper ones repeat the lower ones: for a "
            "real signal the coefficients at k and T - k are conjugate. `torch.fft.rfft` leaves "
            "them out.", when=lambda seen: _size(seen, "the spectrum") == (10,)),
    Mistake("mean_first", "It averages the signals, or their coefficients, before squaring. "
            "Signals with random phases cancel out then, and next to no power is left. Square "
            "first.", like=(lambda x: _power(x.mean(dim=0)) / 10, lambda x: _power(x.mean(dim=0)))),
    Mistake("not_squared", "It averages the absolute values. A power is their square.",
            like=(lambda x: torch.fft.rfft(x).abs().mean(dim=0),
                  lambda x: torch.fft.rfft(x).abs().mean(dim=0) / 10)),
    Mistake("not_divided", "It does not divide by T. Then a longer piece of the same signal would "
            "seem to have more power.", like=lambda x: _power(x).mean(dim=0)),
    Mistake("divided_twice", "It divides by the square of T. In the formula the square is over the "
            "coefficient, and not over T.", like=lambda x: _power(x).mean(dim=0) / 100),
    Mistake("divided_by_n", "It divides by the number of signals once more. The mean has done that "
            "already; what is left is to divide by T.",
            like=(lambda x: _power(x).mean(dim=0) / 3, lambda x: _power(x).mean(dim=0) / 30)),
    Mistake("in_decibels", "It takes a logarithm. Asked is the power itself.",
            like=(lambda x: (_power(x).mean(dim=0) / 10).log10() * 10,
                  lambda x: (_power(x).mean(dim=0) / 10).log())),
    Mistake("centred", "It takes the mean off each signal first. The power at frequency 0 is part "
            "of the spectrum.",
            like=lambda x: _power(x - x.mean(dim=1, keepdim=True)).mean(dim=0) / 10),
)


def coupled_signals() -> dict:
    """Eight signals of 20 samples in which a harmonic follows a fundamental, not quite."""
    dice = torch.Generator().manual_seed(5)
    t, phase = torch.arange(20.0), 6.3 * torch.rand(8, 1, generator=dice)
    size = 0.5 + torch.rand(8, 1, generator=dice)
    angle = 2 * torch.pi * 3 * t / 20 + phase
    x = size * (torch.cos(angle) + 0.5 * torch.cos(2 * angle + 0.8))
    return {"x": x + 0.4 * torch.randn(8, 20, generator=dice), "k": 3}


def coupling(results: list, inputs: dict) -> Seen:
    if results and isinstance(results[0], Tensor) and results[0].is_complex():
        return {"the bicoherence": "a complex tensor"}
    return number_called("the bicoherence", results)


def of_the_product(number):
    """A wrong bicoherence from the coefficients F at k and H at 2k, (N,) each."""
    return lambda x, k: number(*torch.fft.rfft(x)[:, [k, 2 * k]].T)


def _squares(*each: Tensor) -> Tensor:
    """The root of the product of the mean squares of the absolute values."""
    return torch.stack([value.abs().square().mean() for value in each]).prod().sqrt()


OF_THE_COUPLING = (
    Mistake("complex", "The mean of the products is a complex number, and its angle says *which* "
            "phase relation there is. Asked is how firm it is: take the absolute value.",
            when=lambda seen: "complex" in str(seen.get("the bicoherence"))),
    Mistake("one_each", "It has a number for each signal. A single signal always has some phase; "
            "only the mean over many shows whether it is always the same.",
            when=lambda seen: _size(seen, "the bicoherence") != ()),
    Mistake("absolute_first", "It takes the absolute values before the mean. Products with random "
            "angles should cancel out, and absolute values cannot.",
            like=of_the_product(lambda F, H: (F**2 * H).abs().mean() / _squares(F**2, H))),
    Mistake("not_conjugated", "The harmonic is not conjugated. Then the angles add up to four "
            "times the phase instead of cancelling, and the mean is small whatever the signals.",
            like=of_the_product(lambda F, H: (F**2 * H).mean().abs() / _squares(F**2, H))),
    Mistake("not_squared", "The coefficient at k is not squared. The harmonic turns twice as fast "
            "as the fundamental, so their difference is not a fixed angle.",
            like=of_the_product(lambda F, H: (F * H.conj()).mean().abs() / _squares(F, H))),
    Mistake("not_normalised", "The numerator alone depends on how loud the signals are. Divide, so "
            "that the result lies between 0 and 1.",
            like=of_the_product(lambda F, H: (F**2 * H.conj()).mean().abs())),
    Mistake("other_size", "The denominator has the mean of $|X_k|^2$, squared. In the formula it "
            "is the mean of $|X_k|^4$, so that the result cannot exceed 1.",
            like=of_the_product(lambda F, H: (F**2 * H.conj()).mean().abs()
                                / (F.abs().square().mean() * _squares(H)))),
    Mistake("size_of_the_mean", "The denominator is a mean of absolute values. In the formula it "
            "is the root of two mean *squares*.",
            like=(of_the_product(lambda F, H: (F**2 * H.conj()).mean().abs()
                                 / (F**2 * H).abs().mean()),
                  of_the_product(lambda F, H: (F**2 * H.conj()).mean().abs()
                                 / ((F**2).abs().mean() * H.abs().mean())))),
    Mistake("no_root", "The root in the denominator is missing.",
            like=of_the_product(lambda F, H: (F**2 * H.conj()).mean().abs()
                                / _squares(F**2, H)**2)),
    Mistake("squared", "It gives the square of the bicoherence. Some books define it so; here it "
            "is without the square.",
            like=of_the_product(lambda F, H: ((F**2 * H.conj()).mean().abs()
                                              / _squares(F**2, H))**2)),
    Mistake("angles_only", "It averages angles, so that a weak signal counts as much as a strong "
            "one. In the formula each signal has the weight of its own product.",
            like=of_the_product(lambda F, H: (F**2 * H.conj()).sgn().mean().abs())),
    Mistake("next_frequency", "The harmonic is the coefficient at 2k. Has it taken another one?",
            like=(lambda x, k: _pair(x, k, k + 1), lambda x, k: _pair(x, k, k + 2),
                  lambda x, k: _pair(x, k, 2 * k + 1), lambda x, k: _pair(x, k, 2 * k - 1))),
)


def _pair(x: Tensor, k: int, other: int) -> Tensor:
    F, H = torch.fft.rfft(x)[:, [k, other]].T
    return (F**2 * H.conj()).mean().abs() / _squares(F**2, H)


class _NotReshaped(SignalGenerator):
    def forward(self, z):
        return self.layers(z)


def z(z_dim, **others):
    """N latent vectors."""
    return (torch.randn(N, z_dim),)


EXERCISES = (
    Exercise("17.power_spectrum", power_spectrum,
             (Probe(three_signals, spectrum, OF_THE_SPECTRUM),), (
                 "One coefficient for each signal and each frequency; its power; then the mean "
                 "over the signals.",
                 "`torch.fft.rfft(x)` transforms each row, and has complex numbers of the shape "
                 "(N, T//2 + 1).",
                 "`X.abs().square().mean(dim=0) / x.shape[1]`"),
             "A power for each frequency, whatever the phases.",
             frozenset({"train", "test", "T"})),
    Exercise("17.bicoherence", bicoherence,
             (Probe(coupled_signals, coupling, OF_THE_COUPLING),), (
                 "One product for each signal. Its angle is twice the phase of the fundamental, "
                 "minus the phase of the harmonic. Average the products.",
                 "`X[:, k].square() * X[:, 2 * k].conj()` has the products, one for each signal. "
                 "`.mean().abs()` is small if their angles differ.",
                 "Divide by `(F.abs().square().mean() * H.abs().square().mean()).sqrt()`, where F "
                 "is `X[:, k].square()` and H is `X[:, 2 * k]`."),
             "A number that the spectrum does not contain.",
             frozenset({"train", "test", "T", "K"})),
    Network("17.SignalGenerator", SignalGenerator,
            ({"z_dim": 5, "widths": (4, 3), "start": 3},
             {"z_dim": 7, "widths": (6, 5, 4), "start": 2}),
            z, "generator",
            ("It is the generator of DCGAN with one dimension instead of two, without BatchNorm, "
             "and without a tanh at its end.",
             "`nn.ConvTranspose1d(z_dim, widths[0], start)` makes the first short signal, and each "
             "doubling is LeakyReLU(0.2) and `nn.ConvTranspose1d(a, b, 8, 2, 3)`. There are as "
             "many doublings as widths, and the last one keeps the number of channels.",
             "`for a, b in pairwise([*widths, widths[-1]])` has the channels of all doublings. "
             "Behind them stand `nn.LeakyReLU(0.2)` and `nn.Conv1d(widths[-1], 1, 9, 1, 4)`; "
             "`forward` gives the layers `z[:, :, None]`."),
            keeps=("z_dim",),
            looks_like=(Mistake("z_not_reshaped", "The first layer was given z as it is, (N, "
                                "z_dim), and takes it for one signal with N channels. It wants "
                                "(N, channels, length): `z[:, :, None]` is z as N signals of one "
                                "sample.", like=_NotReshaped),),
            well_done="A DCGAN in one dimension: it doubles the length as often as `widths` says."),
)
