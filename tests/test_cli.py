"""`gan-course`: the catalogue, the checks of this machine, and runs of one notebook."""
import io
import json
import os
import subprocess
import sys

import pytest
from nbformat.v4 import new_code_cell, new_notebook, writes

from gan_course import cli
from gan_course.lessons import catalogue, doctor, quizzes
from gan_course.paths import NOTEBOOKS, ROOT
from gan_course.teaching import parameter_cell
from gan_course.teaching.batch import record

SHOW_CLAIM = """from IPython.display import display
claim = {"text": "It adds up", "held": True, "judged": True, "numbers": {"sum": rounds + rate, "spread": None}}
display({"application/vnd.gan-course.claims+json": {"claims": [claim]}, "text/plain": ""}, raw=True)"""
WIDGET_ERROR = "import ipywidgets\noutput = ipywidgets.Output()\nwith output:\n    1 / 0\noutput"


@pytest.fixture
def notebook(tmp_path, monkeypatch):
    """A function that writes notebook 02 with these code cells after its parameters, for the command line to find."""
    path = tmp_path / "02_small.ipynb"
    monkeypatch.setattr(catalogue, "find", lambda name: catalogue.notebooks(tmp_path)[0])
    for variable in ("GAN_COURSE_PROFILE", "GAN_COURSE_HEADLESS"):
        monkeypatch.setenv(variable, "")

    def write(*sources, parameters="rounds: int = 5  # how long\nrate: float = 0.1  # how fast"):
        cells = [new_code_cell(parameters, metadata={"tags": ["parameters"]}), *map(new_code_cell, sources)]
        about = {"title": "Small", "question": "How small?", "minutes": 1, "hours": 0.5}
        kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
        path.write_text(writes(new_notebook(cells=cells, metadata={"gan_course": about, "kernelspec": kernel})), encoding="utf-8")
        return path
    return write


def known(*lines):
    return {name: parameter_cell.Parameter(name, kind, default, "") for name, kind, default in lines}


# the catalogue

def test_list_prints_every_notebook(capsys):
    assert cli.main(["list"]) == 0
    said = capsys.readouterr().out
    for entry in catalogue.notebooks():
        [line] = [line for line in said.splitlines() if entry.question in line]
        assert line.startswith(f"    {entry.name}  {entry.title}" if entry.deeper else f"{entry.number}  {entry.title}")
        assert f"{entry.minutes:g} min " in line and f"{entry.hours:g} h " in line


def test_readme_has_the_course_map():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    table = readme.partition("<!-- course map -->")[2].partition("<!-- end of course map -->")[0].strip()
    assert table == catalogue.course_map_markdown("notebooks/"), "catalogue.course_map_markdown('notebooks/') gives the new one"


@pytest.mark.parametrize("name", ["3", "03", "03_first_gan", "first_gan", "notebooks/03_first_gan.ipynb"])
def test_a_notebook_is_found_by_number_or_name(name):
    assert catalogue.find(name).path.name == "03_first_gan.ipynb"


@pytest.mark.parametrize("name", ["deeper/03_settings", "03_settings", "settings", "notebooks/deeper/03_settings.ipynb"])
def test_a_deeper_notebook_is_found_by_its_name(name):
    entry = catalogue.find(name)
    assert entry.path == NOTEBOOKS / "deeper" / "03_settings.ipynb" and entry.deeper and entry.name == "deeper/03_settings"


@pytest.mark.parametrize("name", ["99", "", ".", "deeper/03", "deeper/first_gan"])
def test_an_unknown_notebook_names_those_there_are(capsys, name):
    assert cli.main(["run", name]) == 2
    said = capsys.readouterr().err
    assert all(entry.name in said for entry in catalogue.notebooks())


def test_deeper_notebooks_come_after_their_main_one(tmp_path):
    (tmp_path / "deeper").mkdir()
    about = {"metadata": {"gan_course": {"title": "A", "question": "B?", "minutes": 1, "hours": 1}}}
    for name in ("01_z", "02_z", "deeper/01_a", "deeper/01_b"):
        (tmp_path / f"{name}.ipynb").write_text(json.dumps(about))
    assert [entry.name for entry in catalogue.notebooks(tmp_path)] == ["01_z", "deeper/01_a", "deeper/01_b", "02_z"]


def test_no_two_notebooks_have_one_name_and_each_deeper_one_a_main_one():
    entries = catalogue.notebooks()
    topics = [entry.path.stem[3:] for entry in entries]
    assert len(topics) == len(set(topics)), "records, results and commands know a notebook by its name"
    assert {entry.number for entry in entries if entry.deeper} <= {entry.number for entry in entries if not entry.deeper}


def test_a_notebook_without_metadata_is_named(tmp_path):
    (tmp_path / "02_bare.ipynb").write_text(json.dumps({"metadata": {}}))
    with pytest.raises(ValueError, match="02_bare.ipynb.*gan_course"):
        catalogue.notebooks(tmp_path)


# parameters

@pytest.mark.parametrize("kind, text, value", [
    ("int", "32", 32), ("int", "20_000", 20_000), ("int", "1e3", 1000), ("float", "1e-3", 0.001), ("float", "2", 2.0),
    ("str", "mnist", "mnist"), ("str", "5", "5"), ("bool", "true", True), ("bool", "False", False),
])
def test_texts_become_values_of_the_parameter_s_type(kind, text, value):
    [read] = parameter_cell.read({"x": text}, known(("x", kind, "…"))).values()
    assert read == value and type(read) is type(value)


@pytest.mark.parametrize("kind, text", [("int", "1.5"), ("int", "many"), ("float", "fast"), ("bool", "2"), ("int", "inf")])
def test_a_text_of_another_type_is_refused(kind, text):
    with pytest.raises(ValueError, match=f"x has to be of type {kind}"):
        parameter_cell.read({"x": text}, known(("x", kind, "…")))


def test_without_annotation_the_default_tells_the_type():
    assert parameter_cell.read({"x": "2"}, known(("x", "None", "0.5"))) == {"x": 2.0}
    with pytest.raises(ValueError, match="x has to be of type int"):
        parameter_cell.read({"x": "two"}, known(("x", "None", "1")))


def test_an_unknown_parameter_names_those_there_are(notebook, capsys):
    notebook()
    assert cli.main(["run", "02", "-p", "round", "5"]) == 2
    said = capsys.readouterr().err
    assert "rounds: int = 5  # how long" in said and "rate: float = 0.1" in said


def test_a_notebook_without_parameters_says_so(notebook, capsys):
    notebook(parameters="")
    assert cli.main(["run", "02", "-p", "rounds", "5"]) == 2
    assert "none" in capsys.readouterr().err


def test_the_source_is_never_written_over(notebook, capsys):
    path = notebook()
    assert cli.main(["run", "02", "-o", str(path)]) == 2
    assert "a notebook of its own" in capsys.readouterr().err


# paths

def test_a_relative_folder_is_seen_from_where_the_user_stands(notebook, tmp_path, monkeypatch):
    here = tmp_path / "elsewhere"
    (here / "mine").mkdir(parents=True)
    monkeypatch.chdir(here)
    notebook("import os\nassert os.path.samefile(folder, wanted), folder\nassert word == 'mine' and (sweep, pictures) == ('03', 'digits')",
             parameters='folder: str = ""  # your own pictures: a folder\nword: str = ""  # any word\nwanted: str = ""\n'
                        'sweep: str = "07"  # a number or the folder of a batch\npictures: str = "shapes"  # or digits; or a folder')
    given = {"folder": "mine", "word": "mine", "wanted": str(here / "mine"), "sweep": "03", "pictures": "digits"}
    asked = [part for name, value in given.items() for part in ("-p", name, value)]
    assert cli.main(["run", "02", *asked, "-o", "result.ipynb"]) == 0 and (here / "result.ipynb").exists()


def test_the_course_s_parameters_that_take_a_path():
    found = {(entry.name, name) for entry in catalogue.notebooks() for name, parameter in parameter_cell.parameters(entry.path).items()
             if parameter.is_path}
    assert {("deeper/03_settings", "sweep"), ("07_dcgan", "dataset"), ("11_cyclegan", "folder")} <= found


# runs

def test_run_sets_parameters_and_environment_and_prints_claims(notebook, tmp_path, capsys):
    notebook("from gan_course.profile import headless, profile\nassert profile() == 'smoke' and headless()", SHOW_CLAIM)
    out = tmp_path / "out" / "result.ipynb"
    assert cli.main(["run", "02", "-p", "rounds", "7", "-p", "rate", "1e-3", "-o", str(out), "--profile", "smoke"]) == 0
    said = capsys.readouterr().out
    assert "held       It adds up (sum 7.001, spread nan)" in said and "Did not hold" not in said
    assert os.environ["GAN_COURSE_PROFILE"] == os.environ["GAN_COURSE_HEADLESS"] == ""      # the kernel's alone, not ours
    assert list(out.parent.iterdir()) == [out]


@pytest.mark.parametrize("source, said", [
    ("x = 1\nraise ValueError('too far')", ["Cell [2] failed", "    x = 1", "ValueError: too far"]),
    ("import os\nos._exit(1)", ["The kernel died"]),
])
def test_a_run_that_fails_says_where_and_keeps_what_there_is(notebook, tmp_path, capsys, source, said):
    notebook(source)
    out = tmp_path / "out" / "result.ipynb"
    assert cli.main(["run", "02", "-o", str(out)]) == 1
    told = capsys.readouterr().err
    assert all(each in told for each in said) and str(out) in told
    assert list(out.parent.iterdir()) == [out]


def test_an_error_inside_an_output_widget_is_found(notebook, tmp_path, capsys):
    notebook(WIDGET_ERROR)
    assert cli.main(["run", "02", "-o", str(tmp_path / "result.ipynb")]) == 1
    assert "A widget failed: ZeroDivisionError: division by zero" in capsys.readouterr().err


def test_no_message_of_an_output_widget_makes_a_run_stand_still(notebook, tmp_path):
    path = notebook("import ipywidgets\noutput = ipywidgets.Output()\noutput",
                    *["with output:\n    print(1)\n    output.clear_output()\n    print(2)"] * 300)
    run = "import sys; from pathlib import Path; from gan_course.teaching import notebooks; notebooks.run(*map(Path, sys.argv[1:]))"
    subprocess.run([sys.executable, "-c", run, path, tmp_path / "result.ipynb"], check=True, timeout=90)


def test_a_claim_that_did_not_hold_is_listed_and_fails_only_a_strict_run(notebook, tmp_path, capsys):
    notebook("from gan_course.lessons.claims import claim, report\nclaim('Pigs fly', False)\nclaim('It adds up', True)", "report()")
    out = tmp_path / "result.ipynb"
    for strict, status in ([], 0), (["--strict"], 1):
        assert cli.main(["run", "02", "-o", str(out), "--profile", "laptop", *strict]) == status
        said = capsys.readouterr().out
        assert "MISSED     Pigs fly" in said and "Did not hold in this run" in said and out.exists()
        assert "It adds up" not in said.partition("Did not hold")[2]


def test_a_strict_run_whose_claims_held_is_well(notebook, tmp_path):
    notebook(SHOW_CLAIM)
    assert cli.main(["run", "02", "-o", str(tmp_path / "result.ipynb"), "--strict"]) == 0


# terminals that know few characters

@pytest.fixture
def windows_terminal(monkeypatch):
    """Runs a command on a terminal in the encoding of a Western European Windows: exit status, output and errors."""
    def run(*arguments):
        streams = {name: io.TextIOWrapper(io.BytesIO(), encoding="cp1252") for name in ("stdout", "stderr")}
        with monkeypatch.context() as patched:
            for name, stream in streams.items():
                patched.setattr(sys, name, stream)
            status = cli.main([str(word) for word in arguments])
        for stream in streams.values():
            stream.flush()
        return status, *(stream.buffer.getvalue().decode("cp1252") for stream in streams.values())
    return run


def test_run_prints_greek_letters_where_the_terminal_has_none(notebook, tmp_path, windows_terminal):
    notebook(SHOW_CLAIM.replace("It adds up", "λ counts – ✓"))
    status, said, _ = windows_terminal("run", "02", "-o", tmp_path / "result.ipynb")
    assert status == 0 and "\\u03bb counts – \\u2713 (sum 5.1" in said


def test_a_failed_cell_with_greek_letters_is_shown(notebook, tmp_path, windows_terminal):
    notebook("raise ValueError('λ is 0')")
    status, _, said = windows_terminal("run", "02", "-o", tmp_path / "result.ipynb")
    assert status == 1 and "ValueError: \\u03bb is 0" in said


def test_progress_prints_its_tick_everywhere(monkeypatch, tmp_path, windows_terminal):
    answer = {"time": "2026-03-02T09:00:00+00:00", "kind": "answer", "right": True, "first": True}
    events = [answer | {"key": key} for key in quizzes.load("00")]
    (tmp_path / "progress.json").write_text(json.dumps({"version": 1, "events": events}))
    monkeypatch.setenv("GAN_COURSE_PROGRESS", str(tmp_path / "progress.json"))
    status, said, _ = windows_terminal("progress")
    assert status == 0 and f"questions {len(events)} of {len(events)} \\u2713" in said


def test_a_batch_goes_on_after_a_failure_that_the_terminal_cannot_spell(notebook, tmp_path, windows_terminal, monkeypatch):
    monkeypatch.setenv("PYTHONIOENCODING", "cp1252")
    notebook("import os, sys\nprint('✓', file=open(os.dup(2), 'w', encoding=sys.__stdout__.encoding))\nassert seed, 'λ'",
             parameters="seed: int = 0")
    (tmp_path / "two.yaml").write_text("notebooks: [02_small.ipynb]\nprofile: smoke\nseeds: [0, 1]\n")
    status, said, _ = windows_terminal("batch", tmp_path / "two.yaml", "-o", tmp_path / "out")
    assert status == 1 and "AssertionError: \\u03bb" in said and "1 of 2 runs are well, 1 failed" in said
    assert record.read(tmp_path / "out" / "runs" / "02-seed=1").ok


# the doctor

def test_this_machine_is_well(capsys):
    assert cli.main(["doctor"]) == 0, capsys.readouterr().out


def test_a_check_that_breaks_down_is_a_failure_and_stops_no_other(monkeypatch, capsys):
    some = {"first": lambda: 1 / 0, "second": lambda: (True, "fine"), "third": lambda: (None, "absent")}
    monkeypatch.setattr(doctor, "CHECKS", some)
    assert cli.main(["doctor"]) == 1
    said = capsys.readouterr().out
    assert "[FAIL] first: ZeroDivisionError: division by zero\n       Delete the folder .venv" in said
    assert "[OK]   second: fine" in said and "[--]   third: absent" in said and "1 of 3" in said


@pytest.mark.parametrize("name, what, change, said", [
    ("packages", "gan_course.lessons.doctor._version", lambda name: None if name == "torch" else "0.1", "torch is missing"),
    ("packages", "gan_course.lessons.doctor._version", lambda name: "0.1", "papermill 0.1 (needs >="),
    ("PyTorch", "torch.__version__", "2.0.0", "which needs torch"),
    ("memory", "gan_course.lessons.doctor.FEWEST_GIGABYTES", 1e9, "Close other programs"),
    ("disk", "gan_course.lessons.doctor.FEWEST_GIGABYTES", 1e9, "Make room"),
    ("JupyterLab", "gan_course.lessons.doctor.util.find_spec", lambda name: None, "only jupyterlab"),
    ("notebooks", "gan_course.lessons.doctor.notebooks", lambda: [], "none in"),
])
def test_the_doctor_finds(monkeypatch, name, what, change, said):
    monkeypatch.setattr(what, change)
    [check] = [check for check in doctor.checks() if check.name == name]
    assert check.ok is False and said in str(check)


def test_the_doctor_finds_a_kernel_of_another_python(monkeypatch):
    from jupyter_client.kernelspec import KernelSpec
    monkeypatch.setattr("jupyter_client.kernelspec.KernelSpecManager.get_kernel_spec",
                        lambda self, name: KernelSpec(argv=["/elsewhere/bin/python"]))
    [check] = [check for check in doctor.checks() if check.name == "JupyterLab"]
    assert check.ok is False and "/elsewhere/bin/python" in check.detail


def test_the_doctor_finds_an_unwritable_folder_and_a_device_that_is_not_there(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("GAN_COURSE_DATA", str(tmp_path / "file"))
    monkeypatch.setenv("GAN_COURSE_DEVICE", "cuda:99")
    found = {check.name: check for check in doctor.checks()}
    assert found["folder for downloads"].ok is False and "GAN_COURSE_DATA" in found["folder for downloads"].advice
    assert found["device"].ok is False and "cuda:99" in found["device"].detail
