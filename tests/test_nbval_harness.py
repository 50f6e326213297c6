"""What conftest.py adds to nbval, how two processes share the tests, and which warnings fail one.

A dead kernel fails at once, and one broken cell does not fail all that follow.
"""
import os
import subprocess
import sys
from typing import NamedTuple
from xml.etree import ElementTree

import nbval.kernel
import pytest
from nbformat.v4 import new_code_cell, new_notebook, writes

import conftest
from gan_course.paths import ROOT

TIMEOUT = 90


@pytest.fixture(scope="module")
def run_of_two(tmp_path_factory):
    """Two broken notebooks run as `start.py test` runs them: the result's path, what was said."""
    folder = tmp_path_factory.mktemp("notebooks")
    first = ("from gan_course.profile import headless, profile\n"
             "assert profile() == 'smoke' and headless()")
    for name, broken in {"dead": "import os\nos._exit(1)", "wrong": "1 / 0"}.items():
        notebook = new_notebook(cells=list(map(new_code_cell, [first, broken, "2"])))
        (folder / f"{name}.ipynb").write_text(writes(notebook), encoding="utf-8")
    return run_pytest(folder, "--nbval-lax", "--nbval-current-env",
                      f"--nbval-cell-timeout={TIMEOUT}")


def run_pytest(folder, *options):
    """Pytest with the course's settings on another folder: the path of its result, what it said."""
    result = folder / "result.xml"
    environment = {name: value for name, value in os.environ.items()
                   if not name.startswith("GAN_COURSE_")}
    command = [sys.executable, "-m", "pytest", "-p", "conftest", "-p", "no:cacheprovider",
               "-c", ROOT / "pyproject.toml", f"--rootdir={folder}", f"--junitxml={result}",
               *options, folder]
    process = subprocess.run(command, cwd=ROOT, env=environment, timeout=TIMEOUT,
                             capture_output=True, encoding="utf-8")
    return result, process.stdout


@pytest.fixture(scope="module")
def outcomes(run_of_two):
    """The outcome of each cell: {notebook: {cell: its junit element}}."""
    found = {"dead": {}, "wrong": {}}
    for case in ElementTree.parse(run_of_two[0]).iter("testcase"):
        found["dead" if "dead" in case.get("classname") else "wrong"][case.get("name")] = case
    return found


def test_a_dead_kernel_fails_at_once(outcomes):
    failure = outcomes["dead"]["Cell 1"].find("failure")
    assert "The kernel died in this cell" in failure.get("message")
    assert float(outcomes["dead"]["Cell 1"].get("time")) < TIMEOUT / 4


def test_a_kernel_that_dies_at_its_start_is_started_again(monkeypatch):
    started = []

    def start(**how):
        started.append(how)
        if len(started) == 1:
            raise RuntimeError("Kernel died before replying to kernel_info")
        return "manager", "client"

    monkeypatch.setattr(conftest, "start_kernel", start)
    assert nbval.kernel.start_new_kernel(cwd="here") == ("manager", "client")
    assert started == [{"cwd": "here"}] * 2


def test_the_rest_of_a_broken_notebook_is_skipped_with_the_reason(outcomes):
    for cells in outcomes.values():
        assert len(cells["Cell 0"]) == 0
        assert cells["Cell 1"].find("failure") is not None
        assert cells["Cell 2"].find("skipped").get("message") == "Cell 1 of this notebook failed"


@pytest.mark.parametrize(("options", "device"), [([], "cpu"), (["--device", "wombat"], "wombat")])
def test_one_option_says_where_tests_and_notebooks_compute(tmp_path, options, device):
    say = f"import os\ndef test(): assert os.environ['GAN_COURSE_DEVICE'] == {device!r}"
    (tmp_path / "test_device.py").write_text(say)
    cell = f"import os\nassert os.environ['GAN_COURSE_DEVICE'] == {device!r}"
    (tmp_path / "device.ipynb").write_text(writes(new_notebook(cells=[new_code_cell(cell)])))
    _, said = run_pytest(tmp_path, "--nbval-lax", "--nbval-current-env", *options)
    assert "2 passed" in said, said


@pytest.mark.parametrize(("imports", "outcome"), [
    ("import torch", "4 passed"), ("", "The course's own solution of 01.bayes_rule is not taken")])
def test_an_exercise_is_met_empty_and_then_solved(tmp_path, imports, outcome):
    cells = [f"{imports}\nfrom gan_course.widgets import exercises",
             'def bayes_rule(joint):\n    ...\n\n'
             'bayes_rule = exercises.check("01.bayes_rule", bayes_rule)',
             "import inspect\nassert 'bayes_rule' in inspect.getsource(bayes_rule)"]
    (tmp_path / "one.ipynb").write_text(writes(new_notebook(cells=list(map(new_code_cell, cells)))))
    _, said = run_pytest(tmp_path, "--nbval-lax", "--nbval-current-env")
    assert outcome in said, said


def test_a_claim_that_did_not_hold_fails_nothing_and_is_listed(tmp_path):
    say = ("import os\nos.environ['GAN_COURSE_PROFILE'] = '{}'\n"
           "from gan_course.lessons.claims import claim, report\n"
           "claim('Pigs fly', False)\nclaim('Water is wet', True)")
    for name, profile in {"long": "laptop", "short": "smoke"}.items():
        cells = [say.format(profile), "report()"]
        (tmp_path / f"{name}.ipynb").write_text(writes(new_notebook(
            cells=list(map(new_code_cell, cells)))), encoding="utf-8")
    result, said = run_pytest(tmp_path, "--nbval-lax", "--nbval-current-env", "-n2",
                              "--dist=loadscope")
    cells = list(ElementTree.parse(result).iter("testcase"))
    assert len(cells) == 4 and not [cell for cell in cells if cell.find("failure") is not None], said
    listed = said.partition(conftest.REMARKS["missed"])[2]
    assert "long: Pigs fly" in listed and said.count("Pigs fly") == 1
    assert "Water is wet" not in said


# sharing, and seconds

def test_each_notebook_has_its_seconds(outcomes, run_of_two):
    table = run_of_two[1].partition("seconds of each notebook through nbval")[2]
    seconds = dict(reversed(line.split()[:2]) for line in table.splitlines()[1:3])
    assert set(seconds) == {"dead", "wrong"}
    for name, cells in outcomes.items():                            # with the start of its kernel
        assert float(seconds[name]) >= sum(float(cell.get("time")) for cell in cells.values()) - 0.2


def test_seconds_in_the_browser_are_those_of_the_notebook(capsys):
    class Report(NamedTuple):
        nodeid: str
        duration: float

    class Terminal:
        stats = {"passed": [Report("tests/browser/test_notebooks.py::test_a[03_first]", 20.0),
                            Report("tests/browser/test_pad.py::test_a[04_none]", 7.0)],
                 "": [Report("tests/browser/test_notebooks.py::test_a[03_first]", 6.0)]}
        section = write_line = staticmethod(print)

    conftest.pytest_terminal_summary(Terminal)
    said = capsys.readouterr().out
    assert said.split() == ("seconds of each notebook in a browser "
                            "26.0 03_first more than 25").split()


@pytest.mark.parametrize(("nodeid", "part"), [
    ("notebooks/03_first_gan.ipynb::Cell 7", "notebooks/03_first_gan.ipynb"),
    ("tests/test_losses.py::test_it[04.x]", "tests/test_losses.py"),
    ("tests/test_exercises.py::test_wrong[04.coverage-unknown-0]", "tests/test_exercises.py 04"),
    ("tests/test_exercises.py::test_stub[return 1 + ...-11.cycle]", "tests/test_exercises.py 11"),
    ("tests/test_exercises.py::test_text_is_escaped", "tests/test_exercises.py"),
])
def test_what_stays_in_one_process(nodeid, part):
    assert conftest.part(nodeid) == part


def test_two_processes_share_a_file_of_exercises_and_keep_others_whole(tmp_path):
    """Each test notes its process; those of one part have one, and both processes have some."""
    note = ("import os\nimport pytest\n\n@pytest.mark.parametrize('key', [{keys}])\n"
            "def test_it(key, request):\n"
            "    with open({path!r}, 'a') as file:\n"
            "        print(request.path.name, key, os.environ['PYTEST_XDIST_WORKER'], file=file)\n")
    tests, path = tmp_path / "tests", str(tmp_path / "notes")
    tests.mkdir()
    keys = ", ".join(repr(f"{n:02}.e{i}") for n in range(6) for i in range(5))
    for name in ("test_exercises.py", "test_other.py"):
        (tests / name).write_text(note.format(keys=keys, path=path))
    run_pytest(tmp_path, "-n2", "--dist=loadscope", "--no-loadscope-reorder")
    workers = {}
    for file, key, worker in map(str.split, (tmp_path / "notes").read_text().splitlines()):
        each = key[:2] if file == "test_exercises.py" else file
        workers.setdefault(each, set()).add(worker)
    assert len(workers) == 7 and all(len(each) == 1 for each in workers.values())
    assert set.union(*workers.values()) == {"gw0", "gw1"}


# warnings

WARNINGS = {  # a line of a test, and whether it passes
    "package.old(DeprecationWarning)": True,
    "package.old(PendingDeprecationWarning)": True,
    "package.old(FutureWarning)": True,
    "package.old(UserWarning)": True,                               # as PyTorch says it
    "package.odd()": False,
    "warnings.warn('a mean of nothing', RuntimeWarning)": False,
    "open(__file__)": False,                                        # a file left open
}


def test_what_a_package_calls_outdated_is_shown_and_fails_nothing(tmp_path):
    (tmp_path / "package.py").write_text(
        "import warnings\ndef old(kind):\n"
        "    warnings.warn(f'Sorry:\\n{kind} is deprecated', kind, stacklevel=2)\n"
        "def odd():\n    warnings.warn('f was given an odd shape', UserWarning)\n")
    (tmp_path / "test_it.py").write_text(
        f"import sys\nsys.path.insert(0, {str(tmp_path)!r})\nimport warnings\nimport package\n\n"
        + "".join(f"def test_{i}():\n    {line}\n" for i, line in enumerate(WARNINGS)))
    result, said = run_pytest(tmp_path)
    passed = {case.get("name"): len(case) == 0
              for case in ElementTree.parse(result).iter("testcase")}
    assert passed == {f"test_{i}": well for i, well in enumerate(WARNINGS.values())}, said
    assert said.count("is deprecated") >= 4
