"""Exercises in a real JupyterLab: wrong, two hints and the solution by keyboard, right, and an endless loop, in a notebook of their own."""
import pytest

from gan_course.paths import ROOT

pytestmark = pytest.mark.browser
CELLS = {
    "stub": "...",
    "wrong": "return -(-p / (p + q)) - 1",
    "harmful": "print('<img src=x onerror=alert(1)>')\n    return p + '<b>'",
    "endless": "while True:\n        pass",
    "right": "return p / (p + q)",
}
CELL = """def best_discriminator(p, q):
    {}


best_discriminator = exercises.check("02.best_discriminator", best_discriminator)
best_discriminator.__module__"""


@pytest.fixture
def notebook(open_notebook, server):
    """A notebook with one cell for each kind of answer."""
    first = f"import sys\nsys.path.insert(0, {str(ROOT)!r})\nfrom gan_course.widgets import exercises"
    server.write("exercise.ipynb", [first, *(CELL.format(body) for body in CELLS.values())])
    return open_notebook("exercise.ipynb")


def test_a_learner_gets_it_wrong_asks_for_help_and_gets_it_right(notebook):
    notebook.run_all()
    assert notebook.errors() == []
    page = notebook.page
    cells = dict(zip(CELLS, page.locator(".jp-CodeCell").all()[1:], strict=True))

    def verdict(answer):
        return cells[answer].locator(".gan-course-exercise").inner_text()

    assert "– not yet" in verdict("stub")
    assert "✗ not right" in verdict("wrong") and "Look at D*: " in verdict("wrong")
    assert "in the line return p + '<b>'" in verdict("harmful") and "<img src=x" in verdict("harmful")
    assert cells["harmful"].locator("img").count() == 0
    assert "still running after 2 seconds" in verdict("endless") and "restart" not in verdict("endless")
    assert "✓ right" in verdict("right")
    course = cells["right"].locator(".gan-course-beside figure").last
    assert not course.is_visible()                                  # folded away
    cells["right"].locator("summary").focus()
    page.keyboard.press("Enter")
    assert "def best_discriminator(p, q):" in course.inner_text()
    mine = cells["right"].locator(".gan-course-beside figure").first
    assert abs(mine.bounding_box()["y"] - course.bounding_box()["y"]) < 1 and "return p / (p + q)" in mine.inner_text()
    returned = {answer: cell.locator(".jp-OutputArea-executeResult").inner_text() for answer, cell in cells.items()}
    assert ["__main__" in returned[answer] for answer in CELLS] == [False, False, False, False, True]

    hint = cells["wrong"].get_by_role("button", name="Hint 1 of 3")
    hint.focus()
    page.keyboard.press("Enter")
    cells["wrong"].get_by_text("Hint 1.").wait_for()
    page.keyboard.press("Space")                                    # the focus is still where it was
    cells["wrong"].get_by_text("Hint 2.").wait_for()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    beside = cells["wrong"].locator(".gan-course-beside")
    beside.wait_for()
    assert "return -(-p / (p + q)) - 1" in beside.inner_text() and beside.inner_text().count("def best_discriminator(p, q):") == 2
    cells["wrong"].get_by_role("button", name="Hide the solution").wait_for()
    assert notebook.errors() == []
    assert notebook.strangers == []
