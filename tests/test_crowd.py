"""A crowd of networks is the same as its members trained alone, one by one."""
import pytest
import torch

from gan_course import nets
from gan_course.crowd import CrowdDiscriminator, CrowdGenerator, Stacked, shared_out
from gan_course.data import batches
from gan_course.data.sets import Batch
from gan_course.games.gan import GAN
from gan_course.games.pacgan import PacGAN
from gan_course.games.wgan_gp import WGAN_GP
from gan_course.profile import seed_everything
from gan_course.training import Training

S, N, Z = 3, 20, 4


def member(crowd, s):
    """One of the crowd as an ordinary network of the course."""
    first, last = crowd.layers[0], crowd.layers[-1]
    if isinstance(crowd, CrowdGenerator):
        net = nets.MLPGenerator(crowd.z_dim, (last.weight.shape[2],), width=first.weight.shape[2])
    else:
        net = nets.MLPDiscriminator((first.weight.shape[1],), width=first.weight.shape[2])
    linear = [layer for layer in net.layers if isinstance(layer, torch.nn.Linear)]
    with torch.no_grad():
        for layer, many in zip(linear, list(crowd.layers)[::2], strict=True):
            layer.weight.copy_(many.weight[s].T)
            layer.bias.copy_(many.bias[s, 0])
    return net


@pytest.mark.parametrize("make, d", [(lambda: CrowdGenerator(S, Z, (2,), width=8), Z), (lambda: CrowdDiscriminator(S, (2,), width=8), 2)])
def test_each_block_of_rows_goes_through_its_own_member(make, d):
    crowd = make()
    x = torch.randn(S * N, d)
    parts = [member(crowd, s)(x[s * N:(s + 1) * N]) for s in range(S)]
    torch.testing.assert_close(crowd(x), torch.cat(parts))


@pytest.mark.parametrize("game, d", [(GAN, 2), (PacGAN, 4), (WGAN_GP, 2)])
def test_a_member_trained_in_the_crowd_is_the_member_trained_alone(game, d, monkeypatch):
    seed_everything(0)
    G, D = CrowdGenerator(S, Z, (2,), width=8), CrowdDiscriminator(S, (d,), width=8)
    alone_G, alone_D = member(G, 1), member(D, 1)
    xs, zs, es = torch.randn(40, S * N, 2), torch.randn(40, S * N, Z), torch.rand(40, S * N, 1)

    def train(G, D, rows):
        players = game(G, D, lr=(1e-2, 1e-2))
        noise, between = iter(zs[:, rows]), iter(es[:, rows])
        players.noise = lambda n: next(noise)
        monkeypatch.setattr(torch, "rand", lambda *shape, device=None: next(between))
        training = Training(players, iter(Batch(x[rows], None) for x in xs))
        for _ in range(5):
            next(training)

    train(G, D, slice(None))
    train(alone_G, alone_D, slice(N, 2 * N))
    x, z = torch.randn(50, d), torch.randn(50, Z)
    torch.testing.assert_close(member(G, 1)(z), alone_G(z), rtol=1e-3, atol=1e-4)
    torch.testing.assert_close(member(D, 1)(x), alone_D(x), rtol=1e-3, atol=1e-4)


def test_members_start_differently_and_as_linear_layers_do():
    torch.manual_seed(0)
    first = CrowdGenerator(50, Z, (2,)).layers[0]
    assert not torch.equal(first.weight[0], first.weight[1])
    assert first.weight.abs().max().item() == pytest.approx(torch.nn.Linear(Z, 5000).weight.abs().max().item(), rel=0.01)


def test_rows_that_cannot_be_shared_out_are_refused():
    with pytest.raises(ValueError, match="100 rows cannot be shared out among 3"):
        shared_out(torch.zeros(100, 2), 3)


def test_a_crowd_plays_any_game_from_the_usual_stream():
    training = Training(GAN(CrowdGenerator(S, Z, (2,)), CrowdDiscriminator(S, (2,))), batches("ring", S * N))
    next(training)
    assert training.game.sample(S * 7).shape == (S * 7, 2)


def test_a_crowd_draws_images_as_the_networks_of_the_course_do():
    G, D = CrowdGenerator(S, Z, (2, 8, 8), width=8), CrowdDiscriminator(S, (2, 8, 8), width=8)
    images = G(100 * torch.randn(S * N, Z))
    assert images.shape == (S * N, 2, 8, 8) and -1 <= images.min() < -0.9 and 0.9 < images.max() <= 1
    assert D(images).shape == (S * N,)
    packs = PacGAN(G, CrowdDiscriminator(S, (4, 8, 8)), pack=2).packed(images)
    assert torch.equal(packs[0], images[:2].flatten(0, 1))


def three_nets():
    return [nets.MLPGenerator(Z, (2,), width=8) for _ in range(S)], [nets.MLPDiscriminator((2,), width=8) for _ in range(S)]


def test_stacked_networks_are_the_networks_themselves():
    alone, _ = three_nets()
    together, z = Stacked(alone), torch.randn(S * N, Z)
    torch.testing.assert_close(together(z), torch.cat([net(rows) for net, rows in zip(alone, z.chunk(S), strict=True)]))
    torch.testing.assert_close(together.member(2)(z), alone[2](z))
    assert together.z_dim == Z and nets.count_parameters(together) == S * nets.count_parameters(alone[0])


def test_a_stacked_network_trains_as_it_would_alone(monkeypatch):
    many_G, many_D = three_nets()
    alone_G, alone_D, G, D = many_G[1], many_D[1], Stacked(many_G), Stacked(many_D)
    xs, zs, es = torch.randn(40, S * N, 2), torch.randn(40, S * N, Z), torch.rand(40, S * N, 1)

    def train(G, D, rows):
        game = WGAN_GP(G, D, lr=(1e-2, 1e-2))
        noise, between = iter(zs[:, rows]), iter(es[:, rows])
        game.noise = lambda n: next(noise)
        monkeypatch.setattr(torch, "rand", lambda *shape, device=None: next(between))
        training = Training(game, iter(Batch(x[rows], None) for x in xs))
        for _ in range(5):
            next(training)

    train(G, D, slice(None))
    train(alone_G, alone_D, slice(N, 2 * N))
    z, x = torch.randn(50, Z), torch.randn(50, 2)
    torch.testing.assert_close(G.member(1)(z), alone_G(z), rtol=1e-3, atol=1e-4)
    torch.testing.assert_close(D.member(1)(x), alone_D(x), rtol=1e-3, atol=1e-4)
    assert not torch.allclose(G.member(0)(z), many_G[0](z), atol=1e-3)     # the others learn too


def test_what_cannot_be_stacked_is_refused():
    with pytest.raises(ValueError, match="BatchNorm"):
        Stacked([nets.MLPGenerator(Z, (2,), batchnorm=True)] * 2)
    with pytest.raises(ValueError, match="100 rows cannot be shared out among 3"):
        Stacked(three_nets()[1])(torch.zeros(100, 2))
