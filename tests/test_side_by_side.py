"""Several trainings at a time."""
import os

import pytest
import torch
from torch import nn

from gan_course.lessons.side_by_side import side_by_side


def power(base, exponent):
    return base**exponent, os.getpid()


@pytest.fixture
def two_processes(monkeypatch):
    monkeypatch.setenv("GAN_COURSE_PROFILE", "laptop")
    monkeypatch.setenv("GAN_COURSE_DEVICE", "cpu")
    monkeypatch.setattr("os.cpu_count", lambda: 4)


@pytest.mark.parametrize(("profile", "elsewhere"), [("smoke", False), ("laptop", True)])
def test_results_come_in_the_order_of_the_jobs(monkeypatch, profile, elsewhere):
    monkeypatch.setenv("GAN_COURSE_PROFILE", profile)
    monkeypatch.setenv("GAN_COURSE_DEVICE", "cpu")
    monkeypatch.setattr("os.cpu_count", lambda: 4)
    results = side_by_side(power, ((base, 2) for base in range(5)))
    assert [value for value, _ in results] == [0, 1, 4, 9, 16]
    assert (results[0][1] != os.getpid()) == elsewhere


def test_an_error_of_a_job_reaches_the_learner(monkeypatch):
    monkeypatch.setenv("GAN_COURSE_PROFILE", "smoke")
    with pytest.raises(ZeroDivisionError):
        side_by_side(power, [(0, -1)])


NOTEBOOK = """
import torch
from torch import nn

class Conditional(nn.Module):
    def __init__(self, classes):
        super().__init__()
        self.classes, self.ops = classes, 2

    def forward(self, x):
        return torch.ones(1) * self.classes * self.ops

def train(seed):
    return Conditional(seed)(None).item()
"""


def test_a_class_of_the_notebook_may_use_torch_and_an_attribute_called_classes(two_processes):
    namespace = {"__name__": "__main__"}
    exec(NOTEBOOK, namespace)
    assert side_by_side(namespace["train"], [(3,), (5,)]) == [6.0, 10.0]


def normalised():
    return nn.utils.parametrizations.spectral_norm(nn.Linear(2, 1))


def build(seed, give):
    return give(normalised())


@pytest.mark.parametrize(("run", "jobs"), [(build, [(0, nn.Module.train)] * 2),
                                           (build, [(0, nn.Module.eval)] * 2),
                                           (abs, [(normalised(),)] * 2)])
def test_a_spectrally_normalised_network_is_refused_in_words(two_processes, run, jobs):
    with pytest.raises(TypeError, match=f"Build it inside `{run.__name__}`.*state_dict"):
        side_by_side(run, jobs)


def test_the_state_of_a_spectrally_normalised_network_comes_back(two_processes):
    states = side_by_side(build, [(0, nn.Module.state_dict)] * 2)
    net = normalised()
    net.load_state_dict(states[0])
    assert torch.isfinite(net(torch.ones(1, 2))).all()


def fails(seed):
    raise RuntimeError(f"seed {seed}")


def test_another_error_in_a_process_stays_as_it_is(two_processes):
    with pytest.raises(RuntimeError, match="seed 1"):
        side_by_side(fails, [(1,), (1,)])
