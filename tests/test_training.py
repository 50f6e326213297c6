"""The one loop: it equals the loop written by hand, resumes exactly, stops in words, and minds its own randomness."""
import math
import os
import signal
import threading
import time

import pytest
import torch
from torch.nn.functional import softplus

from gan_course import games, nets
from gan_course.data import ImageSet, batches
from gan_course.games import Game, Player
from gan_course.games.gan import GAN
from gan_course.profile import seed_everything
from gan_course.training import NotFinite, Record, Training, in_numbers, play
from gan_course.training import precision as precision_module


def pictures(n=40, channels=1, size=32):
    draw = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (n, channels, size, size), dtype=torch.uint8, generator=draw)
    return ImageSet("noise", images, torch.zeros(n, dtype=torch.long), ("noise",))


def convolutional(seed=0):
    """A small DCGAN: convolutions in channels_last order and BatchNorm buffers, the hard case for exact resumption."""
    seed_everything(seed)
    game = GAN(nets.ConvGenerator(8, 1, 8), nets.ConvDiscriminator(1, 8))
    return game, batches(pictures(), 8, device="cpu")


def points(seed=0, **options):
    seed_everything(seed)
    stream = batches("moons", 32, device="cpu")
    return GAN(nets.MLPGenerator(2, (2,), 16), nets.MLPDiscriminator((2,), 16), **options), stream


class Stumble(Game):
    """One player whose loss is whatever the test says."""

    def __init__(self, loss):
        super().__init__()
        self.net = torch.nn.Linear(1, 1)
        self.loss = loss

    def players(self):
        return [Player("P", self.net, lambda batch: {"term": self.loss(self.net)})]


# the loop

def test_play_is_the_loop_written_by_hand():
    game, stream = points()
    twin, twin_stream = points()
    records = list(play(game, stream, rounds=5, seed=3, progress=False))

    G, D = twin.G, twin.D
    torch.manual_seed(3)
    optimizer_D = torch.optim.Adam(D.parameters(), lr=2e-4, betas=(0.5, 0.999), fused=True)
    optimizer_G = torch.optim.Adam(G.parameters(), lr=2e-4, betas=(0.5, 0.999), fused=True)
    for record in records:
        x, _ = next(twin_stream)
        fake = G(torch.randn(32, 2)).detach()
        loss_D = softplus(-D(x)).mean() + softplus(D(fake)).mean()
        optimizer_D.zero_grad()
        loss_D.backward()
        optimizer_D.step()
        next(twin_stream)
        loss_G = softplus(-D(G(torch.randn(32, 2)))).mean()
        optimizer_G.zero_grad()
        loss_G.backward()
        optimizer_G.step()
        assert record["D/real"] + record["D/fake"] == pytest.approx(loss_D.item(), abs=1e-6)
        assert record["G/adv"] == pytest.approx(loss_G.item(), abs=1e-6)
    for mine, theirs in zip(twin.parameters(), game.parameters(), strict=True):
        assert torch.equal(mine, theirs)


def test_a_player_moves_as_often_as_it_says():
    game, stream = points(updates=3)
    training = Training(game, stream)
    next(training)
    steps = {name: int(next(iter(optimizer.state.values()))["step"]) for name, optimizer in training.optimizers.items()}
    assert steps == {"D": 3, "G": 1}


def test_records_hold_tensors_until_they_are_read():
    game, stream = points()
    record = next(Training(game, stream))
    assert all(isinstance(value, torch.Tensor) and not value.requires_grad for value in record.terms.values())
    assert isinstance(record["D/real"], float) and list(record) == ["round", "D/real", "D/fake", "G/adv"]


def test_records_are_read_in_one_go():
    training = Training(*points())
    records = [next(training) for _ in range(3)]
    assert in_numbers(records) == [dict(record) for record in records] and in_numbers([]) == []


def test_a_learning_rate_of_zero_freezes_a_player_from_the_next_round_on():
    game, stream = points()
    training = Training(game, stream)
    next(training)
    training.set_lr("G", 0.0)
    before = [p.detach().clone() for p in game.G.parameters()]
    next(training)
    assert all(torch.equal(p, old) for p, old in zip(game.G.parameters(), before, strict=True))


@pytest.mark.parametrize("lr", [-1e-4, math.nan, math.inf])
def test_an_impossible_learning_rate_is_refused(lr):
    game, stream = points()
    with pytest.raises(ValueError, match="from 0 up"):
        Training(game, stream).set_lr("D", lr)


def test_bf16_trains_to_nearly_the_same_losses():
    records = {}
    for precision in ("float32", "bfloat16"):
        game, stream = convolutional()
        training = Training(game, stream, precision=precision)
        records[precision] = [next(training)["D/real"] for _ in range(3)]
    assert records["bfloat16"] == pytest.approx(records["float32"], rel=0.1)
    assert records["bfloat16"] != records["float32"]                # so it really was computed otherwise
    assert {parameter.dtype for parameter in game.parameters()} == {torch.float32}


@pytest.mark.parametrize(("ratio", "chosen"), [(0.5, "bfloat16"), (0.95, "float32"), (40.0, "float32")])
def test_the_fastest_precision_is_the_one_that_was_measured(monkeypatch, ratio, chosen):
    monkeypatch.setattr(precision_module, "ratio", lambda device, width: ratio)
    assert Training(*convolutional(), precision="fastest").precision == chosen
    assert Training(*points(), precision="fastest").precision == "float32"      # small and fully connected
    assert Training(*convolutional()).precision == "float32"


def test_the_measurement_is_made_once_and_leaves_the_random_numbers_alone():
    before = torch.get_rng_state()
    first = precision_module.ratio("cpu", 8)
    assert first > 0 and precision_module.ratio("cpu", 8) == first and torch.equal(torch.get_rng_state(), before)


def test_the_ratio_is_the_time_in_bfloat16_over_that_in_float32(monkeypatch):
    """On a clock that only convolutions move, by 1 second under autocast and by 2 without it."""
    now, convolve = 0.0, torch.nn.functional.conv2d

    def convolution(*args, **kwargs):
        nonlocal now
        now += 1.0 if torch.is_autocast_enabled("cpu") else 2.0
        return convolve(*args, **kwargs)

    monkeypatch.setattr(torch.nn.functional, "conv2d", convolution)
    monkeypatch.setattr(precision_module.time, "perf_counter", lambda: now)
    precision_module.ratio.cache_clear()
    try:
        assert precision_module.ratio("cpu", 8) == 0.5
    finally:
        precision_module.ratio.cache_clear()


def test_a_training_that_goes_on_keeps_its_precision(monkeypatch, tmp_path):
    """Whatever the machine would choose now: the continuation equals the uninterrupted training bit for bit."""
    straight = Training(*convolutional(), precision="bfloat16")
    next(straight)
    straight.save(tmp_path / "c.safetensors")
    monkeypatch.setattr(precision_module, "ratio", lambda device, width: 40.0)
    resumed = Training.resume(tmp_path / "c.safetensors", *convolutional(seed=9), precision="fastest")
    assert resumed.precision == "bfloat16"
    for _ in range(3):
        assert dict(next(resumed)) == dict(next(straight))


def test_an_unknown_precision_is_refused():
    with pytest.raises(ValueError, match="'float16'; choose float32, bfloat16"):
        Training(*points(), precision="float16")


def test_images_train_in_channels_last_order():
    game, stream = convolutional()
    Training(game, stream)
    assert game.G.layers[3].weight.is_contiguous(memory_format=torch.channels_last)
    assert next(stream).x.is_contiguous(memory_format=torch.channels_last)


# randomness

def test_what_the_learner_draws_between_rounds_changes_nothing():
    quiet, noisy = (Training(*points(), seed=1) for _ in range(2))
    for _ in range(4):
        expected = dict(next(quiet))
        torch.manual_seed(5)
        noisy.game.sample(10)
        assert dict(next(noisy)) == expected


def test_training_does_not_change_what_the_learner_draws():
    game, stream = points()
    torch.manual_seed(0)
    expected = torch.randn(3)
    torch.manual_seed(0)
    next(Training(game, stream))
    assert torch.equal(torch.randn(3), expected)


def test_two_trainings_side_by_side_do_not_mix():
    alone = Training(*points(), seed=1)
    expected = [dict(next(alone)) for _ in range(3)]
    one, other = Training(*points(), seed=1), Training(*points(), seed=2)
    got = []
    for _ in range(3):
        got.append(dict(next(one)))
        next(other)
    assert got == expected


# checkpoints

@pytest.mark.parametrize("rounds", [0, 1, 5, 7])                    # 5 rounds use up one epoch of 40 images exactly
def test_a_convolutional_game_resumes_bit_for_bit(rounds, tmp_path):
    straight = Training(*convolutional(), seed=4)
    for _ in range(rounds):
        next(straight)
    straight.save(tmp_path / "c.safetensors")
    resumed = Training.resume(tmp_path / "c.safetensors", *convolutional(seed=9))
    assert resumed.round == rounds
    for _ in range(6):
        assert dict(next(resumed)) == dict(next(straight))
    for (name, expected), got in zip(straight.game.state_dict().items(), resumed.game.state_dict().values(), strict=True):
        assert torch.equal(expected, got), name                     # BatchNorm's running statistics among them


def test_learning_rates_survive(tmp_path):
    training = Training(*points())
    training.set_lr("D", 3e-3)
    training.save(tmp_path / "c.safetensors")
    resumed = Training.resume(tmp_path / "c.safetensors", *points())
    assert resumed.optimizers["D"].param_groups[0]["lr"] == 3e-3


def test_a_failed_save_leaves_the_old_file(tmp_path, monkeypatch):
    training = Training(*points())
    training.save(tmp_path / "c.safetensors")
    old = (tmp_path / "c.safetensors").read_bytes()
    next(training)
    monkeypatch.setattr(os, "replace", lambda *_: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        training.save(tmp_path / "c.safetensors")
    assert (tmp_path / "c.safetensors").read_bytes() == old
    assert [file.name for file in tmp_path.iterdir()] == ["c.safetensors"]


def test_files_that_do_not_fit_are_refused_in_words(tmp_path):
    path = tmp_path / "c.safetensors"
    with pytest.raises(FileNotFoundError, match="no checkpoint"):
        Training.resume(path, *points())
    path.write_bytes(b"\x80\x04 not a checkpoint")
    with pytest.raises(ValueError, match="not a checkpoint of this course"):
        Training.resume(path, *points())
    Training(*points()).save(path)
    with pytest.raises(ValueError, match="holds a GAN with players D, G; this game is a Stumble"):
        Training.resume(path, Stumble(lambda net: net.weight.sum()), points()[1])
    with pytest.raises(ValueError, match="build it with the sizes"):
        Training.resume(path, *convolutional())
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(ValueError, match="cut short"):
        Training.resume(path, *points())


# stopping

@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_loss_that_is_not_finite_stops_with_round_term_and_causes(bad):
    training = Training(Stumble(lambda net: net.weight.sum() * (bad if training.round == 2 else 1)), points()[1])
    with pytest.raises(NotFinite, match=r"P/term is (nan|-?inf) in round 3.*learning rate"):
        for _ in range(10):
            next(training)


def test_a_broken_training_does_not_overwrite_a_good_checkpoint(tmp_path):
    training = Training(Stumble(lambda net: net.weight.sum()), points()[1])
    training.save(tmp_path / "c.safetensors")
    good = (tmp_path / "c.safetensors").read_bytes()
    training._unchecked.append(Record(1, {"P/term": torch.tensor(math.nan)}))   # as on a GPU, where looks are rare
    with pytest.raises(NotFinite):
        training.save(tmp_path / "c.safetensors")
    assert (tmp_path / "c.safetensors").read_bytes() == good


def test_ctrl_c_waits_for_the_end_of_the_round():
    moves = []

    class Interrupted(GAN):
        def discriminator_terms(self, batch):
            os.kill(os.getpid(), signal.SIGINT)                     # Ctrl-C in the middle of D's move
            time.sleep(0.01)
            return super().discriminator_terms(batch)

        def after_round(self):
            moves.append("round finished")

    stream = points()[1]
    training = Training(Interrupted(nets.MLPGenerator(2, (2,), 4), nets.MLPDiscriminator((2,), 4)), stream)
    outside = signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background ignores it
    try:
        with pytest.raises(KeyboardInterrupt):
            next(training)
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
        assert moves == ["round finished"] and training.round == 1
        signal.signal(signal.SIGINT, signal.SIG_IGN)                # as between the cells of a notebook
        next(training)
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN and training.round == 2
    finally:
        signal.signal(signal.SIGINT, outside)


def test_training_works_in_a_thread():
    game, stream = points()
    records = []
    thread = threading.Thread(target=lambda: records.extend(play(game, stream, rounds=2, progress=False)))
    thread.start()
    thread.join()
    assert [record["round"] for record in records] == [1, 2]


def test_games_demo_runs_through_play():
    game, stream = games.load("gan").demo()
    assert [record["round"] for record in play(game, stream, rounds=2)] == [1, 2]
