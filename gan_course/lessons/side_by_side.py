"""Several trainings of a notebook, two at a time."""
import copyreg
import importlib
from collections.abc import Callable, Iterable
from pickle import PicklingError

import torch
from joblib import Parallel, delayed
from tqdm.auto import tqdm

from gan_course.profile import headless, workers

# joblib copies a class of the notebook with all that its code names. If it uses both `torch` and
# an attribute `classes` or `ops`, that takes in the modules torch.classes and torch.ops, which do
# not say how they are copied: by their names, as any other module.
for each in (torch.classes, torch.ops):
    copyreg.pickle(type(each), lambda module: (importlib.import_module, (module.__name__,)))


def side_by_side(run: Callable, jobs: Iterable[tuple]) -> list:
    """What `run(*job)` gives for each job, with a progress bar.

        runs = side_by_side(train_a_gan, [(seed, rate) for seed in range(3)])

    On a CPU two jobs run at a time, each in a process of its own with one thread, which is about
    twice as fast for small networks. On a GPU, and in the smoke profile, they run one after the
    other. joblib hands classes and functions of the notebook to the processes.

    Args:
        run: a function; what it takes and gives is copied between processes, so give back tensors
            on the CPU. Of a spectrally normalised network give back the `state_dict()`.
        jobs: the arguments of each call, as tuples.

    Returns:
        The results, in the order of the jobs.

    Raises:
        TypeError: a spectrally normalised network would have to be copied, which PyTorch refuses.
    """
    jobs = list(jobs)
    results = Parallel(n_jobs=workers(), return_as="generator")(
        delayed(run)(*job) for job in jobs)
    try:
        return list(tqdm(results, total=len(jobs), disable=headless(), leave=False))
    except (RuntimeError, PicklingError) as error:
        if "parametrized modules" not in f"{error} {error.__cause__}":
            raise
        raise TypeError(
            "A network with spectral normalisation cannot be copied between processes. Build it "
            f"inside `{run.__name__}`, and give back its samples or its `state_dict()`, which "
            "`load_state_dict` puts into a network of the same class.") from error
