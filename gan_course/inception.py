"""The real FID and KID, for colour photographs and comparison with papers: `distances(real, fake)`,
computed by torch-fidelity.

An extra of the course: `pip install -e ".[inception]"`, and 96 MB of weights, downloaded on first
use. The network was trained on photographs, so its distances say little about digits; for those
there is `judge`.
"""
import hashlib
import warnings
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor
from torch.utils.data import Dataset

from gan_course.advice import advice
from gan_course.data.real import data_folder
from gan_course.data.sets import unscale
from gan_course.metrics import KernelDistance
from gan_course.profile import pick_device

URL = ("https://github.com/toshas/torch-fidelity/releases/download/v0.2.0/"
       "weights-inception-2015-12-05-6726825d.pth")
SHA256 = "6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2"
FEATURES = 2048


class InceptionDistances(NamedTuple):
    """Both distances on the same features; see `distances`."""

    fid: float                                                      # Frechet inception distance
    kid: KernelDistance  # kernel inception distance, mean and sd over 100 subsets


def distances(real: Tensor, fake: Tensor, *,
              weights: Path | str | None = None) -> InceptionDistances:
    """FID (arXiv:1706.08500) and KID (arXiv:1801.01401) between real and generated images.

    Grey images become three equal channels. All are rounded to 256 levels, and enlarged to 299x299
    by the network. Papers use 50,000 images: compare only numbers at equal N. It warns when there
    are too few images for a covariance.

    Args:
        real, fake: (N, 1 or 3, H, W) and (M, 1 or 3, H, W) in [-1, 1], at least two each.
        weights: the path of the network's weights; without it they are downloaded once.

    Returns:
        Both distances.

    Raises:
        ModuleNotFoundError: torch-fidelity is not installed; the message says how to get it.
        FileNotFoundError: the weights are missing; the message says where to get them.
        ValueError: the weights are other ones, or these are not such images.
    """
    real, fake = Images(real), Images(fake)
    try:
        import torch_fidelity
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError("The Inception distances need the package torch-fidelity. Run "
                                  "`%pip install torch-fidelity` in a "
                                  'notebook, or `pip install -e ".[inception]"` in the folder of '
                                  'the course.') from error
    path = weights_file(weights)
    n = min(len(real), len(fake))
    if n <= FEATURES:
        warnings.warn(f"{n} images do not determine the covariance of {FEATURES} features: the FID "
                      "is far too large. "
                      "Papers use 50,000; KID can do with fewer.", stacklevel=2)
    found = torch_fidelity.calculate_metrics(
        input1=real,
        input2=fake,
        fid=True,
        kid=True,
        kid_subset_size=min(1000, n),
        feature_extractor_weights_path=str(path),
        # saving memory: no worker processes
        cuda=pick_device().type == "cuda",
        save_cpu_ram=True,
        cache=False,
        verbose=False)
    return InceptionDistances(
        found["frechet_inception_distance"],
        KernelDistance(found["kernel_inception_distance_mean"],
                       found["kernel_inception_distance_std"]))


class Images(Dataset):
    """Images as torch-fidelity wants them: one by one, uint8 of three channels.

    Args:
        images: (N, 1 or 3, H, W), floats in [-1, 1], at least two.

    Raises:
        ValueError: these are not such images, or a pixel is not finite.
    """

    def __init__(self, images: Tensor):
        if images.dim() != 4 or images.shape[1] not in (
                1, 3) or len(images) < 2 or not images.is_floating_point():
            raise ValueError("Need at least 2 images (N, 1 or 3, H, W), floats in [-1, 1]; "
                             f"got {images.dtype} of shape {tuple(images.shape)}.")
        if not images.isfinite().all():
            raise ValueError(f"Some pixels of the images {tuple(images.shape)} are not finite (nan "
                             "or inf).")
        self.images = unscale(images).cpu()

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> Tensor:
        return self.images[index].expand(3, -1, -1)                 # (3, H, W)


def weights_file(path: Path | str | None = None) -> Path:
    """The file with the network's weights, checked to be those that published FIDs use.

    Args:
        path: where it lies; by default in `data_folder()`, downloaded if it is not there.

    Returns:
        The path.

    Raises:
        FileNotFoundError: it is not there and cannot be downloaded.
        ValueError: it holds something else.
    """
    given, path = path is not None, Path(path or data_folder() / Path(URL).name).expanduser()
    if not path.exists():
        hint = (f"Get {URL} by other means, and put it into {data_folder()} or give its path as "
                "`weights`.")
        if given:
            raise FileNotFoundError(f"There are no weights at {path}. {hint}")
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            torch.hub.download_url_to_file(URL, str(path), hash_prefix=SHA256)
        except (OSError, RuntimeError) as error:                    # no network; the wrong checksum
            said = f"The weights could not be downloaded ({error}). {advice(error)}".rstrip()
            raise FileNotFoundError(f"{said} {hint}") from error
    with open(path, "rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != SHA256:
        raise ValueError(f"{path} does not hold the weights that published FIDs use: its sha256 "
                         f"begins with {found[:8]}, "
                         f"not with {SHA256[:8]}. Delete it, and get {URL}.")
    return path
