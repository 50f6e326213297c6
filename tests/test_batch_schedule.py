"""A batch: what is still to do, that every end is written down at once, and that a stop, a failure or signal 9 loses nothing."""
import io
import json
import signal
import subprocess
import sys
import time
from concurrent.futures import Future

import psutil
import pytest
from nbformat.v4 import new_code_cell, new_notebook, writes

from gan_course import cli
from gan_course.paths import ROOT
from gan_course.teaching.batch import (
    estimate,
    execute,
    local,
    manifest,
    record,
    schedule,
    screen,
)
from gan_course.teaching.batch.execute import Finished
from gan_course.teaching.batch.run import Run, package_hash

NOTEBOOK = writes(new_notebook(cells=[new_code_cell("print(1)")]))


def finished(run, status="ok", **changes):
    known = execute.lost(run, "ok", "").record.model_copy(update={"status": status, "seconds": 8.0} | changes)
    return Finished(known, NOTEBOOK.encode(), b"log")


class Pool:
    """Does every run at once, and never starts a process: `ends` says how, by the name of the run."""

    def __init__(self, ends=(), slots=1):
        self.ends, self.places, self.begun, self.stops = dict(ends), slots, [], 0

    def slots(self):
        return self.places

    def submit(self, run):
        future = Future()
        self.begun.append(run.name)
        end = self.ends.get(run.name, "ok")
        if callable(end):
            end(future)
        elif isinstance(end, Exception):
            future.set_exception(end)
        else:
            future.set_result(finished(run, end))
        return future

    def stop(self):
        self.stops += 1


def some(*names):
    return [Run(name, "own", NOTEBOOK, {"size": number}) for number, name in enumerate(names)]


def do(runs, out, **ends):
    return schedule.work(runs, out, Pool(ends), screen.Screen(len(runs)))


def test_every_end_is_written_down(tmp_path, capsys):
    runs = some("a", "b", "c")
    assert do(runs, tmp_path, b="cell error", c=OSError("No space left")) is True
    assert [record.status for record in schedule.records(runs, tmp_path)] == ["ok", "cell error", "kernel died"]
    assert "No space left" in record.read(tmp_path / "runs" / "c").message
    assert sorted(path.name for path in (tmp_path / "runs" / "a").iterdir()) == ["log.txt", "notebook.ipynb", "run.json"]
    assert "[2/3] cell error" in capsys.readouterr().out


def test_what_is_done_is_not_done_again(tmp_path):
    runs = some("well", "failed", "stopped", "old", "new")
    do(runs[:4], tmp_path, failed="cell error", stopped="interrupted")
    record.write(tmp_path / "runs" / "old", finished(runs[3], hash="of other code").record)

    def names(**how):
        return [run.name for run in schedule.missing(runs, tmp_path, **how)]

    assert names() == ["stopped", "old", "new"]
    assert names(retry=True) == ["failed", "stopped", "old", "new"] and len(names(force=True)) == 5


def test_a_run_that_is_done_again_leaves_nothing_of_the_first_time(tmp_path):
    [run] = some("a")
    do([run], tmp_path)
    do([run], tmp_path, a=OSError("lost"))
    assert sorted(path.name for path in (tmp_path / "runs" / "a").iterdir()) == ["log.txt", "run.json"]


def test_a_damaged_record_and_a_folder_that_leads_elsewhere_are_refused(tmp_path):
    out, elsewhere = tmp_path / "out", tmp_path / "elsewhere"
    (out / "runs").mkdir(parents=True)
    elsewhere.mkdir()
    (out / "runs" / "a").symlink_to(elsewhere, target_is_directory=True)
    with pytest.raises(ValueError, match="is a link that leads out of"):
        schedule.missing(some("a"), out)
    (out / "runs" / "b").mkdir()
    (out / "runs" / "b" / "run.json").write_text("{")
    with pytest.raises(ValueError, match="run.json is not a record"):
        schedule.missing(some("b"), out)


def test_a_run_gets_the_threads_of_the_environment_or_its_share_of_the_processors(monkeypatch):
    monkeypatch.setattr("os.sched_getaffinity", lambda process: set(range(8)), raising=False)
    for asked, jobs, threads in [("3", 1, 3), ("", 1, 8), ("", 4, 2), ("", 16, 1)]:
        monkeypatch.setenv("OMP_NUM_THREADS", asked)
        pool = local.Local(jobs)
        pool.close()
        assert (pool.threads, pool.slots()) == (threads, jobs)


def test_ctrl_c_once_finishes_what_runs_and_twice_stops_it(tmp_path, capsys):
    runs = some("a", "b", "c")

    def press(future, times=1):
        for _ in range(times):
            signal.raise_signal(signal.SIGINT)
        future.set_result(finished(runs[0]))

    pool = Pool({"a": press}, slots=2)
    assert schedule.work(runs, tmp_path, pool, screen.Screen(3)) is False
    assert pool.begun == ["a"] and pool.stops == 0 and record.read(tmp_path / "runs" / "a").ok
    pool = Pool({"a": lambda future: press(future, 2)})
    schedule.work(runs, tmp_path, pool, screen.Screen(3))
    assert pool.begun == ["a"] and pool.stops > 0


def test_ctrl_c_during_the_last_run_leaves_the_batch_whole_unless_it_cuts_the_run_off(tmp_path):
    def press(future, status="ok"):
        signal.raise_signal(signal.SIGINT)
        future.set_result(finished(runs[0], status))

    runs = some("a")
    assert schedule.work(runs, tmp_path, Pool({"a": press}), screen.Screen(1)) is True
    cut_off = Pool({"a": lambda future: press(future, "interrupted")})
    assert schedule.work(runs, tmp_path, cut_off, screen.Screen(1)) is False


def test_the_time_is_that_of_earlier_runs(tmp_path):
    runs = some("a", "b", "c")
    assert estimate.seconds(runs, tmp_path) == [None, None, None]
    assert "not known yet" in estimate.words(runs, runs, tmp_path, 2)
    do(runs[:2], tmp_path)
    record.write(tmp_path / "runs" / "b", finished(runs[1], "cell error", seconds=2.0).record)  # soon over, and no measure
    assert estimate.seconds(runs[2:], tmp_path) == [8.0]
    assert estimate.words(runs, runs[2:], tmp_path, 2).endswith("2 done before, 1 to do, 2 at a time, about 4 s.")
    assert estimate.seconds([Run("x", "03_first_gan", NOTEBOOK)], tmp_path)[0] >= 60


def test_the_table_says_how_things_stand(tmp_path):
    from rich.console import Console
    console = Console(width=100, record=True, file=io.StringIO())
    table = screen.Table(5)
    table.records = [finished(run, status).record for run, status in zip(some("a", "b"), ("ok", "cell error"), strict=True)]
    console.print(table.table(2, {"own-size=3": time.monotonic() - 4}, 1))
    said = console.export_text()
    assert "1 ok · 1 failed · 1 running · 2 waiting · about 20 s left" in said and "own-size=3" in said


@pytest.mark.parametrize("seconds, said", [(0.4, "0 s"), (89, "89 s"), (120, "2 min"), (7800, "2 h 10 min")])
def test_durations_are_said_as_people_say_them(seconds, said):
    assert screen.duration(seconds) == said


# with processes

WAITS = """import os, pathlib, time
from gan_course.lessons import results
place = pathlib.Path(where)
with open(place / f"begun-{seed}", "a") as file:
    file.write(f"{os.getpid()} ")
results.collect(twice=2 * seed)
while seed > 1 and not (place / "go").exists():
    time.sleep(0.02)
assert seed != 1, "one is bad luck"
"""


@pytest.fixture
def batch(tmp_path):
    """A manifest of four runs: 0 goes well, 1 fails, 2 and 3 wait for the file `go`. Gives a function that begins the batch."""
    cells = [new_code_cell("where: str = ''  # a folder\nseed: int = 0  # which", metadata={"tags": ["parameters"]}), new_code_cell(WAITS)]
    (tmp_path / "own.ipynb").write_text(writes(new_notebook(cells=cells)))
    where = json.dumps(str(tmp_path))
    (tmp_path / "many.yaml").write_text(f"notebooks: [own.ipynb]\nparameters: {{where: {where}}}\nseeds: [0, 1, 2, 3]\n")
    started = []

    def begin(*more):
        command = [sys.executable, "-m", "gan_course.cli", "batch", str(tmp_path / "many.yaml"), "-o", str(tmp_path / "out"), *more]
        started.append(subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True))
        return started[-1]
    yield begin
    for process in started:
        process.kill()
        process.wait()
        process.stdout.close()


def begun(folder):
    """The numbers of the kernels in which each run was begun: {"2": [1234, 1250], …}."""
    return {file.name[-1]: [int(number) for number in file.read_text().split()] for file in folder.glob("begun-*")}


def until(happens, process):
    while not happens():
        assert process.poll() is None, process.communicate()[0]
        time.sleep(0.05)


def statuses(folder):
    return {record.name: record.status for record in record.read_all(folder / "out")}


def test_killed_midway_and_begun_again(batch, tmp_path):
    first = batch("-j", "2")
    until(lambda: len(begun(tmp_path)) == 4 and len(statuses(tmp_path)) == 2, first)
    first.send_signal(signal.SIGKILL)
    first.wait()
    until_gone([number for numbers in begun(tmp_path).values() for number in numbers])
    assert statuses(tmp_path) == {"own-seed=0": "ok", "own-seed=1": "cell error"}
    (tmp_path / "go").touch()
    said, _ = (second := batch("-j", "2")).communicate()
    assert second.returncode == 1 and "4 runs in" in said and "2 done before, 2 to do, 2 at a time" in said, said
    assert "3 of 4 runs are well, 1 failed, 0 are still to do" in said and "one is bad luck" in said, said
    assert {run: len(numbers) for run, numbers in begun(tmp_path).items()} == {"0": 1, "1": 1, "2": 2, "3": 2}
    assert {found.parameters["seed"]: found.metrics for found in record.read_all(tmp_path / "out")}[3] == {"twice": 6}
    assert (tmp_path / "out" / "manifest.yaml").read_bytes() == (tmp_path / "many.yaml").read_bytes()


def until_gone(numbers):
    for number in numbers:
        try:
            psutil.Process(number).wait(20)
        except psutil.NoSuchProcess:
            pass


def test_ctrl_c_twice_cuts_off_what_runs(batch, tmp_path):
    process = batch()
    until(lambda: "2" in begun(tmp_path), process)
    process.send_signal(signal.SIGINT)
    assert any("Ctrl-C again stops them" in line for line in iter(process.stdout.readline, ""))
    process.send_signal(signal.SIGINT)
    said, _ = process.communicate()
    assert process.returncode == 130 and "1 of 4 runs are well, 1 failed, 2 are still to do" in said, said
    assert statuses(tmp_path) == {"own-seed=0": "ok", "own-seed=1": "cell error", "own-seed=2": "interrupted"}
    until_gone(begun(tmp_path)["2"])


def test_a_dry_run_starts_nothing_and_a_bad_manifest_neither(batch, tmp_path, capsys):
    arguments = ["batch", str(tmp_path / "many.yaml"), "-o", str(tmp_path / "out")]
    assert cli.main([*arguments, "--dry-run"]) == 0
    assert "own-seed=3  time unknown\n4 runs in" in capsys.readouterr().out and not (tmp_path / "out").exists()
    (tmp_path / "many.yaml").write_text("notebooks: [own.ipynb]\nseed: 3\n")
    assert cli.main(arguments) == 2
    assert "many.yaml, line 2: seed is not known here" in capsys.readouterr().err and not (tmp_path / "out").exists()
    assert cli.main([*arguments[:1], str(tmp_path / "none.yaml")]) == 2


def test_the_hash_of_the_package_stands_in_the_record(tmp_path, batch):
    [run, *_] = manifest.read(tmp_path / "many.yaml")
    assert finished(run).record.hash == run.hash(package_hash())
