"""Generative Adversarial Text to Image Synthesis. Reed et al., 2016, arXiv:1605.05396: in small.

    min_G max_D V(D, G) = E_{x,s}[log D(x|s)] + E_{z,s}[log(1 - D(G(z|s)|s))],   s a sentence

The paper reads its sentences with a recurrent network that was trained beforehand. Here a sentence
is a **bag of words**, the sum of its words' embeddings, learned with the game. G reads it through
conditional BatchNorm (de Vries et al., 2017, arXiv:1707.00683) and D through projection (Miyato and
Koyama, 2018, arXiv:1802.05637).
"""
import math
from dataclasses import replace

import torch
from torch import Tensor, nn

from gan_course import losses, nets
from gan_course.data import Batch, batches, captions, glyphs
from gan_course.games.dcgan import DCGAN


class BagOfWords(nn.Module):
    """A sentence as one vector: the sum of the embeddings of its words, in whatever order.

    Args:
        words: the number of words; number 0 stands for an empty place and adds nothing.
        features: the numbers that stand for one word.
    """

    def __init__(self, words: int, features: int):
        super().__init__()
        self.embedding = nn.Embedding(words, features, padding_idx=0)
        nn.init.normal_(self.embedding.weight[1:], 0.0, 0.02)

    def forward(self, sentence: Tensor) -> Tensor:
        """Numbers of words -> one vector for each sentence: int64 (N, L) -> (N, features)."""
        return self.embedding(sentence).sum(dim=1)                  # (N, L, features) -> (N, f)


class ConditionalBatchNorm(nn.Module):
    """BatchNorm whose gain and shift depend on a vector c (arXiv:1707.00683).

        (1 + gain(c)) * (x - mean) / sd + shift(c)

    Args:
        channels: those of the image.
        dim: the length of c.
    """

    def __init__(self, channels: int, dim: int):
        super().__init__()
        self.norm = nn.BatchNorm2d(channels, affine=False)
        self.affine = nn.Linear(dim, 2 * channels)

    def forward(self, x: Tensor, c: Tensor) -> Tensor:
        """Images and vectors: (N, channels, H, W), (N, dim) -> (N, channels, H, W)."""
        gain, shift = self.affine(c)[:, :, None, None].chunk(2, dim=1)
        return (1 + gain) * self.norm(x) + shift


class TextGenerator(nn.Module):
    """G(z|s): DCGAN's generator for 32x32 pixels, every BatchNorm of which reads the sentence.

    Args:
        z_dim: the number of latent dimensions.
        words: the number of words.
        features: those of a word.
        channels: 1 for grey images, 3 for colour.
        width: the number of channels before the last doubling; each earlier image has twice as
            many.
    """

    def __init__(self, z_dim: int, words: int, features: int = 64, channels: int = 3,
                 width: int = 32):
        super().__init__()
        self.z_dim = z_dim
        self.read = BagOfWords(words, features)
        sizes = [z_dim, 4 * width, 2 * width, width]
        self.grow = nn.ModuleList(
            nn.ConvTranspose2d(a, b, 4, *((1, 0) if i == 0 else (2, 1)), bias=False)
            for i, (a, b) in enumerate(zip(sizes, sizes[1:], strict=False)))
        self.last = nn.ConvTranspose2d(width, channels, 4, 2, 1)
        self.apply(nets.dcgan_init)
        self.norms = nn.ModuleList(ConditionalBatchNorm(b, features) for b in sizes[1:])

    def forward(self, z: Tensor, sentence: Tensor) -> Tensor:
        """z and numbers of words -> images: (N, z_dim), (N, L) -> (N, channels, 32, 32)."""
        c, x = self.read(sentence), z[:, :, None, None]
        for grow, norm in zip(self.grow, self.norms, strict=True):
            x = norm(grow(x), c).relu()                             # 4, 8, 16 pixels a side
        return self.last(x).tanh()


class TextDiscriminator(nn.Module):
    """D(x|s) = psi(phi(x)) + v_s^T phi(x), with v_s the sum of its own embeddings of the words.

    Args:
        words: the number of words.
        channels, width: as of `TextGenerator`.
    """

    def __init__(self, words: int, channels: int = 3, width: int = 32):
        super().__init__()
        trunk = nets.ConvDiscriminator(channels, width, 32)
        self.body, features = trunk.body, math.prod(trunk.feature_shape)
        self.psi, self.read = nn.Linear(features, 1), BagOfWords(words, features)

    def forward(self, x: Tensor, sentence: Tensor) -> Tensor:
        """Images and numbers of words -> logits: (N, channels, 32, 32), (N, L) -> (N,)."""
        phi = self.body(x).flatten(1)                               # (N, features)
        return self.psi(phi).squeeze(1) + (self.read(sentence) * phi).sum(dim=1)


def leave_out_words(sentence: Tensor, share: float) -> Tensor:
    """Sentences in which each word is left out with probability `share`, independently of the
    others.

    Args:
        sentence: numbers of words, int64 (N, L).
        share: the probability, 0 to 1.

    Returns:
        A copy with 0 in place of the missing words.
    """
    return sentence * (torch.rand(sentence.shape, device=sentence.device) >= share)


class TextToImage(DCGAN):
    """A conditional GAN whose condition is a sentence, of which words may be missing.

        L_D = -E[log D(x|s)] - 1/2 E[log(1 - D(G(z|s)|s))] - 1/2 E[log(1 - D(x|s'))]

    Each move leaves out words at random, and G and D are told what is left. So G also learns to
    draw for a part of a sentence; where nothing is said, z decides. D is the paper's matching-aware
    one (GAN-CLS): it also meets real images beside s', the sentence of another image, and should
    call such a pair fake.

    Args:
        G, D: G(z, sentence) and D(x, sentence).
        missing: the share of words that is left out.
        rules: those of `DCGAN`.
    """

    def __init__(self, G: nn.Module, D: nn.Module, *, missing: float = 0.4, **rules):
        super().__init__(G, D, **rules)
        self.missing = missing

    def inputs(self, n: int) -> tuple[Tensor, Tensor]:
        """z, (n, z_dim), and sentences with one word, one digit after the other: int64 (n, 1)."""
        z = self.noise(n)
        return z, captions.FIRST["character"] + torch.arange(n, device=z.device)[:, None] % 10

    def discriminator_terms(self, batch: Batch) -> dict[str, Tensor]:
        """D's three loss terms, for what is left of the batch's sentences."""
        said = leave_out_words(batch.y, self.missing)
        fake = self.G(self.noise(len(said)), said).detach()
        other = said.roll(1, dims=0)
        return {
            "real": losses.log_loss_real(self.D(batch.x, said)),
            "fake": losses.log_loss_fake(self.D(fake, said)) / 2,
            "other": losses.log_loss_fake(self.D(batch.x, other)) / 2
        }

    def generator_terms(self, batch: Batch) -> dict[str, Tensor]:
        """G's loss term for what is left of the batch's sentences."""
        said = leave_out_words(batch.y, self.missing)
        fake = self.G(self.noise(len(said)), said)
        return {"adv": self.generator_loss_of(self.D(fake, said))}

    def sample(self, n: int, y: int | Tensor | None = None) -> Tensor:
        """Images for a sentence, by the averaged generator.

        Args:
            n: how many.
            y: the number of its only word, or the numbers of its words, int64 (L,) or (n, L);
                None for no word at all.

        Returns:
            (n, channels, 32, 32) in [-1, 1], on the CPU.
        """
        z = self.noise(n)
        y = torch.atleast_1d(torch.as_tensor(0 if y is None else y, device=z.device))
        return nets.generate(self.G_ema, z, y.expand(n, -1))

    def scores(self, x: Tensor, y: Tensor) -> Tensor:
        """D's raw output for each x beside its sentence: (N, C, H, W), (N, L) -> (N,)."""
        return self.D(x, y)


def demo():
    """A text-to-image GAN of a few thousand weights, on 640 digits in colour."""
    digits = glyphs.glyphs_colour(n=640)
    stream = batches(replace(digits, labels=captions.describe(digits)), 16)
    words = len(captions.WORDS)
    G, D = TextGenerator(8, words, 8, width=4), TextDiscriminator(words, width=4)
    return TextToImage(G, D), stream
