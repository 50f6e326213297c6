"""Folders with two sides, and the archives that hold such folders: read like other folders, unpacked without a trap."""
import functools
import io
import os
import threading
import zipfile
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import torch
from PIL import Image

from gan_course.data import ARCHIVES, PairSet, archives, batches, load
from gan_course.data.archives import leads_out, unpack
from gan_course.data.download import DownloadError

RED, BLUE = (255, 0, 0), (0, 0, 255)


def paint(path: Path, colour=RED, mode="RGB", size=(8, 8), **how) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, size, colour).save(path, **how)


def two_sides(path: Path, a: int, b: int, *names: str) -> Path:
    """A folder with `a` red pictures on one side and `b` blue ones on the other; the number is in the green channel."""
    for name in names or ("train",):
        for side, count, (red, _, blue) in (("A", a, RED), ("B", b, BLUE)):
            for i in range(count):
                paint(path / f"{name}{side}" / f"{i:03}.png", (red, i if name == "train" else 100 + i, blue))
    return path


def green(images) -> list[int]:
    return images[:, 1, 0, 0].tolist()


# --- folders -----------------------------------------------------------------------------------------------------------

def test_two_sides_with_a_test_of_their_own(tmp_path):
    two_sides(tmp_path / "mine", 3, 5, "train", "test")
    train, test = load(tmp_path / "mine", size=4), load(str(tmp_path / "mine"), "test", size=4)
    assert isinstance(train, PairSet) and not train.paired and train.name == "mine" and train.domains == ("A", "B")
    assert train.x.shape == (3, 3, 4, 4) and train.y.shape == (5, 3, 4, 4) and train.data_shape == (3, 4, 4)
    assert (train.x[:, 0] == 255).all() and (train.x[:, 2] == 0).all() and (train.y[:, 2] == 255).all()
    assert green(train.x) == [0, 1, 2] and green(test.x) == [100, 101, 102] and green(test.y) == [100, 101, 102, 103, 104]


def test_without_a_test_a_sixth_of_each_side_is_held_out(tmp_path):
    two_sides(tmp_path, 12, 20)
    train, test = load(tmp_path, size=2), load(tmp_path, "test", size=2)
    assert (len(test.x), len(test.y)) == (2, 3)
    assert sorted(green(train.x) + green(test.x)) == list(range(12)) and sorted(green(train.y) + green(test.y)) == list(range(20))
    assert torch.equal(load(tmp_path, "test", size=2).y, test.y)
    two_sides(tmp_path / "few", 5, 12)
    with pytest.raises(ValueError, match="trainA has only 5 pictures, too few to hold a sixth out"):
        load(tmp_path / "few", "test")


def test_a_side_that_is_missing_or_empty_is_named(tmp_path):
    paint(tmp_path / "trainA" / "a.png")
    with pytest.raises(FileNotFoundError, match="no sub-folder trainB. Two sides need trainA and trainB"):
        load(tmp_path)
    (tmp_path / "trainB").mkdir()
    with pytest.raises(FileNotFoundError, match="no pictures in .*trainB"):
        load(tmp_path)
    paint(tmp_path / "trainB" / "b.png")
    (tmp_path / "testA").mkdir()
    assert len(load(tmp_path)) == 1
    with pytest.raises(FileNotFoundError, match="no pictures in .*testA"):
        load(tmp_path, "test")


def test_pictures_of_any_size_and_mode_become_rgb(tmp_path):
    paint(tmp_path / "trainA" / "grey.png", 7, "L", (30, 9))
    paint(tmp_path / "trainA" / "clear.png", (9, 9, 9, 0), "RGBA")
    turned = Image.new("RGB", (40, 40), BLUE)
    turned.paste(RED, (0, 0, 20, 40))
    exif = Image.Exif()
    exif[0x0112] = 6                                                # shown: turned clockwise, red on top
    (tmp_path / "trainB").mkdir()
    turned.save(tmp_path / "trainB" / "a.png", exif=exif)
    data = load(tmp_path, size=8)
    assert data.x[:, :, 0, 0].tolist() == [[255] * 3, [7] * 3]      # clear.png comes first
    assert data.y[0, :, 0, 4].tolist() == list(RED) and data.y[0, :, 7, 4].tolist() == list(BLUE)


def test_one_broken_picture_is_named_and_left_out(tmp_path):
    two_sides(tmp_path, 12, 12)
    (tmp_path / "trainB" / "003.png").write_bytes(b"no picture")
    with pytest.warns(UserWarning, match="1 of 12 pictures cannot be read and were left out: .*003.png"):
        data = load(tmp_path, size=2)
    assert (len(data.x), len(data.y)) == (10, 10) and 3 not in green(data.y)


def test_batches_from_two_sides(tmp_path):
    two_sides(tmp_path, 4, 6, "train", "test")
    x, y = next(batches(load(tmp_path, size=4), 4, device="cpu"))
    assert x.shape == y.shape == (4, 3, 4, 4) and (x[:, 0] == 1).all() and (y[:, 2] == 1).all()


# --- archives ----------------------------------------------------------------------------------------------------------

@pytest.fixture
def home(tmp_path, monkeypatch):
    """An empty folder for downloads, and a network without a single server."""
    monkeypatch.setenv("GAN_COURSE_DATA", str(tmp_path / "home"))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr(archives, "HOMES", ("http://127.0.0.1:9/datasets/",))
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


@pytest.fixture
def web(tmp_path, home, monkeypatch):
    """A small web server in the place of the real one; gives its folder."""
    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass
    served = tmp_path / "served"
    served.mkdir()
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=served))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    monkeypatch.setattr(archives, "HOMES", ("http://127.0.0.1:9/", f"http://127.0.0.1:{server.server_port}/"))
    yield served
    server.shutdown()
    server.server_close()
    thread.join()


def zipped(content: Path, file: Path, inside: str = "horse2zebra") -> Path:
    with zipfile.ZipFile(file, "w") as packed:
        for path in sorted(content.rglob("*.png")):
            packed.write(path, Path(inside) / path.relative_to(content))
    return file


def test_an_archive_is_downloaded_and_unpacked_once(web, home, tmp_path):
    zipped(two_sides(tmp_path / "made", 3, 4, "train", "test"), web / "horse2zebra.zip")
    data = load("horse2zebra", size=4)
    assert data.name == "horse2zebra" and not data.paired and data.domains == ("A", "B")
    assert green(data.x) == [0, 1, 2] and green(load("horse2zebra", "test", size=4).y) == [100, 101, 102, 103]
    assert sorted(os.listdir(home)) == ["horse2zebra", "horse2zebra.zip"]
    (web / "horse2zebra.zip").unlink()
    (home / "horse2zebra.zip").unlink()
    assert green(load("horse2zebra", size=4).x) == [0, 1, 2]        # neither is needed any more


@pytest.mark.parametrize("inside", ["maps", "", "deeper/maps"])
def test_a_zip_put_there_by_hand(home, tmp_path, inside):
    zipped(two_sides(tmp_path / "made", 2, 2), home / "maps.zip", inside)
    assert green(load("maps", size=4).x) == [0, 1] and sorted(os.listdir(home)) == ["maps", "maps.zip"]
    assert sorted(os.listdir(home / "maps")) == ["trainA", "trainB"]


def test_without_a_network_the_error_says_what_to_do(home):
    for name in ARCHIVES:
        with pytest.raises(DownloadError, match=f"(?s){name}.zip could not be downloaded.*seasons.*{name}.zip by other means"):
            load(name)
    assert all(name.endswith(".lock") for name in os.listdir(home))


@pytest.mark.parametrize("name", ["../out.png", "/out.png", "a/../../out.png", "..\\out.png", "C:\\out.png", "\\out.png"])
def test_a_zip_that_leads_out_of_its_folder_is_refused(home, tmp_path, name):
    file = zipped(two_sides(tmp_path / "made", 1, 1), home / "maps.zip")
    with zipfile.ZipFile(file, "a") as packed:
        packed.writestr(zipfile.ZipInfo(name), b"trap")
    assert leads_out(name)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(ValueError, match="maps.zip holds the name .*which leads out of its folder. Delete it"):
        load("maps")
    assert sorted(tmp_path.rglob("*")) == before                    # nothing was written, in or out


def test_names_that_stay_inside():
    assert not any(map(leads_out, ("maps/trainA/1.jpg", "maps/", "a..b.png", "maps/..hidden")))


def test_a_damaged_zip_is_named_and_leaves_nothing(home, tmp_path):
    file = zipped(two_sides(tmp_path / "made", 3, 3), home / "maps.zip")
    whole = bytearray(file.read_bytes())
    flipped = whole.copy()
    flipped[whole.find(b"IDAT") + 8] ^= 255                         # inside a picture: its checksum does not fit
    for content in (flipped, whole[:-40], b"<html>Please log in</html>", b""):
        file.write_bytes(content)
        with pytest.raises(ValueError, match="maps.zip is damaged or no zip .*Delete it and load the set again"):
            load("maps")
        assert os.listdir(home) == ["maps.zip"]
    file.write_bytes(whole)
    assert len(load("maps", size=4)) == 3


def test_a_zip_with_something_else_is_refused(home):
    with zipfile.ZipFile(home / "maps.zip", "w") as packed:
        picture = io.BytesIO()
        Image.new("RGB", (4, 4)).save(picture, "png")
        packed.writestr("maps/trainA/1.png", picture.getvalue())
        packed.writestr("other/trainB/1.png", picture.getvalue())
    with pytest.raises(ValueError, match="maps.zip holds no folder trainA beside a trainB"):
        load("maps")
    assert os.listdir(home) == ["maps.zip"]


def test_another_process_may_have_been_faster(home, tmp_path):
    file = zipped(two_sides(tmp_path / "made", 2, 2), home / "maps.zip")
    two_sides(home / "maps", 1, 1)
    unpack(file, home / "maps")
    assert len(load("maps", size=4)) == 1 and sorted(os.listdir(home)) == ["maps", "maps.zip"]
    (home / "photos").mkdir()
    (home / "photos" / "mine.txt").write_text("not to be lost")
    with pytest.raises(OSError):
        unpack(file, home / "photos")
    assert os.listdir(home / "photos") == ["mine.txt"]
