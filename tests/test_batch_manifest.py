"""The manifest of a batch: what it makes of good ones, and that a bad one is refused with file, line and reason."""
from itertools import pairwise

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output, reads, writes

from gan_course.lessons import calibration, catalogue
from gan_course.paths import ROOT
from gan_course.teaching.batch import manifest
from gan_course.teaching.batch.manifest import ManifestError

PARAMETERS = """size: int = 4  # how large
rate: float = 0.1  # how fast
data: str = "moons"  # what to learn
fresh: bool = False  # from the start
seed: int = 0  # where chance starts"""


def a_notebook(path, *sources, parameters=PARAMETERS):
    cells = [new_code_cell(parameters, metadata={"tags": ["parameters"]})] if parameters else []
    path.write_text(writes(new_notebook(cells=cells + [new_code_cell(source) for source in sources])), encoding="utf-8")
    return path


@pytest.fixture
def read(tmp_path):
    """A function that reads a manifest beside which own.ipynb lies."""
    a_notebook(tmp_path / "own.ipynb", "print(size)")

    def read(text):
        file = tmp_path / "many.yaml"
        file.write_text(text)
        return manifest.read(file)
    return read


def test_every_combination_is_a_run(read):
    runs = read("""
notebooks: [own.ipynb]
profile: smoke
device: cpu
parameters: {data: digits}
grid:
  size: [2, 1e3]
rows:
  - {rate: 1e-3, fresh: true}
  - {rate: 5, fresh: false}
seeds: [7, 8]
repeats: 2
limits: {cell_seconds: 5, run_seconds: 60.5, memory_mb: 2000}
""")
    assert len(runs) == len({run.name for run in runs}) == 16
    run = runs[0]
    assert run.parameters == {"data": "digits", "size": 2, "rate": 0.001, "fresh": True, "seed": 7}
    assert run.axes == {"size": 2, "rate": 0.001, "fresh": True, "seed": 7, "repeat": 0}
    assert run.name == "own-size=2-rate=0.001-fresh=True-seed=7-repeat=0"
    assert (run.notebook, run.profile, run.device, run.limits.cell_seconds, run.limits.run_seconds) == ("own", "smoke", "cpu", 5, 60.5)
    last = runs[-1].parameters
    assert last["size"] == 1000 and type(last["size"]) is int and last["rate"] == 5.0 and type(last["rate"]) is float


def test_the_shortest_manifest_runs_a_notebook_as_it_is(read):
    [run] = read("notebooks: [3]")
    assert (run.name, run.notebook, run.parameters, run.axes, run.profile) == ("03", "03_first_gan", {}, {}, "laptop")
    assert [run.notebook for run in read("notebooks: [all]")] == [entry.path.stem for entry in catalogue.notebooks()]


def test_a_deeper_notebook_has_runs_beside_those_of_its_main_one(read):
    assert [run.name for run in read("{notebooks: [deeper/03_settings, '03'], seeds: [5]}")] == ["03_settings-seed=5", "03-seed=5"]


def test_some_seeds_run_with_plain_arithmetic(read):
    runs = read("{notebooks: [own.ipynb], grid: {size: [1, 2]}, seeds: [0, 1, 2], plain_arithmetic: [2]}")
    assert [run.environment for run in runs] == 2 * [{}, {}, {"ATEN_CPU_CAPABILITY": "default"}]
    assert all("ATEN" not in run.name for run in runs)


def test_what_does_not_vary_is_no_axis(read):
    [run] = read("{notebooks: [own.ipynb], grid: {size: [3]}, seeds: [5]}")
    assert run.parameters == {"size": 3, "seed": 5} and run.axes == {"seed": 5}


@pytest.mark.parametrize("value", ["../../../etc/passwd", "/etc/passwd", "..", "C:\\x", "a/b"])
def test_no_value_makes_a_folder_outside(read, tmp_path, value):
    runs = read(f"{{notebooks: [own.ipynb], grid: {{data: ['{value}', moons]}}}}")
    assert runs[0].parameters["data"] == value
    assert (tmp_path / runs[0].name).resolve().parent == tmp_path
    assert not set(runs[0].name) & set('/\\:*?"<>|') and not runs[0].name.endswith(".")


def test_names_stay_apart_and_short(read):
    runs = read("{notebooks: [own.ipynb], grid: {data: [a/b, a:b, A_B, " + 150 * "x" + ", " + 150 * "x" + "y]}}")
    assert len({run.name.casefold() for run in runs}) == 5 and max(len(run.name) for run in runs) <= 100


def test_relative_paths_are_seen_from_the_manifest_and_names_stay_names(tmp_path, monkeypatch):
    (tmp_path / "lists").mkdir()
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    a_notebook(tmp_path / "own.ipynb", parameters='pictures: str = "digits"  # a data set or a folder\nword: str = "a"  # any')
    (tmp_path / "lists" / "many.yaml").write_text(
        "notebooks: [../own.ipynb]\nparameters: {word: mine}\ngrid: {pictures: [mine, ../mine, digits, ./digits, '03', '']}\n")
    runs = manifest.read(tmp_path / "lists" / "many.yaml")
    assert [run.parameters["pictures"] for run in runs] == [
        str(tmp_path / "lists" / "mine"), str(tmp_path / "mine"), "digits", str(tmp_path / "lists" / "digits"), "03", ""]
    assert {run.parameters["word"] for run in runs} == {"mine"} and runs[0].axes == {"pictures": "mine"}


FAULTS = {  # a manifest: the line at fault, what is said of it
    "notebooks: [99]": (1, "There is no notebook '99'. Notebooks: 00_start_here"),
    "notebooks:\n- own.ipynb\n- other.ipynb": (3, "there is no file other.ipynb there"),
    "notebooks:\n- 03\n- first_gan": (3, "03_first_gan.ipynb is there twice"),
    "notebooks: []": (1, "notebooks is empty"),
    "profile: smoke": (1, "notebooks is missing"),
    "": (1, "the manifest has to be keys with values"),
    "- 03": (1, "the manifest has to be keys with values"),
    "notebooks: [own.ipynb]\nseed: [0]": (2, "seed is not known here; known: notebooks, profile, device, parameters, grid"),
    "notebooks: [own.ipynb]\nlimits:\n  run_seconds: 3\n  cell: 3": (4, "limits, cell is not known here; known: cell_seconds"),
    "notebooks: [own.ipynb]\nlimits: {cell_seconds: 0}": (2, "limits, cell_seconds has to be more than 0"),
    "notebooks: [own.ipynb]\nlimits: {cell_seconds: soon}": (2, "limits, cell_seconds has to be a number"),
    "notebooks: [own.ipynb]\nprofile: huge": (2, "profile will not do"),
    "notebooks: [own.ipynb]\nrepeats: 0": (2, "repeats has to be at least 1"),
    "notebooks: [own.ipynb]\nseeds: []": (2, "seeds is empty"),
    "notebooks: [own.ipynb]\nseeds: [0, 1]\nplain_arithmetic: [1,\n  2]": (4, "plain_arithmetic, 2 is none of the seeds"),
    "notebooks: [own.ipynb]\nplain_arithmetic: [0]": (2, "plain_arithmetic, 0 is none of the seeds"),
    "notebooks: [own.ipynb]\nseeds: [0, 1.5]": (2, "seeds, item 2 has to be a whole number"),
    "notebooks: [own.ipynb]\nseeds: [0,\n  1,\n  0]": (4, "seeds, seed 0 is there twice"),
    "notebooks: [own.ipynb]\ngrid:\n  rate: []": (3, "grid, rate is empty"),
    "notebooks: [own.ipynb]\ngrid:\n  rate: 3": (3, "grid, rate has to be a list"),
    "notebooks: [own.ipynb]\ngrid:\n  rate: [1, 1.0]": (3, "grid, rate 1.0 is there twice"),
    "notebooks: [own.ipynb]\ngrid:\n  rate: [[1]]": (3, "grid, rate, item 1 has to be a number, a text, true or false"),
    "notebooks: [own.ipynb]\ngrid:\n  rate: [1e999]": (3, "grid, rate, item 1 has to be a number, a text, true or false"),
    "notebooks: [own.ipynb]\ngrid:\n  rate:\n  - 1\n  - fast": (5, "rate has to be of type float; 'fast' is not (own)"),
    "notebooks: [own.ipynb]\ngrid:\n  size: [1.5]": (3, "size has to be of type int; 1.5 is not (own)"),
    "notebooks: [own.ipynb]\nparameters:\n  size: true": (3, "size has to be of type int; True is not (own)"),
    "notebooks: [own.ipynb]\nparameters:\n  size: '3'": (3, "size has to be of type int; '3' is not (own)"),
    "notebooks: [own.ipynb]\nparameters:\n  data: 3": (3, "data has to be of type str; 3 is not (own)"),
    "notebooks: [own.ipynb]\nparameters:\n  fresh: 1": (3, "fresh has to be of type bool; 1 is not (own)"),
    "notebooks: [own.ipynb]\nparameters:\n  sise: 3": (3, "own has no parameter sise; it has size, rate, data, fresh, seed"),
    "notebooks: [own.ipynb]\nparameters: {size: 3}\ngrid:\n  size: [1]": (4, "size is set twice: it stands in parameters too"),
    "notebooks: [own.ipynb]\ngrid:\n  seed: [1]\nseeds: [2]": (4, "seed is set twice: it stands in grid too"),
    "notebooks: [own.ipynb]\nrows:\n- {size: 1}\n- {rate: 1}": (4, "rows, item 2 has to set what the first sets: size"),
    "notebooks: [own.ipynb]\nrows:\n- {size: 1}\n- {size: 1}": (4, "rows, size 1 is there twice"),
    "notebooks: [own.ipynb]\nrepeats: 1000000": (1, "these are more than 10000 runs"),
    "notebooks: [own.ipynb]\nnotebooks: [03]": (2, "the key notebooks is written twice"),
}


@pytest.mark.parametrize("text", FAULTS)
def test_a_fault_is_found_with_its_line_and_reason(read, text):
    line, said = FAULTS[text]
    with pytest.raises(ManifestError) as refused:
        read(text)
    [found] = str(refused.value).splitlines()
    assert found.startswith(f"many.yaml, line {line}: {said}")


def test_all_faults_are_told_at_once_in_order(read):
    with pytest.raises(ManifestError) as refused:
        read("notebooks: [own.ipynb]\nseeds: [0, 0]\ngrid:\n  size: [x]\nparameters: {wrong: 1}")
    assert [line.partition(":")[0] for line in str(refused.value).splitlines()] == [f"many.yaml, line {n}" for n in (2, 4, 5)]


def test_a_notebook_without_parameters_and_one_that_is_none(read, tmp_path):
    a_notebook(tmp_path / "bare.ipynb", parameters=None)
    assert len(read("notebooks: [bare.ipynb]")) == 1
    with pytest.raises(ManifestError, match="bare has no parameter size; it has none: no cell of it is tagged"):
        read("{notebooks: [bare.ipynb], parameters: {size: 1}}")
    for content in ("{}", "hello", '{"cells": 3, "nbformat": 4, "nbformat_minor": 5, "metadata": {}}', "[]"):
        (tmp_path / "none.ipynb").write_text(content)
        with pytest.raises(ManifestError, match="many.yaml, line 1: none.ipynb cannot be read: it is not a notebook"):
            read("notebooks: [none.ipynb]")


def test_what_an_earlier_run_left_in_a_notebook_is_not_taken_along(read, tmp_path):
    notebook = reads((tmp_path / "own.ipynb").read_text())
    notebook.cells[1].outputs = [new_output("stream", text="stale")]
    notebook.metadata.update(widgets={"state": {}}, kernelspec={"name": "of-another", "display_name": "", "language": "python"})
    (tmp_path / "own.ipynb").write_text(writes(notebook))
    [run] = read("notebooks: [own.ipynb]")
    assert "stale" not in run.source and "widgets" not in run.source and reads(run.source).metadata.kernelspec.name == "python3"


def test_the_hash_changes_with_all_that_matters_and_with_nothing_else(read, tmp_path):
    def hash(text="notebooks: [own.ipynb]", package="p"):
        return read(text)[0].hash(package)

    first = hash()
    others = {hash(package="q"), *(hash(f"{{notebooks: [own.ipynb], {more}}}") for more in
                                   ("profile: smoke", "device: cpu", "parameters: {size: 5}", "parameters: {rate: 5}"))}
    notebook = reads((tmp_path / "own.ipynb").read_text())
    notebook.cells.append(new_markdown_cell("Prose."))
    notebook.cells[1].outputs = [new_output("stream", text="stale")]
    (tmp_path / "own.ipynb").write_text(writes(notebook))
    assert hash() == first == hash("{notebooks: [own.ipynb], limits: {cell_seconds: 9}}")
    a_notebook(tmp_path / "own.ipynb", "print(size + 1)")
    assert len(others | {first, hash()}) == 7


@pytest.mark.parametrize("name, runs", [("where_gans_train", 24), ("dcgan_on_a_cluster", 12), ("dcgan_sweep", 27),
                                        ("whole_course", len(catalogue.notebooks())),
                                        ("calibrate", calibration.RUNS), ("calibrate_provisional", 8)])
def test_the_examples_are_good(name, runs):
    assert len(manifest.read(ROOT / "examples" / f"{name}.yaml")) == runs
    assert {file.stem for file in (ROOT / "examples").glob("*.yaml")} >= {name}


def test_the_example_of_a_calibration_has_runs_enough():
    runs = manifest.read(ROOT / "examples" / "calibrate.yaml")
    assert len(runs) == calibration.RUNS and sum(run.environment == calibration.PLAIN_ARITHMETIC for run in runs) == calibration.PLAIN_RUNS
    seeds = sorted(run.parameters["seed"] for run in runs)
    assert seeds[0] >= 100 and runs[0].profile == "laptop"
    assert all(b - a >= 24 for a, b in pairwise(seeds))              # 19 trains from seed to seed + 23
