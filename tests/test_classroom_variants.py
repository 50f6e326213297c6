"""Variants: the same call gives the same notebooks, nobody's change when the roster does, and faults are told with their lines."""
import csv
import io
import json

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from gan_course import cli
from gan_course.lessons import catalogue
from gan_course.teaching.classroom import variants

PARAMETERS = "latent_dim: int = 16  # how long z is\nlr_D: float = 1e-3\ndataset: str = 'digits'\nseed: int = 0"
RANGES = "latent_dim: [4, 8, 16]\nlr_D: {from: 1e-4, to: 1e-2, scale: log}\nseed: {from: 0, to: 9}\n"
ROSTER = "name,id\nAda,ada\nGrace,grace\nÉmilie,emilie.3\n"


@pytest.fixture
def call(tmp_path, monkeypatch):
    """A function that runs the command on a roster and ranges, and returns its status and who got what."""
    about = {"gan_course": {"title": "Small", "question": "How?", "minutes": 1, "hours": 1},
             "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    cells = [new_code_cell(PARAMETERS, metadata={"tags": ["parameters"]}), new_code_cell("print(lr_D)")]
    nbformat.write(new_notebook(cells=cells, metadata=about), tmp_path / "02_small.ipynb")
    monkeypatch.setattr(catalogue, "find", lambda name: catalogue.notebooks(tmp_path)[0])

    def call(roster=ROSTER, ranges=RANGES, secret="tulips", out="out"):
        (tmp_path / "roster.csv").write_bytes(roster if isinstance(roster, bytes) else roster.encode())
        (tmp_path / "ranges.yaml").write_text(ranges, encoding="utf-8")
        status = cli.main(["class", "variants", "--students", str(tmp_path / "roster.csv"), "--notebook", "02", "--secret", secret,
                           "--ranges", str(tmp_path / "ranges.yaml"), "-o", str(tmp_path / out)])
        table = tmp_path / out / "variants.csv"
        return status, list(csv.DictReader(io.StringIO(table.read_text(encoding="utf-8")))) if table.exists() else None
    return call


def test_each_student_gets_parameters_of_their_own_and_again_the_same(call, tmp_path):
    status, rows = call()
    assert status == 0 and [row["id"] for row in rows] == ["ada", "grace", "emilie.3"]
    assert len({(row["lr_D"], row["seed"], row["latent_dim"]) for row in rows}) == 3
    assert all(row["latent_dim"] in ("4", "8", "16") and 1e-4 <= float(row["lr_D"]) <= 1e-2 for row in rows)
    call(out="again")
    for file in ("variants.csv", "ada/02_small.ipynb"):
        assert (tmp_path / "out" / file).read_bytes() == (tmp_path / "again" / file).read_bytes()
    assert call(secret="daffodils", out="other")[1] != rows


def test_the_parameters_stand_below_the_notebook_s_own(call, tmp_path):
    [row, *_] = call()[1]
    notebook = nbformat.read(tmp_path / "out" / "ada" / "02_small.ipynb", as_version=4)
    nbformat.validate(notebook)
    assert [cell.metadata.get("tags") for cell in notebook.cells] == [["parameters"], ["injected-parameters"], None]
    given = {}
    exec(notebook.cells[1].source, given)
    assert {name: str(given[name]) for name in ("latent_dim", "lr_D", "seed")} == {name: row[name] for name in row if name != "id"}
    assert type(given["latent_dim"]) is int and type(given["lr_D"]) is float
    assert "papermill" not in json.dumps(notebook)


def test_whoever_joins_late_and_another_parameter_change_nobody_s(call):
    before = {row["id"]: row["lr_D"] for row in call()[1]}
    after = {row["id"]: row["lr_D"] for row in call("id\nzuse\n" + "".join(f"{id}\n" for id in reversed(before)), RANGES +
                                                    "dataset: [digits, mnist]\n")[1]}
    assert before.items() <= after.items()


def test_ranges_are_used_from_end_to_end():
    parameters = {"lr": variants.parameter_cell.Parameter("lr", "float", "1e-3", ""), "n": variants.parameter_cell.Parameter("n", "int", "1", "")}
    whole = variants._draw(variants.Between(**{"from": 3, "to": 5}), parameters["n"])
    assert {whole(i / 100) for i in range(100)} == {3, 4, 5} and whole(1 - 1e-9) == 5
    log = variants._draw(variants.Between(**{"from": 1e-4, "to": 1e-2, "scale": "log"}), parameters["lr"])
    assert [log(0.0), log(0.5)] == [1e-4, 1e-3] and sum(log(i / 1000) < 1e-3 for i in range(1000)) == 500
    shares = [variants.fraction("secret", str(i)) for i in range(1000)]
    assert 0 <= min(shares) < 0.02 and 0.98 < max(shares) < 1 and 0.45 < sum(shares) / 1000 < 0.55


@pytest.mark.parametrize("roster, said", [
    ("name\nAda\n", "line 1: the first line has to name the columns, one of them id; it names name"),
    ("", "line 1: the first line has to name the columns"), ("id\n", "names no student"),
    ("id\nada\n\n../up\n", "roster.csv, line 4: '../up' will not do as an id"), ("id,name\nada,A\n,B\n", "line 3: the id is empty"),
    ("id\nada\nAda\n", "line 3: the id Ada is there already, in line 2"), (b"id\n\xff\xfe\n", "not a CSV file in UTF-8"),
    ("id\nCON.\n", "line 2: 'CON.' will not do"),
])
def test_a_roster_s_faults_are_told_with_their_lines(call, capsys, roster, said):
    status, rows = call(roster)
    assert status == 2 and rows is None and said in capsys.readouterr().err


@pytest.mark.parametrize("ranges, said", [
    ("latent_dim: [4]\nwidth: [1]\n", "ranges.yaml, line 2: the notebook has no parameter width; it has latent_dim, lr_D, dataset, seed"),
    ("lr_D: [fast]\n", "line 1: lr_D has to be of type float; 'fast' is not"), ("lr_D: []\n", "line 1: lr_D has to be a list of values"),
    ("seed: {from: 5, to: 1}\n", "from a lower to a higher"), ("lr_D: {from: 0, to: 1, scale: log}\n", "more than 0"),
    ("dataset: {from: 1, to: 2}\n", "of type str"), ("lr_D: {from: 1, till: 2}\n", "line 1: lr_D has to be a list of values, or"),
    ("", "line 1: it has to name parameters"), ("a: [1\n", "ranges.yaml, line"),
    ("seed: [1]\nseed: [2]\n", "line 2: the key seed is written twice"),
])
def test_the_ranges_faults_are_told_with_their_lines(call, capsys, ranges, said):
    status, rows = call(ranges=ranges)
    assert status == 2 and rows is None and said in capsys.readouterr().err


def test_an_empty_secret_is_refused(call, capsys):
    assert call(secret=" ")[0] == 2 and "The secret is empty" in capsys.readouterr().err
