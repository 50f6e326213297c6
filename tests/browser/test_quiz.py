"""Questions under a learner's fingers, in a real browser, by keyboard alone."""
import json
import os

import pytest

from gan_course.lessons import quizzes
from gan_course.lessons.quizzes.kinds import Range
from gan_course.widgets.answers import shuffled

pytestmark = pytest.mark.browser
CELLS = ["import os\nos.environ['GAN_COURSE_PROGRESS'] = 'record.json'\n"
         "from gan_course.lessons import dashboard\nfrom gan_course.widgets import quiz",
         "quiz.predict('02.value_at_one_half')", "quiz.outcome('02.value_at_one_half', -1.38629)", "quiz.ask('02.push_ratio', value=61.8)",
         "quiz.predict('02.alternating')", "quiz.show('02')", "quiz.show('03')",
         "dashboard.show()"]
FOCUSED = """text => { const it = document.activeElement;
    return [it.innerText, it.title, it.closest('label')?.innerText].some(name => name?.trim() === text) }"""
IN_ROW = """([text, number]) => { const it = document.activeElement;
    return it.title.endsWith(text) && it.closest('.widget-hbox')?.innerText.includes(`${number}. `) }"""


class Desk:
    """A notebook with questions, on the page."""

    def __init__(self, notebook):
        self.notebook, self.page = notebook, notebook.page

    def card(self, title):
        return Card(self.page, self.page.locator(".gan-course-card", has_text=title).first)


class Card:
    """One question. Only the first control is put into focus by hand; from there it is Tab, Enter and Space."""

    def __init__(self, page, box):
        self.page, self.box = page, box
        box.locator("button:not([disabled]), input").first.focus()

    def tab_to(self, name):
        while self.box.evaluate("box => box.contains(document.activeElement)"):
            if self.page.evaluate(FOCUSED, name):
                return self
            self.page.keyboard.press("Tab")
        pytest.fail(f"Tab does not lead to {name}")

    def press(self, key):
        self.page.keyboard.press(key)
        return self

    def says(self, text):
        self.box.locator("[role=alert]", has_text=text).wait_for()
        return self


@pytest.fixture
def desk(open_notebook, server):
    server.write("quiz.ipynb", CELLS)
    (server.folder / "record.json").unlink(missing_ok=True)
    notebook = open_notebook("quiz.ipynb")
    notebook.run_all()
    assert notebook.errors() == []
    desk = Desk(notebook)
    desk.open = open_notebook
    desk.record = server.folder / "record.json"
    return desk


def letter(key, option):
    """The letter under which this learner sees an option."""
    question = quizzes.find(key)
    return "ABCDEFGH"[shuffled(question, key).index(option)]


def examples(key, value=None):
    return quizzes.find(key).examples(value)


def test_a_learner_answers_right_and_wrong_by_keyboard_alone(desk):
    right, wrong = examples("02.chance")
    desk.card("A loss of 1.386").tab_to(letter("02.chance", wrong[0])).press("Enter").says("✗ Not quite") \
        .press("Tab").press("Shift+Tab").press("Enter").says("✗ Not quite")
    desk.card("A loss of 1.386").tab_to(letter("02.chance", right)).press("Space").says("✓ Right")

    desk.card("Two gradients").tab_to("A").press("Enter").says("Your number is 61.8").tab_to("C").press("Enter").says("✓ Right: C")

    number = desk.card("The loss of a fairly good D")
    desk.page.keyboard.type("0.2231")
    number.press("Enter").says("one of the two terms").press("Control+A")
    desk.page.keyboard.type("0.446")
    number.press("Enter").says("✓ Right: 0.446")

    ticks = desk.card("At the equilibrium")
    for option in sorted(examples("02.equilibrium")[0], key=lambda option: letter("02.equilibrium", option)):
        ticks.tab_to(letter("02.equilibrium", option)).press("Space")
    ticks.tab_to("Check").press("Enter").says("✓ Right")

    steps = desk.card("From the game to its solution")
    steps.tab_to("Check").press("Enter").says("comes too early")
    question, order = quizzes.find("02.derivation"), shuffled(quizzes.find("02.derivation"), "02.derivation")
    for place in range(len(order)):
        at = order.index(place)
        if at > place:
            steps = desk.card("From the game to its solution").tab_to(f"Move up: {question.steps[place].text}")
            for there in range(at, place, -1):
                steps.press("Enter")
                desk.page.wait_for_function(IN_ROW, arg=[question.steps[place].text, there])
        order.remove(place)
        order.insert(place, place)
    steps.tab_to("Check").press("Enter").says("✓ Right: your order")

    events = json.loads(desk.record.read_text(encoding="utf-8"))["events"]
    assert [(event["key"], event["right"]) for event in events if event["key"] in ("02.chance", "02.push_ratio", "03.loss_of_d")] == [
        ("02.chance", False), ("02.chance", False), ("02.chance", True), ("02.push_ratio", False), ("02.push_ratio", True),
        ("03.loss_of_d", False), ("03.loss_of_d", True)]
    assert desk.notebook.errors() == [] and desk.notebook.strangers == []

    desk.page.evaluate("() => window.jupyterapp.commands.execute('docmanager:save')")
    desk.notebook.restart()
    again = desk.open("quiz.ipynb")                                  # the page is loaded anew, and so is the kernel
    again.run_all()
    assert "Last time: ✗ not right at the first try." in desk.card("A loss of 1.386").box.inner_text()
    table = desk.page.locator("table", has_text="Your progress")
    assert f"4 of {len(quizzes.load('02'))}" in table.inner_text() and "A loss of 1.386" in table.inner_text()
    if folder := os.environ.get("GAN_COURSE_SCREENSHOTS"):
        again.photograph(os.path.join(folder, "again"))


def test_a_prediction_by_keyboard_meets_its_outcome(desk):
    outcome = desk.page.locator("[role=alert]", has_text="What came out")
    assert outcome.count() == 0
    card = desk.card("Predict · The value of knowing nothing")
    desk.page.keyboard.type("-0.69")
    card.tab_to("rather sure, 70 %").press("Enter").says("Kept. You predict: -0.69, and you are 70 % sure.")
    outcome.wait_for()
    assert "Not as you predicted" in outcome.inner_text()
    assert desk.notebook.errors() == []


def test_maths_is_typeset_and_answers_are_not_on_the_page(desk):
    page = desk.page
    page.locator(".gan-course-quiz mjx-container").first.wait_for()
    page.wait_for_function("() => document.querySelectorAll('.gan-course-quiz mjx-container').length > 40")
    assert page.locator(".gan-course-quiz mjx-merror").count() == 0
    assert "$" not in " ".join(page.locator(".gan-course-quiz").all_inner_texts())
    content = page.content() + json.dumps(page.evaluate("() => window.jupyterapp.shell.currentWidget.content.model.toJSON()"))
    shown = [option.why for key in (*quizzes.load("02"), *quizzes.load("03")) for option in getattr(quizzes.find(key), "options", [])
             if "$" not in option.why and option.why in content]
    assert shown == [] and not any(isinstance(quizzes.find(key), Range) for key in quizzes.load("02") if not quizzes.find(key).in_text)
    if folder := os.environ.get("GAN_COURSE_SCREENSHOTS"):
        right, wrong = examples("02.chance")
        desk.card("A loss of 1.386").tab_to(letter("02.chance", wrong[0])).press("Enter").says("✗ Not quite")
        desk.card("At the equilibrium").tab_to("A").press("Space").tab_to("Check").press("Enter").says("✗")
        desk.card("Taking turns").tab_to("B").press("Enter").tab_to("perhaps, 50 %").press("Enter").says("Kept")
        for width in (1280, 1000):
            page.set_viewport_size({"width": width, "height": 900})
            desk.notebook.photograph(os.path.join(folder, str(width)))
