"""This machine as the pool of a batch; `cluster` is another."""
import os
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event

from gan_course.teaching.batch.execute import execute
from gan_course.teaching.batch.run import Run


class Local:
    """This machine: some runs at a time, which share its processors, or use as many threads as
    OMP_NUM_THREADS says.

    Args:
        jobs: how many runs at a time.
    """

    def __init__(self, jobs: int):
        processors = len(os.sched_getaffinity(0)) if hasattr(
            os, "sched_getaffinity") else os.cpu_count() or 1
        self.jobs = jobs
        self.threads = int(os.environ.get("OMP_NUM_THREADS") or max(1, processors // jobs))
        self.stopped = Event()
        self.pool = ThreadPoolExecutor(jobs)  # each thread only watches the processes of its run

    def slots(self) -> int:
        """How many runs it can do at a time."""
        return self.jobs

    def submit(self, run: Run) -> Future:
        """Begin a run as soon as there is a slot; the future holds a `Finished` at its end."""
        return self.pool.submit(execute, run, self.threads, self.stopped.is_set)

    def stop(self) -> None:
        """Cut off all runs that are under way."""
        self.stopped.set()

    def close(self) -> None:
        """Cut off all runs, and wait for their ends."""
        self.stop()
        self.pool.shutdown()
