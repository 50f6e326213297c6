"""The eight programs of notebook 18: as they should be, with the bug that was published, and right
in other words, for tests that ask too much.

Each is rewritten small, in our own words; the notebook says where the bug was found.
"""
import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.functional import binary_cross_entropy_with_logits as bce
from torch.nn.functional import softplus

from gan_course.metrics import frechet_distance

# shape and sign ----------------------------------------------------------------------------------


def adversarial_losses(real_logits, fake_logits):
    """D's loss and G's loss, from D's logits (N,) for real images and for fakes."""
    real, fake = torch.ones_like(real_logits), torch.zeros_like(fake_logits)
    d_loss = bce(real_logits, real) + bce(fake_logits, fake)
    g_loss = bce(fake_logits, torch.ones_like(fake_logits))
    return d_loss, g_loss


def labels_swapped(real_logits, fake_logits):
    real, fake = torch.zeros_like(real_logits), torch.ones_like(fake_logits)
    d_loss = bce(real_logits, real) + bce(fake_logits, fake)
    g_loss = bce(fake_logits, torch.ones_like(fake_logits))
    return d_loss, g_loss


def with_softplus(real_logits, fake_logits):
    """the same losses, written with softplus."""
    d_loss = softplus(-real_logits).mean() + softplus(fake_logits).mean()
    return d_loss, softplus(-fake_logits).mean()


def halved(real_logits, fake_logits):
    """D's loss is the mean of its two halves, which is only a smaller learning rate."""
    d_loss, g_loss = adversarial_losses(real_logits, fake_logits)
    return d_loss / 2, g_loss


def minimax(real_logits, fake_logits):
    """G has the minimax loss of notebook 02, which is a weaker pull in the same direction."""
    d_loss, _ = adversarial_losses(real_logits, fake_logits)
    return d_loss, -softplus(fake_logits).mean()


def of_a_critic(real_logits, fake_logits):
    """they are the losses of a Wasserstein GAN, differences of means."""
    return fake_logits.mean() - real_logits.mean(), -fake_logits.mean()


def discriminator_step(D, optimizer, x, fake):
    """One step of D on real x and fakes (N, ...), with a penalty on its slope near x."""
    optimizer.zero_grad()
    real_logits, fake_logits = D(x), D(fake.detach())
    d_loss = bce(real_logits, torch.ones_like(real_logits))
    d_loss = d_loss + bce(fake_logits, torch.zeros_like(fake_logits))
    near = (x + 0.1 * torch.rand_like(x)).requires_grad_()
    (slope,) = torch.autograd.grad(D(near).sum(), near, create_graph=True)
    penalty = (slope.flatten(1).norm(dim=1) - 1).square().mean()
    (d_loss + penalty).backward()
    optimizer.step()
    return d_loss.item()


def penalty_alone(D, optimizer, x, fake):
    optimizer.zero_grad()
    real_logits, fake_logits = D(x), D(fake.detach())
    d_loss = bce(real_logits, torch.ones_like(real_logits))
    d_loss = d_loss + bce(fake_logits, torch.zeros_like(fake_logits))
    near = (x + 0.1 * torch.rand_like(x)).requires_grad_()
    (slope,) = torch.autograd.grad(D(near).sum(), near, create_graph=True)
    penalty = (slope.flatten(1).norm(dim=1) - 1).square().mean()
    penalty.backward()
    optimizer.step()
    return d_loss.item()


def two_backward_passes(D, optimizer, x, fake):
    """loss and penalty go backward one after the other, which adds up to the same gradient."""
    optimizer.zero_grad()
    real_logits, fake_logits = D(x), D(fake.detach())
    d_loss = softplus(-real_logits).mean() + softplus(fake_logits).mean()
    d_loss.backward()
    near = (x + 0.1 * torch.rand_like(x)).requires_grad_()
    (slope,) = torch.autograd.grad(D(near).sum(), near, create_graph=True)
    (slope.flatten(1).norm(dim=1) - 1).square().mean().backward()
    optimizer.step()
    return d_loss.item()


def with_hinge(D, optimizer, x, fake):
    """D has the loss of a hinge GAN, beside the same penalty."""
    d_loss = F.relu(1 - D(x)).mean() + F.relu(1 + D(fake.detach())).mean()
    near = (x + 0.1 * torch.rand_like(x)).requires_grad_()
    (slope,) = torch.autograd.grad(D(near).sum(), near, create_graph=True)
    optimizer.zero_grad()
    (d_loss + (slope.flatten(1).norm(dim=1) - 1).square().mean()).backward()
    optimizer.step()
    return d_loss.item()


def noise_on_both_sides(D, optimizer, x, fake):
    """the points near x lie on all sides of it, and the gradients are zeroed at the end."""
    real_logits, fake_logits = D(x), D(fake.detach())
    d_loss = softplus(-real_logits).mean() + softplus(fake_logits).mean()
    near = (x + 0.1 * torch.randn_like(x)).requires_grad_()
    (slope,) = torch.autograd.grad(D(near).sum(), near, create_graph=True)
    (d_loss + (slope.flatten(1).norm(dim=1) - 1).square().mean()).backward()
    optimizer.step()
    optimizer.zero_grad()
    return d_loss.item()


# penalties ---------------------------------------------------------------------------------------


def gradient_penalty(critic, x, fake):
    """WGAN-GP's penalty, E[(|slope| - 1)^2], between x and fakes (N, C, H, W)."""
    t = torch.rand(len(x), 1, 1, 1)
    between = (t * x + (1 - t) * fake).requires_grad_()
    (slope,) = torch.autograd.grad(critic(between).sum(), between, create_graph=True)
    return (slope.flatten(1).norm(dim=1) - 1).square().mean()


def over_channels(critic, x, fake):
    t = torch.rand(len(x), 1, 1, 1)
    between = (t * x + (1 - t) * fake).requires_grad_()
    (slope,) = torch.autograd.grad(critic(between).sum(), between, create_graph=True)
    return (slope.norm(dim=1) - 1).square().mean()


def by_squares(critic, x, fake):
    """the norm is written as the root of the sum of squares, plus 1e-12 against a zero."""
    t = torch.rand(len(x), 1, 1, 1)
    between = (t * x + (1 - t) * fake).requires_grad_()
    (slope,) = torch.autograd.grad(critic(between).sum(), between, create_graph=True)
    return ((slope.square().sum(dim=(1, 2, 3)) + 1e-12).sqrt() - 1).square().mean()


def from_the_other_end(critic, x, fake):
    """the share t belongs to the fake instead of to x."""
    return gradient_penalty(critic, fake, x)


def image_by_image(critic, x, fake):
    """it goes through the images one after the other."""
    return torch.stack([gradient_penalty(critic, x[i:i + 1], fake[i:i + 1])
                        for i in range(len(x))]).mean()


def r1(D, x):
    """R1, 1/2 E[|slope of D's logit|^2], at real x (N, ...); gamma is 1."""
    x = x.detach().requires_grad_()
    logits = D(x)
    (slope,) = torch.autograd.grad(logits.sum(), x, create_graph=True)
    return 0.5 * slope.flatten(1).square().sum(dim=1).mean()


def slope_of_the_loss(D, x):
    x = x.detach().requires_grad_()
    logits = -softplus(-D(x))
    (slope,) = torch.autograd.grad(logits.sum(), x, create_graph=True)
    return 0.5 * slope.flatten(1).square().sum(dim=1).mean()


def squared_norm(D, x):
    """the norm of the slope is taken first, and then squared."""
    x = x.detach().clone().requires_grad_()
    logits = D(x)
    (slope,) = torch.autograd.grad(logits, x, torch.ones_like(logits), create_graph=True)
    return 0.5 * slope.flatten(1).norm(dim=1).square().mean()


def over_the_batch(D, x):
    """the sum over everything is divided by the number of images."""
    x = x.detach().requires_grad_()
    (slope,) = torch.autograd.grad(D(x).sum(), x, create_graph=True)
    return slope.square().sum() / (2 * len(x))


def one_by_one(D, x):
    """it goes through the images one after the other."""
    return torch.stack([r1(D, image) for image in x.split(1)]).mean()


R1 = (r1, squared_norm, over_the_batch, one_by_one)


# normalisation and state -------------------------------------------------------------------------


def block(channels_in, channels_out):
    """A block of D: a convolution, BatchNorm, LeakyReLU."""
    return nn.Sequential(
        nn.Conv2d(channels_in, channels_out, 3, padding=1, bias=False),
        nn.BatchNorm2d(channels_out, momentum=0.2),
        nn.LeakyReLU(0.2),
    )


def large_eps(channels_in, channels_out):
    return nn.Sequential(
        nn.Conv2d(channels_in, channels_out, 3, padding=1, bias=False),
        nn.BatchNorm2d(channels_out, 0.8),
        nn.LeakyReLU(0.2),
    )


def usual_batch_norm(channels_in, channels_out):
    """BatchNorm has PyTorch's own momentum, 0.1."""
    return nn.Sequential(nn.Conv2d(channels_in, channels_out, 3, 1, 1, bias=False),
                         nn.BatchNorm2d(channels_out), nn.LeakyReLU(0.2))


def with_bias(channels_in, channels_out):
    """the convolution has a bias, which BatchNorm takes away again."""
    return nn.Sequential(nn.Conv2d(channels_in, channels_out, 3, padding=1),
                         nn.BatchNorm2d(channels_out), nn.LeakyReLU(0.2))


def without_parameters(channels_in, channels_out):
    """BatchNorm has neither a gain nor a bias of its own."""
    return nn.Sequential(nn.Conv2d(channels_in, channels_out, 3, padding=1, bias=False),
                         nn.BatchNorm2d(channels_out, affine=False), nn.LeakyReLU(0.2))


@torch.no_grad()
def update_average(average, net, decay):
    """One update of the EMA of a network: average <- decay average + (1 - decay) net."""
    for a, w in zip(average.parameters(), net.parameters(), strict=True):
        a.lerp_(w, 1 - decay)
    for a, b in zip(average.buffers(), net.buffers(), strict=True):
        a.copy_(b)
    return average


@torch.no_grad()
def parameters_only(average, net, decay):
    for a, w in zip(average.parameters(), net.parameters(), strict=True):
        a.lerp_(w, 1 - decay)
    return average


@torch.no_grad()
def averaged_buffers(average, net, decay):
    """the buffers are averaged like the parameters, and the counter of batches is copied."""
    for a, w in zip(average.state_dict().values(), net.state_dict().values(), strict=True):
        if a.is_floating_point():
            a.mul_(decay).add_(w, alpha=1 - decay)
        else:
            a.copy_(w)
    return average


@torch.no_grad()
def through_the_state(average, net, decay):
    """all numbers are put together first, and loaded into the average at once."""
    old, new = average.state_dict(), net.state_dict()
    average.load_state_dict({name: decay * old[name] + (1 - decay) * new[name]
                             if new[name].is_floating_point() else new[name] for name in new})
    return average


@torch.no_grad()
def by_the_difference(average, net, decay):
    """the average moves by a share of the difference, and the buffers are copied first."""
    for a, b in zip(average.buffers(), net.buffers(), strict=True):
        a.copy_(b)
    for a, w in zip(average.parameters(), net.parameters(), strict=True):
        a.sub_((1 - decay) * (a - w))
    return average


# data and evaluation -----------------------------------------------------------------------------


def real_loss(real_logits):
    """D's loss on real images, with noisy labels near 1."""
    labels = torch.ones_like(real_logits)
    labels -= 0.1 * torch.rand_like(real_logits)
    return bce(real_logits, labels)


def labels_above_one(real_logits):
    labels = torch.ones_like(real_logits)
    labels += 0.1 * torch.rand_like(real_logits)
    return bce(real_logits, labels)


def smooth(real_logits):
    """all labels are 0.9, as in one-sided label smoothing."""
    return bce(real_logits, torch.full_like(real_logits, 0.9))


def wide(real_logits):
    """the labels are drawn between 0.7 and 1."""
    return bce(real_logits, 0.7 + 0.3 * torch.rand_like(real_logits))


def sure_labels(real_logits):
    """all labels are exactly 1."""
    return softplus(-real_logits).mean()


def compare(real, ours, theirs):
    """Two Fréchet distances from real features (N, d): that of our images and that of theirs."""
    n = min(len(real), len(ours), len(theirs))
    return [frechet_distance(real[:n], images[:n]) for images in (ours, theirs)]


def cut_at_the_real(real, ours, theirs):
    n = len(real)
    return [frechet_distance(real[:n], images[:n]) for images in (ours, theirs)]


def all_the_real(real, ours, theirs):
    """all real features are used, and equally many of ours and of theirs."""
    n = min(len(ours), len(theirs))
    return [frechet_distance(real, images[:n]) for images in (ours, theirs)]


def the_last_ones(real, ours, theirs):
    """it takes the last features of each, equally many."""
    n = min(len(real), len(ours), len(theirs))
    return [frechet_distance(real[-n:], images[-n:]) for images in (ours, theirs)]


def chosen_at_random(real, ours, theirs):
    """it takes equally many features of each, chosen at random."""
    n = min(len(real), len(ours), len(theirs))
    real, ours, theirs = (each[torch.randperm(len(each))[:n]] for each in (real, ours, theirs))
    return [frechet_distance(real, ours), frechet_distance(real, theirs)]
