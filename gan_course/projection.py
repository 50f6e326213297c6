"""Projection: find the w whose image looks like a given picture, for a `StyleGenerator`."""
from typing import NamedTuple

import torch
from torch import Tensor, nn

from gan_course import nets

RATE = 0.05
"""Adam's learning rate at the beginning."""


class Projection(NamedTuple):
    """What was found for N pictures.

    Attributes:
        styles: (N, layers, w_dim), to draw with as `G.synthesis(styles, noise)`.
        images: (N, C, H, W), drawn without noise.
        errors: the mean squared error of each image's pixels, (N,).
    """

    styles: Tensor
    images: Tensor
    errors: Tensor


def project(G: nn.Module, x: Tensor, *, steps: int = 200, every_layer: bool = False) -> Projection:
    """Walk from the mean of w down the gradient of the distance to each picture.

        min_w mean |G(w) - x|^2

    The noise is 0 all the time, so that w has to say everything. Inverting StyleGAN in this way:
    Abdal, Qin, Wonka, 2019, arXiv:1904.03189.

    Args:
        G: the generator, whose weights stay as they are.
        x: pictures, (N, C, H, W) in [-1, 1].
        steps: of Adam, whose learning rate falls to 0 along half a cosine.
        every_layer: whether each layer has a w of its own, which fits more closely; otherwise all
            layers share one.

    Returns:
        The `Projection`, without gradients, on the device of G.

    Raises:
        ValueError: G draws pictures of another shape.
    """
    x = x.to(nets.device_of(G))
    noise = [torch.zeros_like(each) for each in G.draw_noise(len(x))]
    with torch.no_grad():
        drawn = G.synthesis(G.styles(torch.zeros(1, G.z_dim, device=x.device)),
                            [each[:1] for each in noise])
    if drawn.shape[1:] != x.shape[1:]:
        raise ValueError(f"G draws pictures of shape {tuple(drawn.shape[1:])}; these have "
                         f"{tuple(x.shape[1:])}.")
    layers = len(G.layers)
    w = G.centre().repeat(len(x), layers if every_layer else 1, 1).requires_grad_()
    optimiser = torch.optim.Adam([w], RATE)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)

    for _ in range(steps):
        images = G.synthesis(w.expand(-1, layers, -1), noise)
        loss = (images - x).square().flatten(1).mean(dim=1).sum()
        w.grad, = torch.autograd.grad(loss, [w])                    # G's own gradients stay unset
        optimiser.step()
        schedule.step()

    with torch.no_grad():
        styles = w.detach().expand(-1, layers, -1)
        images = G.synthesis(styles, noise)
        return Projection(styles, images, (images - x).square().flatten(1).mean(dim=1))
