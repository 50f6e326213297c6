"""Tests that learners write, tested themselves: each fails on its bug and passes on every right program."""
import inspect
import json
import time

import pytest
import torch

from gan_course.lessons import exercises
from gan_course.lessons.exercises import bug_hunt, more_bugs
from gan_course.lessons.exercises._bugs import BugTest
from gan_course.paths import NOTEBOOKS

TESTS = {test.key: test for test in (*bug_hunt.EXERCISES, *more_bugs.EXERCISES)}
CELLS = [cell["source"] for name in ("18_bug_hunt", "deeper/18_more_bugs")
         for cell in json.loads((NOTEBOOKS / f"{name}.ipynb").read_text(encoding="utf-8"))["cells"]]


def own(test):
    """The course's test as a learner would have it, another function with the same lines."""
    space = dict(vars(inspect.getmodule(test.reference)))
    exec(inspect.getsource(test.reference), space)
    return space[test.reference.__name__]


@pytest.mark.parametrize("key", TESTS)
@pytest.mark.parametrize("seed", range(5))
def test_each_test_fails_on_its_bug_and_passes_on_every_right_program(key, seed):
    test = TESTS[key]
    for program in test.right:
        torch.manual_seed(seed)
        test.reference(program)
    torch.manual_seed(seed)
    with pytest.raises(AssertionError):
        test.reference(test.bug)


@pytest.mark.parametrize("key", TESTS)
def test_what_earns_nothing_hears_why(key):
    test = TESTS[key]

    def always(program):
        assert False, "no"                                          # noqa: B011

    def never(program):
        assert callable(program)

    def stops(program):
        raise ZeroDivisionError("one of mine")

    def picky(program):
        assert program is test.right[0], "only the first will do"

    def blind(program):
        assert program is not test.right[0], "anything but the first"

    def silent(program):
        return program is test.bug

    answers = map(renamed(test), (always, never, stops, picky, blind, silent))
    said = {answer.__name__: exercises.assess(key, answer) for answer in answers}
    assert {name: (verdict.outcome, verdict.id) for name, verdict in said.items()} == {
        "always": ("wrong", "always_fails"), "never": ("wrong", "missed"), "stops": ("wrong", "error"), "picky": ("wrong", "too_strict"),
        "blind": ("wrong", "too_strict"), "silent": ("wrong", "no_assert")}
    assert "ZeroDivisionError: one of mine" in said["stops"].says and test.missed in said["never"].says
    assert inspect.getdoc(test.right[1]).splitlines()[0] in said["picky"].says
    assert "a program that is right: the program without its bug. " in said["blind"].says


def renamed(test):
    """Gives an answer the argument that the exercise asks for."""
    def made(answer):
        argument = next(iter(inspect.signature(test.reference).parameters))
        space = {"inner": answer}
        exec(f"def {answer.__name__}({argument}):\n    return inner({argument})", space)
        return space[answer.__name__]
    return made


def test_a_stub_is_not_yet_and_a_program_left_as_it_was_neither():
    def test_bounded(real_loss):
        """Says something, does nothing."""
        ...
    assert exercises.assess("18.test_bounded", test_bounded).outcome == "not yet"
    verdict = exercises.assess("18.real_loss", bug_hunt.programs.labels_above_one)
    assert (verdict.outcome, verdict.id) == ("not yet", "the_bug")


@pytest.mark.parametrize("key", TESTS)
def test_a_test_takes_less_than_a_second(key):
    test = TESTS[key]
    exercises.prepare()
    start = time.process_time()
    exercises.evidence(key, own(test))                              # the bug and all right programs
    assert time.process_time() - start < 1 + len(test.right)


def test_the_notebook_shows_each_program_with_the_bug_that_its_test_is_for():
    for test in TESTS.values():
        name = next(iter(inspect.signature(test.reference).parameters))
        shown = [cell for cell in CELLS if f"def {name}(" in cell and "exercises.check" not in cell]
        assert len(shown) == 1, name
        body = inspect.getsource(test.bug).split(":\n", 1)[1].strip()
        assert body in shown[0], f"{name} is not the program with the bug"


def test_every_test_of_the_course_is_one():
    assert all(isinstance(exercises.find(key), BugTest) for key in TESTS) and len(TESTS) == 16
