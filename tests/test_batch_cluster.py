"""A batch on a Dask cluster, all of it on this machine: the numbers of a local batch, and nothing lost when a worker dies."""
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time

import psutil
import pytest
from nbformat.v4 import new_code_cell, new_notebook, writes

from gan_course import cli
from gan_course.paths import ROOT
from gan_course.teaching.batch import record

RUN = """import os, pathlib, random, time
from gan_course.lessons import results
place = pathlib.Path(where)
with open(place / f"begun-{seed}", "a") as file:
    file.write(f"{os.getpid()} ")
results.collect(number=random.Random(seed).random(), threads=int(os.environ["OMP_NUM_THREADS"]))
while seed > 0 and not (place / "go").exists():
    time.sleep(0.02)"""


@pytest.fixture
def start(tmp_path):
    """A function that starts a Python process and gives it back; all are stopped at the end."""
    processes = []

    def start(*arguments, output=None, cwd=ROOT, **environment):
        processes.append(subprocess.Popen([sys.executable, *arguments], cwd=cwd, env=dict(os.environ, **environment), text=True,
                                          stdout=output or subprocess.DEVNULL, stderr=subprocess.STDOUT))
        return processes[-1]
    yield start
    for process in processes:
        process.kill()
        process.wait()
        if process.stdout:
            process.stdout.close()


@pytest.fixture
def cluster(start, tmp_path):
    """A scheduler; gives its address and a function that starts a worker."""
    file = tmp_path / "scheduler.json"
    start("-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", str(file))
    until(lambda: file.exists() and file.read_text().endswith("}"))

    def worker(name, *more, **how):
        return start("-m", "distributed.cli.dask_worker", "--scheduler-file", str(file), "--nthreads", "1", "--no-nanny", "--no-dashboard",
                     "--name", name, "--local-directory", str(tmp_path / name), *more, **how)
    return json.loads(file.read_text())["address"], worker


@pytest.fixture
def batch(start, tmp_path):
    """A manifest of four runs that all but the first wait for the file `go`. Gives a function that begins the batch."""
    cells = [new_code_cell("where: str = ''  # a folder\nseed: int = 0  # which", metadata={"tags": ["parameters"]}), new_code_cell(RUN)]
    (tmp_path / "own.ipynb").write_text(writes(new_notebook(cells=cells)))
    where = json.dumps(str(tmp_path))
    (tmp_path / "many.yaml").write_text(f"notebooks: [own.ipynb]\nparameters: {{where: {where}}}\nseeds: [0, 1, 2, 3]\n")

    def begin(out, *more):
        return start("-m", "gan_course.cli", "batch", str(tmp_path / "many.yaml"), "-o", str(tmp_path / out), *more,
                     output=subprocess.PIPE, DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT="5s")
    return begin


def until(happens, seconds=120):
    end = time.monotonic() + seconds
    while not happens():
        assert time.monotonic() < end
        time.sleep(0.05)


def begun(folder):
    """The kernels in which the runs have been begun: {"own-seed": [number, …]}."""
    return {file.name: [int(number) for number in file.read_text().split()] for file in folder.glob("begun-*")}


def alive(folder):
    """The processes among them that are still there."""
    def lives(number):
        try:
            return psutil.Process(number).status() != psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:                                # also when it ends between two questions
            return False
    return [number for numbers in begun(folder).values() for number in numbers if lives(number)]


def test_a_worker_dies_and_another_is_of_another_version(cluster, batch, tmp_path):
    address, worker = cluster
    shutil.copytree(ROOT / "gan_course", tmp_path / "other" / "gan_course", ignore=shutil.ignore_patterns("__pycache__"))
    with open(tmp_path / "other" / "gan_course" / "losses.py", "a") as file:
        file.write("# another version\n")
    dies, _, _ = worker("dies"), worker("lives"), worker("differs", cwd=tmp_path / "other", PYTHONPATH=str(tmp_path / "other"))
    code = f"from distributed import Client\nwith Client({address!r}) as client: client.wait_for_workers(3)"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)
    process = batch("cluster", "--scheduler", address)
    until(lambda: len(alive(tmp_path)) == 2 and record.read(tmp_path / "cluster" / "runs" / "own-seed=0"))
    dies.send_signal(signal.SIGKILL)
    dies.wait()
    until(lambda: len(alive(tmp_path)) == 1)                         # the kernel has died with its worker
    (tmp_path / "go").touch()
    said, _ = process.communicate(timeout=200)
    assert process.returncode == 0, said
    assert "gets no runs: it has gan_course 0.1.0 (" in said and "4 of 4 runs are well" in said
    assert sorted(map(len, begun(tmp_path).values())) == [1, 1, 1, 2]
    numbers = {found.parameters["seed"]: found.metrics for found in record.read_all(tmp_path / "cluster")}
    assert numbers == {seed: {"number": random.Random(seed).random(), "threads": 1} for seed in range(4)}


def test_what_wants_a_gpu_goes_to_a_worker_that_has_one(cluster, batch, tmp_path):
    address, worker = cluster
    with open(tmp_path / "many.yaml", "a") as file:
        file.write("profile: gpu\n")
    worker("plain")
    has_one = worker("has one", "--resources", "GPU=1", "--nthreads", "2")
    code = f"from distributed import Client\nwith Client({address!r}) as client: client.wait_for_workers(2)"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)
    process = batch("gpu", "--scheduler", address)
    until(lambda: len(alive(tmp_path)) == 1 and record.read(tmp_path / "gpu" / "runs" / "own-seed=0"))
    assert [has_one.pid] == [parent.pid for parent in psutil.Process(alive(tmp_path)[0]).parents() if parent.pid == has_one.pid]
    (tmp_path / "go").touch()
    said, _ = process.communicate(timeout=200)
    assert process.returncode == 0 and "4 of 4 runs are well" in said, said


def test_the_end_of_the_batch_is_the_end_of_its_runs(cluster, batch, tmp_path):
    address, worker = cluster
    worker("one")
    process = batch("out", "--scheduler", address)
    until(lambda: len(alive(tmp_path)) == 1 and record.read(tmp_path / "out" / "runs" / "own-seed=0"))
    process.send_signal(signal.SIGKILL)
    until(lambda: not alive(tmp_path))


def test_a_cluster_that_cannot_be_used_is_refused(cluster, batch, tmp_path, capsys):
    address, worker = cluster
    worker("one")
    with open(tmp_path / "many.yaml", "a") as file:
        file.write("device: cuda\n")
    for arguments, said in {("--scheduler", address): "Start some in the environment of the course, with --resources GPU=1.",
                            ("--scheduler", "tcp://127.0.0.1:9"): "No Dask scheduler can be reached at tcp://127.0.0.1:9"}.items():
        process = batch("out", *arguments)
        output, _ = process.communicate(timeout=120)
        assert process.returncode == 2 and said in output, output
    assert not (tmp_path / "out" / "runs").exists()
    for arguments, said in {("here:8786",): "is written like tcp://host:8786", (address, "-j", "2"): "-j is for runs on this machine",
                            ("tls://127.0.0.1:9",): "wants certificates: --tls-ca-file, --tls-cert and --tls-key."}.items():
        assert cli.main(["batch", str(tmp_path / "many.yaml"), "-o", str(tmp_path / "out"), "--scheduler", *arguments]) == 2
        assert said in capsys.readouterr().err


def test_certificates_are_handed_to_dask(monkeypatch, batch, tmp_path, capsys):
    import distributed
    seen = []

    def client(address, security, **how):
        seen.append(security)
        raise OSError("refused")
    monkeypatch.setattr(distributed, "Client", client)
    monkeypatch.setattr(distributed.Security, "get_connection_args", lambda self, role: {"ssl_context": object()})
    files = [f"--tls-{name}={tmp_path / name}" for name in ("ca-file", "cert", "key")]
    assert cli.main(["batch", str(tmp_path / "many.yaml"), "-o", str(tmp_path / "out"), "--scheduler", "tls://here:1", *files]) == 2
    assert "No Dask scheduler can be reached at tls://here:1: refused" in capsys.readouterr().err
    [security] = seen
    assert (security.tls_ca_file, security.tls_client_cert, security.tls_client_key, security.require_encryption) == (
        str(tmp_path / "ca-file"), str(tmp_path / "cert"), str(tmp_path / "key"), True)
