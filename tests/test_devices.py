"""Everything that a game computes lies on one device, tried without a GPU.

Fake tensors say that they lie on a GPU, have no numbers, and refuse to be mixed with tensors of the
CPU. Gradients through them would need a driver, so zeros of the right device stand in for them.
"""
import inspect

import pytest
import torch
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode

from gan_course import games, losses, metrics, nets
from gan_course.data import Batch
from gan_course.games.gan import GAN
from gan_course.style_networks import EqualisedConv, EqualisedLinear
from gan_course.training import guards

EVERY_GAME = pytest.mark.parametrize("name", games.names())
GPU = torch.device("cuda", 0)


@pytest.fixture(autouse=True)
def from_the_cpu(monkeypatch):
    """What is moved to a GPU here, or stays, begins on the CPU, also where there is a GPU."""
    monkeypatch.setenv("GAN_COURSE_DEVICE", "cpu")


def on_gpu_of(mode, tensor):
    fake = mode.from_tensor(tensor.detach())
    with mode:
        return fake.to(GPU)


def moved(module, mode):
    """The module with fake parameters and buffers on the GPU."""
    for each in module.modules():
        for name, value in each._parameters.items():
            if value is not None:
                each._parameters[name] = nn.Parameter(on_gpu_of(mode, value),
                                                      requires_grad=value.requires_grad)
        for name, value in each._buffers.items():
            if value is not None:
                each._buffers[name] = on_gpu_of(mode, value)
    return module


@pytest.fixture
def on_gpu(monkeypatch):
    """`on_gpu(name)`: the demo of a game and one of its batches, on a GPU that is not there."""
    monkeypatch.setattr(torch.autograd, "grad", lambda outputs, inputs, **_: tuple(
        torch.zeros_like(each) for each in ([inputs] if torch.is_tensor(inputs) else inputs)))
    mode = FakeTensorMode()

    def started(name):
        game, stream = games.load(name).demo()
        batch = Batch(*(on_gpu_of(mode, each) for each in next(stream)))
        moved(game, mode)
        mode.__enter__()
        return game, batch

    yield started
    mode.__exit__(None, None, None)


@EVERY_GAME
def test_every_loss_stays_on_the_device_of_the_game(name, on_gpu):
    game, batch = on_gpu(name)
    for player in game.players():
        for term, value in player.loss(batch).items():
            assert value.device == GPU and value.dim() == 0, term


@EVERY_GAME
def test_samples_come_back_on_the_cpu(name, on_gpu):
    game, batch = on_gpu(name)
    asked = list(inspect.signature(game.sample).parameters)[1:]
    for condition in (batch, Batch(*(each.cpu() for each in batch))):
        given = {key: value for key, value in condition._asdict().items() if key in asked}
        assert game.sample(len(batch.x), **given).device == torch.device("cpu")
    if "y" in asked:
        assert game.sample(3, 7).device == game.sample(3).device == torch.device("cpu")


@EVERY_GAME
def test_what_surrounds_a_round_stays_on_the_device(name, on_gpu):
    game, batch = on_gpu(name)
    with torch.no_grad():
        game.after_round()
        for player in game.players():
            player.after_move()
    if hasattr(game, "inputs"):
        inputs = game.inputs(13)
        assert all(each.device == GPU for each in inputs)
        assert nets.generate(game.G, *inputs).device == torch.device("cpu")
    if hasattr(game, "scores"):
        told = {"y": batch.y} if "y" in inspect.signature(game.scores).parameters else {}
        assert game.opinion(game.scores(batch.x, **told)).device == GPU
    if name == "infogan":
        assert {each.device.type for each in game.read(batch.x.cpu())} == {"cpu"}
    if name == "cyclegan":
        assert game.back(batch.y).device == torch.device("cpu")


def test_a_mixture_of_devices_is_noticed(on_gpu, monkeypatch):
    """The tests above can fail: noise that is drawn on the CPU is refused."""
    monkeypatch.setattr(GAN, "noise", lambda self, n: torch.randn(n, self.G.z_dim))
    game, batch = on_gpu("gan")
    with pytest.raises(RuntimeError, match="(?s)device.*cuda.*cpu|cpu.*cuda"):
        game.generator_terms(batch)


# bfloat16

@EVERY_GAME
def test_losses_are_float32_under_autocast(name):
    game, stream = games.load(name).demo()
    batch = next(stream)
    seen = []
    for layer in game.modules():
        if isinstance(layer, nn.Linear | nn.Conv2d | EqualisedLinear | EqualisedConv):
            layer.register_forward_hook(lambda *_, out=None: seen.append(_[2].dtype))
    for player in game.players():
        with torch.autocast("cpu", torch.bfloat16):
            terms = player.loss(batch)
        assert {key: value.dtype for key, value in terms.items()} == dict.fromkeys(
            terms, torch.float32)
    assert torch.bfloat16 in seen, "the networks did compute in bfloat16"


@pytest.mark.parametrize("loss", [
    losses.log_loss_real, losses.log_loss_fake, losses.wasserstein_loss_real,
    losses.wasserstein_loss_fake, losses.least_squares_loss_real, losses.least_squares_loss_fake,
    losses.hinge_loss_real, losses.hinge_loss_fake])
def test_the_halves_are_averaged_in_float32(loss):
    logits = torch.full((4097,), 1 + 2**-7, dtype=torch.bfloat16)
    assert loss(logits).item() == pytest.approx(loss(logits.double()).item(), abs=1e-6)


# random numbers

class Generators:
    """A module like torch.cuda, with one generator for each of two devices."""

    def __init__(self):
        self.each = {index: torch.Generator().manual_seed(index) for index in (0, 1)}

    def get_rng_state(self, device):
        return self.each[device.index].get_state()

    def set_rng_state(self, state, device):
        self.each[device.index].set_state(state)


def test_a_random_stream_swaps_the_generator_of_its_own_device(monkeypatch):
    gpus, make = Generators(), torch.Generator
    monkeypatch.setattr(torch, "get_device_module", lambda device: gpus)
    monkeypatch.setattr(torch, "Generator", lambda device="cpu": make())
    monkeypatch.setattr(torch, "manual_seed", lambda seed: pytest.fail("it seeds every device"))
    before = {index: each.get_state() for index, each in gpus.each.items()}
    draw = lambda index: torch.rand(3, generator=gpus.each[index]).tolist()  # noqa: E731

    stream, other = (guards.RandomStream(seed, torch.device("cuda", 1)) for seed in (5, 6))
    with stream:
        first = draw(1)
    with other:
        assert draw(1) != first
    with stream:
        second = draw(1)
    assert all(torch.equal(each.get_state(), before[index]) for index, each in gpus.each.items())
    alone = make().manual_seed(5)
    assert first + second == torch.cat([torch.rand(3, generator=alone) for _ in "ab"]).tolist()


def test_apples_gpu_has_one_generator_and_takes_no_device(monkeypatch):
    generator, make = torch.Generator().manual_seed(3), torch.Generator
    before = generator.get_state()

    class Apple:
        get_rng_state = staticmethod(lambda: generator.get_state())
        set_rng_state = staticmethod(lambda state: generator.set_state(state))

    monkeypatch.setattr(torch, "get_device_module", lambda device: Apple)
    monkeypatch.setattr(torch, "Generator", lambda device="cpu": make())
    with guards.RandomStream(0, torch.device("mps")):
        torch.rand(3, generator=generator)
    assert torch.equal(generator.get_state(), before)


# measures, where there is no float64

@pytest.fixture
def no_float64(monkeypatch):
    """Tensors that refuse float64 as Apple's GPU does, with its words."""
    def refuse(self, *_, **__):
        raise TypeError("Cannot convert a MPS Tensor to float64 dtype as the MPS framework doesn't "
                        "support float64. Please use float32 instead.")
    monkeypatch.setattr(torch.Tensor, "double", refuse)


def test_measures_and_paths_do_without_float64_on_the_device(no_float64):
    from gan_course import latent, likeness
    a, b = torch.rand(2, 2, 3, 16, 16) * 2 - 1
    assert likeness.psnr(a, b) < likeness.psnr(a, a) and likeness.ssim(a, a) > likeness.ssim(a, b)
    z = torch.randn(4, 8)
    assert latent.spherical(z, z.flip(0), 0.5).dtype == torch.float32
    assert latent.truncate(z, 0.5).abs().max() <= 0.5
    assert metrics.frechet_distance(torch.randn(20, 2), torch.randn(20, 2)) < 2
