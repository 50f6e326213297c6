"""Real handwritten digits that need no download: scikit-learn's 1,797 scans of 8x8 pixels."""
import numpy as np
import torch

from gan_course.data.sets import ImageSet


def digits(split: str = "train") -> ImageSet:
    """The 8x8 digits, always in the same split, the classes in equal shares.

    They are the test part of UCI's "Optical recognition of handwritten digits" (E. Alpaydin and
    C. Kaynak, 1998, CC BY 4.0); grey levels 0 to 16 become 0 to 255.

    Args:
        split: "train" or "test".

    Returns:
        1,297 images for training or 500 held-out ones, (N, 1, 8, 8); ten classes.
    """
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    raw = load_digits()
    train, test = train_test_split(np.arange(len(raw.target)), test_size=500, random_state=0,
                                   stratify=raw.target)
    chosen = {"train": train, "test": test}[split]
    images = np.rint(raw.images[chosen] * (255 / 16)).astype(np.uint8)
    return ImageSet("digits", torch.from_numpy(images).unsqueeze(1),
                    torch.from_numpy(raw.target[chosen]).long(), tuple("0123456789"))


STACKED = {"train": 12_800, "test": 2_600}


def stacked_digits(split: str = "train") -> ImageSet:
    """Two digits in the two channels of one image: a small Stacked MNIST (arXiv:1611.02163).

    Both are drawn independently from the digits of the same split, always the same.

    Args:
        split: "train" or "test".

    Returns:
        12,800 images for training or 2,600 held-out ones, (N, 2, 8, 8); 100 classes, "07" for a 0
        on a 7.
    """
    singles = digits(split)
    draw = torch.Generator().manual_seed(0)
    tens, ones = torch.randint(len(singles), (2, STACKED[split]), generator=draw)
    images = torch.cat([singles.images[tens], singles.images[ones]], dim=1)
    labels = 10 * singles.labels[tens] + singles.labels[ones]
    return ImageSet("stacked_digits", images, labels, tuple(f"{k:02}" for k in range(100)))
