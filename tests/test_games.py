"""The contract that every game keeps: each file in gan_course/games is tested by its name."""
import copy
import inspect

import pytest
import torch
from torch import nn

from gan_course import games, losses, nets
from gan_course.data import Batch
from gan_course.profile import seed_everything
from gan_course.training import Training

EVERY_GAME = pytest.mark.parametrize("name", games.names())


def start(name, seed=0, **options):
    seed_everything(seed)
    game, stream = games.load(name).demo()
    return Training(game, stream, seed=seed, **options)


def numbers(training, rounds):
    return [dict(next(training)) for _ in range(rounds)]


def snapshot(net):
    return [parameter.detach().clone() for parameter in net.parameters()]


def test_there_is_at_least_the_first_gan():
    assert "gan" in games.names()


def test_an_unknown_game_is_named_together_with_the_known_ones():
    with pytest.raises(ValueError, match="no game called 'wombat'.*gan"):
        games.load("wombat")


@EVERY_GAME
def test_plays_three_rounds_of_finite_named_terms(name):
    training = start(name)
    for expected, record in enumerate(numbers(training, 3), start=1):
        assert record["round"] == expected
        assert {term.split("/")[0] for term in record if term != "round"} == set(training.players)
        assert all(abs(value) < 1e6 for value in record.values())


@EVERY_GAME
def test_each_player_moves_its_own_parameters_and_nobody_elses(name):
    training = start(name)
    for player in training.players.values():
        own = {id(parameter) for parameter in player.net.parameters()}
        before = [(id(p) in own, p, p.detach().clone()) for p in training.game.parameters()]
        training.move(player.name)
        assert any(not torch.equal(p, old) for mine, p, old in before if mine), f"{player.name} did not move"
        assert all(torch.equal(p, old) for mine, p, old in before if not mine), f"{player.name} moved another's parameters"


@pytest.mark.parametrize("name", ["lapgan", "srgan", "stylegan", "biggan", "ssgan", "r3gan"])
def test_each_game_of_the_fourth_part_has_fewer_than_100_lines(name):
    assert len(inspect.getsource(games.load(name)).splitlines()) < 100


def wanted(method, batch):
    """What a method of a conditional game wants to know beside its first argument: the rows' labels y, or the pictures x to translate."""
    known = {"x": batch.x, "y": batch.y}
    return {name: known[name] for name in list(inspect.signature(method).parameters)[1:] if name in known}


@EVERY_GAME
def test_samples_have_the_shape_and_range_of_the_data(name):
    training = start(name)
    n = min(5, training.batches.batch_size)
    rows = Batch(*(each[:n] for each in next(training.batches)))
    samples = training.game.sample(n, **wanted(training.game.sample, rows))
    assert samples.shape == (n, *training.batches.data_shape)
    assert torch.isfinite(samples).all() and not samples.requires_grad
    if samples.dim() == 4:
        assert samples.abs().max() <= 1


@EVERY_GAME
def test_the_inputs_of_the_lab_are_what_g_draws_its_pictures_from(name):
    training = start(name)
    if hasattr(training.game, "inputs"):                            # a game that draws from noise
        inputs = training.game.inputs(13)
        assert all(len(each) == 13 for each in inputs)
        assert nets.generate(training.game.G, *inputs).shape == (13, *training.batches.data_shape)
    else:
        assert "x" in inspect.signature(training.game.sample).parameters


@EVERY_GAME
def test_sampling_leaves_the_networks_mode_as_it_was(name):
    training = start(name)
    rows = Batch(*(each[:2] for each in next(training.batches)))
    training.game.sample(2, **wanted(training.game.sample, rows))
    assert all(module.training for module in training.game.modules())


@EVERY_GAME
def test_the_same_seed_gives_identical_records_and_another_seed_does_not(name):
    assert numbers(start(name, seed=1), 4) == numbers(start(name, seed=1), 4)
    assert numbers(start(name, seed=1), 4) != numbers(start(name, seed=2), 4)


@EVERY_GAME
def test_resumed_equals_uninterrupted_bit_for_bit(name, tmp_path):
    straight, stopped = start(name), start(name)
    numbers(straight, 3)
    numbers(stopped, 3)
    stopped.save(tmp_path / "checkpoint.safetensors")
    torch.manual_seed(99)                                           # the world moves on in between
    game, stream = games.load(name).demo()
    resumed = Training.resume(tmp_path / "checkpoint.safetensors", game, stream, seed=7)
    assert numbers(resumed, 4) == numbers(straight, 4)
    for expected, got in zip(straight.game.state_dict().items(), resumed.game.state_dict().items(), strict=True):
        assert expected[0] == got[0] and torch.equal(expected[1], got[1]), expected[0]


@EVERY_GAME
def test_requires_grad_flags_are_restored(name):
    training = start(name)
    frozen = next(training.game.parameters())
    frozen.requires_grad_(False)
    before = [parameter.requires_grad for parameter in training.game.parameters()]
    next(training)
    assert [parameter.requires_grad for parameter in training.game.parameters()] == before


class KnowsNothing(nn.Module):
    """A discriminator that gives every x the same score."""

    def __init__(self, score):
        super().__init__()
        self.score = nn.Parameter(torch.tensor(score))

    def forward(self, x, *condition):
        return 0 * x.flatten(1).sum(1) + self.score


@EVERY_GAME
def test_chance_levels_are_what_the_players_pay_when_d_knows_nothing(name):
    training = start(name)
    game, level = training.game, training.game.chance()
    assert set(level) <= set(training.players)
    if level:
        for D in [player for player in level if player.startswith("D")]:
            setattr(game, D, KnowsNothing(0.5 if name in ("lsgan", "cyclegan") else 0.0))
        for player in level:
            terms = training.players[player].loss(next(training.batches))
            paid = sum(value for term, value in terms.items() if term != "gp")  # a penalty is not about knowing
            assert paid.item() == pytest.approx(level[player])


@EVERY_GAME
def test_scores_and_opinions_of_single_points_are_there_for_the_picture(name):
    training = start(name)
    game = training.game
    if not hasattr(game, "scores"):
        alone = not any(player.startswith("D") for player in training.players)
        assert alone or "x" in inspect.signature(game.sample).parameters, "a game with D that draws from noise has scores"
        return
    rows = Batch(*(each[:7] for each in next(training.batches)))
    scores = game.scores(rows.x, **wanted(game.scores, rows))
    assert scores.shape == (7,)
    opinions = game.opinion(scores)
    assert 0 <= opinions.min() <= opinions.max() <= 1
    order = scores.argsort()
    assert (opinions[order].diff() >= 0).all(), "a higher score is drawn as less real"


# What makes each game the game of its paper

def test_wgan_clips_after_every_move_of_the_critic():
    training = start("wgan")
    game = training.game
    with torch.no_grad():
        for parameter in game.D.parameters():
            parameter.fill_(7.0)
    training.move("D")
    assert max(parameter.abs().max().item() for parameter in game.D.parameters()) == pytest.approx(game.clip)
    before = snapshot(game.G)
    training.move("G")                                              # and leaves G alone
    assert max(parameter.abs().max() for parameter in game.G.parameters()) > game.clip
    assert len(before) == len(list(game.G.parameters()))


@pytest.mark.parametrize("name", ["wgan", "wgan_gp"])
def test_the_critics_terms_add_up_to_the_loss_of_the_package(name):
    training = start(name)
    game, batch = training.game, next(training.batches)
    torch.manual_seed(0)
    terms = game.discriminator_terms(batch)
    torch.manual_seed(0)
    fake = game.G(game.noise(len(batch.x)))
    expected = losses.wasserstein_critic_loss(game.D(batch.x), game.D(fake))
    assert (terms["real"] + terms["fake"]).item() == pytest.approx(expected.item(), abs=1e-6)
    assert [player.updates for player in game.players()] == [5, 1]
    if name == "wgan_gp":
        assert terms["gp"].item() == pytest.approx(10 * losses.gradient_penalty(game.D, batch.x, fake).item(), rel=0.2)


def test_the_gap_is_what_the_critic_sees_between_real_and_fake():
    training = start("wgan_gp")
    game, x = training.game, torch.full((4000, 2), 3.0)
    game.D = nn.Sequential(nn.Flatten(), nn.Linear(2, 1), nn.Flatten(0))
    nn.init.constant_(game.D[1].weight, 2.0)
    fake = game.sample(4000).sum(1).mean().item()
    assert game.gap(x) == pytest.approx(2 * (6 - fake), abs=0.2)


@pytest.mark.parametrize(("name", "loss"), [("lsgan", losses.least_squares_discriminator_loss), ("hinge", losses.hinge_discriminator_loss),
                                            ("sngan", losses.hinge_discriminator_loss), ("gan", losses.minimax_discriminator_loss)])
def test_d_pays_the_loss_of_its_paper(name, loss):
    training = start(name)
    game, batch = training.game.eval(), next(training.batches)
    torch.manual_seed(0)
    paid = sum(game.discriminator_terms(batch).values())
    torch.manual_seed(0)
    fake = game.G(game.noise(len(batch.x)))
    assert paid.item() == pytest.approx(loss(game.D(batch.x), game.D(fake)).item())


def test_spectral_normalisation_bounds_the_slope_of_d():
    training = start("sngan")
    numbers(training, 20)                                           # the power iteration has settled by then
    game = training.game.eval()
    for layer in game.D.modules():
        if isinstance(layer, nn.Linear):
            assert torch.linalg.matrix_norm(layer.weight, 2).item() == pytest.approx(1, abs=0.05)
    a, b = torch.randn(2, 500, 2, device=training.device)
    slopes = (game.D(a) - game.D(b)).abs() / (a - b).norm(dim=1)
    assert slopes.max() < 1.1


def test_pacgan_packs_neighbours_and_sees_collapse():
    game = start("pacgan").game
    x = torch.arange(10.0).view(5, 2)
    assert game.packed(x).tolist() == [[0, 1, 2, 3], [4, 5, 6, 7]]   # the fifth is left out
    images = torch.arange(4.0)[:, None, None, None].expand(4, 3, 2, 2)
    assert game.packed(images)[:, :, 0, 0].tolist() == [[0, 0, 0, 1, 1, 1], [2, 2, 2, 3, 3, 3]]
    with pytest.raises(ValueError, match="does not fill one pack of 2"):
        game.packed(x[:1])


def test_unrolling_leaves_d_as_it_was_and_steps_as_gradient_descent_does():
    training = start("unrolled")
    game, batch = training.game, next(training.batches)
    before = snapshot(game.D)
    fake = game.G(game.noise(len(batch.x)))
    imagined = dict(game.D.named_parameters())
    imagined = {name: parameter.detach().requires_grad_(True) for name, parameter in imagined.items()}
    for _ in range(3):
        imagined = game.imagined_step(imagined, batch.x, fake)
    twin = copy.deepcopy(game.D)                                    # the same three steps with PyTorch's own optimizer
    sgd = torch.optim.SGD(twin.parameters(), lr=game.unroll_lr)
    for _ in range(3):
        sgd.zero_grad()
        losses.minimax_discriminator_loss(twin(batch.x), twin(fake.detach())).backward()
        sgd.step()
    for name, parameter in twin.named_parameters():
        torch.testing.assert_close(imagined[name].detach(), parameter.detach())
    game.generator_terms(batch)
    assert all(torch.equal(a, b) for a, b in zip(before, snapshot(game.D), strict=True))


def test_the_gradient_flows_through_the_unrolled_steps():
    """Against finite differences: the slope of G's loss, D's imagined steps included."""
    training = start("unrolled")
    game, batch = training.game, next(training.batches)
    game.D = nn.Sequential(nn.Linear(2, 16), nn.Tanh(), nn.Linear(16, 1), nn.Flatten(0))  # smooth: a kink has no slope to measure
    game.to("cpu", torch.float64).unroll_lr = 0.5                   # Apple's GPUs have no float64
    batch = batch._replace(x=batch.x.to("cpu", torch.float64))
    z = torch.randn(len(batch.x), 2, dtype=torch.float64)
    game.noise = lambda n: z
    bias = list(game.G.parameters())[-1]
    slope, = torch.autograd.grad(game.generator_terms(batch)["adv"], bias)

    def loss_at(step):
        bias.data[0] += step
        value = game.generator_terms(batch)["adv"].item()
        bias.data[0] -= step
        return value

    measured = (loss_at(1e-2) - loss_at(-1e-2)) / 2e-2
    game.unroll = 0
    without, = torch.autograd.grad(game.generator_terms(batch)["adv"], bias)
    assert slope[0].item() == pytest.approx(measured, rel=2e-3)
    assert slope[0].item() != pytest.approx(without[0].item(), rel=1e-2)
