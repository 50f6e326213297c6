"""How alike two pictures are, pixel by pixel: for translations, whose true partner is known. All
pictures lie in [-1, 1].

`metrics` compares whole crowds of samples; here row i of one batch is compared with row i of the
other.
"""
import math

import torch
from torch import Tensor
from torch.nn.functional import conv2d, pad

PEAK = 2.0
"""The distance from black to white: -1 to 1."""


def psnr(a: Tensor, b: Tensor, mask: Tensor | None = None) -> float:
    """Peak signal-to-noise ratio: 10 log10(2^2 / MSE), the mean taken over all pixels and channels
    of all rows at once.

    Equal pictures give infinity; 20 dB is a typical error of a tenth of the range; ten dB more is
    ten times less squared error.

    Args:
        a, b: pictures, (N, C, H, W) in [-1, 1], on any device.
        mask: bool (N, H, W); only its pixels count. None: all do.

    Returns:
        The ratio in decibels.

    Raises:
        ValueError: the shapes do not match, or the mask is empty.
    """
    _check(a, b, mask)
    squared = (_exact(a) - _exact(b)).square()
    if mask is not None:
        if not mask.any():
            raise ValueError("The mask marks no pixel at all: there is nothing to compare.")
        squared = squared.movedim(1, -1)[mask.cpu()]                # (pixels, C)
    error = squared.mean().item()
    return math.inf if error == 0 else 10 * math.log10(PEAK**2 / error)


def ssim(a: Tensor, b: Tensor) -> float:
    """Structural similarity, averaged over places, channels and rows (Wang, Bovik, Sheikh,
    Simoncelli, 2004).

        (2 m_a m_b + c1) (2 s_ab + c2) / ((m_a^2 + m_b^2 + c1) (s_a^2 + s_b^2 + c2))

    m, s^2 and s_ab are mean, variance and covariance under a Gaussian window of 11 x 11 pixels, sd
    1.5, around each pixel; the pictures are mirrored at their edges. c1 = (0.01 * 2)^2, c2 = (0.03
    * 2)^2.

    Args:
        a, b: pictures, (N, C, H, W) in [-1, 1], at least 6 pixels a side, on any device.

    Returns:
        At most 1, for equal pictures.

    Raises:
        ValueError: the shapes do not match, or the pictures are too small.
    """
    _check(a, b)
    if min(a.shape[2:]) < 6:
        raise ValueError("SSIM looks 5 pixels far in each direction; these pictures are only "
                         f"{a.shape[2]} x {a.shape[3]}.")
    # (N C, 1, H, W)
    a, b = _exact(a).flatten(0, 1).unsqueeze(1), _exact(b).flatten(0, 1).unsqueeze(1)
    bell = torch.exp(-(torch.arange(11, dtype=torch.float64) - 5).square() / (2 * 1.5**2))
    bell /= bell.sum()

    # the window is a product: first along the columns, then the rows
    def mean(x: Tensor) -> Tensor:
        across = conv2d(pad(x, (5, 5, 5, 5), mode="reflect"), bell[None, None, :, None])
        return conv2d(across, bell[None, None, None, :])            # (N C, 1, H, W)

    c1, c2 = (0.01 * PEAK) ** 2, (0.03 * PEAK) ** 2
    mean_a, mean_b = mean(a), mean(b)
    variances = mean(a * a) - mean_a**2 + mean(b * b) - mean_b**2
    covariance = mean(a * b) - mean_a * mean_b
    return ((2 * mean_a * mean_b + c1) * (2 * covariance + c2) / ((mean_a**2 + mean_b**2 + c1) *
                                                                  (variances + c2))).mean().item()


def sharpness(x: Tensor, mask: Tensor) -> float:
    """How much pictures change from pixel to pixel: the mean absolute difference of neighbours in a
    row, both inside a mask.

    Args:
        x: pictures, (N, C, H, W).
        mask: bool (N, H, W).

    Returns:
        At least 0; 0 for flat pictures.

    Raises:
        ValueError: the shapes do not match, or the mask has no two neighbours.
    """
    _check(x, x, mask)
    both = (mask[..., 1:] & mask[..., :-1]).cpu()
    if not both.any():
        raise ValueError("The mask has no two pixels beside each other: nothing to compare.")
    x = _exact(x)
    return (x[..., 1:] - x[..., :-1]).abs().mean(dim=1)[both].mean().item()


def hue(x: Tensor, mask: Tensor) -> Tensor:
    """The hue of the mean colour inside a mask.

    Args:
        x: pictures, (N, 3, H, W).
        mask: bool (N, H, W).

    Returns:
        Degrees from 0 (red) over 120 (green) and 240 (blue) to 360, (N,). NaN where the mask is
        empty or the mean is grey, which has no hue.
    """
    weight = mask[:, None].to(x)
    red, green, blue = ((x * weight).sum(dim=(2, 3)) / weight.sum(dim=(2, 3))).unbind(dim=1)
    across, along = math.sqrt(3) * (green - blue), 2 * red - green - blue
    angle = torch.rad2deg(torch.atan2(across, along)) % 360
    return torch.where((across.abs() + along.abs()) > 1e-6, angle, torch.nan)


def hue_error(a: Tensor, b: Tensor, mask: Tensor) -> float:
    """The mean angle between the hues of a and b inside a mask.

    Hues that have nothing to do with each other give 90. Rows without a hue are left out.

    Args:
        a, b: pictures, (N, 3, H, W).
        mask: bool (N, H, W).

    Returns:
        0 to 180 degrees.

    Raises:
        ValueError: the shapes do not match, or no row has a hue.
    """
    _check(a, b, mask)
    apart = (hue(a, mask) - hue(b, mask)).abs()
    apart = torch.minimum(apart, 360 - apart)
    if apart.isnan().all():
        raise ValueError("No picture has a hue inside its mask: there is nothing to compare.")
    return apart.nanmean().item()


def _exact(x: Tensor) -> Tensor:
    """x in float64 on the CPU; Apple's GPUs have no float64."""
    return x.detach().to("cpu", torch.float64)


def _check(a: Tensor, b: Tensor, mask: Tensor | None = None) -> None:
    if a.shape != b.shape or a.dim() != 4:
        raise ValueError("Two batches of pictures of one shape (N, C, H, W) are needed; got "
                         f"{tuple(a.shape)} and {tuple(b.shape)}.")
    if mask is not None and (mask.dtype != torch.bool or mask.shape != (len(a), *a.shape[2:])):
        raise ValueError(f"The mask must be bool of shape {(len(a), *a.shape[2:])}; got "
                         f"{mask.dtype} of shape {tuple(mask.shape)}.")
