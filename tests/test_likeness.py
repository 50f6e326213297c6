"""Pictures against their partners: closed forms, and torchmetrics on the same pictures."""
import colorsys
import math

import pytest
import torch
from torchmetrics.image import PeakSignalNoiseRatio, StructuralSimilarityIndexMeasure

from gan_course import likeness


@pytest.fixture
def pair():
    draw = torch.Generator().manual_seed(0)
    a = torch.rand(3, 3, 24, 32, generator=draw) * 2 - 1
    return a, (a + 0.3 * torch.randn(a.shape, generator=draw)).clamp(-1, 1)


def test_psnr_in_closed_form():
    black, white = -torch.ones(2, 3, 4, 4), torch.ones(2, 3, 4, 4)
    assert likeness.psnr(black, white) == 0                         # the largest error there is
    assert likeness.psnr(black, black + 0.2) == pytest.approx(20, abs=1e-4)     # a tenth of the range
    assert likeness.psnr(black, black) == math.inf


def test_psnr_is_torchmetrics(pair):
    assert likeness.psnr(*pair) == pytest.approx(PeakSignalNoiseRatio(data_range=2.0)(*pair).item(), rel=1e-6)


def test_a_mask_counts_its_pixels_only():
    a, b, mask = torch.zeros(2, 3, 4, 4), torch.zeros(2, 3, 4, 4), torch.zeros(2, 4, 4, dtype=torch.bool)
    b[0, :, 1, 2], mask[0, 1, 2] = 0.2, True
    b[1] = 0.9                                                      # far off, but nobody asked
    assert likeness.psnr(a, b, mask) == pytest.approx(20, abs=1e-4)


def test_ssim_is_torchmetrics_and_one_for_equal_pictures(pair):
    assert likeness.ssim(*pair) == pytest.approx(StructuralSimilarityIndexMeasure(data_range=2.0)(*pair).item(), abs=1e-5)
    assert likeness.ssim(pair[0], pair[0]) == pytest.approx(1)


@pytest.mark.parametrize("degrees", [0, 30, 120, 200, 345])
def test_hue_is_the_colour_wheels(degrees):
    colour = torch.tensor(colorsys.hsv_to_rgb(degrees / 360, 0.8, 0.7)) * 2 - 1
    x, mask = torch.zeros(1, 3, 6, 6), torch.zeros(1, 6, 6, dtype=torch.bool)
    x[0, :, 2:4, 2:4], mask[0, 2:4, 2:4] = colour[:, None, None], True
    assert abs((likeness.hue(x, mask).item() - degrees + 180) % 360 - 180) < 6          # hexagon and circle differ a little
    assert likeness.hue_error(x, x, mask) == 0


def test_hue_error_goes_the_short_way_round_and_skips_what_has_no_hue():
    def painted(degrees):
        return torch.tensor(colorsys.hsv_to_rgb(degrees / 360, 1, 1))[:, None, None].expand(3, 2, 2) * 2 - 1

    a, b = torch.stack([painted(0), painted(120), torch.zeros(3, 2, 2)]), torch.stack([painted(300), painted(0), painted(60)])
    mask = torch.ones(3, 2, 2, dtype=torch.bool)
    assert likeness.hue_error(a, b, mask) == pytest.approx((60 + 120) / 2, abs=1e-3)


def test_unrelated_hues_are_a_quarter_turn_apart():
    draw = torch.Generator().manual_seed(0)
    a, b = torch.rand(2, 4000, 3, 1, 1, generator=draw) * 2 - 1
    assert likeness.hue_error(a, b, torch.ones(4000, 1, 1, dtype=torch.bool)) == pytest.approx(90, abs=3)


@pytest.mark.parametrize("call, said", [
    (lambda a, m: likeness.psnr(a, a[:1]), "one shape"), (lambda a, m: likeness.psnr(a, a, m & False), "no pixel at all"),
    (lambda a, m: likeness.psnr(a, a, m.float()), "must be bool"), (lambda a, m: likeness.ssim(a, a), "5 pixels far"),
    (lambda a, m: likeness.hue_error(a, a, m & False), "nothing to compare")])
def test_what_cannot_be_compared_is_said(call, said):
    with pytest.raises(ValueError, match=said):
        call(torch.rand(2, 3, 5, 8), torch.ones(2, 5, 8, dtype=torch.bool))


def test_sharpness_is_the_mean_step_to_the_right_inside_the_mask():
    x = torch.zeros(1, 3, 2, 4)
    x[..., 1::2] = 0.5                                              # every step is 0.5
    mask = torch.ones(1, 2, 4, dtype=torch.bool)
    assert likeness.sharpness(x, mask) == pytest.approx(0.5) and likeness.sharpness(torch.ones(1, 3, 2, 4), mask) == 0
    x[:, :, 0] = 7.0
    mask[:, 0] = False                                              # the flat row alone would give 0
    assert likeness.sharpness(x, mask) == pytest.approx(0.5) and likeness.sharpness(x, ~mask) == 0
    mask[:, 1, 1:] = False
    with pytest.raises(ValueError, match="no two pixels beside each other"):
        likeness.sharpness(x, mask)
