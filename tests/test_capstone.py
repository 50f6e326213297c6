"""The capstone: the rubric adds up, every brief becomes a notebook that runs, and a class's capstones run again."""
import csv
import io
import json
import sys

import nbformat
import pytest
from nbclient import NotebookClient

from gan_course import cli
from gan_course.lessons import capstone, rubric
from gan_course.teaching.classroom import capstones, collect, confine, report, submissions

BRIEFS = capstone.briefs()
MIME = "application/vnd.gan-course.claims+json"
MADE = {"metadata": {"gan_course": {"capstone": 3}}}


# the rubric

def test_the_rubric_has_twenty_points_and_adds_them_up(monkeypatch):
    shown = []
    monkeypatch.setattr("IPython.display.display", lambda data, **_: shown.append(data["text/plain"]))
    assert rubric.MOST == 20 and rubric.total(**dict.fromkeys(rubric.CRITERIA, 4)) == 20
    rubric.add_up(question=4, baselines=2, seeds=0, measures=2, refutation=0)
    said, collected = shown
    assert collected == "Collected: points 8"
    assert rubric.CRITERIA["question"].levels[2] in said and rubric.CRITERIA["seeds"].levels[1] in said
    [last] = [line for line in said.splitlines() if line.startswith("in all")]
    assert last.split()[2] == "8"


@pytest.mark.parametrize("points, said", [
    (dict.fromkeys(rubric.CRITERIA, 2) | {"seeds": 3}, "seeds is 3; a criterion has 0, 2 or 4 points"),
    ({"question": 2}, "Points are needed for question, baselines, seeds, measures, refutation; got question."),
    (dict.fromkeys(rubric.CRITERIA, 2) | {"luck": 4}, "got question, baselines, seeds, measures, refutation, luck"),
])
def test_points_that_are_none_are_refused(points, said):
    with pytest.raises(ValueError, match=said):
        rubric.total(**points)


# a fresh notebook

def test_there_are_four_briefs():
    assert list(BRIEFS) == [1, 2, 3, 4] and BRIEFS[2] == "Super-resolution"


@pytest.mark.parametrize("brief", BRIEFS)
def test_a_fresh_notebook_has_its_brief_and_runs_as_it_is(brief, tmp_path, capsys):
    mine = tmp_path / "mine.ipynb"
    assert cli.main(["capstone", str(mine), "--brief", str(brief)]) == 0
    assert BRIEFS[brief] in capsys.readouterr().out
    notebook = nbformat.read(mine, as_version=4)
    nbformat.validate(notebook)
    text = "\n".join(cell.source for cell in notebook.cells)
    assert f"Brief {brief}: {BRIEFS[brief]}" in text and text.count("**Traps.**") == 1 and "Here stands the brief" not in text
    assert capstones.is_capstone(json.loads(mine.read_text("utf-8")))
    NotebookClient(notebook, timeout=60, resources={"metadata": {"path": str(tmp_path)}}).execute()
    claims = [output.data[MIME] for cell in notebook.cells for output in cell.get("outputs", []) if MIME in output.get("data", {})]
    assert claims, "the template makes a claim"


@pytest.mark.parametrize("words, said", [
    (["mine.ipynb", "--brief", "5"], "There is no brief 5. There are: 1 (Your own pictures)"),
    (["mine.txt", "--brief", "1"], "ends in .ipynb"),
    (["there.ipynb", "--brief", "1"], "is there already, and nothing was written"),
])
def test_what_cannot_be_written_is_said(words, said, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "there.ipynb").write_text("precious")
    assert cli.main(["capstone", *words]) == 2
    assert said in capsys.readouterr().err and (tmp_path / "there.ipynb").read_text() == "precious"


# handed in

CLAIM = ("from gan_course.lessons.claims import claim, report\nfrom pathlib import Path\n"
         "claim('Seven is odd', 7 % 2 == 1, seven=7)\nclaim('Here are two pictures', len(list(Path('pictures').iterdir())) == 2)\n"
         "Path('pictures').resolve()")
FAILS = "claim('Nobody is here', False, people=0)\nraise RuntimeError('on purpose')"


def shown(text, held, **numbers):
    claim = {"text": text, "held": held, "judged": True, "numbers": numbers, "precomputed": []}
    return {"output_type": "display_data", "metadata": {}, "data": {MIME: {"claims": [claim]}}}


def handed_in(*sources, said=(), points=None):
    """A capstone as JSON: a cell in the learner's own words, code cells, and the outputs of the learner's run in the first one."""
    outputs = list(said)
    if points is not None:
        outputs.append({"output_type": "display_data", "metadata": {},
                        "data": {"application/vnd.gan-course.results+json": {"numbers": {"points": points}}}})
    words = {"cell_type": "markdown", "id": "words", "metadata": {"tags": ["own-words"]}, "source": "I expected <b>odd</b> numbers."}
    cells = [{"cell_type": "code", "id": f"c{i}", "metadata": {}, "execution_count": None, "source": source,
              "outputs": outputs if i == 0 else []} for i, source in enumerate(sources)]
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "cells": [words, *cells]} | MADE)


@pytest.fixture
def ada(tmp_path):
    folder = tmp_path / "class" / "ada"
    (folder / "pictures").mkdir(parents=True)
    for name in ("a.png", "b.JPG"):
        (folder / "pictures" / name).write_bytes(b"picture")
    return folder


def test_a_capstone_is_known_by_its_metadata_and_its_pictures_are_no_strange_files(ada):
    (ada / "mine.ipynb").write_text(handed_in(CLAIM, said=[shown("Seven is odd", True, seven=7)], points=14))
    found = submissions.read(ada)
    assert found.notebooks == {} and found.problems == []
    [one] = found.capstones
    assert (one.brief, one.points, one.words) == ("3", 14, ["I expected <b>odd</b> numbers."])
    assert one.said["Seven is odd"].held and one.found is None


@pytest.mark.skipif(sys.platform != "linux", reason="strangers' code is shut in on Linux only")
def test_it_runs_again_and_the_report_has_both_verdicts(ada, tmp_path, monkeypatch):
    monkeypatch.delenv("GAN_COURSE_PROFILE", raising=False)
    said = [shown("Seven is odd", False), shown("Gone", True)]
    (ada / "mine.ipynb").write_text(handed_in(CLAIM, FAILS, "claim('Too late', True)", said=said, points=14))
    [learner] = collect.collect(tmp_path / "class", confine.Allowance(), capstone_seconds=60)
    [one] = learner.capstones
    verdicts = {row["claim"]: (row["in the learner's run"], row["in the run here"]) for row in one.rows()}
    assert verdicts == {"Seven is odd": ("missed", "held"), "Gone": ("held", "not made"),
                        "Here are two pictures": ("not made", "held"), "Nobody is here": ("not made", "missed")}
    assert one.stopped == "Code cell 2 failed: RuntimeError: on purpose"
    assert learner.problems == [f"mine.ipynb did not run to its end. {one.stopped}"]
    page = report.write(tmp_path / "out", [learner]).read_text("utf-8")
    assert "I expected &lt;b&gt;odd&lt;/b&gt; numbers." in page and "gives it 14 of 20 points" in page and "people 0" in page
    rows = list(csv.DictReader(io.StringIO((tmp_path / "out" / "capstones.csv").read_text("utf-8"))))
    assert [row["claim"] for row in rows] == list(verdicts) and rows[0]["numbers here"] == "seven 7"


@pytest.mark.skipif(sys.platform != "linux", reason="strangers' code is shut in on Linux only")
@pytest.mark.parametrize("source, said", [
    ("while True: pass", "Code cell 1: It had not ended after 4 seconds"),
    ("import os; os._exit(3)", "Code cell 1: It ended the whole process"),
])
def test_one_that_never_ends_or_ends_everything_costs_itself(ada, source, said):
    one = capstones.read(json.loads(handed_in(source)), [source], ada / "mine.ipynb", "mine.ipynb")
    capstones.rerun(one, confine.Allowance(seconds=4))
    assert one.stopped.startswith(said) and one.found == {}


def test_without_seconds_nothing_runs(ada, tmp_path):
    (ada / "mine.ipynb").write_text(handed_in("raise SystemExit"))
    [learner] = collect.collect(tmp_path / "class", confine.Allowance())
    assert learner.capstones[0].found is None and learner.problems == []
    assert "It did not run here." in report.write(tmp_path / "out", [learner]).read_text("utf-8")


@pytest.mark.parametrize("broken", [{"metadata": {"tags": 7}}, {"metadata": None}, {"outputs": [7]}])
def test_a_broken_capstone_is_named(ada, broken):
    made = json.loads(handed_in("x = 1"))
    made["cells"][1] |= broken
    (ada / "mine.ipynb").write_text(json.dumps(made))
    found = submissions.read(ada)
    assert found.capstones == [] and "mine.ipynb cannot be read" in found.problems[0]
