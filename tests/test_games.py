"""The contract that every game keeps: each file in gan_course/games is tested by its name."""
import pytest
import torch

from gan_course import games
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


@EVERY_GAME
def test_samples_have_the_shape_and_range_of_the_data(name):
    training = start(name)
    samples = training.game.sample(5)
    assert samples.shape == (5, *training.batches.data_shape)
    assert torch.isfinite(samples).all() and not samples.requires_grad
    if samples.dim() == 4:
        assert samples.abs().max() <= 1


@EVERY_GAME
def test_sampling_leaves_the_networks_mode_as_it_was(name):
    training = start(name)
    training.game.sample(2)
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


@EVERY_GAME
def test_chance_levels_are_what_the_players_pay_when_d_knows_nothing(name):
    training = start(name)
    level = training.game.chance()
    assert set(level) <= set(training.players)
    if "D" in level:                                                # make D's last layer, and with it every logit, zero
        for parameter in list(training.game.D.parameters())[-2:]:
            torch.nn.init.zeros_(parameter)
        for player in level:
            terms = training.players[player].loss(next(training.batches))
            assert sum(terms.values()).item() == pytest.approx(level[player])
