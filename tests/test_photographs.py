"""Crops of photographs: which half they come from, and folders of the learner's own."""
import numpy as np
import pytest
import torch
from PIL import Image
from sklearn.datasets import load_sample_images

from gan_course.data.photographs import photographs


def place(crop, photo):
    """The left edges at which a crop lies in a photograph."""
    size = crop.shape[0]
    return [left for left in range(photo.shape[1] - size + 1) for top in range(photo.shape[0] - size + 1)
            if (photo[top, left] == crop[0, 0]).all() and (photo[top:top + size, left:left + size] == crop).all()]


def test_training_crops_lie_on_the_left_and_test_crops_on_the_right():
    photos = load_sample_images().images
    for split, allowed in (("train", range(320 - 8 + 1)), ("test", range(320, 640 - 8 + 1))):
        crops = photographs(split, n=4, size=8)
        assert crops.data_shape == (3, 8, 8) and crops.classes == ("temple", "flower")
        for image, label in zip(crops.images, crops.labels.tolist(), strict=True):
            assert set(place(image.permute(1, 2, 0).numpy(), photos[label])) & set(allowed)


def test_the_seed_chooses_the_crops_and_the_splits_differ():
    assert torch.equal(photographs(n=6).images, photographs(n=6).images)
    assert not torch.equal(photographs(n=6).images, photographs(n=6, seed=1).images)


def test_a_folder_of_ones_own(tmp_path):
    red, blue = np.zeros((40, 60, 3), np.uint8), np.zeros((40, 60, 3), np.uint8)
    red[..., 0], blue[:, 30:, 2] = 255, 255                         # the second is black on the left
    for name, pixels in (("a", red), ("b", blue)):
        Image.fromarray(pixels).save(tmp_path / f"{name}.png")
    crops = photographs("train", n=4, size=16, folder=tmp_path)
    assert crops.classes == ("a", "b")
    assert [tuple(image[:, 3, 3].tolist()) for image in crops.images] == [(255, 0, 0), (0, 0, 0)] * 2
    assert (photographs("test", n=2, size=16, folder=tmp_path).images[1, 2] == 255).all()
    with pytest.raises(ValueError, match="60x40 pixels"):
        photographs(size=32, folder=tmp_path)
    with pytest.raises(ValueError, match="no split"):
        photographs("validation")
    with pytest.raises(FileNotFoundError):
        photographs(folder=tmp_path / "none")


def test_own_photographs_are_read_as_a_person_sees_them(tmp_path):
    sideways, turn = np.zeros((32, 80, 3), np.uint8), Image.Exif()
    sideways[:16], turn[0x0112] = 255, 6                            # white above; a quarter turn to the right shows it upright
    Image.fromarray(sideways).save(tmp_path / "a.jpg", exif=turn)
    Image.fromarray(np.full((40, 40), 60_000, np.uint16)).save(tmp_path / "b.png")
    Image.fromarray(np.zeros((40, 40, 4), np.uint8)).save(tmp_path / "c.png")
    left, right = (photographs(split, n=3, size=16, folder=tmp_path).images.float().mean(dim=(1, 2, 3)) for split in ("train", "test"))
    assert left[0] < 10 and right[0] > 245                          # upright, the white half lies on the right
    assert left[1].item() == pytest.approx(255 * 60_000 / 65_535, abs=1) and left[2] == 255
    (tmp_path / "d.png").write_bytes(b"no picture")
    with pytest.raises(ValueError, match=r"d\.png cannot be read"):
        photographs(n=4, size=16, folder=tmp_path)
