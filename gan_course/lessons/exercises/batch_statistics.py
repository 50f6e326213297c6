"""An exercise of the deeper notebooks of 07: BatchNorm in training mode."""
import torch

from gan_course.lessons.exercises._checking import (
    Exercise,
    Mistake,
    Probe,
    as_number,
    number_called,
)


def batch_norm(h, gamma, beta, eps):
    """BatchNorm in training mode: h (N, C, H, W), gamma and beta (C,) -> the same shape as h."""
    mean = h.mean(dim=(0, 2, 3), keepdim=True)                      # (1, C, 1, 1)
    variance = h.var(dim=(0, 2, 3), keepdim=True, correction=0)     # (1, C, 1, 1)
    normalised = (h - mean) / (variance + eps).sqrt()
    return gamma[:, None, None] * normalised + beta[:, None, None]


def normalised(dims=(0, 2, 3), *, correction=0,
               divide=lambda variance, eps: (variance + eps).sqrt(), centre=True,
               scale=lambda h, gamma, beta: gamma * h + beta):
    """BatchNorm with its parts to be changed."""
    def batch_norm(h, gamma, beta, eps):
        mean = h.mean(dim=dims, keepdim=True) if centre else 0
        variance = h.var(dim=dims, keepdim=True, correction=correction)
        return scale((h - mean) / divide(variance, eps), gamma[:, None, None], beta[:, None, None])
    return batch_norm


def activations(N, C, H, W, eps):
    """Activations of a layer, and numbers for gamma and beta."""
    def inputs():
        draw = torch.Generator().manual_seed(C)
        return {"h": 2 * torch.randn(N, C, H, W, generator=draw) + 1 + torch.arange(W),
                "gamma": 1 + torch.rand(C, generator=draw), "beta": torch.randn(C, generator=draw),
                "eps": eps}
    return inputs


def tracked_activations():
    return {name: each.double().requires_grad_(True) if isinstance(each, torch.Tensor) else each
            for name, each in activations(4, 3, 2, 5, 0.5)().items()}


def gradients(results, inputs):
    """Those of a weighted sum: the plain sum of a normalised channel is 0, whatever h is."""
    if not results:
        return {}
    if not isinstance(results[0], torch.Tensor) or not results[0].requires_grad:
        return {"the gradients": "missing"}
    weighted = (results[0] * torch.arange(results[0].numel()).cos().view_as(results[0])).sum()
    wanted = {name: inputs[name] for name in ("h", "gamma", "beta")}
    found = torch.autograd.grad(weighted, list(wanted.values()), allow_unused=True)
    return {f"the gradient for {name}": "missing" if gradient is None else as_number(gradient)
            for name, gradient in zip(wanted, found, strict=True)}


def result(results, inputs):
    return number_called("the result", results)


MISTAKES = (
    Mistake("each_image", "Every image is normalised by its own mean and variance: that is "
            "instance normalisation. BatchNorm takes one mean for a channel over all images of the "
            "mini-batch, so which dimension is missing among those that you average?",
            like=normalised((2, 3))),
    Mistake("each_pixel", "Every pixel has a mean of its own, taken over the images. In a "
            "convolutional layer all pixels of a channel share one mean and one variance.",
            like=normalised((0,))),
    Mistake("all_channels", "All channels share one mean and one variance. BatchNorm has one of "
            "each for every channel, so the channels stay out of the average.",
            like=normalised((0, 1, 2, 3))),
    Mistake("layer_norm", "Every image is normalised over its channels and pixels: that is layer "
            "normalisation. BatchNorm averages over the images and the pixels, for each channel.",
            like=normalised((1, 2, 3))),
    Mistake("channels_averaged", "The average runs over the channels. They are the one dimension "
            "that keeps its own statistics.", like=(normalised((1,)), normalised((0, 1)))),
    Mistake("correction", "The variance is divided by n - 1, as `var` does by default. BatchNorm "
            "normalises by the mean of the squares itself: `correction=0`.",
            like=normalised(correction=1)),
    Mistake("no_root", "It divides by the variance. The standard deviation is its root.",
            like=(normalised(divide=lambda v, eps: v + eps), normalised(divide=lambda v, eps: v))),
    Mistake("eps_outside", "`eps` is added after the root. BatchNorm adds it to the variance.",
            like=normalised(divide=lambda v, eps: v.sqrt() + eps)),
    Mistake("no_eps", "`eps` is not used. It is added to the variance, so that a channel that does "
            "not vary is not divided by 0.", like=normalised(divide=lambda v, eps: v.sqrt())),
    Mistake("multiplied", "It multiplies by the standard deviation instead of dividing by it.",
            like=normalised(divide=lambda v, eps: 1 / (v + eps).sqrt())),
    Mistake("not_centred", "The mean is not subtracted. After normalising, each channel has mean 0 "
            "before gamma and beta.", like=normalised(centre=False)),
    Mistake("exchanged", "gamma and beta are exchanged: gamma multiplies, beta is added.",
            like=normalised(scale=lambda h, gamma, beta: beta * h + gamma)),
    Mistake("no_gamma_beta", "The channels are normalised, and gamma or beta is forgotten. The "
            "last line is gamma times the normalised h, plus beta.",
            like=(normalised(scale=lambda h, gamma, beta: h),
                  normalised(scale=lambda h, gamma, beta: gamma * h),
                  normalised(scale=lambda h, gamma, beta: h + beta))),
    Mistake("gamma_along_width", "gamma and beta run along the width of the image, where PyTorch "
            "puts a vector's numbers by itself. They belong to the channels: "
            "`gamma[:, None, None]` has the shape (C, 1, 1).",
            like=lambda h, gamma, beta, eps: gamma * normalised(
                scale=lambda h, gamma, beta: h)(h, gamma, beta, eps) + beta,
            when=lambda seen: "must match the size" in seen.get("the error", "")),
)
OF_THE_GRADIENT = (
    Mistake("detached", "The numbers are right, but not their gradients. Mean and variance are "
            "part of the function, and the gradient flows back through them, too: nothing is cut "
            "off (`.detach()`, `.data`, `torch.no_grad()`).",
            when=lambda seen: "the error" not in seen),
)


EXERCISES = (
    Exercise("07.batch_norm", batch_norm,
             (Probe(activations(4, 3, 2, 5, 0.5), result, MISTAKES),
              Probe(activations(6, 4, 3, 4, 1e-5), result, MISTAKES),
              Probe(tracked_activations, gradients, OF_THE_GRADIENT)),
             ("Each channel gets one mean and one variance, over everything else: the images and "
              "both directions of the picture.",
              "`h.mean(dim=(0, 2, 3), keepdim=True)` has the shape (1, C, 1, 1). `h.var` takes the "
              "same arguments, and `correction=0`.",
              "`(h - mean) / (variance + eps).sqrt()`, times `gamma[:, None, None]`, plus "
              "`beta[:, None, None]`."),
             "One line of it couples all images of the mini-batch: the mean over dimension 0.",
             frozenset({"x", "G", "D"})),
)
