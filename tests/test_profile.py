"""Which device the course trains on, and what it says where one does not work; no GPU is needed."""
import os
import subprocess
import sys
import warnings

import pytest
import torch

from gan_course import profile
from gan_course.lessons import doctor
from gan_course.paths import ROOT

NO_KERNEL = (
    "CUDA error: no kernel image is available for execution on the device\n"
    "Search for `cudaErrorNoKernelImageForDevice' in https://docs.nvidia.com/cuda/cuda-runtime-api/"
    "group__CUDART__TYPES.html for more information.\nCUDA kernel errors might be asynchronously "
    "reported at some other API call, so the stacktrace below might be incorrect.\n")
OLD_DRIVER = (
    "CUDA initialization: The NVIDIA driver on your system is too old (found version 11040). Please "
    "update your GPU driver by downloading and installing a new version from the URL: "
    "http://www.nvidia.com/Download/index.aspx (Triggered internally at /pytorch/c10/cuda/"
    "CUDAFunctions.cpp:119.)")
NO_FLOAT64 = ("Cannot convert a MPS Tensor to float64 dtype as the MPS framework doesn't support "
              "float64. Please use float32 instead.")
FULL = ("CUDA out of memory. Tried to allocate 2.00 MiB. GPU 0 has a total capacity of 7.79 GiB of "
        "which 1.12 MiB is free.")
NO_RUNTIME = ('[WinError 126] The specified module could not be found. Error loading "C:\\course\\'
              '.venv\\Lib\\site-packages\\torch\\lib\\c10.dll" or one of its dependencies.')
NO_CERTIFICATES = ("[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: unable to get "
                   "local issuer certificate (_ssl.c:1006)")


@pytest.fixture
def machine(monkeypatch):
    """`machine(cuda=...)`: a machine with a GPU whose small training step ends in this error, or
    succeeds if it is None.
    """
    gradients = profile._small_step(torch.device("cpu"))

    def with_gpus(**gpus):
        def small_step(device):
            if device.type != "cpu" and gpus[device.type]:
                raise gpus[device.type]
            return gradients

        monkeypatch.delenv("GAN_COURSE_DEVICE", raising=False)
        monkeypatch.setattr(profile, "_small_step", small_step)
        monkeypatch.setattr(torch.cuda, "is_available", lambda: "cuda" in gpus)
        monkeypatch.setattr(torch.backends.mps, "is_available", lambda: "mps" in gpus)

    caches = (profile.find_gpu, profile._trouble, profile._warn_once)
    for each in caches:
        each.cache_clear()
    yield with_gpus
    for each in caches:
        each.cache_clear()


def check(name):
    return next(check for check in doctor.checks() if check.name == name)


def test_a_gpu_that_works_is_chosen(machine):
    machine(cuda=None, mps=None)
    assert profile.pick_device() == torch.device("cuda")
    assert profile.small_device() == torch.device("cpu")


def test_without_a_gpu_the_cpu_is_chosen_and_nothing_is_said(machine):
    machine()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert profile.pick_device() == torch.device("cpu")


@pytest.mark.parametrize(("name", "error", "advice"), [
    ("cuda", RuntimeError(NO_KERNEL), "too old or too new for it"),
    ("cuda", RuntimeError(FULL), "close the other programs"),
    ("mps", TypeError(NO_FLOAT64), "Apple's GPU"),
    ("mps", NotImplementedError("The operator 'aten::_fused_adam_' is not currently implemented "
                                "for the MPS device."), "Apple's GPU"),
])
def test_a_gpu_that_fails_is_told_once_and_the_cpu_computes(machine, name, error, advice):
    machine(**{name: error})
    with pytest.warns(UserWarning, match=advice) as said:
        assert [profile.pick_device() for _ in range(3)] == [torch.device("cpu")] * 3
    assert len(said) == 1 and "GAN_COURSE_DEVICE=cpu" in str(said[0].message)
    found = check("device")
    assert found.ok is None and advice in found.detail and ".venv" not in str(found)


def test_a_driver_that_is_too_old_is_told(machine, monkeypatch):
    machine()
    monkeypatch.setattr(torch.cuda, "is_available",
                        lambda: warnings.warn(OLD_DRIVER, stacklevel=1) or False)
    with pytest.warns(UserWarning, match="driver is too old.*nvidia.com/drivers"):
        assert profile.pick_device() == torch.device("cpu")
    assert "nvidia.com/drivers" in check("device").detail


def test_a_gpu_that_computes_wrong_numbers_is_not_chosen(machine, monkeypatch):
    machine(mps=None)
    step = profile._small_step
    monkeypatch.setattr(profile, "_small_step",
                        lambda device: step(device) * (1.5 if device.type == "mps" else 1.0))
    with pytest.warns(UserWarning, match="wrong numbers"):
        assert profile.pick_device() == torch.device("cpu")


def test_a_device_that_was_asked_for_and_fails_is_an_error_with_advice(machine, monkeypatch):
    machine(cuda=RuntimeError(NO_KERNEL))
    monkeypatch.setenv("GAN_COURSE_DEVICE", "cuda")
    with pytest.raises(ValueError, match="'cuda'.*too old or too new.*GAN_COURSE_DEVICE=cpu"):
        profile.pick_device()
    with pytest.raises(ValueError, match="'cuda'"):
        profile.small_device()
    assert check("device").ok is False and ".venv" not in str(check("device"))


def test_an_unknown_device_is_an_error(monkeypatch):
    monkeypatch.setenv("GAN_COURSE_DEVICE", "wombat")
    with pytest.raises(ValueError, match="'wombat'"):
        profile.pick_device()


def test_the_small_step_leaves_the_global_random_numbers_alone():
    before = torch.get_rng_state()
    profile._small_step(torch.device("cpu"))
    assert torch.equal(torch.get_rng_state(), before)


def test_one_worker_on_a_gpu_and_in_the_smoke_profile_two_on_a_cpu(monkeypatch):
    monkeypatch.setattr("os.cpu_count", lambda: 8)
    monkeypatch.setenv("GAN_COURSE_PROFILE", "laptop")
    assert profile.workers(torch.device("cpu")) == 2
    assert profile.workers(torch.device("cuda", 1)) == profile.workers(torch.device("mps")) == 1
    monkeypatch.setattr("os.cpu_count", lambda: 1)
    assert profile.workers(torch.device("cpu")) == 1
    monkeypatch.setattr("os.cpu_count", lambda: 8)
    monkeypatch.setenv("GAN_COURSE_PROFILE", "smoke")
    assert profile.workers(torch.device("cpu")) == 1


# the doctor, where other platforms fail

def test_the_doctor_names_the_runtime_that_windows_lacks(monkeypatch):
    def import_torch():
        raise OSError(126, NO_RUNTIME)

    monkeypatch.setitem(doctor.CHECKS, "PyTorch", import_torch)
    found = check("PyTorch")
    assert found.ok is False and "Visual C++ runtime, which is free" in found.advice
    assert ".venv" not in found.advice


def test_the_doctor_says_how_macos_gets_its_certificates(monkeypatch):
    from ssl import SSLCertVerificationError
    from urllib.error import URLError

    def urlopen(*_, **__):
        raise URLError(SSLCertVerificationError(1, NO_CERTIFICATES))

    monkeypatch.setattr("urllib.request.urlopen", urlopen)
    found = check("network")
    assert found.ok is False and "Install Certificates.command" in found.advice


def test_no_network_is_no_fault(monkeypatch):
    from urllib.error import URLError

    def urlopen(*_, **__):
        raise URLError(OSError(-3, "Temporary failure in name resolution"))

    monkeypatch.setattr("urllib.request.urlopen", urlopen)
    assert check("network").ok is None


def test_the_doctor_goes_on_when_torch_cannot_be_imported(tmp_path):
    """A torch that fails as on Windows without the runtime; the real import meets it."""
    (tmp_path / "torch").mkdir()
    (tmp_path / "torch/__init__.py").write_text(f"raise OSError({NO_RUNTIME!r})")
    code = ("from gan_course import cli; import sys; sys.exit(cli.main(['doctor']))")
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True,
                            env={**os.environ,
                                 "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"})
    assert result.returncode == 1, result.stderr
    assert result.stdout.count("Visual C++ runtime") >= 2           # PyTorch, and the device
    assert ".venv and run" not in result.stdout, result.stdout
