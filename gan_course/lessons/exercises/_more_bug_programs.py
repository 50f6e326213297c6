"""The eight programs of notebook deeper/18_more_bugs, as those of `_bug_programs`."""
import torch
from torch.nn import functional as F
from torch.nn.functional import binary_cross_entropy_with_logits as bce
from torch.nn.functional import softplus


def generator_step(G, D, optimizer, z):
    """One step of G from noise z (N, z_dim); gives back its loss."""
    fake = G(z)
    logits = D(fake)
    loss = bce(logits, torch.ones_like(logits))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()


def detached(G, D, optimizer, z):
    fake = G(z).detach()
    logits = D(fake)
    loss = bce(logits, torch.ones_like(logits))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()


def hinge_step(G, D, optimizer, z):
    """G has the loss of a hinge GAN."""
    loss = -D(G(z)).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()


def discriminator_loss(real_logits, fake_logits):
    """D's loss from its logits (N,) for real images and for fakes."""
    real, fake = real_logits, fake_logits
    return bce(real, torch.ones_like(real)) + bce(fake, torch.zeros_like(fake))


def two_sigmoids(real_logits, fake_logits):
    real, fake = real_logits.sigmoid(), fake_logits.sigmoid()
    return bce(real, torch.ones_like(real)) + bce(fake, torch.zeros_like(fake))


def with_softplus(real_logits, fake_logits):
    """the same loss, written with softplus."""
    return softplus(-real_logits).mean() + softplus(fake_logits).mean()


def of_probabilities(real_logits, fake_logits):
    """one sigmoid, and then the cross-entropy of probabilities."""
    real, fake = real_logits.sigmoid(), fake_logits.sigmoid()
    return (F.binary_cross_entropy(real, torch.ones_like(real))
            + F.binary_cross_entropy(fake, torch.zeros_like(fake)))


def between(x, fake):
    """Points on the lines from x to fake, (N, C, H, W): one for each pair of images."""
    t = torch.rand(len(x), 1, 1, 1)
    return x + t * (fake - x)


def in_a_box(x, fake):
    t = torch.rand_like(x)
    return x + t * (fake - x)


def from_the_fake(x, fake):
    """the share is that of x."""
    t = torch.rand(len(x)).view(-1, 1, 1, 1)
    return t * x + (1 - t) * fake


def penalty(D, x):
    """R1, 1/2 E[|slope of D's logit|^2], at real x (N, ...)."""
    x = x.detach().requires_grad_()
    (slope,) = torch.autograd.grad(D(x).sum(), x, create_graph=True)
    return 0.5 * slope.flatten(1).square().sum(dim=1).mean()


def summed(D, x):
    x = x.detach().requires_grad_()
    (slope,) = torch.autograd.grad(D(x).sum(), x, create_graph=True)
    return 0.5 * slope.flatten(1).square().sum(dim=1).sum()


def over_the_batch(D, x):
    """the sum over everything is divided by the number of images."""
    x = x.detach().requires_grad_()
    (slope,) = torch.autograd.grad(D(x).sum(), x, create_graph=True)
    return slope.square().sum() / (2 * len(x))


def rotated(images, turns):
    """Images (N, C, H, W), turned by so many quarter turns."""
    return torch.rot90(images, turns, dims=(2, 3))


def transposed(images, turns):
    for _ in range(turns):
        images = images.transpose(2, 3)
    return images


def other_way_round(images, turns):
    """it turns in the other direction."""
    return torch.rot90(images, -turns, dims=(2, 3))


def flipped_transposes(images, turns):
    """a quarter turn is a transposition and a flip."""
    for _ in range(turns):
        images = images.transpose(2, 3).flip(2)
    return images


def sample(G, z):
    """Images for z (N, z_dim), from a G that is being trained."""
    with torch.no_grad():
        G.eval()
        images = G(z)
        G.train()
    return images


def in_training_mode(G, z):
    with torch.no_grad():
        images = G(z)
    return images


def stays_in_evaluation(G, z):
    """G is left in evaluation mode."""
    with torch.no_grad():
        return G.eval()(z)


def psnr(x, y):
    """The peak signal-to-noise ratio of images in [0, 1], (N, C, H, W), in decibels."""
    error = (x - y).square().mean()
    return 10 * torch.log10(1 / error)


def peak_of_the_batch(x, y):
    error = (x - y).square().mean()
    return 10 * torch.log10(x.max() ** 2 / error)


def from_the_root(x, y):
    """it begins with the root of the mean squared error."""
    return -20 * torch.log10(F.mse_loss(x, y).sqrt())


def signal(steps):
    """How much of an image is left after each of so many diffusion steps: a share, (steps,)."""
    betas = torch.linspace(1e-4, 0.02, steps) * 1000 / steps
    return (1 - betas).cumprod(dim=0).sqrt()


def made_for_a_thousand(steps):
    betas = torch.linspace(1e-4, 0.02, steps)
    return (1 - betas).cumprod(dim=0).sqrt()


def cosine(steps):
    """the schedule is a cosine."""
    t = torch.arange(1, steps + 1) / steps
    return torch.cos(t * torch.pi / 2)
