"""Every notebook with all of its exercises solved: the course's own solutions stand in the cells, as
if a learner had written them. (With all of them empty the notebooks run through nbval.)"""
import ast
import json
import os

import nbformat
import pytest
from nbclient import NotebookClient

from gan_course.lessons import exercises
from gan_course.paths import NOTEBOOKS

TIMEOUT = 120                                                       # seconds for a cell


def checks(source):
    """The (key, name) of each `exercises.check("key", name)` in a cell."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "exercises.check":
            key, answer = node.args
            yield ast.literal_eval(key), ast.unparse(answer)


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def solve(notebook):
    """Put the course's solutions in place of the learner's functions and classes.

    Returns:
        The keys of the exercises.
    """
    cells, keys = code_cells(notebook), []
    for place, cell in enumerate(cells):
        for key, name in checks(cell.source):
            assert any(replace(earlier, name, exercises.source(key))
                       for earlier in reversed(cells[:place + 1])), f"no {name} to write for {key}"
            keys.append(key)
    return keys


def replace(cell, name, solution):
    """Put `solution` in place of the definition of `name`; whether there was one."""
    lines = cell.source.splitlines()
    for node in ast.parse(cell.source).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name == name:
            first = min([node, *node.decorator_list], key=lambda part: part.lineno).lineno
            cell.source = "\n".join([*lines[:first - 1], solution, *lines[node.end_lineno:]])
            return True
    return False


def said(notebook):
    """What the checks said of answers that they did not take for right."""
    for cell in code_cells(notebook):
        for output in cell.outputs:
            if "✗ not right" in output.get("text", "") or "– not yet" in output.get("text", ""):
                yield output.text


WITH_EXERCISES = [path for path in sorted(NOTEBOOKS.rglob("*.ipynb"))
                  if "checkpoint" not in str(path) and "exercises.check(" in path.read_text("utf-8")]


@pytest.mark.parametrize("path", WITH_EXERCISES, ids=lambda path: path.stem)
def test_with_every_exercise_solved_a_notebook_runs_on_the_learners_own_code(
        path, tmp_path, monkeypatch):
    record = tmp_path / "progress.json"
    monkeypatch.setenv("GAN_COURSE_PROGRESS", str(record))
    assert os.environ["GAN_COURSE_PROFILE"] == "smoke"
    notebook = nbformat.read(path, as_version=4)
    keys = solve(notebook)
    NotebookClient(notebook, timeout=TIMEOUT,
                   resources={"metadata": {"path": str(path.parent)}}).execute()
    told = [event for event in json.loads(record.read_text("utf-8"))["events"]
            if event["kind"] == "exercise"]
    assert [(event["key"], event["outcome"], event["message_id"]) for event in told] == [
        (key, "right", "right") for key in keys], "\n\n".join(said(notebook))


def test_a_solution_takes_the_place_of_the_definition_and_of_nothing_else():
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(
        "import torch\n\n\n@torch.no_grad()\ndef best_discriminator(p, q):\n    ...\n\n\n"
        'D = exercises.check("02.best_discriminator", best_discriminator)\nprint(D)')])
    assert solve(notebook) == ["02.best_discriminator"]
    assert notebook.cells[0].source == (
        f"import torch\n\n\n{exercises.source('02.best_discriminator')}\n\n\n"
        'D = exercises.check("02.best_discriminator", best_discriminator)\nprint(D)')
