"""The real FID and KID: what is said without the package or its weights, what the package is given, and the package if it is here."""
import hashlib
import inspect
import sys
from ssl import SSLCertVerificationError
from types import SimpleNamespace
from urllib.error import URLError

import pytest
import torch
from torch import nn

from gan_course import inception, metrics

INSTALLED = "torch-fidelity is not installed (an extra: pip install -e '.[inception]')"
NO_COVARIANCE = "ignore:.*do not determine:UserWarning"


def images(n, channels=3, seed=0, size=8):
    return torch.rand(n, channels, size, size, generator=torch.Generator().manual_seed(seed)) * 2 - 1


@pytest.fixture(autouse=True)
def downloads(monkeypatch, tmp_path):
    """An empty folder for downloads, and no way to the network."""
    monkeypatch.setenv("GAN_COURSE_DATA", str(tmp_path / "downloads"))
    monkeypatch.setenv("GAN_COURSE_DEVICE", "cpu")
    monkeypatch.setattr(inception, "URL", (tmp_path / "server" / "weights-0.pth").as_uri())
    return tmp_path / "downloads"


@pytest.fixture
def weights(monkeypatch, tmp_path):
    """A file that passes for the published weights."""
    path = tmp_path / "given.pth"
    path.write_bytes(b"weights")
    monkeypatch.setattr(inception, "SHA256", hashlib.sha256(b"weights").hexdigest())
    return path


@pytest.fixture
def package(monkeypatch):
    """In place of torch-fidelity: it notes what it is asked, and answers with numbers known here."""
    asked = {}

    def calculate_metrics(**wanted):
        asked.update(wanted)
        return {"frechet_inception_distance": 7.5, "kernel_inception_distance_mean": 0.25, "kernel_inception_distance_std": 0.125}

    monkeypatch.setitem(sys.modules, "torch_fidelity", SimpleNamespace(calculate_metrics=calculate_metrics))
    return asked


def test_without_the_package_it_is_said_how_to_get_it(monkeypatch, weights):
    monkeypatch.setitem(sys.modules, "torch_fidelity", None)        # what Python does then is what it does when it is not there
    with pytest.raises(ModuleNotFoundError, match=r'`%pip install torch-fidelity` in a notebook, or `pip install -e "\.\[inception\]"`'):
        inception.distances(images(3), images(3), weights=weights)


def test_without_weights_and_network_it_is_said_how_to_get_them(package, downloads):
    with pytest.raises(FileNotFoundError) as error:
        inception.distances(images(3), images(3))
    assert "could not be downloaded" in str(error.value)
    assert f"Get {inception.URL} by other means, and put it into {downloads} or give its path as `weights`" in str(error.value)
    assert not list(downloads.iterdir()) and not package


def test_without_certificates_it_is_said_what_helps_on_macos(monkeypatch):
    def urlopen(*_, **__):
        raise URLError(SSLCertVerificationError(1, "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed"))

    monkeypatch.setattr("torch.hub.urlopen", urlopen)
    with pytest.raises(FileNotFoundError, match="Install Certificates.command.* Get file:"):
        inception.weights_file()


def test_a_path_without_weights_is_named(package, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no weights at .*none\.pth\. Get file:"):
        inception.distances(images(3), images(3), weights=tmp_path / "none.pth")


def test_weights_are_downloaded_once(weights, downloads, tmp_path):
    (tmp_path / "server").mkdir()
    source = weights.rename(tmp_path / "server" / "weights-0.pth")
    path = inception.weights_file()
    assert path == downloads / "weights-0.pth" and path.read_bytes() == b"weights"
    source.unlink()
    assert inception.weights_file() == path


def test_a_download_of_something_else_is_thrown_away(downloads, tmp_path):
    (tmp_path / "server").mkdir()
    (tmp_path / "server" / "weights-0.pth").write_bytes(b"<html>please log in</html>")
    with pytest.raises(FileNotFoundError, match="could not be downloaded .*invalid hash value"):
        inception.weights_file()
    assert not list(downloads.iterdir())


def test_other_weights_than_the_published_ones_are_refused(package, weights):
    weights.write_bytes(b"other weights")
    with pytest.raises(ValueError, match="does not hold the weights that published FIDs use: its sha256 begins with"):
        inception.distances(images(3), images(3), weights=weights)
    assert not package


def test_the_package_is_given_rounded_images_of_three_channels(package, weights):
    real = images(5, channels=1)
    real[0, 0, 0, :3] = torch.tensor([-1.0, 1.0, 1.7])
    with pytest.warns(UserWarning, match="4 images do not determine the covariance of 2048 features"):
        found = inception.distances(real, images(4), weights=str(weights))
    assert found == (7.5, (0.25, 0.125)) and isinstance(found.kid, metrics.KernelDistance)
    assert len(package["input1"]) == 5 and len(package["input2"]) == 4
    first = package["input1"][0]
    assert first.shape == (3, 8, 8) and first.dtype == torch.uint8 and first[:, 0, :3].tolist() == [[0, 255, 255]] * 3
    assert torch.equal(first[0], ((real[0, 0].clamp(max=1) + 1) * 127.5).round().byte())
    assert package["fid"] and package["kid"] and package["kid_subset_size"] == 4 and not package["cuda"]
    assert package["feature_extractor_weights_path"] == str(weights) and not package["cache"] and not package["verbose"]


def test_with_many_images_the_subsets_are_of_a_thousand_and_nothing_is_warned_about(package, weights):
    inception.distances(images(2049, size=1), images(2100, size=1), weights=weights)
    assert package["kid_subset_size"] == 1000


@pytest.mark.parametrize("wrong, says", [
    (images(1), r"at least 2 images.*\(1, 3, 8, 8\)"),
    (images(4, channels=2), r"\(4, 2, 8, 8\)"),
    (images(4)[0], r"\(3, 8, 8\)"),
    (images(4).byte(), "got torch.uint8"),
    (images(4) / 0, "not finite"),
])
def test_what_are_no_images_is_refused(package, weights, wrong, says):
    for pair in [(wrong, images(4)), (images(4), wrong)]:
        with pytest.raises(ValueError, match=says):
            inception.distances(*pair, weights=weights)
    assert not package


# with the package itself


@pytest.mark.filterwarnings(NO_COVARIANCE)
def test_the_package_gives_the_distances_of_the_metrics(monkeypatch, weights):
    """From end to end, but for Inception, in whose place a network of six features stands."""
    pytest.importorskip("torch_fidelity", reason=INSTALLED)
    from torch_fidelity.feature_extractor_base import FeatureExtractorBase
    from torch_fidelity.registry import FEATURE_EXTRACTORS_REGISTRY

    class SixNumbers(FeatureExtractorBase):
        def __init__(self, name, features_list, feature_extractor_weights_path=None, **kwargs):
            super().__init__(name, features_list)
            assert feature_extractor_weights_path == str(weights)

        def forward(self, x):
            parts = x.float() / 255
            return torch.cat([parts.mean(dim=(2, 3)), parts.square().mean(dim=(2, 3))], dim=1).mul(10),

        get_provided_features_list = staticmethod(lambda: ("2048",))
        get_default_feature_layer_for_metric = staticmethod(lambda metric: "2048")
        can_be_compiled = staticmethod(lambda: False)

    monkeypatch.setitem(FEATURE_EXTRACTORS_REGISTRY, "inception-v3-compat", SixNumbers)
    real, fake = images(60), images(60, seed=1) * 0.7
    found = inception.distances(real, fake, weights=weights)
    network = SixNumbers("inception-v3-compat", ["2048"], str(weights))
    real, fake = (network(torch.stack([x for x in inception.Images(batch)]))[0] for batch in (real, fake))
    assert found.fid == pytest.approx(metrics.frechet_distance(real, fake), rel=1e-4)
    assert found.kid.mean == pytest.approx(metrics.kernel_distance(real, fake).mean, rel=1e-3)


def test_the_weights_are_those_that_the_package_downloads(monkeypatch):
    extractor = pytest.importorskip("torch_fidelity.feature_extractor_inceptionv3", reason=INSTALLED)
    monkeypatch.undo()
    assert inception.URL == extractor.URL_INCEPTION_V3
    assert inception.URL.endswith(f"-{inception.SHA256[:8]}.pth")
    assert issubclass(extractor.FeatureExtractorInceptionV3, nn.Module) and "feature_extractor_weights_path" in inspect.signature(
        extractor.FeatureExtractorInceptionV3).parameters
