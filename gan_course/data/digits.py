"""Real handwritten digits that need no download: scikit-learn's 1,797 scans of 8x8 pixels."""
import numpy as np
import torch

from gan_course.data.sets import ImageSet


def digits(split: str = "train") -> ImageSet:
    """The 8x8 digits: 1,297 for training, 500 held out ("test"), the classes in equal shares, always the same split.

    They are the test part of UCI's "Optical recognition of handwritten digits" (E. Alpaydin and C. Kaynak, 1998, CC BY 4.0);
    grey levels 0 to 16 become 0 to 255.
    """
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    raw = load_digits()
    train, test = train_test_split(np.arange(len(raw.target)), test_size=500, stratify=raw.target, random_state=0)
    chosen = {"train": train, "test": test}[split]
    images = torch.from_numpy(np.rint(raw.images[chosen] * (255 / 16)).astype(np.uint8)).unsqueeze(1)
    return ImageSet("digits", images, torch.from_numpy(raw.target[chosen]).long(), tuple("0123456789"))
