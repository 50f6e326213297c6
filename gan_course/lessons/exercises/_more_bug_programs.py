"""The nine programs of notebook deeper/18_more_bugs, as those of `_bug_programs`."""
import copy

import torch
from torch.nn import functional as F
from torch.nn.functional import binary_cross_entropy_with_logits as bce
from torch.nn.functional import softplus

# shape and sign ----------------------------------------------------------------------------------


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


def minimax_step(G, D, optimizer, z):
    """G has the minimax loss of notebook 02."""
    loss = -softplus(D(G(z))).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()


def zeroed_before(G, D, optimizer, z):
    """G's gradients are zeroed before anything else, one by one."""
    for w in G.parameters():
        w.grad = None
    loss = softplus(-D(G(z))).mean()
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


def averaged(real_logits, fake_logits):
    """it is the mean of the two halves, not their sum."""
    return discriminator_loss(real_logits, fake_logits) / 2


def relativistic_loss(real_logits, fake_logits):
    """G's loss in a relativistic average GAN, from D's logits (N,): a fake has to look more real
    than the real images do on average.
    """
    valid = torch.ones_like(fake_logits)
    g_loss = bce(fake_logits - real_logits.mean(), valid)
    return g_loss


def overwritten(real_logits, fake_logits):
    valid = torch.ones_like(fake_logits)
    g_loss = bce(fake_logits - real_logits.mean(), valid)
    g_loss = bce(fake_logits, valid)
    return g_loss


def pairs(real_logits, fake_logits):
    """each fake is compared with one real image, as in the relativistic pairing GAN."""
    return softplus(real_logits - fake_logits).mean()


def both_averages(real_logits, fake_logits):
    """real images are compared with the average fake, too."""
    valid = torch.ones_like(fake_logits)
    return (bce(fake_logits - real_logits.mean(), valid)
            + bce(real_logits - fake_logits.mean(), 1 - valid)) / 2


def with_hinge(real_logits, fake_logits):
    """the comparison is that of a hinge."""
    return F.relu(1 - (fake_logits - real_logits.mean())).mean()


# penalties ---------------------------------------------------------------------------------------


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


def with_lerp(x, fake):
    """PyTorch's own `lerp` goes the share of the way."""
    return torch.lerp(x, fake, torch.rand(len(x), 1, 1, 1))


def drawn_in_place(x, fake):
    """it begins at the fake, and its shares are drawn in another way."""
    return fake + torch.empty(len(x), 1, 1, 1).uniform_() * (x - fake)


def penalty(D, x):
    """R1, 1/2 E[|slope of D's logit|^2], at real x (N, ...)."""
    x = x.detach().requires_grad_()
    (slope,) = torch.autograd.grad(D(x).sum(), x, create_graph=True)
    return 0.5 * slope.flatten(1).square().sum(dim=1).mean()


def summed(D, x):
    x = x.detach().requires_grad_()
    (slope,) = torch.autograd.grad(D(x).sum(), x, create_graph=True)
    return 0.5 * slope.flatten(1).square().sum(dim=1).sum()


# normalisation and state -------------------------------------------------------------------------


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


def with_its_statistics(G, z):
    """G is put back into the mode it was in."""
    mode = G.training
    with torch.no_grad():
        images = G.eval()(z)
    G.train(mode)
    return images


def of_a_copy(G, z):
    """a copy of G draws, so G itself stays as it is."""
    with torch.no_grad():
        return copy.deepcopy(G).eval()(z)


# data and evaluation -----------------------------------------------------------------------------


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


def flipped_first(images, turns):
    """each quarter turn is a flip and a transposition."""
    for _ in range(turns % 4):
        images = images.flip(3).transpose(2, 3)
    return images


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


def from_the_logarithm(x, y):
    """the peak of 1 is left out, since its logarithm is 0."""
    return -10 * (x - y).square().mean().log10()


def from_bytes(x, y):
    """it computes with grey levels up to 255, and a peak of 255."""
    return 10 * torch.log10(255**2 / (255 * x - 255 * y).square().mean())


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


def wide(steps):
    """the largest step is 12 divided by the number of steps."""
    betas = torch.linspace(0.001, 12 / steps, steps).clamp(max=0.999)
    return (1 - betas).cumprod(dim=0).sqrt()


def squared_cosine(steps):
    """the schedule is the cosine of improved DDPM, with its largest step at 0.999."""
    t = torch.linspace(0, 1, steps + 1)
    left = torch.cos((t + 0.008) / 1.008 * torch.pi / 2).square()
    return (left[1:] / left[:-1]).clamp(min=0.001).cumprod(dim=0).sqrt()
