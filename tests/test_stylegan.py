"""StyleGAN: its networks, its game, style mixing and projection."""
import pytest
import torch

from gan_course import judge, nets
from gan_course.data import glyphs
from gan_course.data.sets import scale
from gan_course.games import stylegan
from gan_course.lessons import style_mixing
from gan_course.projection import project
from gan_course.style_networks import (
    EqualisedConv,
    EqualisedLinear,
    MappingNetwork,
    StyledLayer,
    StyleGenerator,
    adain,
    mix,
    truncate,
)


@pytest.fixture
def G():
    torch.manual_seed(0)
    return StyleGenerator(8, channels=3, width=4, size=16, w_dim=8, depth=2)


def test_the_outputs_of_equalised_layers_spread_as_much_as_their_inputs_times_the_gain():
    torch.manual_seed(0)
    for multiplier in (1, 0.01):
        assert EqualisedLinear(256, 512, lr_multiplier=multiplier)(torch.randn(200, 256)).std().item() == pytest.approx(1, rel=0.05)
    assert EqualisedConv(64, 128, gain=2)(torch.randn(4, 64, 16, 16))[..., 1:-1, 1:-1].std().item() == pytest.approx(2, rel=0.05)


def test_adams_first_step_moves_a_layer_in_proportion_to_its_multiplier():
    def moved(multiplier):
        torch.manual_seed(0)
        layer, x = EqualisedLinear(16, 16, lr_multiplier=multiplier), torch.randn(8, 16)
        optimiser = torch.optim.Adam(layer.parameters(), lr=1e-3)
        before = layer(x)
        before.square().sum().backward()
        optimiser.step()
        return before, layer(x) - before
    (y, full), (same, slow) = moved(1.0), moved(0.01)
    assert torch.allclose(y, same, atol=1e-5)
    assert torch.allclose(0.01 * full, slow, atol=1e-5)


def test_the_length_of_z_does_not_matter():
    mapping, z = MappingNetwork(8, 8, 2), torch.randn(5, 8)
    assert torch.allclose(mapping(z), mapping(3 * z), atol=1e-5)
    assert len(mapping.layers) == 2 and all(layer.lr_multiplier == 0.01 for layer in mapping.layers)


def test_adain_sets_mean_and_spread_and_forgets_what_they_were():
    h, gain, shift = torch.randn(2, 3, 8, 8), torch.randn(2, 3), torch.randn(2, 3)
    out = adain(h, gain, shift)
    assert torch.allclose(out.mean(dim=(2, 3)), shift, atol=1e-4)
    assert torch.allclose(out.std(dim=(2, 3), unbiased=False), (1 + gain).abs(), atol=1e-3)
    assert torch.allclose(out, adain(5 * h + 3, gain, shift), atol=1e-3)


def test_noise_is_one_image_whose_strength_starts_at_zero():
    layer, h, w = StyledLayer(4, 6, 8), torch.randn(2, 4, 8, 8), torch.randn(2, 8)
    assert torch.equal(layer(h, w), layer(h, w))
    with torch.no_grad():
        layer.strength.fill_(1)
    assert not torch.equal(layer(h, w), layer(h, w))
    noise = torch.randn(2, 1, 8, 8)
    assert torch.equal(layer(h, w, noise), layer(h, w, noise))
    assert StyledLayer(4, 6, 8, doubles=True)(h, w).shape == (2, 6, 16, 16)


def test_the_generator_has_two_layers_for_each_size_after_the_first(G):
    z = torch.randn(3, 8)
    assert len(G.layers) == 5 and G.styles(z).shape == (3, 5, 8) and G(z).shape == (3, 3, 16, 16)
    assert [tuple(each.shape) for each in G.draw_noise(3)] == [(3, 1, side, side) for side in (4, 8, 8, 16, 16)]
    assert all(torch.equal(a, b) for a, b in zip(G.draw_noise(3, 5), G.draw_noise(3, 5), strict=True))


def test_each_layer_reads_its_own_style(G):
    a, b = G.styles(torch.randn(3, 8)), G.styles(torch.randn(3, 8))
    read = []
    for layer in G.layers:
        layer.style.register_forward_pre_hook(lambda _, inputs: read.append(inputs[0]))
    G.synthesis(mix(a, b, 2))
    assert [torch.equal(w, a[:, 0]) for w in read] == [True, True, False, False, False]
    assert [torch.equal(w, b[:, 0]) for w in read] == [False, False, True, True, True]
    assert torch.equal(mix(a, b, 0), b) and torch.equal(mix(a, b, 5), a)


def test_truncation_shrinks_towards_the_mean_of_w(G):
    styles, centre = G.styles(torch.randn(500, 8)), G.centre()
    assert centre.shape == (8,) and (styles[:, 0].mean(dim=0) - centre).norm() < 0.3 * styles[:, 0].std(dim=0).norm()
    assert torch.allclose(truncate(styles, centre, 1.0), styles, atol=1e-6)
    assert torch.allclose(truncate(styles, centre, 0.5) - centre, 0.5 * (styles - centre), atol=1e-6)
    x = G.synthesis(truncate(styles[:4], centre, 0.0))
    assert torch.allclose(x, x[:1].expand_as(x), atol=1e-6)


def test_the_game_mixes_styles_as_often_as_asked(monkeypatch):
    torch.manual_seed(0)
    game, _ = stylegan.demo()
    read = []
    monkeypatch.setattr(game.G, "synthesis", read.append)
    for _ in range(200):
        game.fakes(1)
    from_a = [int((styles[0] == styles[0, :1]).all(dim=1).sum()) for styles in read]    # layers that read A
    assert 160 <= sum(layers < 3 for layers in from_a) <= 195 and set(from_a) == {1, 2, 3}
    read.clear()
    game.mixing = 0.0
    game.fakes(1)
    assert (read[0][0] == read[0][0, :1]).all()


def test_d_pays_for_its_slope_on_real_images_only():
    torch.manual_seed(0)
    game, stream = stylegan.demo()
    batch = next(stream)
    game.D.forward = lambda x: 3 * x.flatten(1).sum(dim=1)            # slope 3 for each of 64 pixels
    assert game.discriminator_terms(batch)["r1"].item() == pytest.approx(0.5 * 9 * 64, rel=1e-4)
    game.gamma = 0.0
    assert "r1" not in game.discriminator_terms(batch)


def test_psi_0_draws_one_image_in_many_copies():
    torch.manual_seed(0)
    game, _ = stylegan.demo()
    x = game.sample(4, psi=0.0)
    assert torch.allclose(x, x[:1].expand_as(x), atol=1e-6)
    assert game.sample(4).std(dim=0).mean() > 1e-3


def test_projection_finds_an_image_that_the_generator_can_draw(G):
    with torch.no_grad():
        noise = [torch.zeros_like(each) for each in G.draw_noise(2)]
        x = G.synthesis(G.styles(torch.randn(2, 8)), noise)
        start = G.synthesis(G.centre().expand(2, 5, 8), noise)
    before = (start - x).square().flatten(1).mean(dim=1)
    found = project(G, x, steps=150)
    assert (found.errors < 0.1 * before).all()
    assert torch.allclose(G.synthesis(found.styles, noise), found.images, atol=1e-6)
    assert torch.equal(found.styles[:, 0], found.styles[:, 4]) and all(p.grad is None for p in G.parameters())
    own = project(G, x, steps=5, every_layer=True)
    assert not torch.equal(own.styles[:, 0], own.styles[:, 4])
    with pytest.raises(ValueError, match=r"shape \(3, 16, 16\); these have \(1, 8, 8\)"):
        project(G, torch.zeros(1, 1, 8, 8))


class Reader(torch.nn.Module):
    """Sees slant and width in channel 0, and the hues in channel 1."""

    def features(self, x):
        return x

    def head(self, x):
        return x[:, 0, 0, :4].softmax(dim=1)

    def readers(self, x):
        return {"slant": x[:, 0, 0, 0], "width": x[:, 0, 0, 1], "ink_hue": x[:, 1, 0, 0] * 180, "paper_hue": x[:, 1, 0, 1] * 180}


class Drawer:
    """A generator whose first layer alone decides channel 0, and whose last decides channel 1."""

    z_dim, layers = 4, range(3)

    def styles(self, z):
        return z[:, None].expand(-1, 3, -1)

    def draw_noise(self, n, seed=0):
        return []

    def synthesis(self, styles, noise):
        x = torch.stack([styles[:, 0], styles[:, 2]], dim=1)[..., None].expand(-1, -1, -1, 4)
        return torch.cat([x, x[:, :1]], dim=1).mul(0.3).transpose(2, 3)


def test_the_mixing_matrix_says_which_layer_decides_what():
    matrix = style_mixing.mixing_matrix(Drawer(), Reader(), n=2000)
    assert set(matrix) == {"character", "slant", "width", "x", "y", "grain", "ink_hue", "paper_hue"}
    assert matrix["slant"] == pytest.approx([0, 1, 1, 1], abs=0.1)
    assert matrix["ink_hue"] == pytest.approx([0, 0, 0, 1], abs=0.1)


def test_hues_on_both_sides_of_red_are_near():
    close = style_mixing.distances({"ink_hue": torch.tensor([1.0])}, {"ink_hue": torch.tensor([359.0])})
    assert close["ink_hue"].item() < 0.001


def test_the_place_of_the_ink_is_read_from_real_pictures():
    upright = {"family": "DejaVu Sans", "bold": 0, "italic": 0, "slant": 0, "width": 1, "height": 1, "rotation": 0}
    pictures = glyphs.glyphs_colour(n=200, present=upright | {"x": (-0.1, 0.1), "y": (-0.1, 0.1)})
    centre = dict(zip("xy", style_mixing.centre_of_ink(scale(pictures.images)), strict=True))
    for name, read in centre.items():
        off = read - pictures.factors[name]                         # each digit has its own centre
        assert max(off[pictures.labels == k].std() for k in range(10)) < 0.2 / 32       # a fifth of a pixel
    grey = glyphs.glyphs(n=500, size=32).images[:, 0] / 255         # the same scenes, without paper
    place = (torch.arange(32) + 0.5) / 32 - 0.5
    right, down = style_mixing.centre_of_ink(scale(glyphs.glyphs_colour(n=500).images))
    assert (right - (grey.sum(dim=1) * place).sum(dim=1) / grey.sum(dim=(1, 2))).square().mean().sqrt() < 0.1 / 32
    assert (down - (grey.sum(dim=2) * place).sum(dim=1) / grey.sum(dim=(1, 2))).square().mean().sqrt() < 0.1 / 32
    assert [each.tolist() for each in style_mixing.centre_of_ink(torch.ones(2, 3, 8, 8))] == [[0, 0], [0, 0]]


def test_the_grain_is_read_from_real_pictures(monkeypatch):
    for strength in (0.015, 0.03, 0.05):
        monkeypatch.setattr(glyphs, "GRAIN", strength)
        read = style_mixing.grain(scale(glyphs.glyphs_colour(n=200).images))
        assert read.mean().item() == pytest.approx(2 * strength, rel=0.05) and read.std() < 0.1 * read.mean()
    monkeypatch.setattr(glyphs, "GRAIN", 0.0)
    assert style_mixing.grain(scale(glyphs.glyphs_colour(n=200).images)).max() < 0.01   # rounding, no edges
    slope = torch.linspace(-0.1, 0.1, 32).expand(1, 3, 32, 32)
    assert style_mixing.grain(slope + slope.mT).item() < 1e-6       # what changes slowly is no grain


def test_bare_paper_is_paper_that_touches_no_ink():
    cover = glyphs.glyphs(n=100, size=32).images[:, 0]
    bare = style_mixing.bare_paper(scale(glyphs.glyphs_colour(n=100).images))
    assert (cover[bare] == 0).float().mean() > 0.99 and cover[bare].max() < 0.35 * 255 and bare.float().mean() > 0.6


def test_every_factor_of_real_pictures_is_read_well():
    found = style_mixing.reading(judge.load("glyphs_colour"), glyphs.glyphs_colour("test", n=1000))
    assert found.pop("grain") == pytest.approx(1, abs=0.03)
    assert min(found.values()) > 0.7 and max(found.values()) <= 1
    assert set(found) == {"character", "slant", "width", "x", "y", "ink_hue", "paper_hue"}


def test_a_factor_that_is_not_read_scores_0():
    class Blind(Reader):
        def readers(self, x):
            return dict.fromkeys(("slant", "ink_hue", "paper_hue"), torch.zeros(len(x))) | {"width": torch.full((len(x),), 0.95)}
    found = style_mixing.reading(Blind(), glyphs.glyphs_colour("test", n=500))
    assert all(found[name] < 0.02 for name in ("slant", "width", "ink_hue", "paper_hue")) and found["character"] < 0.3
    assert found["y"] > 0.8                                         # is not the judge's


def test_many_styles_are_drawn_in_parts(G, monkeypatch):
    monkeypatch.setattr(style_mixing, "ROWS", 3)
    styles, noise = G.styles(torch.randn(8, 8)), G.draw_noise(8)
    with torch.no_grad():
        whole = G.synthesis(styles, noise).clamp(-1, 1)
    assert torch.allclose(style_mixing.draw(G, styles, noise), whole, atol=1e-5)


def test_samples_are_images():
    torch.manual_seed(0)
    game, _ = stylegan.demo()
    assert game.sample(3).abs().max() <= 1 and nets.count_parameters(game.G) < 10_000
