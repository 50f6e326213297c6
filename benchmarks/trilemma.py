"""GAN, VAE and diffusion over several seeds: the comparison of notebook 16, repeated.

    python benchmarks/trilemma.py                  seeds 0 to 4 on pictures and in the plane
    python benchmarks/trilemma.py --longer 8 0 1   pictures, eight times the iterations, two seeds

The models, the losses and the numbers of iterations are those of the notebook's laptop profile. A
run is one line of data/tables/16_trilemma.json, written as soon as it has ended; what is there
already is left out. The seconds are CPU seconds of one thread. A training has failed if its samples
are no nearer to real data than the floor is, or, on pictures, no more readable.
"""
import argparse
import json
import math
import time
from collections.abc import Callable
from itertools import islice

import torch
from torch import Tensor, nn
from torch.optim.lr_scheduler import LambdaLR
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from gan_course import bounds, data, files, metrics, nets
from gan_course.data import Batches
from gan_course.data.toy import Mixture
from gan_course.games.dcgan import DCGAN
from gan_course.games.r3gan import R3GAN
from gan_course.games.vae import VAE, Encoder
from gan_course.lessons.exercises.denoiser import Denoiser
from gan_course.lessons.exercises.diffusion import diffusion_loss, noised
from gan_course.lessons.exercises.samplers import ddim_sample
from gan_course.lessons.exercises.training_step import training_step
from gan_course.lessons.exercises.vae_sampling import vae_sample
from gan_course.lessons.exercises.variational import negative_elbo, reparameterise
from gan_course.lessons.image_scores import ImageScores
from gan_course.lessons.plane_scores import PlaneScores
from gan_course.paths import DATA
from gan_course.profile import seed_everything
from gan_course.training import play

TABLE = DATA / "tables" / "16_trilemma.json"
FAMILIES = ("GAN", "VAE", "diffusion")
BATCH = {"GAN": 16, "VAE": 64, "diffusion": 128}                    # on pictures
ITERATIONS = {"pictures": {"GAN": 900, "VAE": 900, "diffusion": 3500},
              "plane": {"GAN": 1200, "VAE": 2500, "diffusion": 2500}}
STEPS = {"pictures": 25, "plane": 100}                              # of DDIM
T = 100
BETA = torch.linspace(1e-4, 0.2, T)
ALPHA_BAR = (1 - BETA).cumprod(dim=0)


def fit(net: nn.Module, loss: Callable, stream: Batches, iterations: int, lr: float) -> nn.Module:
    """Adam, whose rate falls to 0 in the second half. Gives the averaged weights."""
    optimizer = torch.optim.Adam(net.parameters(), lr=lr, fused=True)
    fall = LambdaLR(optimizer, lambda t: min(1, 2 - 2 * t / iterations))
    ema = AveragedModel(net, multi_avg_fn=get_ema_multi_avg_fn(0.99))
    for x, _ in islice(stream, iterations):
        training_step(net, loss, optimizer, x)
        fall.step()
        ema.update_parameters(net)
    return ema.module.eval()


def vae_loss(vae: VAE, x: Tensor) -> Tensor:
    """The negative ELBO of a mini-batch."""
    mean, log_var = vae.E(x)
    return negative_elbo(x, vae.G(reparameterise(mean, log_var)), vae.log_sigma, mean, log_var)


class WithShortcut(nn.Module):
    """The notebook's denoiser for points."""

    def __init__(self):
        super().__init__()
        self.net = Denoiser((2,), 108, T)
        self.register_buffer("alpha_bar", ALPHA_BAR)

    def forward(self, x: Tensor, t: Tensor) -> Tensor:
        abar = self.alpha_bar[t][:, None]
        return abar.sqrt() * x + (1 - abar).sqrt() * self.net(x, t)


def noise_loss(net: WithShortcut, x: Tensor) -> Tensor:
    """DDPM's own loss, the mean squared error of the noise."""
    t, noise = torch.randint(T, (len(x),)), torch.randn_like(x)
    x_t, abar = noised(x, t, noise, net.alpha_bar), net.alpha_bar[t][:, None]
    told = (x_t - abar.sqrt() * net(x_t, t)) / (1 - abar).sqrt()
    return (told - noise).square().mean()


def build(place: str, family: str) -> nn.Module:
    """An untrained model: a game of GAN or VAE, or a denoiser."""
    if place == "plane":
        G = nets.MLPGenerator(2, (2,), 128)
        if family == "GAN":
            return R3GAN(G, nets.MLPDiscriminator((2,), 128), r1=0.3, r2=0.3, betas=(0.5, 0.99))
        return VAE(Encoder(nets.MLPGenerator(2, (4,), 128)), G) if family == "VAE" else (
            WithShortcut())
    if family == "GAN":
        return DCGAN(nets.ConvGenerator(64, 1, 16, 28), nets.ConvDiscriminator(1, 16, 28),
                     lr=(1e-3, 1e-3), ema=0.99)
    if family == "VAE":
        body = nets.ConvDiscriminator(1, 16, 28).body
        E = Encoder(nn.Sequential(body, nn.Flatten(), nn.Linear(32 * 7 * 7, 2 * 16)))
        return VAE(E, nets.ConvGenerator(16, 1, 16, 28))
    return Denoiser((1, 28, 28), 64, T)


def parameters(model: nn.Module, family: str) -> int:
    """How many parameters are trained: those of both players of a GAN, and not the average's."""
    trained = (model.G, model.D) if family == "GAN" else (model,)
    return sum(nets.count_parameters(net) for net in trained)


def train(place: str, family: str, model: nn.Module, stream: Batches, n: int, seed: int):
    """The trained model as it is asked afterwards: a generator, a VAE or a denoiser."""
    if family == "GAN":
        for _ in play(model, stream, n, seed=seed, progress=False):
            pass
        return model.G_ema.eval()
    if family == "VAE":
        return fit(model, vae_loss, stream, n, lr=2e-3)
    loss = noise_loss if place == "plane" else lambda net, x: diffusion_loss(net, x, ALPHA_BAR)
    return fit(model, loss, stream, n, lr=4e-3)


@torch.no_grad()
def draw(place: str, family: str, model: nn.Module, n: int) -> Tensor:
    """Samples: of a VAE the decoder's means on pictures, and draws of p(x|z) in the plane."""
    if family == "GAN":
        return nets.generate(model, torch.randn(n, model.z_dim))
    if family == "VAE":
        means, draws = vae_sample(model, n)
        return draws if place == "plane" else means
    times = torch.linspace(T - 1, 0, STEPS[place]).round().long().tolist()
    if place == "plane":
        return ddim_sample(model, torch.randn(n, 2), ALPHA_BAR, times)
    return ddim_sample(model, torch.randn(n, 1, 28, 28), ALPHA_BAR, times).clamp(-1, 1)


class Pictures:
    """The digits, and the notebook's scores of 1,000 samples."""

    n = 1000

    def __init__(self):
        self.train = data.load_images("glyphs")
        self.score = ImageScores("glyphs", self.train, data.load_images("glyphs", "test"), self.n)
        self.features = self.score.judge.features(self.score.known)
        self.real, self.few = self.score.held_out, self.score.held_out[:100]
        order = torch.rand(self.real.shape, generator=torch.Generator().manual_seed(0)).argsort(0)
        self.floor = self.real.gather(0, order)         # each pixel from another picture

    def stream(self, family: str, seed: int) -> Batches:
        return data.batches(self.train, BATCH[family], seed=seed, device="cpu")

    def __call__(self, x: Tensor) -> dict[str, float]:
        coverage = metrics.precision_recall(self.features, self.score.judge.features(x)).coverage
        found = self.score(x)
        sliced = metrics.sliced_wasserstein(self.score.known.flatten(1), x.flatten(1))
        return {"distance": found.distance, "agreement": found.agreement, "coverage": coverage,
                "sliced": sliced}


class Plane:
    """The wide ring, whose density is known, and the notebook's scores of 2,000 points."""

    n = 2000

    def __init__(self):
        self.density = Mixture("wide ring", data.load("ring").centres, 0.1)
        self.score = PlaneScores(self.density, self.n)
        self.real = self.few = self.score.held_out
        self.truth = self.density.log_prob(self.real).mean().item()

    def stream(self, family: str, seed: int) -> Batches:
        return data.batches(self.density, 256, seed=seed, device="cpu")

    def __call__(self, x: Tensor) -> dict[str, float]:
        return self.score(x)._asdict()


def likelihood(family: str, model: nn.Module, x: Tensor) -> dict[str, float]:
    """The mean bounds of log p(x) that the family has, in nats."""
    if family == "GAN":
        return {}
    if family == "diffusion":
        return {"elbo": bounds.diffusion_elbo(model, ALPHA_BAR, x).mean().item()}
    given = (model.E, model.G, model.log_sigma, x)
    return {"elbo": bounds.elbo(*given).mean().item(),
            "importance_weighted": bounds.importance_weighted(*given).mean().item()}


def run(place: str, family: str, seed: int, longer: int, measure: Pictures | Plane) -> dict:
    """One training and all that is measured of it."""
    torch.set_num_threads(1)
    seed_everything(seed)
    model = build(place, family)
    row = {"data": place, "family": family, "seed": seed, "longer": longer,
           "parameters": parameters(model, family)}
    begun = time.process_time()
    n = longer * ITERATIONS[place][family]
    model = train(place, family, model, measure.stream(family, seed), n, seed)
    trained = time.process_time()
    x = draw(place, family, model, measure.n)
    drawn = time.process_time()
    row |= {"seconds": trained - begun, "per_thousand": (drawn - trained) * 1000 / measure.n}
    return row | measure(x) | likelihood(family, model, measure.few)


def limits(place: str, measure: Pictures | Plane) -> list[dict]:
    """The floor and the ceiling: no training, and real data that were held out."""
    if place == "plane":
        floor, truth = measure.score.spread()._asdict(), {"elbo": measure.truth}
    else:
        floor, truth = measure(measure.floor), {}
    return [{"data": place, "family": name, "seed": 0, "longer": 1} | found
            for name, found in (("floor", floor), ("real", measure(measure.real) | truth))]


def failed(row: dict, floor: dict) -> bool:
    """Whether a training is no better than the floor."""
    return not (math.isfinite(row["distance"]) and row["distance"] < floor["distance"]
                and row.get("agreement", 1) > floor.get("agreement", 0))


def write(rows: list[dict]) -> None:
    """The table, one line for each row, with four digits."""
    rounded = [{name: float(f"{value:.4g}") if isinstance(value, float) else value
                for name, value in row.items()} for row in rows]
    files.write(TABLE, "[\n" + ",\n".join(json.dumps(row) for row in rounded) + "\n]\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("seeds", nargs="*", type=int, default=[0, 1, 2, 3, 4])
    parser.add_argument("--longer", type=int, default=1, help="times the iterations, on pictures")
    asked = parser.parse_args()
    rows = json.loads(TABLE.read_text(encoding="utf-8")) if TABLE.exists() else []
    for place in ("pictures", "plane") if asked.longer == 1 else ("pictures",):
        measure = Pictures() if place == "pictures" else Plane()
        if not any(row["data"] == place for row in rows):
            rows += limits(place, measure)
        floor = next(row for row in rows if (row["data"], row["family"]) == (place, "floor"))
        for seed in asked.seeds:
            for family in FAMILIES:
                key = {"data": place, "family": family, "seed": seed, "longer": asked.longer}
                if not any(key.items() <= row.items() for row in rows):
                    row = run(place, family, seed, asked.longer, measure)
                    rows.append(row | {"failed": failed(row, floor)})
                    write(rows)
                    print(json.dumps(rows[-1]), flush=True)


if __name__ == "__main__":
    main()
