"""An exercise of notebook 16: samples of a VAE, without and with the noise of p(x|z)."""
import torch
from torch import Tensor, nn

from gan_course.lessons.exercises import _sandbox
from gan_course.lessons.exercises._checking import Exercise, Mistake, Probe, Seen


def vae_sample(vae, n):
    """For n codes of the prior the decoder's means, and a draw of p(x|z) each: two of (n, ...)."""
    means = vae.G(torch.randn(n, vae.G.z_dim))
    return means, means + vae.log_sigma.exp() * torch.randn_like(means)


N, Z_DIM, LOG_SIGMA = 2000, 3, -1.2


class Decoder(nn.Module):
    """z (N, 3) -> pictures (N, 1, 2, 4), which leave [-1, 1]; it notes what it was asked."""

    def __init__(self):
        super().__init__()
        self.z_dim, self.layer, self.asked = Z_DIM, nn.Linear(Z_DIM, 8), []

    def forward(self, z: Tensor) -> Tensor:
        self.asked.append(z.detach().clone())
        return self.decode(z)

    def decode(self, z: Tensor) -> Tensor:
        return 2 * torch.tanh(self.layer(z)).view(-1, 1, 2, 4)


class Model(nn.Module):
    """The decoder and sigma of a VAE. Its encoder is left out: sampling needs none."""

    def __init__(self):
        super().__init__()
        self.G, self.log_sigma = Decoder(), nn.Parameter(torch.tensor([LOG_SIGMA]))


def scene() -> dict:
    """A VAE without its encoder, and how many samples are wanted."""
    _sandbox.seed(6)
    return {"vae": Model(), "n": N}


def _is_normal(name: str, numbers: Tensor, sd: float = 1.0) -> Seen:
    """Mean, spread and tails of what should be a draw of N(0, sd^2)."""
    return {f"{name} lies around 0": bool(numbers.mean().abs() < 0.06 * sd),
            f"{name} has the right spread": bool((numbers.std() / sd - 1).abs() < 0.05),
            f"{name} is Gaussian": bool(numbers.abs().max() > 2.8 * numbers.std())}


def drawn(results: list, inputs: dict) -> Seen:
    """What the decoder was asked, and what the two answers are made of."""
    asked, result = inputs["vae"].G.asked, results[0] if results else None
    if not results:
        return {}
    pair = (isinstance(result, tuple | list) and len(result) == 2
            and all(isinstance(each, Tensor) for each in result))
    if not pair:
        return {"what comes back": "not two tensors"}
    if len(asked) != 1:
        return {"how often the decoder is asked": f"{len(asked)}"}
    z, (means, draws) = asked[0], (each.detach() for each in result)
    if z.shape != (N, Z_DIM) or draws.shape != (N, 1, 2, 4):
        return {"the shapes": "not a code for each sample, or not a sample for each code"}
    with torch.no_grad():
        decoded = inputs["vae"].G.decode(z)
    noise, sigma = draws - decoded, inputs["vae"].log_sigma.exp().item()
    return {"the first answer is what the decoder says": torch.allclose(means, decoded, atol=1e-5),
            **_is_normal("z", z), "each number of z is drawn by itself": bool(
                len(z.unique(dim=0)) == N and (z.std(dim=1) > 1e-3).all()),
            **_is_normal("the noise", noise, sigma),
            "each number has noise of its own": bool((noise.flatten(1).std(dim=1) > 0).all()
                                                     and (noise.std(dim=0) > 0.1 * sigma).all()),
            "_cut": bool(means.abs().max() <= 1 or draws.abs().max() <= 1),
            "_z": z.std().item(), "_noise": noise.std().item(), "_sigma": sigma,
            "_swapped": torch.allclose(draws, decoded, atol=1e-5)
            and not torch.allclose(means, decoded, atol=1e-5)}


def false(words: str):
    """Whether something that should be so was found not to be so."""
    return lambda seen: seen.get(words) is False


def noise_of(spread):
    """Whether the noise has the spread that follows from sigma in this way, and not sigma."""
    return lambda seen: ("_noise" in seen and abs(seen["_noise"] / spread(seen["_sigma"]) - 1)
                         < 0.05)


OF_THE_SAMPLES = (
    Mistake("encoder", "It asks the encoder. That is for a picture that is there already; a sample "
            "begins with a code of the prior.",
            when=lambda seen: "attribute 'E'" in seen.get("the error", "")),
    Mistake("one_answer", "Asked are two tensors: what the decoder says, and the same with the "
            "noise of p(x|z) on top.", when=lambda seen: "what comes back" in seen),
    Mistake("two_codes", "The decoder is asked more than once, about other codes. The second "
            "answer belongs to the same z as the first one.",
            when=lambda seen: "how often the decoder is asked" in seen),
    Mistake("shape", "The decoder wants n codes as rows, each as long as its `z_dim`; and the "
            "noise has the shape of a sample.", when=lambda seen: "the shapes" in seen),
    Mistake("swapped", "The two answers are exchanged: the one without noise comes first.",
            when=lambda seen: seen.get("_swapped") is True),
    Mistake("no_code", "All codes are 0, so all samples are the same one. The prior N(0, I) is "
            "where the variety comes from.", when=lambda seen: seen.get("_z") == 0),
    Mistake("shared_code", "Numbers of the codes are shared, between samples or within one. Draw "
            "n rows, and in each of them `z_dim` numbers.",
            when=false("each number of z is drawn by itself")),
    Mistake("uniform_code", "The codes come from the uniform distribution. The KL term has pulled "
            "them towards N(0, I), so draw from there.",
            when=lambda seen: false("z lies around 0")(seen) or false("z is Gaussian")(seen)),
    Mistake("code_spread", "The codes have another spread than the prior, N(0, I). Sigma belongs "
            "to x and not to z.", when=false("z has the right spread")),
    Mistake("cut_off", "It cuts off at -1 and 1. For pixels that does no harm, but points of the "
            "plane may lie farther out, and this function serves both.",
            when=lambda seen: seen.get("_cut") is True),
    Mistake("no_noise", "The second answer is the mean again. A draw of p(x|z) = N(G(z), sigma^2) "
            "has noise on every number.", when=lambda seen: seen.get("_noise") == 0),
    Mistake("one_shift", "All numbers are shifted by the same amount. The noise of p(x|z) is sigma "
            "times an ε of its own for each number, drawn from N(0, 1).",
            when=lambda seen: "_noise" in seen and seen["_noise"] < 1e-3 * seen["_sigma"]),
    Mistake("same_noise", "Several numbers share one draw of the noise. Each number of each sample "
            "has noise of its own.", when=false("each number has noise of its own")),
    Mistake("uniform_noise", "The noise is not Gaussian: p(x|z) is a normal distribution around "
            "the decoder's answer.",
            when=lambda seen: false("the noise lies around 0")(seen)
            or false("the noise is Gaussian")(seen)),
    Mistake("unit_noise", "The noise has standard deviation 1. It should be that of p(x|z), sigma.",
            when=noise_of(lambda sigma: 1.0)),
    Mistake("log_sigma", "The noise is multiplied by the logarithm of sigma. Take the exponential "
            "first.", when=noise_of(lambda sigma: -LOG_SIGMA)),
    Mistake("variance", "The noise is multiplied by the variance. Noise is scaled by the standard "
            "deviation, and `log_sigma` is its logarithm.", when=noise_of(lambda sigma: sigma**2)),
    Mistake("root", "The noise is too strong: half of `log_sigma` would be right for the logarithm "
            "of a variance. This one is already that of a standard deviation.",
            when=noise_of(lambda sigma: sigma**0.5)),
)


EXERCISES = (
    Exercise("16.vae_sample", vae_sample, (Probe(scene, drawn, OF_THE_SAMPLES),), (
        "No picture is needed, and so no encoder. Where does a code come from when there is none?",
        "n rows of N(0, I), each as long as `vae.G.z_dim`, go through the decoder. The draw is the "
        "decoder's answer plus sigma times Gaussian noise of the same shape.",
        "`means = vae.G(torch.randn(n, vae.G.z_dim))`; and the noise is `vae.log_sigma.exp()` "
        "times `torch.randn_like(means)`."),
        "What a VAE is usually shown by is the first of the two.",
        frozenset({"latent_dim", "decoded", "log_sigma", "z"})),
)
