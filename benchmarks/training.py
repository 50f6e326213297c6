"""How fast is `play`? Images per second beside the same networks in two hand-written loops, in one
run.

    python benchmarks/training.py [--device cuda] [--rounds 10] [--repeats 5] [--width 64]

    play       Training in the precision that is faster here, float32 or bfloat16 (the first line
               says which)
    float32    Training in float32, as the notebooks use it for their claims
    bfloat16   Training in bfloat16, which only some processors compute quickly
    bare       the same networks, data in memory, channels_last, fused Adam, D frozen while G moves:
               nothing but the lines
    textbook   the loop of most tutorials: PIL pictures and transforms in a DataLoader, plain Adam,
               `.item()` each step

DCGAN-sized networks at 32x32 in colour, batch 64. The variants take turns, and ratios are taken
turn by turn, so that a machine that speeds up or slows down does so for all of them. Also the share
of this machine's matrix-multiply peak, measured in the same run.
"""
import argparse
import statistics
import time

import torch
from PIL import Image
from torch.nn.functional import binary_cross_entropy_with_logits, softplus
from torch.utils.data import DataLoader, Dataset
from torch.utils.flop_counter import FlopCounterMode
from torchvision import transforms

from gan_course import nets
from gan_course.data import Batches, ImageSet
from gan_course.games.gan import GAN
from gan_course.training import Training

BATCH, Z_DIM = 64, 100
ADAM = dict(lr=2e-4, betas=(0.5, 0.999))


def pictures(n: int = 2048) -> ImageSet:
    """Random colour pictures; what is in them does not matter to the clock."""
    images = torch.randint(0, 256, (n, 3, 32, 32), dtype=torch.uint8,
                           generator=torch.Generator().manual_seed(0))
    return ImageSet("noise", images, torch.zeros(n, dtype=torch.long), ("noise",))


def networks(device, width: int):
    torch.manual_seed(0)
    return nets.ConvGenerator(
        Z_DIM, width=width).to(device), nets.ConvDiscriminator(width=width).to(device)


def play_rounds(device, width: int, **options):
    """One round at a time of the course's loop."""
    G, D = networks(device, width)
    return Training(GAN(G, D), Batches(pictures(), BATCH, device=device), **options)


def bare_rounds(device, width: int):
    """One round at a time of the loop that one would write by hand, knowing what `Training`
    knows.
    """
    G, D = networks(device, width)
    G, D = (net.to(memory_format=torch.channels_last) for net in (G, D))
    stream = Batches(pictures(), BATCH, device=device)
    optimizer_D = torch.optim.Adam(D.parameters(), fused=True, **ADAM)
    optimizer_G = torch.optim.Adam(G.parameters(), fused=True, **ADAM)
    everything_of_D = list(D.parameters())

    def one_round():
        x, _ = next(stream)
        with torch.no_grad():
            fake = G(torch.randn(BATCH, Z_DIM, device=device))
        loss = softplus(-D(x)).mean() + softplus(D(fake)).mean()
        optimizer_D.zero_grad()
        loss.backward()
        optimizer_D.step()
        for parameter in everything_of_D:
            parameter.requires_grad_(False)
        loss = softplus(-D(G(torch.randn(BATCH, Z_DIM, device=device)))).mean()
        optimizer_G.zero_grad()
        loss.backward()
        optimizer_G.step()
        for parameter in everything_of_D:
            parameter.requires_grad_(True)

    return one_round


class Album(Dataset):
    """The same pictures, one PIL image at a time, as torchvision's CIFAR10 hands them out."""

    def __init__(self, images: ImageSet):
        self.arrays = images.images.permute(0, 2, 3, 1).numpy()
        self.transform = transforms.Compose([
            transforms.Resize(32),
            transforms.CenterCrop(32),
            transforms.ToTensor(),
            transforms.Normalize((0.5, ) * 3, (0.5, ) * 3)
        ])

    def __len__(self):
        return len(self.arrays)

    def __getitem__(self, i):
        return self.transform(Image.fromarray(self.arrays[i]))


def textbook_rounds(device, width: int, workers: int):
    """One round at a time of the usual tutorial."""
    G, D = networks(device, width)
    loader = DataLoader(Album(pictures()), BATCH, shuffle=True, drop_last=True, num_workers=workers,
                        persistent_workers=workers > 0)
    optimizer_D, optimizer_G = torch.optim.Adam(D.parameters(),
                                                **ADAM), torch.optim.Adam(G.parameters(), **ADAM)
    ones, zeros = torch.ones(BATCH, device=device), torch.zeros(BATCH, device=device)

    def endless():
        while True:
            yield from loader

    stream, log = endless(), []

    def one_round():
        x = next(stream).to(device)
        D.zero_grad()
        loss_real = binary_cross_entropy_with_logits(D(x), ones)
        loss_real.backward()
        fake = G(torch.randn(BATCH, Z_DIM, device=device))
        loss_fake = binary_cross_entropy_with_logits(D(fake.detach()), zeros)
        loss_fake.backward()
        optimizer_D.step()
        G.zero_grad()
        loss_G = binary_cross_entropy_with_logits(D(fake), ones)
        loss_G.backward()
        optimizer_G.step()
        log.append((loss_real.item(), loss_fake.item(), loss_G.item()))

    return one_round


def seconds(one_round, rounds: int, device) -> float:
    """Seconds per round."""
    wait = torch.cuda.synchronize if device.type == "cuda" else lambda: None
    wait()
    start = time.perf_counter()
    for _ in range(rounds):
        one_round()
    wait()
    return (time.perf_counter() - start) / rounds


def peak(device, size: int) -> float:
    """The best of ten float32 matrix multiplications, in floating-point operations per second."""
    a, b = torch.randn(2, size, size, device=device)
    return 2 * size**3 / min(seconds(lambda: a @ b, 1, device) for _ in range(10))


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cpu", type=torch.device)
    parser.add_argument("--rounds", default=10, type=int, help="rounds in each turn")
    parser.add_argument("--repeats", default=5, type=int, help="turns")
    parser.add_argument("--width", default=64, type=int, help="channels at 16x16; DCGAN's are 64")
    parser.add_argument("--workers", default=2, type=int, help="of the textbook's DataLoader")
    a = parser.parse_args()

    training = play_rounds(a.device, a.width, precision="fastest")
    loops = {
        "play": training.__next__,
        "float32": play_rounds(a.device, a.width).__next__,
        "bfloat16": play_rounds(a.device, a.width, precision="bfloat16").__next__,
        "bare": bare_rounds(a.device, a.width),
        "textbook": textbook_rounds(a.device, a.width, a.workers),
    }
    for one_round in loops.values():
        seconds(one_round, 3, a.device)                             # warm up
    turns = [{name: seconds(one_round, a.rounds, a.device) for name, one_round in loops.items()}
             for _ in range(a.repeats)]

    with FlopCounterMode(display=False) as counter:
        loops["bare"]()
    best = peak(a.device, 2048 if a.device.type == "cpu" else 8192)
    print(f"torch {torch.__version__}, {a.device}, {torch.get_num_threads()} threads, batch "
          f"{BATCH}, width {a.width}, play in {training.precision}, "
          f"medians of {a.repeats} turns of {a.rounds} rounds")
    print(
        f"{'loop':16}{'images/s':>10}{'time / play':>14}{'(min to max)':>18}{'of matmul peak':>16}")
    for name in loops:
        times = [turn[name] for turn in turns]
        ratios = [turn[name] / turn["play"] for turn in turns]
        share = counter.get_total_flops() / statistics.median(times) / best
        spread = f"{min(ratios):.3f} to {max(ratios):.3f}"
        print(f"{name:16}{BATCH / statistics.median(times):10.0f}{statistics.median(ratios):14.3f}"
              f"{spread:>18}{share:16.0%}")


if __name__ == "__main__":
    main()
