"""A Dask cluster as the pool of a batch. Nothing is shared but the network: a run goes out whole,
its notebook and record come back.

    dask scheduler                              on one machine
    dask worker tcp://host:8786 --nthreads 1    on each, in the course's environment; a thread does
                                                one run at a time
    dask worker … --resources GPU=1             for runs that want a GPU: one for each

A worker that dies has its runs repeated by others; one with another version of the package gets
none. A run may use one thread, or as many as OMP_NUM_THREADS says where its worker was started.
"""
import logging
import os
import re
import time
from concurrent.futures import Future

import gan_course
from gan_course.teaching.batch.execute import Finished, execute
from gan_course.teaching.batch.run import Run, package_hash

LOOK_EVERY = 1.0                                                    # seconds


class Cluster:
    """The workers of a Dask cluster, as far as they can do the runs.

    Args:
        address: of the scheduler, tcp://host:8786.
        runs: what they are to do; those that want a GPU need workers with one.
        ca_file, cert, key: files for TLS, as Dask takes them.

    Raises:
        ValueError: Dask is not installed, no scheduler answers, or no worker fits.
    """

    def __init__(self, address: str, runs: list[Run], ca_file: str | None = None,
                 cert: str | None = None, key: str | None = None):
        try:
            from distributed import Client, Security
        except ModuleNotFoundError:
            raise ValueError("A cluster needs Dask: pip install -e '.[batch]' in the course's "
                             "folder brings it.") from None
        if not re.fullmatch(r"\w+://.+:\d+", address):
            raise ValueError("The address of a scheduler is written like tcp://host:8786; "
                             f"{address} is not.")
        tls = {"tls_ca_file": ca_file, "tls_client_cert": cert, "tls_client_key": key}
        given = {name: file for name, file in tls.items() if file}
        self.address, self.gpu = address, any(map(_wants_gpu, runs))
        self.sent, self.known, self.looked = {}, {}, -LOOK_EVERY
        security = Security(**given, require_encryption=True) if given else Security()
        if address.startswith(
                "tls://") and not security.get_connection_args("client").get("ssl_context"):
            raise ValueError(f"The scheduler at {address} wants certificates: --tls-ca-file, "
                             "--tls-cert and --tls-key.")
        try:
            self.client = Client(address, security=security, set_as_default=False)
        except (OSError, ValueError) as error:
            raise ValueError(f"No Dask scheduler can be reached at {address}: {error}") from None
        # what goes wrong from here on is told in our own words
        logging.getLogger("distributed.client").setLevel(logging.CRITICAL)
        if not self.slots():
            self.client.close()
            raise ValueError(f"No worker at {address} can do these runs. Start some in the "
                             "environment of the course"
                             + (", with --resources GPU=1." * self.gpu or "."))

    def slots(self) -> int:
        """How many runs the workers that fit can do at a time.

        Once a second it looks which workers have come or gone.
        """
        if time.monotonic() - self.looked > LOOK_EVERY:
            self._look()
        return sum(self.fitting.values())

    def submit(self, run: Run) -> Future:
        """Send a run to the workers; the future holds a `Finished` at its end."""
        future = Future()
        self._send(run, future)
        return future

    def stop(self) -> None:
        """Cut off all runs that are under way."""
        for _, task, _ in list(self.sent.values()):
            task.cancel()  # the worker sees it, and cuts the run off

    def close(self) -> None:
        """Cut off all runs, and leave the cluster."""
        self.stop()
        self.client.close()

    def _send(self, run: Run, future: Future) -> None:
        workers = set(self.fitting)
        task = self.client.submit(_run_here, run, key=f"{run.name}-{time.monotonic_ns()}",
                                  workers=workers, resources={"GPU": 1} if self.gpu else None)
        self.sent[future] = run, task, workers
        task.add_done_callback(lambda task: self._receive(future, task))

    def _receive(self, future: Future, task) -> None:
        if self.sent.get(future, (None, None))[1] is not task:      # it has been sent again
            return
        del self.sent[future]
        if task.cancelled():
            future.cancel()
        elif task.status == "error":
            future.set_exception(task.exception())
        else:
            future.set_result(task.result())

    def _look(self) -> None:
        """Get to know new workers, and send runs again whose workers are all gone."""
        try:
            threads = self.client.nthreads()
        except OSError as error:
            raise ValueError(f"The scheduler at {self.address} is gone ({error}). What has ended "
                             "is kept: begin again when it is "
                             "back.") from None
        self.known = {address: known for address, known in self.known.items() if address in threads}
        if new := [address for address in threads if address not in self.known]:
            for address, about in self.client.run(_question(), workers=new,
                                                  on_error="return").items():
                if isinstance(about, dict):                         # else it has died meanwhile
                    self.known[address] = about | {"fits": _fits(address, about)}
        self.fitting = {
            address: min(threads[address], about["gpus"]) if self.gpu else threads[address]
            for address, about in self.known.items()
            if about["fits"] and (about["gpus"] or not self.gpu)
        }
        for future, (run, task, workers) in list(self.sent.items()):
            if self.fitting and not workers & self.fitting.keys():
                self._send(run, future)
                task.cancel()
        self.looked = time.monotonic()


def _run_here(run: Run) -> Finished:
    """On the worker: do the run, and cut it off when nobody waits for it any more."""
    from distributed import get_worker

    worker = get_worker()
    key = worker.get_current_task()

    def cancelled():
        task = worker.state.tasks.get(key)
        return task is None or task.state == "cancelled"
    return execute(run, int(os.environ.get("OMP_NUM_THREADS") or 1), cancelled)


def _wants_gpu(run: Run) -> bool:
    return (run.device or ("cuda" if run.profile == "gpu" else "")).startswith("cuda")


def _question():
    """What each worker is asked: a function that needs nothing of this package there, for it may be
    another or missing.
    """
    def ask(dask_worker):
        import platform
        about = {
            "machine": platform.node(), "gpus": int(dask_worker.state.total_resources.get("GPU", 0))
        }
        try:
            import gan_course
            from gan_course.teaching.batch.run import package_hash
            return about | {"version": gan_course.__version__, "source": package_hash()}
        except ImportError:
            return about | {"version": None, "source": None}
    return ask


def _fits(address: str, about: dict) -> bool:
    """Whether the worker has the very package that is here; says so when it has not."""
    if about["source"] == package_hash():
        return True
    there = "no gan_course"
    if about["version"]:
        there = f"gan_course {about['version']} ({(about['source'] or 'too old to say')[:12]})"
    print(f"The worker {address} on {about['machine']} gets no runs: it has {there}, here is "
          f"{gan_course.__version__} "
          f"({package_hash()[:12]}). Bring it up to date and start it again.", flush=True)
    return False
