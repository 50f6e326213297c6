"""What makes each game on images the game of its paper. The contract that all games keep is in test_games."""
import math

import pytest
import torch
from torch import nn

from gan_course import games, losses, nets
from gan_course.data import Batch
from gan_course.games import biggan, cgan, cyclegan, infogan, pix2pix, ssgan
from gan_course.profile import seed_everything
from gan_course.training import Training


def start(name, seed=0):
    seed_everything(seed)
    game, stream = games.load(name).demo()
    return Training(game, stream, seed=seed)


def snapshot(net):
    return [parameter.detach().clone() for parameter in net.parameters()]


@pytest.mark.parametrize("size", nets.SIZES)
@pytest.mark.parametrize("upsampling", ["transposed", "nearest"])
def test_convolutional_networks_of_every_size(size, upsampling):
    G, D = nets.ConvGenerator(5, 2, 4, size, upsampling), nets.ConvDiscriminator(2, 4, size)
    x = G(torch.randn(3, 5))
    assert x.shape == (3, 2, size, size) and x.abs().max() <= 1
    assert D(x).shape == (3,) and D.body(x).shape == (3, *D.feature_shape)
    first, *rest = [layer for layer in G.modules() if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d)]
    assert [layer.out_channels for layer in rest][-2:] == [4, 2], "`width` channels before the last doubling"


def test_sizes_and_upsamplings_that_are_not_there_are_named():
    with pytest.raises(ValueError, match="8, 16, 28, 32, 64 pixels a side; got 20"):
        nets.ConvGenerator(size=20)
    with pytest.raises(ValueError, match="'bicubic'; choose transposed or nearest"):
        nets.ConvGenerator(upsampling="bicubic")


def test_dcgan_has_no_norm_where_the_paper_has_none_and_gamma_around_one():
    G, D = nets.ConvGenerator(width=8), nets.ConvDiscriminator(width=8)
    assert not isinstance(list(G.layers)[-2], nn.BatchNorm2d) and isinstance(list(G.layers)[-1], nn.Tanh)
    assert sum(isinstance(m, nn.BatchNorm2d) for m in G.modules()) == 3
    assert sum(isinstance(m, nn.BatchNorm2d) for m in D.modules()) == 2     # not in the first layer, not in the head
    gammas = torch.cat([m.weight.detach() for net in (G, D) for m in net.modules() if isinstance(m, nn.BatchNorm2d)])
    assert gammas.mean().item() == pytest.approx(1, abs=0.01) and gammas.std().item() == pytest.approx(0.02, abs=0.01)


def test_the_averaged_generator_forgets_at_the_rate_it_says():
    game = start("dcgan").game
    game.ema = 0.75
    begin = snapshot(game.G_ema)
    for step in range(1, 4):                                        # G jumps once and stays: the gap shrinks by 3/4 a round
        with torch.no_grad():
            for parameter, old in zip(game.G.parameters(), begin, strict=True):
                parameter.copy_(old + 1)
            next(iter(game.G.buffers())).fill_(5.0 + step)
            game.after_round()
        for average, old in zip(game.G_ema.parameters(), begin, strict=True):
            torch.testing.assert_close(average, old + 1 - 0.75**step)
        assert (next(iter(game.G_ema.buffers())) == 5.0 + step).all(), "BatchNorm's statistics are copied"


def test_samples_come_from_the_average():
    game = start("dcgan").game
    with torch.no_grad():
        for parameter in game.G.parameters():
            parameter.zero_()
    assert game.sample(2).abs().max() > 0


# Conditional GAN

class Notes(nn.Module):
    """A stand-in for D or G that writes down what it is given."""

    def __init__(self, answer):
        super().__init__()
        self.z_dim, self.seen, self.weight = 8, [], nn.Parameter(torch.zeros(1))
        self.answer = answer

    def forward(self, *given):
        self.seen.append(given)
        return self.answer(*given) + 0 * self.weight


def test_d_judges_fakes_beside_the_labels_that_g_was_given():
    training = start("cgan")
    game, batch = training.game, next(training.batches)
    game.G, game.D = Notes(lambda z, y: y.float().view(-1, 1, 1, 1).expand(-1, 1, 8, 8)), Notes(lambda x, y: x.flatten(1).mean(1))
    game.to(training.device)
    game.discriminator_terms(batch)
    game.generator_terms(batch)
    assert all(torch.equal(y, batch.y) for _, y in game.G.seen)
    (real, y), *fakes = game.D.seen
    assert torch.equal(real, batch.x) and torch.equal(y, batch.y)
    assert len(fakes) == 2 and all(torch.equal(x[:, 0, 0, 0], y.float()) for x, y in fakes)


def test_classes_can_be_asked_for_one_by_one_or_all_alike():
    game = start("cgan").game
    game.G_ema = Notes(lambda z, y: y.float().view(-1, 1, 1, 1).expand(-1, 1, 8, 8))
    assert game.sample(4, 7)[:, 0, 0, 0].tolist() == [7.0] * 4
    assert game.sample(3, torch.tensor([1, 5, 9]))[:, 0, 0, 0].tolist() == [1.0, 5.0, 9.0]
    drawn = game.sample(2000)[:, 0, 0, 0].long().bincount()
    assert len(drawn) == 10 and drawn.min() > 120 and drawn.max() < 280


def test_classes_and_kinds_come_in_turn_for_the_lab():
    z, y = start("cgan").game.inputs(23)
    assert z.shape == (23, 8) and y.tolist() == [i % 10 for i in range(23)]
    z, c = start("infogan").game.inputs(23)
    assert z.shape == (23, 6) and c[:, :10].argmax(1).tolist() == [i % 10 for i in range(23)]
    assert (c[:, :10].sum(1) == 1).all() and (c[:, 10:] == 0).all()
    assert all((rows == rows[0]).all() for rows in z.split(10)) and len(z.unique(dim=0)) == 3, "a row of kinds shares its z"


def test_with_one_category_the_lab_shows_a_grid_of_the_numbers():
    G = infogan.CodeGenerator(2, 1, 3, 1, 8, 8)
    game = infogan.InfoGAN(G, nets.ConvDiscriminator(1, 8, 8))
    z, c = game.inputs(40)
    assert z.shape == (40, 2) and (z == z[0]).all() and (c[:, 0] == 1).all() and (c[:, 3] == 0).all()
    across, down = c[:, 1].view(4, 10), c[:, 2].view(4, 10)
    assert torch.allclose(across, torch.linspace(-1, 1, 10).expand(4, 10), atol=1e-6)
    assert torch.allclose(down[:, 0], torch.linspace(-1, 1, 4)) and (down == down[:, :1]).all()
    assert nets.generate(G, z, c).shape == (40, 1, 8, 8)
    assert infogan.InfoGAN(infogan.CodeGenerator(0, 1, 1, 1, 8, 8), nets.ConvDiscriminator(1, 8, 8)).inputs(7)[1].shape == (7, 2)


def test_a_reader_of_ones_own_takes_the_place_of_the_courses():
    class Reader(infogan.CodeReader):
        pass

    D = nets.ConvDiscriminator(1, 8, 8)
    Q = Reader(16 * 2 * 2, 3, 2)
    game = infogan.InfoGAN(infogan.CodeGenerator(4, 3, 2, 1, 8, 8), D, Q)
    assert game.Q is Q and any(parameter is Q.log_sd for player in game.players() for parameter in player.net.parameters())


def test_labels_of_several_numbers_come_in_turn_and_can_be_asked_for():
    game = cgan.CGAN(Notes(lambda z, y: y.float().sum(1).view(-1, 1, 1, 1).expand(-1, 1, 8, 8)), Notes(None),
                     labels=torch.tensor([[0, 10], [1, 20], [2, 30]]))
    game.G.z_dim = 4
    z, y = game.inputs(5)
    assert z.shape == (5, 4) and y.tolist() == [[0, 10], [1, 20], [2, 30], [0, 10], [1, 20]]
    game.G_ema = game.G
    assert game.sample(2, torch.tensor([1, 20]))[:, 0, 0, 0].tolist() == [21.0, 21.0]
    assert set(game.sample(50)[:, 0, 0, 0].tolist()) == {10.0, 21.0, 32.0}


def test_the_networks_of_points_read_their_class():
    torch.manual_seed(0)
    G, D, x = cgan.PointGenerator(3, 2, dim=2), cgan.PointDiscriminator(2, dim=2), torch.randn(5, 2)
    z, y = torch.randn(5, 3), torch.tensor([0, 1, 0, 1, 1])
    assert G(z, y).shape == (5, 2) and not torch.allclose(G(z, y), G(z, 1 - y))
    phi = D.phi(x)
    expected = D.psi(phi)[:, 0] + (D.v.weight[y] * phi).sum(1)
    assert torch.allclose(D(x, y), expected, atol=1e-6) and D.head(phi).shape == (5, 2)


def test_projection_is_the_papers_inner_product():
    D, x, y = cgan.ProjectionDiscriminator(10, 1, 4, 8).eval(), torch.randn(3, 1, 8, 8), torch.tensor([0, 4, 4])
    phi = D.body(x).sum(dim=(2, 3))
    for i in range(3):
        expected = D.psi.weight[0] @ phi[i] + D.psi.bias[0] + D.V.weight[y[i]] @ phi[i]
        assert D(x, y)[i].item() == pytest.approx(expected.item(), abs=1e-5)


def test_concatenation_appends_one_plane_a_class_and_the_blind_d_looks_away():
    D, x = cgan.ConcatenationDiscriminator(10, 1, 4, 8).eval(), torch.randn(2, 1, 8, 8)
    seen = []
    D.net.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    D(x, torch.tensor([3, 0]))
    assert seen[0].shape == (2, 11, 8, 8) and torch.equal(seen[0][:, :1], x)
    assert seen[0][0, 1:].mean(dim=(1, 2)).tolist() == [0, 0, 0, 1, 0, 0, 0, 0, 0, 0]
    blind = cgan.BlindDiscriminator(1, 4, 8).eval()
    assert torch.equal(blind(x, torch.tensor([3, 0])), blind(x, torch.tensor([1, 2])))


# InfoGAN

def test_codes_are_one_kind_and_numbers_between_minus_one_and_one():
    c = start("infogan").game.code(4000)
    kinds, numbers = c[:, :10], c[:, 10:]
    assert ((kinds == 0) | (kinds == 1)).all() and (kinds.sum(1) == 1).all()
    assert kinds.mean(0).min() > 0.07 and kinds.mean(0).max() < 0.13
    assert numbers.abs().max() <= 1 and numbers.var().item() == pytest.approx(1 / 3, abs=0.02)


def test_the_information_term_is_the_bound_of_the_paper():
    """At a Q that ignores x and says 1/K, the bound L_I = H(c) - cross entropy is 0; at a Q that always knows, it is H(c) = log K."""
    game = start("infogan").game
    game.info = (1.0, 0.0)
    batch = Batch(torch.zeros(64, 1, 8, 8), torch.zeros(64, dtype=torch.long))
    nn.init.zeros_(game.Q.category.weight)
    nn.init.zeros_(game.Q.category.bias)
    assert game.generator_terms(batch)["category"].item() == pytest.approx(torch.tensor(10.0).log().item())
    codes = []
    draw = game.code
    game.code = lambda n: codes.append(draw(n)) or codes[-1]
    game.Q.forward = lambda features: (50 * codes[-1][:, :10], codes[-1][:, 10:])
    assert game.generator_terms(batch)["category"].item() == pytest.approx(0, abs=1e-6)


def test_g_and_q_move_together_and_d_moves_alone():
    training = start("infogan")
    game, before = training.game, snapshot(training.game.Q)
    training.move("D")
    assert all(torch.equal(a, b) for a, b in zip(before, snapshot(game.Q), strict=True))
    training.move("G")
    assert not any(torch.equal(a, b) for a, b in zip(before, snapshot(game.Q), strict=True) if a.abs().sum() > 0)


def test_without_the_information_term_q_is_not_taught():
    training = start("infogan")
    training.game.info = (0.0, 0.0)
    before = snapshot(training.game.Q)
    next(training)
    assert all(torch.equal(a, b) for a, b in zip(before, snapshot(training.game.Q), strict=True))


def test_a_code_that_is_asked_for_reaches_the_generator():
    game = start("infogan").game
    c = torch.cat([torch.eye(10), torch.zeros(10, 2)], dim=1)
    game.noise = lambda n: torch.zeros(n, 6)
    x = game.sample(10, c)
    assert torch.equal(x, game.sample(10, c)) and not torch.equal(x[0], x[1])
    kinds, numbers = game.read(x)
    assert kinds.shape == (10, 10) and torch.allclose(kinds.sum(1), torch.ones(10)) and numbers.shape == (10, 2)


# pix2pix

def test_pix2pix_shows_d_both_pictures_and_weighs_l1():
    G, D = Notes(lambda x: 0.5 * x), Notes(lambda xy: xy.mean(dim=(1, 2, 3)))
    game = pix2pix.Pix2Pix(G, D, adv=3, l1=7)
    x, y = torch.full((2, 3, 4, 4), 0.4), torch.full((2, 3, 4, 4), 0.9)
    terms = game.discriminator_terms(Batch(x, y))
    (real,), (fake,) = D.seen
    assert torch.equal(real, torch.cat([x, y], 1)) and torch.allclose(fake, torch.cat([x, 0.5 * x], 1)) and not fake.requires_grad
    softplus = nn.functional.softplus
    assert terms["real"].item() == pytest.approx(softplus(torch.tensor(-0.65)).item())
    assert terms["fake"].item() == pytest.approx(softplus(torch.tensor(0.3)).item())
    terms = game.generator_terms(Batch(x, y))
    assert terms["l1"].item() == pytest.approx(7 * 0.7) and terms["adv"].item() == pytest.approx(3 * softplus(torch.tensor(-0.3)).item())


def test_the_noise_of_pix2pix_is_never_switched_off():
    game = pix2pix.Pix2Pix(pix2pix.UNet(width=8), nets.PatchDiscriminator(6, 8)).eval()
    x = torch.randn(4, 3, 32, 32)
    assert not torch.equal(game.sample(4, x), game.sample(4, x))


def test_a_translation_leaves_dropout_on_and_batch_norm_in_evaluation():
    dropped = nn.Sequential(nn.Conv2d(3, 8, 1), nn.Dropout(0.5)).train()
    x = torch.randn(4, 3, 8, 8)
    assert not torch.equal(pix2pix.translate(dropped, x), pix2pix.translate(dropped, x))
    normed = nn.Sequential(nn.Conv2d(3, 8, 1), nn.BatchNorm2d(8), nn.Dropout(0.0))
    normed(x)                                                       # its running statistics move
    one, all_of_them = pix2pix.translate(normed, x[:1]), pix2pix.translate(normed, x)
    assert torch.allclose(one, all_of_them[:1], atol=1e-6) and not one.requires_grad
    assert all(part.training for net in (dropped, normed) for part in net.modules())


def test_with_batch_norm_a_translation_does_not_depend_on_the_pictures_beside_it(monkeypatch):
    monkeypatch.setattr(pix2pix, "dropout", lambda x, *_, **__: x)
    game = pix2pix.Pix2Pix(pix2pix.UNet(width=8, norm=nn.BatchNorm2d), nets.PatchDiscriminator(6, 8))
    x = torch.randn(4, 3, 32, 32)
    game.G(x)                                                       # training, where it does
    assert torch.allclose(game.sample(4, x)[:1], game.sample(1, x[:1]), atol=1e-6)


def test_the_u_net_can_copy_fine_detail_past_its_bottleneck():
    """Each pixel of the output depends on the pixel of the input beside it more than on one far away."""
    torch.manual_seed(0)
    G, x = pix2pix.UNet(width=8), torch.randn(1, 3, 32, 32, requires_grad=True)
    G(x)[0, :, 16, 16].sum().backward()
    near, far = x.grad[0, :, 14:19, 14:19].abs().mean(), x.grad[0, :, :5, :5].abs().mean()
    assert near > 2 * far


def test_each_logit_of_the_patch_discriminator_sees_a_patch_of_the_size_it_says():
    for halvings, patch in ((1, 10), (2, 22), (3, 46)):
        D, x = nets.PatchDiscriminator(1, 4, halvings), torch.randn(1, 1, 128, 128, requires_grad=True)
        for norm in [m for m in D.layers if isinstance(m, nn.InstanceNorm2d)]:
            norm.forward = lambda x: x                              # a norm sees the whole image
        logits = D(x)
        assert logits.shape == (1, 1, 128 // 2**halvings - 1, 128 // 2**halvings - 1)
        logits[0, 0, logits.shape[2] // 2, logits.shape[3] // 2].backward()
        rows = x.grad[0, 0].abs().sum(1).nonzero().flatten()
        assert rows.max() - rows.min() + 1 == patch


# CycleGAN

def plus(number):
    return Notes(lambda x: x + number)


def test_every_term_and_sign_of_cyclegan_in_prime_coefficients():
    G, F = plus(0.1), plus(0.3)                                     # there and back is 0.4 off, and each moves its own domain too
    game = cyclegan.CycleGAN(G, F, plus(0), plus(1), cycle=7, identity=11)
    x, y = torch.zeros(2, 3, 4, 4), torch.full((2, 3, 4, 4), 0.5)
    terms = game.generator_terms(Batch(x, y))
    assert terms["cycle"].item() == pytest.approx(7 * (0.4 + 0.4))
    assert terms["identity"].item() == pytest.approx(11 * (0.1 + 0.3))
    d_y, d_x = 0.1 + 1, 0.5 + 0.3 + 0                               # D_Y(G(x)), D_X(F(y))
    assert terms["adv"].item() == pytest.approx((d_y - 1) ** 2 + (d_x - 1) ** 2)
    terms = game.discriminator_terms(plus(2), y, x)
    assert terms["real"].item() == pytest.approx((2.5 - 1) ** 2 / 2) and terms["fake"].item() == pytest.approx(2**2 / 2)
    game.identity = game.cycle = 0
    assert set(game.generator_terms(Batch(x, y))) == {"adv"}


def test_each_d_of_cyclegan_judges_its_own_domain():
    game = cyclegan.CycleGAN(plus(1), plus(2), plus(0), plus(0), (1, 2, 2))
    batch = Batch(torch.zeros(2, 1, 2, 2), torch.full((2, 1, 2, 2), 5.0))
    d_x, d_y, g = game.players()
    d_x.loss(batch)
    d_y.loss(batch)
    assert [given.mean().item() for given, in game.D_X.seen] == [0, 7]      # x, F(y)
    assert [given.mean().item() for given, in game.D_Y.seen] == [5, 1]      # y, G(x)
    assert {id(p) for p in g.net.parameters()} == {id(p) for net in (game.G, game.F) for p in net.parameters()}


def test_the_pool_gives_half_old_pictures_and_keeps_no_more_than_it_holds():
    torch.manual_seed(0)
    pool = cyclegan.Pool(50, (1, 1, 1))
    old = total = 0
    for step in range(400):
        fresh = torch.arange(4.0).view(4, 1, 1, 1) + 4 * step
        back = pool(fresh)
        if step >= 100:                                             # full by now
            assert not pool.images.isnan().any()
            old, total = old + (back != fresh).sum().item(), total + 4
            assert ((back == fresh) | (back < 4 * step)).all(), "an old picture is from an earlier step"
    assert old / total == pytest.approx(0.5, abs=0.05)
    assert not pool(torch.zeros(4, 1, 1, 1)).isnan().any()


def test_a_batch_may_be_larger_than_the_pool():
    pool = cyclegan.Pool(3, (1, 1, 1))
    for start in (0, 8):
        fresh = torch.arange(start, start + 8.0).reshape(8, 1, 1, 1)
        back = pool(fresh)
        assert back.shape == fresh.shape and set(back.flatten().tolist()) <= set(range(start + 8))


def test_an_empty_pool_gives_every_picture_back():
    fresh = torch.randn(4, 3, 2, 2)
    assert torch.equal(cyclegan.Pool(50, (3, 2, 2))(fresh), fresh)


def test_a_residual_block_adds_to_what_it_is_given():
    block = cyclegan.ResidualBlock(4)
    x = torch.randn(1, 4, 8, 8)
    torch.testing.assert_close(block(x) - x, block.f(x))


def test_learning_rates_fall_to_nothing_over_the_second_half():
    training = start("dcgan")
    rates = []
    for done in (0.0, 0.5, 0.75, 1.0):
        training.decay(done)
        rates.append(training.optimizers["G"].param_groups[0]["lr"] / training.players["G"].lr)
    assert rates == [1, 1, 0.5, 0]


def test_dropout_in_pix2pix_belongs_to_the_trainings_own_random_stream():
    a, b = start("pix2pix"), start("pix2pix")
    next(a)
    torch.rand(3)                                                   # someone else draws numbers
    next(b)
    assert dict(next(a)) == dict(next(b)) and isinstance(a, Training)


def test_infogan_reads_any_picture_without_learning_from_it():
    game = start("infogan").game
    before = [buffer.clone() for buffer in game.buffers()]
    game.read(torch.randn(5, 1, 8, 8))
    assert all(torch.equal(a, b) for a, b in zip(before, game.buffers(), strict=True))
    assert isinstance(game.Q, infogan.CodeReader) and all(module.training for module in game.modules())


# BigGAN

def test_each_layer_of_biggans_generator_reads_its_own_chunk_of_z():
    G = biggan.HierarchicalGenerator(9, 10, 1, 4, 8).eval()
    entered = []
    for layer in (G.first, *G.affines):
        layer.register_forward_pre_hook(lambda _, inputs: entered.append(inputs[0]))
    z, y = torch.arange(9.0).repeat(2, 1), torch.tensor([3, 7])
    G(z, y)
    assert [told[0, :3].tolist() for told in entered] == [[0, 1, 2], [3, 4, 5], [6, 7, 8]]
    for told in entered:                                            # one embedding for all
        assert torch.equal(told[:, 3:], G.embedding(y))


@pytest.mark.parametrize("z_dim, size, found", [(10, 8, "multiple of 3; got 10"), (9, 10, "multiple of 4; got 10")])
def test_biggans_generator_refuses_sizes_that_it_cannot_share_out(z_dim, size, found):
    with pytest.raises(ValueError, match=found):
        biggan.HierarchicalGenerator(z_dim, 10, 1, 4, size)


def test_biggan_pays_the_hinge_loss_and_its_d_moves_twice():
    training = start("biggan")
    game, batch = training.game.eval(), next(training.batches)
    torch.manual_seed(0)
    paid = sum(game.discriminator_terms(batch).values())
    torch.manual_seed(0)
    fake = game.G(game.noise(len(batch.x)), batch.y)
    assert paid.item() == pytest.approx(losses.hinge_discriminator_loss(game.D(batch.x, batch.y), game.D(fake, batch.y)).item())
    assert [player.updates for player in game.players()] == [2, 1]


def test_every_layer_of_biggans_d_has_the_largest_singular_value_1():
    D = biggan.PooledDiscriminator(10, 1, 8)
    for _ in range(30):                                             # the power iteration has settled by then
        D(torch.randn(4, 1, 8, 8), torch.arange(4))
    D.eval()
    layers = [layer for layer in D.modules() if isinstance(layer, nn.Linear | nn.Conv2d | nn.Embedding)]
    assert len(layers) == 5
    for layer in layers:
        assert torch.linalg.matrix_norm(layer.weight.flatten(1), 2).item() == pytest.approx(1, abs=0.05)


# Self-supervised GAN

def test_rotations_are_quarter_turns_and_no_reflections():
    x = torch.tensor([[[[1.0, 2.0], [3.0, 4.0]]], [[[5.0, 6.0], [7.0, 8.0]]]])
    turned, k = ssgan.rotations(x)
    assert k.tolist() == [0, 0, 1, 1, 2, 2, 3, 3]
    assert turned[::2, 0].tolist() == [[[1, 2], [3, 4]], [[2, 4], [1, 3]], [[4, 3], [2, 1]], [[3, 1], [4, 2]]]
    assert torch.equal(torch.stack([torch.rot90(each, -int(n), (1, 2)) for each, n in zip(turned, k, strict=True)]), x.repeat(4, 1, 1, 1))


def test_ssgan_judges_upright_images_only_and_turns_real_ones_for_d_and_fakes_for_g():
    training = start("ssgan")
    game, batch = training.game, next(training.batches)
    seen = {"judged": [], "turned": []}
    game.D.head.register_forward_pre_hook(lambda _, h: seen["judged"].append(len(h[0])))
    game.D.rotation.register_forward_pre_hook(lambda _, h: seen["turned"].append(len(h[0])))
    n = len(batch.x)
    with torch.no_grad():
        game.G.layers[0].weight.fill_(0)                            # all fakes are alike
    terms = game.discriminator_terms(batch)
    assert seen == {"judged": [n, n], "turned": [4 * n]}
    terms["rotation"].backward()
    assert all(p.grad is None for p in game.G.parameters()), "D learns the rotations of real images"
    game.generator_terms(batch)["rotation"].backward()
    assert seen == {"judged": [n, n, n], "turned": [4 * n, 4 * n]}
    assert any(p.grad is not None for p in game.G.parameters()), "G learns from the rotations of its own"


def test_the_weights_of_the_rotation_losses_are_those_of_the_paper():
    training = start("ssgan")
    game, x = training.game.eval(), next(training.batches).x
    game.D.turns = lambda x: torch.zeros(len(x), 4)                 # no idea: log 4 nats
    batch = Batch(x, torch.zeros(len(x), dtype=torch.long))
    assert game.discriminator_terms(batch)["rotation"].item() == pytest.approx(math.log(4))
    assert game.generator_terms(batch)["rotation"].item() == pytest.approx(0.2 * math.log(4))
