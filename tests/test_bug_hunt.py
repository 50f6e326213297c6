"""Tests that learners write, tested themselves: each fails on its bug and passes on every right program."""
import inspect
import json
import time

import pytest
import torch

from gan_course.lessons import exercises
from gan_course.lessons.exercises import (
    _bug_programs,
    _more_bug_programs,
    bug_hunt,
    mended_programs,
    more_bugs,
    more_mended_programs,
)
from gan_course.lessons.exercises._bugs import BugTest
from gan_course.paths import NOTEBOOKS
from gan_course.widgets.exercises import run_test

MAIN, DEEPER = ("18_bug_hunt", "deeper/18_more_bugs")
TESTS = {test.key: test for test in (*bug_hunt.EXERCISES, *more_bugs.EXERCISES)}
CELLS = [cell["source"] for name in (MAIN, DEEPER)
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
    for program in (test.bug, *test.right):
        start = time.process_time()
        try:
            test.reference(program)
        except AssertionError:
            assert program is test.bug
        assert time.process_time() - start < 1
    start = time.process_time()
    exercises.evidence(key, own(test))                              # the bug and all right programs
    assert time.process_time() - start < 2


@pytest.mark.parametrize("key", TESTS)
def test_a_test_meets_four_right_programs_and_the_one_that_is_mended_first(key):
    test = TESTS[key]
    name = next(iter(inspect.signature(test.reference).parameters))
    assert len(test.right) >= 4 and len({*test.right, test.bug}) == len(test.right) + 1
    assert exercises.reference(f"18.{name}") is test.right[0]
    assert exercises.assess(f"18.{name}", test.bug).id == "the_bug"


def test_every_program_of_the_set_is_the_bug_or_a_right_version_of_some_test():
    used = [program for test in TESTS.values() for program in (test.bug, *test.right)]
    for module in (_bug_programs, _more_bug_programs):
        mine = [each for each in vars(module).values() if inspect.isfunction(each) and each.__module__ == module.__name__]
        assert [each.__name__ for each in mine if each not in used] == []


def test_two_tests_of_one_penalty_meet_the_same_right_programs():
    first, second = TESTS["18.test_same_slope"].right, TESTS["18.test_batch_size"].right
    assert first[1:] == second[1:] and first[0] is _bug_programs.r1 and second[0] is _more_bug_programs.penalty
    for program in (*first, *second):
        for test in (bug_hunt.test_same_slope, more_bugs.test_batch_size):
            torch.manual_seed(0)
            test(program)


def test_what_a_test_says_of_a_program_is_told_and_never_raised():
    def endless(program):
        while True:
            pass

    assert run_test(bug_hunt.test_bounded, _bug_programs.real_loss) == "it passes"
    assert run_test(bug_hunt.test_bounded, _bug_programs.labels_above_one) == "it fails: a loss below 0"
    assert run_test(lambda program: 1 / 0, None) == "it stops with an error, ZeroDivisionError: division by zero"
    assert run_test(endless, None) == "it does not end"
    state = torch.get_rng_state()
    run_test(more_bugs.test_relative, _more_bug_programs.relativistic_loss)
    assert torch.equal(state, torch.get_rng_state())


def test_every_mend_is_met_by_the_learner_s_own_test_and_measured_again():
    mends = [exercise.key for exercise in (*mended_programs.EXERCISES, *more_mended_programs.EXERCISES)]
    assert len(mends) == len(TESTS) == 17
    for key in mends:
        name = key.removeprefix("18.")
        test = next(test for test in TESTS.values() if name in inspect.signature(test.reference).parameters)
        place = next(number for number, cell in enumerate(CELLS) if f'exercises.check("{key}"' in cell)
        after = CELLS[place].partition(f'exercises.check("{key}"')[2] + CELLS[place + 1]
        assert f"exercises.run_test({test.reference.__name__}, {name})" in after, key
        before = "".join(CELLS[:place])
        assert any(word in after and word in before for word in MEASURED[name]), key


MEASURED = {  # what is measured with the bug, and once more behind the mend
    "adversarial_losses": ["play("], "discriminator_step": ["accuracy("], "gradient_penalty": ["slope_after("], "r1": ["costs("],
    "block": ["strengths("], "update_average": ["trained("], "real_loss": ["climb("], "compare": ["far_away("],
    "generator_step": ["losses_of("], "discriminator_loss": ["discriminator_loss(sure"], "relativistic_loss": ["at_levels("],
    "between": ["between(black"], "penalty": ["by_batch_size("], "sample": ["beside_others("], "rotated": ["how_many("], "psnr": ["by_brightness("],
    "signal": ["rare_share("],
}


def test_the_notebook_shows_each_program_with_the_bug_that_its_test_is_for():
    for test in TESTS.values():
        name = next(iter(inspect.signature(test.reference).parameters))
        shown = [cell for cell in CELLS if f"def {name}(" in cell and "exercises.check" not in cell]
        assert len(shown) == 1, name
        body = inspect.getsource(test.bug).split(":\n", 1)[1].strip()
        assert body in shown[0], f"{name} is not the program with the bug"


def test_every_test_of_the_course_is_one():
    assert all(isinstance(exercises.find(key), BugTest) for key in TESTS) and len(TESTS) == 17
