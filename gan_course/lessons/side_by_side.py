"""Several trainings of a notebook, two at a time."""
from collections.abc import Callable, Iterable

from joblib import Parallel, delayed
from tqdm.auto import tqdm

from gan_course.profile import headless, workers


def side_by_side(run: Callable, jobs: Iterable[tuple]) -> list:
    """What `run(*job)` gives for each job, with a progress bar.

        runs = side_by_side(train_a_gan, [(seed, rate) for seed in range(3)])

    On a CPU two jobs run at a time, each in a process of its own with one thread, which is about
    twice as fast for small networks. On a GPU, and in the smoke profile, they run one after the
    other. joblib hands classes and functions of the notebook to the processes.

    Args:
        run: a function; what it takes and gives is copied between processes, so give back tensors
            on the CPU.
        jobs: the arguments of each call, as tuples.

    Returns:
        The results, in the order of the jobs.
    """
    jobs = list(jobs)
    results = Parallel(n_jobs=workers(), return_as="generator")(
        delayed(run)(*job) for job in jobs)
    return list(tqdm(results, total=len(jobs), disable=headless(), leave=False))
