"""Exercises in a real kernel, where a learner's classes and functions live in `__main__`."""
import nbformat
from nbclient import NotebookClient

from gan_course.paths import ROOT

IMPORTS = """
import copy
import math
import os

import torch
from joblib import Parallel, delayed
from torch import nn
from torch.nn.functional import softplus

from gan_course.lessons.exercises import written
from gan_course.profile import seed_everything
from gan_course.widgets import exercises
"""
GENERATOR = '''
class Generator(nn.Module):
    """Mine."""

    def __init__(self, z_dim, width):
        super(Generator, self).__init__()
        self.z_dim = z_dim
        self.first, self.second = nn.Linear(z_dim, width), nn.Linear(width, width)
        self.last = nn.Linear(width, 2)

    def forward(self, z):
        return self.last(self.second(self.first(z).relu()).relu())


mine = Generator
Generator = exercises.check("03.Generator", Generator)
assert Generator is mine and Generator.__module__ == "__main__"
assert written(Generator).startswith("class Generator") and written(Generator).endswith(".relu())")
'''
STEP = '''
def training_step(G, D, optimizer_G, optimizer_D, x):
    """Mine, too."""
    z = torch.randn(len(x), G.z_dim)
    loss_D = softplus(-D(x)).mean() + softplus(D(G(z).detach())).mean()
    optimizer_D.zero_grad()
    loss_D.backward()
    optimizer_D.step()
    loss_G = softplus(-D(G(torch.randn(len(x), G.z_dim)))).mean()
    optimizer_G.zero_grad()
    loss_G.backward()
    optimizer_G.step()
    return loss_D.item(), loss_G.item()


mine = training_step
training_step = exercises.check("03.training_step", training_step)
assert training_step is mine and '"""Mine, too."""' in written(training_step)


class Discriminator(nn.Module):
    ...


Discriminator = exercises.check("03.Discriminator", Discriminator)
assert Discriminator.__module__.startswith("gan_course.")
'''
RUN = """
def run(seed):
    seed_everything(seed)
    G, D = Generator(3, 8), Discriminator((2,), 8, 0.0)
    optimizer_G, optimizer_D = torch.optim.Adam(G.parameters()), torch.optim.Adam(D.parameters())
    losses = [training_step(G, D, optimizer_G, optimizer_D, torch.randn(16, 2)) for _ in range(5)]
    return G, losses, os.getpid()
"""
TWO_PROCESSES = """
runs = Parallel(n_jobs=2)(delayed(run)(seed) for seed in range(2))
here = [run(seed) for seed in range(2)]
z = torch.randn(4, 3)
for (G, losses, process), (same, expected, parent) in zip(runs, here, strict=True):
    assert process != parent
    assert isinstance(G, Generator)
    assert torch.allclose(G(z), same(z), atol=1e-5)
    assert torch.allclose(torch.tensor(losses), torch.tensor(expected), atol=1e-5)
    assert torch.equal(copy.deepcopy(G)(z), G(z))
assert runs[0][1] != runs[1][1]
"""


def test_what_check_gives_back_is_trained_in_two_processes_from_seeds():
    notebook = nbformat.v4.new_notebook(cells=[
        nbformat.v4.new_code_cell(source.strip())
        for source in (IMPORTS, GENERATOR, STEP, RUN, TWO_PROCESSES)])
    NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(ROOT)}}).execute()
