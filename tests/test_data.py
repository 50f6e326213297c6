"""The data: densities that are what they say, streams that resume, downloads and folders that fail in plain words."""
import gzip
import hashlib
import io
import itertools
import math
import os
import pickle
import shutil
import socket
import subprocess
import sys
import tarfile
import threading
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from ssl import SSLCertVerificationError
from types import SimpleNamespace
from urllib.error import URLError

import numpy as np
import pytest
import torch
from PIL import Image
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode

from gan_course.data import (
    ARCHIVES,
    DOWNLOADED,
    OFFLINE,
    ImageSet,
    archives,
    batches,
    download,
    load,
    names,
)
from gan_course.data import real as real_module
from gan_course.data.digits import digits
from gan_course.data.download import DownloadError, fetch, only_one
from gan_course.data.folders import folder
from gan_course.data.real import cifar10, fashion_mnist, mnist, read_idx
from gan_course.data.sets import Batches, scale, unscale
from gan_course.data.toy import DENSITIES, Mixture
from gan_course.paths import ROOT

GIVEN = os.environ.get("GAN_COURSE_DATA")                           # before any test changes it


# --- densities ---------------------------------------------------------------------------------------------------------

def lattice(density: Mixture):
    """Points on a square lattice, half a standard deviation apart, that covers the density; and the area of one cell."""
    step = density.sd / 2
    axes = [torch.arange(low - 8 * density.sd, high + 8 * density.sd, step, dtype=torch.float64)
            for low, high in zip(density.centres.min(0).values, density.centres.max(0).values, strict=True)]
    return torch.cartesian_prod(*axes).reshape(-1, len(axes)), step ** len(axes)


@pytest.mark.parametrize("name", sorted(DENSITIES))
def test_a_density_integrates_to_one_and_its_samples_have_its_moments(name):
    density = DENSITIES[name]()
    points, cell = lattice(density)
    p = density.log_prob(points).exp() * cell
    assert p.sum().item() == pytest.approx(1, abs=1e-6)

    n = 40_000
    x = density.sample(n, torch.Generator().manual_seed(1)).x
    assert x.shape == (n, *density.data_shape) and x.dtype == torch.float32
    for power in (1, 2, 3):                                         # expected by the density, measured on the samples
        expected, spread = (p @ points ** power), (p @ points ** (2 * power)).sqrt()
        assert ((x.double() ** power).mean(0) - expected).abs().le(5 * spread / math.sqrt(n)).all()


def test_samples_know_their_component():
    density = Mixture("three", torch.tensor([[0.0, 0], [5, 0], [0, 5]]), 0.1, torch.tensor([0.5, 0.3, 0.2]))
    x, y = density.sample(20_000, torch.Generator().manual_seed(0))
    assert y.dtype == torch.int64
    assert y.bincount(minlength=3).div(20_000).tolist() == pytest.approx([0.5, 0.3, 0.2], abs=0.02)
    assert (torch.cdist(x, density.centres).argmin(1) == y).all()
    assert (x - density.centres[y]).std().item() == pytest.approx(0.1, rel=0.02)


@pytest.mark.parametrize(("name", "modes", "sd"), [("ring", 8, 0.01), ("grid", 25, 0.05)])
def test_ring_and_grid_follow_the_published_protocol(name, modes, sd):
    density = load(name)
    assert (len(density.centres), density.sd) == (modes, sd)
    if name == "ring":                                              # on the unit circle, evenly spaced
        assert torch.allclose(density.centres.norm(dim=1), torch.ones(8))
        assert torch.pdist(density.centres).min().item() == pytest.approx(2 * math.sin(math.pi / 8), abs=1e-6)
    else:
        assert sorted(map(tuple, density.centres.tolist())) == list(itertools.product((-4.0, -2, 0, 2, 4), repeat=2))
    x, y = density.sample(100_000, torch.Generator().manual_seed(0))
    within = torch.cdist(x, density.centres).min(1).values <= 3 * sd
    assert within.float().mean().item() == pytest.approx(1 - math.exp(-9 / 2), abs=0.002)     # a perfect sampler's 98.89 %
    assert y.bincount(minlength=modes).div(100_000).sub(1 / modes).abs().max() < 0.005


def test_bumps_in_closed_form():
    def normal(x, mean, sd):
        return math.exp(-(x - mean) ** 2 / (2 * sd ** 2)) / (sd * math.sqrt(2 * math.pi))
    for x in (-1.5, 0.0, 0.3, 2.0):
        p = 0.4 * normal(x, -1.5, 0.5) + 0.6 * normal(x, 1.5, 0.5)
        assert load("bumps").log_prob(torch.tensor([[x]])).item() == pytest.approx(math.log(p), abs=1e-5)


class Copies(TorchDispatchMode):
    """Notes the copies between devices; each would make a batch wait for the device."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def __torch_dispatch__(self, op, types, args=(), kwargs=None):
        if "copy" in op.name():
            self.seen.append(op.name())
        return op(*args, **kwargs or {})


def test_no_draw_waits_for_the_device():
    mixture = Mixture("two", torch.zeros(2, 2), 0.1)
    with FakeTensorMode(), Copies() as copies:                      # "cuda" on any machine
        there = Mixture("two", torch.zeros(2, 2), 0.1).to("cuda")
        assert copies.seen and there.weights.device.type == "cuda"
        copies.seen.clear()
        x, y = there.sample(5)
        assert x.device.type == y.device.type == "cuda" and not copies.seen
    moved = []
    monitored = SimpleNamespace(data_shape=(2,), to=lambda device: moved.append(device) or mixture)
    stream = Batches(monitored, 5)
    assert next(stream).x.shape == next(stream).x.shape == (5, 2)
    assert moved == [torch.device("cpu")] and stream.dataset is monitored     # once


def test_a_mixture_needs_a_width():
    with pytest.raises(ValueError, match="must be positive"):
        Mixture("flat", torch.zeros(1, 2), 0.0)


# --- digits, image sets ------------------------------------------------------------------------------------------------

def test_stacked_digits_are_pairs_of_digits_of_the_same_split():
    for split, n in (("train", 12_800), ("test", 2_600)):
        pairs, singles = load("stacked_digits", split), digits(split)
        assert len(pairs) == n and pairs.data_shape == (2, 8, 8) and pairs.classes[7] == "07"
        known = {image.numpy().tobytes(): label for image, label in zip(singles.images, singles.labels.tolist(), strict=True)}
        for image, label in zip(pairs.images[:200], pairs.labels[:200].tolist(), strict=True):
            assert 10 * known[image[:1].numpy().tobytes()] + known[image[1:].numpy().tobytes()] == label
        assert len(pairs.labels.unique()) == 100
    assert torch.equal(load("stacked_digits").images, load("stacked_digits").images)


def test_digits_are_split_without_loss_or_overlap():
    from sklearn.datasets import load_digits

    train, test = digits("train"), digits("test")
    assert (len(train), len(test)) == (1297, 500) and train.data_shape == test.data_shape == (1, 8, 8)
    assert train.classes == tuple("0123456789")
    assert test.labels.bincount().min() >= 45                       # each of the ten classes near its fair share
    assert (train.images.min(), train.images.max()) == (0, 255)
    raw = load_digits()
    grey = np.rint(raw.images * 255 / 16).astype(np.uint8).reshape(-1, 64)
    expected = sorted(zip(grey.tolist(), raw.target.tolist(), strict=True))
    images, labels = torch.cat([train.images, test.images]), torch.cat([train.labels, test.labels])
    assert sorted(zip(images.flatten(1).tolist(), labels.tolist(), strict=True)) == expected
    assert torch.equal(digits("test").images, test.images)          # always the same split


def test_load_knows_its_names_and_says_so():
    assert set(names()) == set(OFFLINE) | set(DOWNLOADED) | set(ARCHIVES)
    for name in OFFLINE:
        assert load(name).name == name
    with pytest.raises(ValueError, match=r"no folder called 'mnits'.*digits.*mnist"):
        load("mnits")
    with pytest.raises(ValueError, match="no split 'valid'.*train or test"):
        load("digits", "valid")


def numbered(n: int) -> ImageSet:
    """n tiny pictures; picture i is all of grey level i and has the label i."""
    images = torch.arange(n, dtype=torch.uint8).reshape(n, 1, 1, 1).expand(n, 1, 2, 2).contiguous()
    return ImageSet("numbered", images, torch.arange(n), tuple(map(str, range(n))))


def test_an_image_set_refuses_what_it_is_not():
    with pytest.raises(ValueError, match="must be uint8.*float32"):
        ImageSet("floats", torch.zeros(2, 1, 4, 4), torch.zeros(2), ("a",))
    with pytest.raises(ValueError, match=r"must be uint8 of shape \(N, C, H, W\).*\(2, 4, 4\)"):
        ImageSet("flat", torch.zeros(2, 4, 4, dtype=torch.uint8), torch.zeros(2), ("a",))
    with pytest.raises(ValueError, match="2 images but 3 labels"):
        ImageSet("odd", torch.zeros(2, 1, 4, 4, dtype=torch.uint8), torch.zeros(3), ("a",))


def test_take_draws_without_replacement():
    numbers = unscale(numbered(50).take(50, seed=3))[:, 0, 0, 0].tolist()
    assert sorted(numbers) == list(range(50)) and numbers != list(range(50))
    assert unscale(numbered(50).take(10, seed=3))[:, 0, 0, 0].tolist() == numbers[:10]
    with pytest.raises(ValueError, match="has 50 images; 51 were asked for"):
        numbered(50).take(51)


def test_scale_and_unscale():
    every = torch.arange(256, dtype=torch.uint8).reshape(4, 1, 8, 8).repeat(1, 3, 1, 1)
    x = scale(every)
    assert x.dtype == torch.float32 and (x.min(), x.max()) == (-1, 1)
    assert torch.allclose(x.double(), every.double() / 127.5 - 1, atol=1e-7)
    assert x.is_contiguous(memory_format=torch.channels_last)
    assert torch.equal(unscale(x), every)
    assert unscale(torch.tensor([-3.0, 3.0])).tolist() == [0, 255]  # a generator without tanh may overshoot
    assert every.max() == 255                                       # the set itself is untouched


# --- batches -----------------------------------------------------------------------------------------------------------

def drawn(stream, n: int) -> list[list[int]]:
    return [next(stream).y.tolist() for _ in range(n)]


def test_every_image_comes_once_an_epoch():
    stream = batches(numbered(12), 4, device="cpu")
    first, second = drawn(stream, 3), drawn(stream, 3)
    assert sorted(sum(first, [])) == sorted(sum(second, [])) == list(range(12))
    assert first != second                                          # shuffled anew
    uneven = drawn(batches(numbered(11), 4, device="cpu"), 6)
    assert [len(batch) for batch in uneven] == [4] * 6              # the short third batch is dropped
    assert len(set(sum(uneven[:2], []))) == len(set(sum(uneven[2:4], []))) == 8


def test_a_batch_is_scaled_and_keeps_image_and_label_together():
    x, y = next(batches(numbered(200), 64, device="cpu"))
    assert x.shape == (64, 1, 2, 2) and y.shape == (64,) and y.dtype == torch.int64
    assert torch.equal(unscale(x)[:, 0, 0, 0].long(), y)
    x, y = next(batches("digits", 5, device="cpu"))                 # by name
    assert x.shape == (5, 1, 8, 8) and x.min() >= -1 and x.max() <= 1


@pytest.mark.parametrize("dataset", [numbered(40), DENSITIES["ring"]()], ids=["images", "density"])
def test_the_seed_decides_the_stream(dataset):
    def stream(seed):
        source = Batches(dataset, 8, seed=seed)
        return torch.cat([next(source).x.flatten(1) for _ in range(12)])
    assert torch.equal(stream(1), stream(1))
    assert not torch.equal(stream(1), stream(2))


@pytest.mark.parametrize("dataset", [numbered(12), numbered(11), DENSITIES["moons"]()], ids=["even", "uneven", "density"])
@pytest.mark.parametrize("done", range(8))                          # 0, 3 and 6 are epoch boundaries of the even set
def test_a_stream_resumes_at_any_point(dataset, done):
    stream = Batches(dataset, 4, seed=5)
    for _ in range(done):
        next(stream)
    state = stream.state()
    expected = [next(stream) for _ in range(7)]
    fresh, used = Batches(dataset, 4, seed=99), Batches(dataset, 4, seed=7)
    next(used)
    for other in (fresh, used, stream):
        other.restore(state)
        for batch, again in zip(expected, other, strict=False):
            assert torch.equal(batch.x, again.x) and torch.equal(batch.y, again.y)


def test_a_restored_stream_tells_the_same_state():
    stream, other = Batches(numbered(12), 4), Batches(numbered(12), 4, seed=9)
    for _ in range(2):
        next(stream)
    other.restore(stream.state())
    assert other.state()["positions"] == stream.state()["positions"] == [8]
    assert torch.equal(other.state()["generator"], stream.state()["generator"])


def test_batch_sizes_that_cannot_be():
    with pytest.raises(ValueError, match="at least one element; batch_size is 0"):
        Batches(numbered(4), 0)
    with pytest.raises(ValueError, match="4 images, fewer than one batch of 5"):
        Batches(numbered(4), 5)
    assert sorted(next(Batches(numbered(4), 4)).y.tolist()) == [0, 1, 2, 3]


# --- downloads ---------------------------------------------------------------------------------------------------------

@pytest.fixture
def server(monkeypatch):
    """A small web server. `files`: path -> bytes; `ranges`: understands Range; `cut`: bytes sent of each answer, in turn."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked = self.headers.get("Range")
            here.asked.append(asked)
            body = here.files.get(self.path)
            if body is None:
                return self.send_error(404)
            start = int(asked.removeprefix("bytes=").removesuffix("-")) if asked and here.ranges else 0
            if start >= len(body):
                return self.send_error(416)
            self.send_response(206 if start else 200)
            if here.tells_length:
                self.send_header("Content-Length", str(len(body) - start))
            self.end_headers()
            body = body[start:][:here.cut.pop(0) if here.cut else None]
            for i in range(0, len(body), 1 << 16):
                try:
                    self.wfile.write(body[i:i + (1 << 16)])
                except OSError:                                     # the other side has hung up
                    return
                here.sent += len(body[i:i + (1 << 16)])

        def do_HEAD(self):
            if self.path not in here.files:
                return self.send_error(404)
            self.send_response(200)
            if here.tells_length:
                self.send_header("Content-Length", str(len(here.files[self.path])))
            self.end_headers()

        def log_message(self, *_):
            pass

    web = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    here = SimpleNamespace(url=f"http://127.0.0.1:{web.server_port}/", files={}, ranges=True, cut=[], tells_length=True,
                           asked=[], sent=0)
    thread = threading.Thread(target=web.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield here
    web.shutdown()
    web.server_close()
    thread.join()


@pytest.fixture
def nowhere(monkeypatch):
    """An address where nobody answers."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))                                # taken, but nobody listens
        yield f"http://127.0.0.1:{bound.getsockname()[1]}/"


CONTENT = np.random.default_rng(0).bytes(300_000)
SIZE, MD5 = len(CONTENT), hashlib.md5(CONTENT).hexdigest()


def there(folder: Path) -> list[str]:
    """What lies in a folder beside the hidden locks of downloads that failed."""
    return [name for name in os.listdir(folder) if not name.endswith(".lock")]


def test_a_download(server, tmp_path):
    server.files["/a.bin"] = CONTENT
    path = tmp_path / "deep" / "down" / "a.bin"
    assert fetch(server.url + "a.bin", path, SIZE, MD5) == path
    assert path.read_bytes() == CONTENT and list(path.parent.iterdir()) == [path]
    fetch(server.url + "a.bin", path, SIZE, MD5)
    assert server.asked == [None]                                   # the second time nothing is asked
    path.write_bytes(b"put here by hand")
    assert fetch(server.url + "a.bin", path, SIZE, MD5).read_bytes() == b"put here by hand"


@pytest.mark.parametrize("tells_length", [True, False])
def test_a_broken_download_goes_on_where_it_broke(server, tmp_path, tells_length):
    server.files["/a.bin"], server.cut, server.tells_length = CONTENT, [120_000, 100_000], tells_length
    fetch(server.url + "a.bin", tmp_path / "a.bin", SIZE, MD5)
    assert (tmp_path / "a.bin").read_bytes() == CONTENT
    assert server.asked == [None, "bytes=120000-", "bytes=220000-"]


def test_an_earlier_part_is_used_by_the_next_call(server, tmp_path):
    server.files["/a.bin"], server.cut = CONTENT, [1000] + [0] * 9  # then the network is gone
    with pytest.raises(DownloadError):
        fetch(server.url + "a.bin", tmp_path / "a.bin", SIZE, MD5)
    assert there(tmp_path) == ["a.bin.part"]
    server.cut, server.asked = [], []
    fetch(server.url + "a.bin", tmp_path / "a.bin", SIZE, MD5)
    assert (tmp_path / "a.bin").read_bytes() == CONTENT and server.asked == ["bytes=1000-"]


def test_a_part_that_is_whole_needs_no_server(nowhere, tmp_path):
    (tmp_path / "a.bin.part").write_bytes(CONTENT)                  # stopped just before it got its name
    assert fetch(nowhere, tmp_path / "a.bin", SIZE, MD5).read_bytes() == CONTENT


def test_patience_has_an_end(server, tmp_path):
    server.files["/a.bin"], server.cut = CONTENT, [100] * 50        # a hundred bytes, and the connection breaks
    with pytest.raises(DownloadError):
        fetch(server.url + "a.bin", tmp_path / "a.bin", SIZE, MD5)
    assert len(server.asked) == 5 and (tmp_path / "a.bin.part").read_bytes() == CONTENT[:500]


def test_an_endless_answer_is_cut_off(server, tmp_path):
    server.files["/a.bin"], server.tells_length = bytes(100_000_000), False
    with pytest.raises(DownloadError, match="bytes instead of 300,000"):
        fetch(server.url + "a.bin", tmp_path / "a.bin", SIZE, MD5)
    assert server.sent < 50_000_000 and not there(tmp_path)


def test_a_server_without_range_sends_all_again(server, tmp_path):
    server.files["/a.bin"], server.cut, server.ranges = CONTENT, [120_000], False
    fetch(server.url + "a.bin", tmp_path / "a.bin", SIZE, MD5)
    assert (tmp_path / "a.bin").read_bytes() == CONTENT
    assert server.asked == [None, "bytes=120000-"]


@pytest.mark.parametrize("length", [1000, SIZE, SIZE + 1000])
def test_a_part_of_something_else_is_thrown_away(server, tmp_path, length):
    server.files["/a.bin"] = CONTENT
    (tmp_path / "a.bin.part").write_bytes(bytes(length))
    fetch(server.url + "a.bin", tmp_path / "a.bin", SIZE, MD5)
    assert (tmp_path / "a.bin").read_bytes() == CONTENT
    assert server.asked[-1] is None                                 # from the start


def test_a_wrong_checksum_is_refused(server, tmp_path):
    server.files["/a.bin"] = CONTENT[:-1] + b"!"
    with pytest.raises(DownloadError, match=f"checksum is .* instead of {MD5}"):
        fetch(server.url + "a.bin", tmp_path / "a.bin", SIZE, MD5)
    assert not there(tmp_path)


@pytest.mark.parametrize("tells_length", [True, False])
@pytest.mark.parametrize("content", [CONTENT[:-7], CONTENT + b"more"], ids=["shorter", "longer"])
def test_a_wrong_size_is_refused(server, tmp_path, content, tells_length):
    server.files["/a.bin"], server.tells_length = content, tells_length
    with pytest.raises(DownloadError, match="a.bin could not be downloaded"):
        fetch(server.url + "a.bin", tmp_path / "a.bin", SIZE, MD5)
    assert not (tmp_path / "a.bin").exists() and len(server.asked) <= 5
    if tells_length:                                                # known from the header: not a byte is fetched
        assert not there(tmp_path) and len(server.asked) == 1


def test_mirrors_are_tried_in_turn(server, tmp_path, nowhere):
    server.files["/login.html"], server.files["/good/a.bin"] = b"<html>Please log in</html>", CONTENT
    mirrors = [nowhere + "a.bin", server.url + "missing/a.bin", server.url + "login.html", server.url + "good/a.bin"]
    assert fetch(mirrors, tmp_path / "a.bin", SIZE, MD5).read_bytes() == CONTENT
    with pytest.raises(DownloadError, match="(?s)refused.*404.*offers 26 bytes instead of 300,000"):
        fetch(mirrors[:3], tmp_path / "b.bin", SIZE, MD5)


def test_a_silent_server_is_not_waited_for(tmp_path, monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    start = time.monotonic()
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(DownloadError, match="timed out"):
        fetch(f"http://127.0.0.1:{silent.getsockname()[1]}/a.bin", tmp_path / "a.bin", SIZE, MD5, timeout=0.2)
    assert time.monotonic() - start < 10


def test_two_programs_that_want_the_same_file_fetch_it_once(server, tmp_path):
    """Both would append to one .part. A lock held by this process stands for the other program."""
    server.files["/a.bin"], path = CONTENT, tmp_path / "a.bin"
    command = [sys.executable, "-u", "-c", FETCH, server.url + "a.bin", str(path), str(SIZE), MD5]
    with only_one(path):
        other = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        told = other.stdout.readline()
        path.write_bytes(b"fetched by this one")
    other.communicate(timeout=60)
    assert told == f"Another program is making {path}; waiting for it.\n" and server.asked == []
    assert other.returncode == 0 and os.listdir(tmp_path) == ["a.bin"]
    assert path.read_bytes() == b"fetched by this one"


FETCH = """
import sys
from gan_course.data.download import fetch
url, path, size, md5 = sys.argv[1:]
fetch(url, path, int(size), md5)
"""


def test_many_threads_fetch_a_file_once(server, tmp_path):
    server.files["/a.bin"] = CONTENT
    with ThreadPoolExecutor(8) as pool:
        paths = list(pool.map(lambda _: fetch(server.url + "a.bin", tmp_path / "a.bin", SIZE, MD5), range(8)))
    assert {path.read_bytes() for path in paths} == {CONTENT} and server.asked == [None]


def test_a_folder_that_cannot_be_written_is_said_in_words(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(DownloadError, match="a.bin could not be downloaded .*by other means"):
        fetch("https://127.0.0.1:9/a.bin", tmp_path / "file" / "a.bin", SIZE, MD5)


def test_plain_http_without_a_checksum_is_refused(tmp_path):
    with pytest.raises(DownloadError, match="http is not safe for a file whose checksum is unknown"):
        fetch("http://example.invalid/a.bin", tmp_path / "a.bin")
    with pytest.raises(DownloadError, match="example.invalid/a.bin: (?!http is)"):          # with one it is tried
        fetch("http://example.invalid/a.bin", tmp_path / "a.bin", SIZE, MD5)
    assert all(url.startswith("https://") for url in archives.HOMES)


def test_a_redirect_to_plain_http_is_refused_too(server, tmp_path, monkeypatch):
    answer = SimpleNamespace(url="http://example.invalid/a.bin", closed=False)
    answer.close = lambda: setattr(answer, "closed", True)
    monkeypatch.setattr(download, "urlopen", lambda request, timeout: answer)
    with pytest.raises(DownloadError, match="http is not safe"):
        fetch("https://example.invalid/a.bin", tmp_path / "a.bin")
    assert answer.closed


def test_a_file_of_unknown_size_is_as_long_as_the_server_says(server, tmp_path, nowhere):
    server.files["/a.bin"], server.cut = CONTENT, [120_000]
    assert fetch([nowhere + "a.bin", server.url + "a.bin"], tmp_path / "a.bin").read_bytes() == CONTENT
    assert server.asked == [None, "bytes=120000-"]                  # it broke, and went on
    with pytest.raises(DownloadError, match="(?s)b.bin could not be downloaded.*404.*refused.*put what you got"):
        fetch([server.url + "b.bin", nowhere + "b.bin"], tmp_path / "b.bin")
    server.tells_length = False
    with pytest.raises(DownloadError, match="does not tell the size"):
        fetch(server.url + "a.bin", tmp_path / "c.bin")
    assert there(tmp_path) == ["a.bin"]


MNIST_FILES = [f"{part}-{what}-ubyte.gz" for part in ("train", "t10k") for what in ("images-idx3", "labels-idx1")]


@pytest.mark.parametrize(("name", "place", "files"), [
    ("mnist", "MNIST/raw", MNIST_FILES),
    ("fashion_mnist", "FashionMNIST/raw", MNIST_FILES),
    ("cifar10", "", ["cifar-10-python.tar.gz"])])
def test_without_a_network_the_error_says_what_to_do(name, place, files, tmp_path, nowhere, monkeypatch):
    from torchvision.datasets import CIFAR10, MNIST, FashionMNIST

    monkeypatch.setattr(MNIST, "mirrors", [nowhere + "a/", nowhere + "b/"])
    monkeypatch.setattr(FashionMNIST, "mirrors", [nowhere])
    monkeypatch.setattr(CIFAR10, "url", nowhere + CIFAR10.filename)
    monkeypatch.setenv("GAN_COURSE_DATA", str(tmp_path / "data"))
    with pytest.raises(DownloadError) as caught:
        load(name)
    for words in (*OFFLINE, *files, str(tmp_path / "data" / place)):
        assert words in str(caught.value)
    assert isinstance(caught.value, FileNotFoundError) and not there(tmp_path / "data" / place)


# --- MNIST and its format ----------------------------------------------------------------------------------------------

def idx(array) -> bytes:
    array = np.asarray(array, np.uint8)
    return bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes() + array.tobytes()


def test_a_download_without_certificates_says_what_helps_on_macos(tmp_path, monkeypatch):
    def urlopen(*_, **__):
        raise URLError(SSLCertVerificationError(
            1, "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: unable to get local "
            "issuer certificate (_ssl.c:1006)"))

    monkeypatch.setattr("gan_course.data.download.urlopen", urlopen)
    monkeypatch.setenv("GAN_COURSE_DATA", str(tmp_path))
    for name in ("mnist", "cifar10", "horse2zebra"):
        with pytest.raises(DownloadError) as caught:
            load(name)
        assert 'double-click "Install Certificates.command"' in str(caught.value)
        assert "put what you got into the folder" in str(caught.value)


def test_other_trouble_with_a_download_is_not_put_down_to_certificates(nowhere, tmp_path):
    with pytest.raises(DownloadError) as caught:
        fetch(nowhere + "a.bin", tmp_path / "a.bin", SIZE, MD5)
    assert "refused" in str(caught.value) and "Certificates" not in str(caught.value)


@pytest.fixture
def little(tmp_path, monkeypatch):
    """A GAN_COURSE_DATA folder with a tiny MNIST: six training pictures, packed. Gives the folder of the raw files."""
    raw = tmp_path / "MNIST" / "raw"
    raw.mkdir(parents=True)
    monkeypatch.setenv("GAN_COURSE_DATA", str(tmp_path))
    (raw / "train-images-idx3-ubyte.gz").write_bytes(gzip.compress(idx(np.arange(6 * 28 * 28).reshape(6, 28, 28) % 251)))
    (raw / "train-labels-idx1-ubyte.gz").write_bytes(gzip.compress(idx([3, 1, 4, 1, 5, 9])))
    return raw


def test_files_put_there_by_hand_are_read(little):
    data = load("mnist")
    assert data.images.shape == (6, 1, 28, 28) and data.labels.tolist() == [3, 1, 4, 1, 5, 9]
    assert data.images.flatten().tolist() == [i % 251 for i in range(6 * 28 * 28)]
    assert data.classes == tuple("0123456789")
    (little / "train-labels-idx1-ubyte").write_bytes(idx([0, 0, 0, 0, 0, 7]))
    assert load("mnist").labels.tolist() == [0, 0, 0, 0, 0, 7]      # unpacked files come first


def test_mnist_is_downloaded_on_first_use(server, tmp_path, monkeypatch):
    from torchvision.datasets import MNIST

    content = {"t10k-images-idx3-ubyte.gz": gzip.compress(idx(np.ones((3, 28, 28)))),
               "t10k-labels-idx1-ubyte.gz": gzip.compress(idx([2, 0, 8]))}
    resources = [(file, hashlib.md5(content.get(file, b"")).hexdigest()) for file, _ in MNIST.resources]
    monkeypatch.setattr(MNIST, "resources", resources)
    monkeypatch.setattr(MNIST, "mirrors", [server.url + "gone/", server.url])
    monkeypatch.setattr(real_module, "MNIST_BYTES", [len(content.get(file, b"")) for file, _ in resources])
    monkeypatch.setenv("GAN_COURSE_DATA", str(tmp_path))
    server.files = {"/" + file: body for file, body in content.items()}
    assert mnist("test").labels.tolist() == [2, 0, 8]
    assert sorted(os.listdir(tmp_path / "MNIST" / "raw")) == sorted(content)


def test_the_sizes_we_state_are_the_official_ones():
    from torchvision.datasets import MNIST

    raw = given("mnist", "MNIST") / "MNIST" / "raw"
    for (file, md5), size in zip(MNIST.resources, real_module.MNIST_BYTES, strict=True):
        if hashlib.md5((raw / file).read_bytes()).hexdigest() != md5:
            pytest.skip(f"{raw / file} is not the official file")
        assert (raw / file).stat().st_size == size


@pytest.mark.parametrize(("file", "content", "words"), [
    ("train-images-idx3-ubyte.gz", gzip.compress(idx(np.ones((6, 28, 28))))[:-9], "damaged or cut short"),
    ("train-images-idx3-ubyte.gz", b"<html>no such page</html>", "damaged or cut short.*[Nn]ot a gzipped file"),
    ("train-images-idx3-ubyte.gz", gzip.compress(idx([1, 2, 3])), "no idx file of bytes in 3 dim.*begins with 00000801"),
    ("train-images-idx3-ubyte.gz", b"", "no idx file.*empty"),
    ("train-images-idx3-ubyte", idx(np.ones((6, 28, 28)))[:-1], "4,703 values, its header says 4,704"),
    ("train-labels-idx1-ubyte.gz", gzip.compress(idx([1, 2, 3])), "6 images, but .*3 labels.*Delete both"),
    ("train-labels-idx1-ubyte.gz", gzip.compress(idx([1, 2, 3, 4, 5, 10])), "label 10 of 10 classes"),
], ids=["cut short", "web page", "wrong magic", "empty", "unpacked and short", "counts differ", "label too high"])
def test_a_damaged_file_is_named_with_what_to_do(little, file, content, words):
    (little / file).write_bytes(content)
    with pytest.raises(ValueError, match=words) as caught:
        mnist("train")
    assert str(little / file) in str(caught.value) and "elete" in str(caught.value) and "downloaded anew" in str(caught.value)


def given(folder_name: str, inside: str) -> Path:
    """The folder with real data, or a skip: the one in GAN_COURSE_DATA, else a folder beside the checkout."""
    places = [Path(GIVEN).expanduser()] if GIVEN else []
    for place in (*places, ROOT.parent / "shared" / "data" / folder_name):
        if (place / inside / "raw" / "t10k-images-idx3-ubyte.gz").exists():
            return place
    pytest.skip(f"no real {inside} on this machine; set GAN_COURSE_DATA to a folder that holds {inside}/raw/*.gz")


@pytest.mark.parametrize(("load_set", "folder_name", "inside"), [
    (mnist, "mnist", "MNIST"), (fashion_mnist, "fashion_mnist_subset", "FashionMNIST")])
def test_the_real_files_read_as_torchvision_reads_them(load_set, folder_name, inside, tmp_path, monkeypatch):
    from torchvision import datasets

    found = given(folder_name, inside)
    before = sorted(found.rglob("*"))
    monkeypatch.setenv("GAN_COURSE_DATA", str(found))
    ours = {split: load_set(split) for split in ("train", "test")}
    assert sorted(found.rglob("*")) == before                       # nothing written beside the files

    (tmp_path / inside / "raw").mkdir(parents=True)                 # torchvision wants them unpacked: in a copy
    for file in (found / inside / "raw").glob("*.gz"):
        with gzip.open(file) as packed, open(tmp_path / inside / "raw" / file.stem, "wb") as unpacked:
            shutil.copyfileobj(packed, unpacked)
    for split, ours_here in ours.items():
        theirs = getattr(datasets, inside)(tmp_path, train=split == "train")
        assert torch.equal(ours_here.images[:, 0], theirs.data) and torch.equal(ours_here.labels, theirs.targets)
        assert len(ours_here.classes) == 10


# --- CIFAR-10 ----------------------------------------------------------------------------------------------------------

@pytest.fixture
def little_cifar(tmp_path, monkeypatch, nowhere):
    """torchvision's CIFAR10 class pointed at an archive of two pictures a part, in GAN_COURSE_DATA, as put there by hand."""
    from torchvision.datasets import CIFAR10

    rng = np.random.default_rng(0)
    content = {name: {"data": rng.integers(0, 256, (2, 3072), dtype=np.uint8), "labels": [i % 10, 9]}
               for i, (name, _) in enumerate(CIFAR10.train_list + CIFAR10.test_list)}
    # like the real ones, pickled by an old NumPy: flags are 0 and 1, about which a new NumPy warns
    parts = {name: pickle.dumps(entry, 2).replace(b"\x89\x88\x87", b"K\x00K\x01\x87", 1) for name, entry in content.items()}
    parts["batches.meta"] = pickle.dumps({"label_names": [f"class {i}" for i in range(10)]}, 2)
    with tarfile.open(tmp_path / CIFAR10.filename, "w:gz") as tar:
        for name, body in parts.items():
            info = tarfile.TarInfo(f"{CIFAR10.base_folder}/{name}")
            info.size = len(body)
            tar.addfile(info, io.BytesIO(body))

    def md5(body):
        return hashlib.md5(body).hexdigest()
    archive = tmp_path / CIFAR10.filename
    monkeypatch.setattr(CIFAR10, "train_list", [[name, md5(parts[name])] for name, _ in CIFAR10.train_list])
    monkeypatch.setattr(CIFAR10, "test_list", [[name, md5(parts[name])] for name, _ in CIFAR10.test_list])
    monkeypatch.setattr(CIFAR10, "meta", CIFAR10.meta | {"md5": md5(parts["batches.meta"])})
    monkeypatch.setattr(CIFAR10, "tgz_md5", md5(archive.read_bytes()))
    monkeypatch.setattr(real_module, "CIFAR_BYTES", archive.stat().st_size)
    monkeypatch.setattr(CIFAR10, "url", nowhere)                    # nothing is fetched in these tests
    monkeypatch.setenv("GAN_COURSE_DATA", str(tmp_path))
    return SimpleNamespace(archive=archive, parts=tmp_path / CIFAR10.base_folder, content=content)


def test_cifar_is_unpacked_and_read(little_cifar):
    train, test = load("cifar10"), load("cifar10", "test")
    assert train.images.shape == (10, 3, 32, 32) and test.images.shape == (2, 3, 32, 32)
    assert train.images.is_contiguous() and train.labels.tolist() == [0, 9, 1, 9, 2, 9, 3, 9, 4, 9]
    assert np.array_equal(test.images.flatten(1).numpy(), little_cifar.content["test_batch"]["data"])
    assert train.classes[3] == "class 3"


def test_an_interrupted_extraction_heals_itself(little_cifar):
    expected = cifar10("train")
    (little_cifar.parts / "data_batch_3").write_bytes(b"half of it")
    (little_cifar.parts / "batches.meta").unlink()
    assert torch.equal(cifar10("train").images, expected.images)


def test_two_programs_unpack_one_after_the_other(little_cifar, monkeypatch):
    """A second one that finds half of the parts waits, and then finds all of them."""
    from torchvision.datasets import CIFAR10

    extracting, most = [], []
    extract = CIFAR10.download

    def slow(self):
        extracting.append(self)
        most.append(len(extracting))
        time.sleep(0.1)                                             # time for another to begin
        extract(self)
        extracting.pop()

    monkeypatch.setattr(CIFAR10, "download", slow)
    with ThreadPoolExecutor(4) as pool:
        sets = list(pool.map(lambda _: cifar10("train"), range(4)))
    assert max(most) == 1 and all(len(images) == 10 for images in sets)
    assert not [name for name in os.listdir(little_cifar.parts.parent) if name.endswith(".lock")]


class Trap:
    """Unpickling this makes a folder called `sprung`."""

    def __init__(self, place):
        self.place = str(place)

    def __reduce__(self):
        return os.mkdir, (self.place,)


def test_nothing_unchecked_is_unpickled(little_cifar, tmp_path):
    cifar10("train")
    (little_cifar.parts / "data_batch_1").write_bytes(pickle.dumps(Trap(tmp_path / "sprung")))
    cifar10("train")                                                # heals: the trap is overwritten, not opened
    assert not (tmp_path / "sprung").exists()
    little_cifar.archive.write_bytes(b"another archive")
    assert len(cifar10("train")) == 10                              # the parts are whole: the archive is not needed
    shutil.rmtree(little_cifar.parts)
    with pytest.raises(ValueError, match=r"cifar-10-python.tar.gz is damaged: it has 15 bytes.*Delete it"):
        cifar10("train")


# --- folders of your own -----------------------------------------------------------------------------------------------

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)


def paint(path: Path, colour=RED, mode="RGB", size=(20, 20), **how) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, size, colour).save(path, **how)
    return path


def only(path: Path, size=8) -> torch.Tensor:
    """The one picture of a folder, as (C, size, size)."""
    data = folder(path, size)
    assert len(data) == 1
    return data.images[0]


def test_a_folder_without_pictures(tmp_path):
    with pytest.raises(FileNotFoundError, match="no pictures in .*end in .jpg"):
        folder(tmp_path)
    (tmp_path / ".hidden.png").write_bytes(b"")
    (tmp_path / "notes.txt").write_text("no picture")
    (tmp_path / "phone.HEIC").write_bytes(b"")
    with pytest.raises(FileNotFoundError, match=r"ignored: 1 .txt, 1 hidden.*1 files that end in .heic"):
        load(str(tmp_path))
    with pytest.raises(FileNotFoundError, match="no folder"):
        folder(tmp_path / "nowhere")


def test_classes_are_the_sub_folders(tmp_path):
    paint(tmp_path / "dog" / "b.png", BLUE)
    paint(tmp_path / "dog" / "deeper" / "a.JPG", BLUE)
    paint(tmp_path / "cat" / "1.png", RED)
    (tmp_path / "empty").mkdir()
    paint(tmp_path / ".hidden" / "a.png", GREEN)
    (tmp_path / "cat" / ".DS_Store").write_bytes(b"")               # hidden: no word about it
    data = load(str(tmp_path), size=4)
    assert data.name == tmp_path.name and data.classes == ("cat", "dog") and data.labels.tolist() == [0, 1, 1]
    assert data.images.shape == (3, 3, 4, 4) and data.images.dtype == torch.uint8 and data.labels.dtype == torch.int64
    assert data.images[0, :, 0, 0].tolist() == list(RED)
    paint(tmp_path / "loose.png", GREEN)
    (tmp_path / "cat" / "notes.txt").write_text("no picture")
    with pytest.warns(UserWarning, match="(?s)no pictures were ignored: 1 .txt, 1 hidden.*1 pictures beside the sub-folders"):
        assert len(folder(tmp_path)) == 3


def test_a_flat_folder_is_one_class(tmp_path):
    paint(tmp_path / "a.png")
    data = folder(tmp_path)
    assert data.classes == (tmp_path.name,) and data.labels.tolist() == [0] and data.data_shape == (3, 32, 32)


def test_grey_folders_have_one_channel_and_mixed_ones_say_so(tmp_path):
    paint(tmp_path / "1.png", 100, "L")
    paint(tmp_path / "2.png", 1, "1")
    paint(tmp_path / "3.png", (7, 7, 7), "RGB")                     # grey, though saved in colour
    data = folder(tmp_path, 4)
    assert data.images[:, :, 0, 0].tolist() == [[100], [255], [7]]
    assert data.images.is_contiguous()
    paint(tmp_path / "4.png", BLUE)
    with pytest.warns(UserWarning, match="3 of 4 pictures are grey; they were turned into RGB"):
        mixed = folder(tmp_path, 4)
    assert mixed.images[:, :, 0, 0].tolist() == [[100] * 3, [255] * 3, [7] * 3, list(BLUE)]


def test_one_unreadable_file_in_a_thousand_is_named_and_skipped(tmp_path):
    picture = paint(tmp_path / "0000.png", size=(4, 4)).read_bytes()
    for i in range(1, 1000):
        (tmp_path / f"{i:04}.png").write_bytes(picture)
    (tmp_path / "0500.png").write_bytes(picture[:-20])
    with pytest.warns(UserWarning, match="1 of 1000 pictures cannot be read and were left out: .*0500.png"):
        data = folder(tmp_path, 4)
    with pytest.warns(UserWarning, match="0500.png"):
        test = folder(tmp_path, 4, "test")
    assert (len(data), len(test)) == (833, 166)
    assert (data.images == torch.tensor(RED)[:, None, None]).all()


def test_too_many_unreadable_files_are_refused(tmp_path):
    for i in range(20):
        paint(tmp_path / f"{i:02}.png")
    for i in range(2):
        (tmp_path / f"{i:02}.png").write_bytes(b"no picture")
    with pytest.warns(UserWarning, match="(?s)2 of 20 pictures cannot be read.*00.png.*01.png"):
        assert len(folder(tmp_path)) == 15                          # a tenth is still borne
    (tmp_path / "02.png").write_bytes(b"")
    with pytest.raises(ValueError, match="(?s)3 of 20 pictures .* cannot be read: .*00.png.*02.png.*Repair or remove"):
        folder(tmp_path)


def test_a_folder_is_split_once_and_for_all(tmp_path):
    for i in range(20):
        paint(tmp_path / "ab"[i % 2] / f"{i:02}.png", (i, 0, 255), size=(2, 2))
    train, test = folder(tmp_path, 2), folder(tmp_path, 2, "test")
    in_train, in_test = train.images[:, 0, 0, 0].tolist(), test.images[:, 0, 0, 0].tolist()
    assert len(test) == 3 and sorted(in_train + in_test) == list(range(20))
    assert torch.equal(folder(tmp_path, 2, "test").images, test.images)
    assert in_test not in ([0, 2, 4], [17, 18, 19], [15, 17, 19])   # shuffled, not simply one end
    for numbers, data in ((in_train, train), (in_test, test)):
        assert [number % 2 for number in numbers] == data.labels.tolist()
    shutil.rmtree(tmp_path / "b")
    for i in range(10, 20, 2):
        (tmp_path / "a" / f"{i:02}.png").unlink()
    with pytest.raises(ValueError, match="only 5 pictures, too few"):
        folder(tmp_path, 2, "test")


def test_exif_rotation_is_applied(tmp_path):
    picture = Image.new("RGB", (40, 40), BLUE)
    picture.paste(RED, (0, 0, 20, 40))                              # stored: red on the left
    exif = Image.Exif()
    exif[0x0112] = 6                                                # shown: turned clockwise, red on top
    picture.save(tmp_path / "a.png", exif=exif)
    image = only(tmp_path)
    assert image[:, 0, 4].tolist() == list(RED) and image[:, 7, 4].tolist() == list(BLUE)


def test_what_is_transparent_becomes_white(tmp_path):
    paint(tmp_path / "rgba" / "a.png", (255, 0, 0, 0), "RGBA")
    paint(tmp_path / "half" / "a.png", (0, 0, 255, 51), "RGBA")
    paint(tmp_path / "la" / "a.png", (0, 0), "LA")
    paint(tmp_path / "key" / "a.png", (9, 8, 7), "RGB", transparency=(9, 8, 7))
    palette = Image.new("P", (20, 20), 1)
    palette.putpalette([0, 0, 0, 255, 0, 0])
    (tmp_path / "palette").mkdir()
    palette.save(tmp_path / "palette" / "a.png", transparency=b"\xff\x00")      # colour 1 is transparent
    for name in ("rgba", "la", "key", "palette"):
        assert (only(tmp_path / name) == 255).all(), name
    assert only(tmp_path / "half")[:, 0, 0].tolist() == [204, 204, 255]


def test_other_modes(tmp_path):
    paint(tmp_path / "cmyk" / "a.jpg", (0, 255, 255, 0), "CMYK", quality=100)
    assert only(tmp_path / "cmyk")[:, 0, 0].sub(torch.tensor(RED)).abs().max() <= 3
    palette = Image.new("P", (20, 20), 1)
    palette.putpalette([0, 0, 0, 0, 255, 0])
    (tmp_path / "palette").mkdir()
    palette.save(tmp_path / "palette" / "a.png")
    assert only(tmp_path / "palette")[:, 0, 0].tolist() == list(GREEN)
    for ending in ("png", "tif"):
        deep = Image.fromarray(np.tile(np.array([0, 32_896, 65_535, 32_896], np.uint16).repeat(2), (8, 1)))
        (tmp_path / ending).mkdir()
        deep.save(tmp_path / ending / f"a.{ending}")
        data = folder(tmp_path / ending, 8)
        assert data.data_shape == (1, 8, 8) and data.images[0, 0, 0].tolist() == [0, 0, 128, 128, 255, 255, 128, 128]


def test_numbers_without_a_known_range_are_refused(tmp_path):
    Image.fromarray(np.ones((8, 8), np.float32)).save(tmp_path / "a.tif")
    with pytest.raises(ValueError, match="(?s)1 of 1 pictures.*a.tif .*floating-point"):
        folder(tmp_path)


def test_the_central_square_is_kept_and_made_small_without_aliasing(tmp_path):
    wide = Image.new("RGB", (60, 20), BLUE)
    wide.paste(RED, (20, 0, 40, 20))
    (tmp_path / "wide").mkdir()
    wide.save(tmp_path / "wide" / "a.png")
    (tmp_path / "tall").mkdir()
    wide.transpose(Image.Transpose.ROTATE_90).save(tmp_path / "tall" / "a.png")
    for name in ("wide", "tall"):
        assert (only(tmp_path / name, 20) == torch.tensor(RED)[:, None, None]).all()
    stripes = np.tile(np.array([0, 255], np.uint8), (256, 128))
    (tmp_path / "fine").mkdir()
    Image.fromarray(stripes).save(tmp_path / "fine" / "a.png")
    inner = only(tmp_path / "fine", 30)[:, 2:-2, 2:-2].float()
    assert inner.min() > 115 and inner.max() < 140                  # even grey, no moire


def test_a_large_jpeg_looks_the_same_as_when_it_is_decoded_in_full(tmp_path):
    y, x = np.mgrid[0:1024, 0:1024] / 1024
    photo = np.stack([127 + 120 * np.sin(9 * x), 255 * y, 127 + 120 * np.cos(14 * x * y)], -1).astype(np.uint8)
    for name, ending in (("jpeg", "jpg"), ("full", "png")):
        (tmp_path / name).mkdir()
        Image.fromarray(photo).save(tmp_path / name / f"a.{ending}", **({"quality": 97} if ending == "jpg" else {}))
    difference = only(tmp_path / "jpeg", 32).float() - only(tmp_path / "full", 32).float()
    assert difference.abs().mean() < 1.5 and difference.abs().max() < 8


def test_quiet_when_there_is_nothing_to_say(tmp_path):
    paint(tmp_path / "a.png")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        folder(tmp_path)
    with pytest.raises(ValueError, match="at least one pixel"):
        folder(tmp_path, size=0)


def test_read_idx_alone(tmp_path):
    (tmp_path / "a").write_bytes(idx([[1, 2, 3], [4, 5, 6]]))
    assert read_idx(tmp_path / "a", 2).tolist() == [[1, 2, 3], [4, 5, 6]]


def test_draw_gives_each_image_its_own_label():
    images, labels = torch.arange(20, dtype=torch.uint8).view(20, 1, 1, 1), torch.arange(20) % 7
    x, y = ImageSet("numbered", images, labels, tuple("abcdefg")).draw(15, seed=2)
    assert torch.equal(unscale(x).flatten() % 7, y) and len(set(unscale(x).flatten().tolist())) == 15
