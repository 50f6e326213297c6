"""Questions: what their files may hold, how answers are judged, that nothing is given away, and when they come back."""
import json
import re

import pytest
from ipywidgets import Widget

from gan_course.lessons import progress, quizzes
from gan_course.lessons.quizzes import QuizError
from gan_course.lessons.quizzes.kinds import Choices, Number, Order, Range
from gan_course.widgets import quiz
from gan_course.widgets.answers import Field, NotYet, shuffled
from gan_course.widgets.cards import Card, Outcome, Prediction, markup

EVERY = quizzes.every()
EACH = pytest.mark.parametrize("key", EVERY)
GOOD = """
- id: one
  title: One
  kind: choice
  ask: Which?
  options:
    - text: this
      why: It is.
      right: true
    - text: that
      why: It is not.
- id: two
  title: Two
  kind: number
  ask: How many?
  answer: 2
  tolerance: 0.5
  why: Two.
  slips:
    - answer: 4
      why: Twice too many.
  otherwise: Count again.
- id: three
  title: Three
  kind: range
  ask: How much?
  ranges:
    - upto: 0
      why: Little.
    - upto: 1
      why: Some.
    - why: Much.
- id: four
  title: Four
  kind: order
  ask: In order?
  steps:
    - text: a
      why: First.
    - text: b
      why: After a.
    - text: c
      why: After b.
  why: So it goes.
"""


@pytest.fixture(autouse=True)
def page(monkeypatch, tmp_path):
    """A learner who watches, with an empty record and a fresh kernel; what is shown, in a list."""
    shown = []
    monkeypatch.setenv("GAN_COURSE_HEADLESS", "0")
    monkeypatch.setenv("GAN_COURSE_PROGRESS", str(tmp_path / "progress.json"))
    monkeypatch.setattr("IPython.display.display", shown.append)
    monkeypatch.setattr(quiz, "_predictions", {})
    monkeypatch.setattr(quiz, "_outcomes", {})
    return shown


def walk(widget):
    yield widget
    for child in getattr(widget, "children", ()):
        yield from walk(child)


def state(box):
    """Everything that the browser is told about a widget and those inside it, but for their looks."""
    return "\n".join(json.dumps(each.get_state(), default=str, ensure_ascii=False) for each in walk(box))


def whys(question):
    """All that explains an answer to the question."""
    return re.findall(r"'(?:why|otherwise)': (?:'([^']*)'|\"([^\"]*)\")", str(question.model_dump()))


def values_for(question):
    """Values of the learner's own that the question might meet: in each range and on each edge."""
    if not isinstance(question, Range):
        return [None]
    ends = [band.upto for band in question.ranges[:-1]]
    return [ends[0] - 1, *ends, *((low + high) / 2 for low, high in zip(ends, ends[1:], strict=False)), ends[-1] + 1]


def text(html):
    return re.sub(r"<[^>]*>", "", html)


# the files

def load(tmp_path, content):
    (tmp_path / "02_test.yaml").write_text(content, encoding="utf-8")
    return quizzes.load("02", tmp_path)


def test_a_good_file_loads(tmp_path):
    assert list(load(tmp_path, GOOD)) == ["02.one", "02.two", "02.three", "02.four"]


def test_questions_of_a_deeper_notebook_have_a_file_and_a_self_check_of_their_own(tmp_path, page, monkeypatch):
    (tmp_path / "deeper").mkdir()
    (tmp_path / "deeper" / "02_more.yaml").write_text(GOOD.partition("- id: two")[0].replace("id: one", "id: more"), encoding="utf-8")
    assert list(load(tmp_path, GOOD)) == ["02.one", "02.two", "02.three", "02.four"]
    assert list(quizzes.load("deeper/02_more", tmp_path)) == list(quizzes.deeper("02", tmp_path)) == ["02.more"]
    assert list(quizzes.every(tmp_path)) == ["02.one", "02.two", "02.three", "02.four", "02.more"]
    assert quizzes.find("02.more", tmp_path).title == "One"
    here = quizzes.load("deeper/02_more", tmp_path)
    monkeypatch.setattr(quizzes, "load", {"deeper/02_more": here}.get)
    quiz.show("deeper/02_more")
    assert "Which?" in state(page[0]) and "Again, from" not in state(page[0])     # earlier ones come back on the main path alone


def test_no_two_questions_of_a_notebook_s_number_have_one_key():
    for number in quizzes.numbers():
        assert not quizzes.load(number).keys() & quizzes.deeper(number).keys()
        each = [quizzes.load(f"deeper/{file.stem}") for file in quizzes.FOLDER.glob(f"deeper/{number}_*.yaml")]
        assert sum(map(len, each)) == len(quizzes.deeper(number))


@pytest.mark.parametrize("old, new, line, reason", [
    ("ask: Which?", "ask: Which?\n  hint: none", 6, "question one: hint is not a key that is known here"),
    ("      right: true", "      right: true\n      weight: 3", 10, "weight is not a key that is known here in item 1 of options"),
    ("      right: true\n", "", 2, "question one: no options are right; a choice needs exactly one"),
    ("why: It is not.", "why: It is not.\n      right: true", 2, "question one: 2 options are right"),
    ("      why: It is not.\n", "", 10, "question one: why is missing in item 2 of options"),
    ("why: It is not.", "why: ''", 11, "question one: why is empty in item 2 of options"),
    ("text: that", "text: this", 2, "question one: two options have the same text"),
    ("id: two", "id: one", 12, "question one: another question has this id too"),
    ("id: two", "id: Two!", 12, "question Two!: id may only have small letters, digits and _"),
    ("title: Two", "title: 2", 13, "question two: title has to be text"),
    ("answer: 2", "answer: '1e-3'", 16, "question two: answer has to be a number"),
    ("answer: 2", "answer: .nan", 16, "question two: answer has to be a number"),
    ("tolerance: 0.5", "tolerance: 0", 17, "question two: tolerance will not do"),
    ("answer: 4", "answer: 2.5", 12, "question two: the slip 2.5 is too near to the right answer 2"),
    ("  otherwise: Count again.\n", "", 12, "question two: otherwise is missing"),
    ("kind: number", "kind: guess", 12, "question two: kind has to be one of"),
    ("  kind: number\n", "", 12, "question two: kind has to be one of"),
    ("right: true", "right: 1", 9, "question one: right has to be true or false in item 1 of options"),
    ("upto: 1", "upto: -1", 23, "question three: every range but the last needs an upto, from low to high"),
    ("    - why: Much.\n", "", 23, "question three: every range but the last"),
    ("text: b", "text: a", 33, "question four: two options have the same text"),
    ("title: Four", "title: Four\n  title: Five", 35, "the key title is written twice"),
    ("ask: Which?", "ask: Which: this?", 5, "mapping values are not allowed here"),
])
def test_a_fault_is_found_with_its_file_line_and_reason(tmp_path, old, new, line, reason):
    assert old in GOOD
    with pytest.raises(QuizError) as said:
        load(tmp_path, GOOD.replace(old, new, 1))
    assert f"02_test.yaml, line {line}" in str(said.value) and reason in str(said.value), str(said.value)
    assert "pydantic" not in str(said.value) and str(said.value).count("\n") == 0


def test_every_fault_of_a_file_is_told_at_once(tmp_path):
    with pytest.raises(QuizError) as said:
        load(tmp_path, GOOD.replace("title: Two", "titel: Two").replace("ask: Which?", "ask: 3"))
    assert [line.partition(":")[0] for line in str(said.value).splitlines()] == [
        f"02_test.yaml, line {line}, question {name}" for line, name in [(5, "one"), (12, "two"), (13, "two")]]


@pytest.mark.parametrize("content", ["", "just words", "id: one", "- just words\n"])
def test_a_file_that_is_no_list_of_questions_is_refused(tmp_path, content):
    with pytest.raises(QuizError, match="02_test.yaml, line 1"):
        load(tmp_path, content)


def test_a_file_cannot_run_code(tmp_path):
    with pytest.raises(QuizError, match="could not determine a constructor"):
        load(tmp_path, "- id: !!python/object/apply:os.getcwd []\n")


def test_the_course_has_enough_questions_of_every_sort():
    least_of = {"00": 3} | dict.fromkeys(("01", "02", "03", "04", "05", "06", "07", "08", "09", "10", "11", "14"), 6)
    for number, least in least_of.items():
        questions = quizzes.load(number).values()
        assert len(questions) >= least
        assert sum(question.in_text for question in questions) >= (2 if number > "00" else 1)
    assert {question.kind for question in EVERY.values()} == {"choice", "choices", "number", "order", "range"}


def test_an_unknown_key_names_those_there_are():
    with pytest.raises(ValueError, match="02.chance"):
        quiz.ask("02.chanse")
    with pytest.raises(ValueError, match="00, 01, 02, 03"):
        quiz.show("77")


# answering

@EACH
def test_every_answer_right_or_wrong_explains_itself_and_is_heard_once_it_is_given(key):
    question = EVERY[key]
    for value in values_for(question):
        right, wrong = question.examples(value)
        for given in (*wrong, right):
            heard = []
            card = Card(key, question, value=value, on_answer=lambda *what, heard=heard: heard.append(what))
            card.answer.fill(given)
            verdict, said = question.mark(given, value), card.result.value
            assert verdict.right is (given == right) and card.error is None
            assert ("✓ Right" in said) is verdict.right and ("✗ Not quite" in said) is not verdict.right
            assert verdict.says and all(markup(each.text) in said for each in verdict.says)
            assert heard == [(given, verdict.right, True)]


@EACH
def test_nothing_is_given_away_before_an_answer(key):
    question = EVERY[key]
    Widget.close_all()
    cards = [Card(key, question, value=values_for(question)[0])]
    if isinstance(question, Number | Range):
        cards += [Prediction(key, question, on_keep=lambda *_: None), Outcome(key, question, 0.123456)]
    assert len(Widget.get_manager_state()["state"]) > 10            # everything that the browser is told
    for card in cards:
        told = json.dumps(Widget.get_manager_state(), ensure_ascii=False) + repr(card.box)
        found = [why for pair in whys(question) for why in pair if why and (why in told or json.dumps(markup(why))[1:-1] in told)]
        assert found == [] and not re.search(r'"right": (true|false)', told) and "0.1235" not in told and "0.123456" not in told
        if isinstance(question, Number):
            names = re.compile("[0-9a-f]{32}")                      # widgets' random names may hold any number
            assert f"{question.answer:g}" not in names.sub("", told)


def test_whys_are_found_where_they_are():
    assert sum(len(whys(question)) for question in EVERY.values()) > 100


def test_other_answers_may_be_tried_after_the_right_one_but_only_tries_until_then_count():
    question, heard = EVERY["02.chance"], []
    right, wrong = question.examples()
    card = Card("02.chance", question, on_answer=lambda *what: heard.append(what))
    for given in (wrong[0], wrong[1], right, wrong[2]):
        card.answer.fill(given)
    assert heard == [(wrong[0], False, True), (wrong[1], False, False), (right, True, False)]
    assert markup(question.options[wrong[2]].why) in card.result.value


def test_choices_tell_what_is_ticked_rightly_what_wrongly_and_how_many_are_missing():
    question = EVERY["02.equilibrium"]
    card = Card("02.equilibrium", question)
    card.answer.fill([0, 3])
    said, letters = text(card.result.value), card.answer.letters
    assert f"✓ {letters[0]}: " in said and f"✗ {letters[3]}: " in said and "2 more belong to the answer" in said
    assert f"{letters[1]}: " not in said
    card.answer.fill([])
    assert "Tick every answer that is right" in card.result.value and card.tries == 1


@pytest.mark.parametrize("written, number", [("-1.386", -1.386), ("−1,38", -1.38), (" 3e-4 ", 3e-4), ("2", 2.0),
                                             ("0,250", 0.25), ("1 000", 1000), ("1,234,567", 1234567), ("1,234.5", 1234.5)])
def test_numbers_may_be_written_in_many_ways(written, number):
    field = Field(EVERY["02.value_at_one_half"], [], lambda: None, None, "Check")
    field.field.value = written
    assert field.read() == number


@pytest.mark.parametrize("written", ["", "two", "nan", "inf", "1/2", "1.2.3"])
def test_what_is_no_number_is_not_judged_and_says_so(written):
    card = Card("02.value_at_one_half", EVERY["02.value_at_one_half"])
    card.answer.field.value = written
    card.answer.check.click()
    assert "Write a number" in card.result.value and card.tries == 0 and card.error is None
    with pytest.raises(NotYet):
        card.answer.read()


def test_a_comma_that_can_be_read_in_two_ways_is_asked_about_and_not_judged():
    card = Card("02.value_at_one_half", EVERY["02.value_at_one_half"])
    card.answer.field.value = "1,000"
    card.answer.check.click()
    assert "1,000 can be read as 1000 or as 1.000" in card.result.value and card.tries == 0


def test_enter_answers_a_number():
    card = Card("03.loss_of_d", EVERY["03.loss_of_d"])
    card.answer.field.value = "0.4463"
    card.answer.field._handle_custom_msg({"event": "submit"}, [])
    assert "✓ Right" in card.result.value


@pytest.mark.parametrize("given, right", [(0.4463, True), (0.4563, True), (0.4363, True), (0.45635, False), (0.43625, False)])
def test_a_number_is_right_up_to_its_tolerance(given, right):
    assert EVERY["03.loss_of_d"].mark(given).right is right


def test_a_known_slip_gets_its_own_explanation():
    question = EVERY["03.loss_of_d"]
    for slip in question.slips:
        assert question.mark(slip.answer).says[0].text == slip.why
    assert question.mark(99.0).says[0].text == question.otherwise


@pytest.mark.parametrize("value, place", [(-1e9, 0), (0, 0), (1e-12, 1), (1, 1), (1 + 1e-12, 2), (1e9, 2)])
def test_a_range_holds_its_upper_edge(tmp_path, value, place):
    question = load(tmp_path, GOOD)["02.three"]
    assert question.holds(value) == place and question.mark(place, value).right
    assert question.texts() == ["at most 0", "above 0, at most 1", "above 1"]


def test_a_range_is_judged_by_the_learner_s_own_value_and_shows_it(page):
    quiz.ask("02.push_ratio", value=61.8)
    buttons = [widget for widget in walk(page[0]) if type(widget).__name__ == "Button"]
    assert "61.8" not in state(page[0])
    buttons[2].click()
    assert "✓ Right: C" in text(state(page[0])) and "Your number is 61.8." in state(page[0])


@pytest.mark.parametrize("key, value, said", [("02.push_ratio", None, "hand it over"), ("02.push_ratio", float("nan"), "finite number"),
                                              ("02.chance", 3.0, "no use for a value")])
def test_a_value_that_will_not_do_is_refused_in_words(key, value, said):
    with pytest.raises(ValueError, match=said):
        quiz.ask(key, value=value)


@pytest.mark.parametrize("key, value, said", [
    ("02.value_at_one_half", None, r"hand it over as quiz.outcome\('02.value_at_one_half', value=…\)"),
    ("02.value_at_one_half", float("nan"), "finite number"), ("02.chance", 0.3, "is not a question to predict")])
def test_an_outcome_that_will_not_do_is_refused_in_words(key, value, said):
    with pytest.raises(ValueError, match=said):
        quiz.outcome(key, value)


def test_steps_move_up_and_down_and_the_keyboard_stays_with_them(monkeypatch):
    question = EVERY["02.derivation"]
    card = Card("02.derivation", question)
    steps, focused = card.answer, []
    monkeypatch.setattr("ipywidgets.Button.focus", lambda button: focused.append(button))
    start = list(steps.order)
    steps.places[1][0].click()                                      # the second goes up, to the top: only down is left
    assert steps.order == [start[1], start[0], *start[2:]] and focused == [steps.places[0][1]]
    steps.places[0][1].click()
    assert steps.order == start and focused[-1] is steps.places[1][1]
    assert markup(question.steps[start[0]].text) in steps.rows[0].value and question.steps[start[0]].text in steps.places[0][1].tooltip
    assert steps.places[0][0].disabled and steps.places[-1][1].disabled


def test_a_wrong_order_says_how_far_it_is_right_and_what_comes_too_early():
    question = EVERY["02.derivation"]
    verdict = question.mark([0, 1, 3, 2, 4])
    assert verdict.says[0].text.startswith("2 of 5") and verdict.says[1].text == f"Number 3 comes too early. {question.steps[3].why}"


# how it looks

def test_text_is_escaped_and_marked_up():
    assert markup("a <b> & `x < y*z*` $p < q^*$ *so* **much**") == (
        "a &lt;b&gt; &amp; <code>x &lt; y*z*</code> $p &lt; q^*$ <i>so</i> <b>much</b>")


def test_nothing_of_a_question_gets_through_as_html(tmp_path):
    evil = "<img src=x onerror=alert(1)>"
    quoted = GOOD.replace("this", evil).replace("It is.", evil).replace("title: One", f"title: {evil}").replace("Which?", evil)
    card = Card("02.one", load(tmp_path, quoted)["02.one"])
    card.answer.fill(0)
    html = [widget.value for widget in walk(card.box) if hasattr(widget, "value") and isinstance(widget.value, str)]
    assert evil not in "".join(html) and "&lt;img" in "".join(html)


@EACH
def test_options_are_shuffled_for_each_learner_but_stay(key, monkeypatch, tmp_path):
    question = EVERY[key]
    orders = set()
    for learner in range(500):
        monkeypatch.setattr("gan_course.widgets.answers.Path.home", lambda learner=learner: tmp_path / str(learner))
        orders.add(tuple(shuffled(question, key)))
        assert shuffled(question, key) == shuffled(question, key)
    if isinstance(question, Range | Number):
        assert len(orders) == 1 and list(*orders) == sorted(*orders)
    else:
        assert len(orders) > 3
    if isinstance(question, Order):
        assert tuple(range(len(question.steps))) not in orders


@EACH
def test_everything_can_be_reached_by_keyboard_and_has_a_name(key):
    question = EVERY[key]
    cards = [Card(key, question, value=0.0 if isinstance(question, Range) else None)]
    if isinstance(question, Number | Range):
        cards += [Prediction(key, question, on_keep=lambda *_: None), Outcome(key, question, 0.0)]
    for card in cards:
        kinds = {type(widget).__name__ for widget in walk(card.box)}
        assert kinds <= {"VBox", "HBox", "Box", "HTML", "HTMLMath", "Button", "Checkbox", "Text"}
        assert all(widget.description for widget in walk(card.box) if type(widget).__name__ in ("Button", "Checkbox", "Text"))


def test_an_error_is_shown_in_words_and_not_swallowed():
    def fail(*_):
        raise OSError("the <disk> is full")

    card = Card("02.chance", EVERY["02.chance"], on_answer=fail)
    card.answer.fill(0)                                             # a Button tells the log, or the kernel's page
    assert "the &lt;disk&gt; is full" in card.trouble.value and 'role="alert"' in card.trouble.value
    assert isinstance(card.error, OSError) and card.result.value    # the answer is explained all the same
    with pytest.raises(OSError):
        card.guarded(fail)()


# what is recorded

def press(box, description, nth=0):
    [widget for widget in walk(box) if getattr(widget, "description", "").startswith(description)][nth].click()


def test_answers_are_recorded_and_the_next_time_tells_of_the_last(page):
    right, wrong = EVERY["02.chance"].examples()
    letters = Card("02.chance", EVERY["02.chance"]).answer.letters
    quiz.ask("02.chance")
    assert "Last time" not in state(page[0])
    press(page[0], letters[wrong[0]])
    press(page[0], letters[right])
    assert [(event["key"], event["given"], event["right"], event["first"]) for event in progress.read()] == [
        ("02.chance", wrong[0], False, True), ("02.chance", right, True, False)]
    quiz.ask("02.chance")
    assert "Last time: ✗ not right at the first try." in state(page[1])


def test_a_prediction_is_kept_and_meets_its_outcome(page):
    quiz.predict("02.alternating")
    press(page[0], "quite sure")
    assert "Choose one of the answers first" in state(page[0]) and progress.read() == []
    press(page[0], "C")
    press(page[0], "quite sure")
    assert progress.pending("02.alternating")["confidence"] == 0.9
    quiz.outcome("02.alternating", 1.0)
    said = state(page[1])
    assert "✗ Not as you predicted" in said and "90 % sure of: C" in said and "What came out: 1 (B, " in said
    bands = EVERY["02.alternating"].ranges
    assert markup(bands[2].why) in said and markup(bands[1].why) in said     # both explain themselves
    assert progress.calibration() == [(0.9, 1, 0)]
    quiz.outcome("02.alternating", 1.0)                             # the cell is run again: nothing more is counted
    assert "✗ Not as you predicted" in state(page[2]) and len(progress.read()) == 2


def test_run_all_cells_first_and_the_outcome_waits_for_the_prediction(page):
    quiz.predict("02.value_at_one_half")
    quiz.outcome("02.value_at_one_half", -1.38629)
    assert "You have not predicted yet" in state(page[1]) and "1.386" not in state(page[1])
    [field] = [widget for widget in walk(page[0]) if type(widget).__name__ == "Text"]
    field.value = "-1.39"
    press(page[0], "perhaps")
    assert "✓ As you predicted" in state(page[1]) and "What came out: -1.386." in state(page[1])
    assert progress.calibration() == [(0.5, 1, 1)]


def test_an_outcome_can_be_seen_without_a_prediction(page):
    quiz.outcome("02.alternating", 1.0)
    press(page[0], "Show it without")
    assert "What came out: 1 (B, " in state(page[0]) and "As you predicted" not in state(page[0]) and progress.read() == []


def test_a_prediction_survives_a_restart_of_the_kernel(page):
    quiz.predict("02.alternating")
    press(page[0], "B")
    press(page[0], "a guess")
    quiz._predictions.clear()
    quiz.predict("02.alternating")
    assert "✓ Kept. You predict: B" in state(page[1])
    quiz._predictions.clear()
    quiz.outcome("02.alternating", 1.0)
    assert "✓ As you predicted" in state(page[2]) and progress.calibration() == [(0.3, 1, 1)]


def test_only_numbers_and_ranges_can_be_predicted():
    with pytest.raises(ValueError, match="not a question to predict"):
        quiz.predict("02.chance")


# questions that come back

def answered(*keys_and_rights):
    return [{"kind": "answer", "key": key, "right": right, "first": True} for key, right in keys_and_rights]


def test_questions_come_back_wrong_ones_first_then_those_not_asked_for_longest():
    pool = [key for key, question in EVERY.items() if key < "03" and not question.in_text]
    assert quizzes.due("03", []) == pool[:2]                           # none was ever asked: in order
    right = answered(*((key, True) for key in pool))
    assert quizzes.due("03", right) == pool[:2]                        # the longest ago
    assert quizzes.due("03", right + answered((pool[0], True))) == pool[1:3]
    assert quizzes.due("03", right + answered((pool[5], False), (pool[3], False))) == [pool[5], pool[3]]
    assert quizzes.due("03", right + answered((pool[5], False), (pool[5], True)))[0] != pool[5]
    found_later = answered((pool[5], False)) + [answered((pool[5], True))[0] | {"first": False}]
    assert quizzes.due("03", right + found_later)[0] == pool[5]        # found in the end is not right at the first try
    assert quizzes.due("03", right[1:])[0] == pool[0]                  # never asked comes before asked
    assert quizzes.due("00", []) == []


def test_the_self_check_asks_the_notebook_s_own_questions_and_brings_two_back(page):
    quiz.show("03")
    said = state(page[0])
    for question in quizzes.load("03").values():
        assert (markup(question.title) in said) is not question.in_text
    assert said.count("Again, from notebook 00") == quizzes.RETURNING


# where nobody watches

def test_nobody_watching_every_question_is_printed_and_driven_and_nothing_recorded(page, monkeypatch, capsys):
    monkeypatch.setenv("GAN_COURSE_HEADLESS", "1")
    deeper = [f"deeper/{file.stem}" for file in sorted(quizzes.FOLDER.glob("deeper/*.yaml"))]
    for notebook in [*quizzes.numbers(), *deeper]:
        if not all(question.in_text for question in quizzes.load(notebook).values()):
            quiz.show(notebook)
    for key, question in EVERY.items():
        if isinstance(question, Range):
            quiz.ask(key, value=0.5)
        elif question.in_text:
            quiz.ask(key)
        if isinstance(question, Number | Range):
            quiz.predict(key)
            quiz.outcome(key, 0.5)
    said = capsys.readouterr().out
    assert all(question.ask in said and all(option in said for option in question.texts()) for question in EVERY.values())
    assert not any(why in said for question in EVERY.values() for pair in whys(question) for why in pair if len(why) > 20)
    assert page == [] and progress.read() == []


def test_a_card_that_is_closed_leaves_nothing_behind():
    card = Card("02.equilibrium", EVERY["02.equilibrium"])
    widgets = list(walk(card.box))
    card.close()
    assert len(widgets) > 10 and all(widget.comm is None for widget in widgets)


@pytest.mark.parametrize("call", [lambda: quiz.ask("02.chance"), lambda: quiz.show("02"), lambda: quiz.predict("02.alternating")])
def test_nobody_watching_an_error_in_a_callback_stops_the_run(call, monkeypatch):
    monkeypatch.setenv("GAN_COURSE_HEADLESS", "1")
    monkeypatch.setattr(Card, "given", lambda card, given: 1 / 0)
    monkeypatch.setattr(Prediction, "given", lambda card, given: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        call()


def test_drawing_the_order_leaves_the_random_numbers_alone():
    import random

    random.seed(1)
    before = random.getstate()
    Card("02.chance", EVERY["02.chance"])
    assert random.getstate() == before and isinstance(EVERY["02.equilibrium"], Choices)


# where no record can be written

@pytest.fixture
def read_only(tmp_path, monkeypatch):
    """A record in a folder that cannot be: its parent is a file. (A folder without rights would stop everyone but root.)"""
    (tmp_path / "file").touch()
    monkeypatch.setenv("GAN_COURSE_PROGRESS", str(tmp_path / "file" / "progress.json"))


def test_answers_and_predictions_go_on_where_they_cannot_be_recorded(page, read_only):
    quiz.ask("02.chance")
    card = page[0].children[0]
    letters = Card("02.chance", EVERY["02.chance"]).answer.letters
    right, wrong = EVERY["02.chance"].examples()
    for given in (wrong[0], right):
        press(card, letters[given])
    assert "✓ Right" in state(card) and "Not recorded: your record" in state(card) and "GAN_COURSE_PROGRESS" in state(card)
    assert 'gan-course-error' not in state(card)
    quiz.predict("02.alternating")
    press(page[1], "C")
    press(page[1], "quite sure")
    assert "Not recorded: your record" in state(page[1])
    quiz.outcome("02.alternating", 1.0)
    assert "✗ Not as you predicted" in state(page[2])
    quiz.show("02")
