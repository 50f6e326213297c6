"""The exercises: what a learner writes, and what is right or wrong about an answer.

    names()                       "02.discriminator_loss", …
    assess("02.chance", answer)   a Verdict: right, wrong (with the misconception in words), not yet

The files of this folder list their exercises in `EXERCISES`; a file is found by being there.
`widgets.exercises` shows the verdicts in a notebook.

How to add an exercise to notebook NN:

1. Write the solution as plainly as a textbook would: a function or an `nn.Module` that needs only
   its arguments and what the notebook imports. It is shown to learners, and stands in for them.
2. A **function**: an `Exercise` with at least one `Probe(inputs, look, mistakes)`. `inputs()` makes
   fresh arguments; `look(results, inputs)` writes down what came of them, in words and tensors. An
   answer is right if all probes see what they see of the solution. (Example: `minimax`.)
3. A **network**: a `Network` with two sizes to build, the inputs of `forward`, and its role. The
   known mistakes of networks come with it, from `_faults`. (Example: `first_networks`.) A network
   whose layers are left free gets `fixed=False`.
4. A **training step**: an `Exercise` whose inputs are `_loops.scene()` (one step of both players)
   or `_steps.scene("D")` (a move of one), with `_loops.OF_A_ROUND` or `_steps.of_the_move("G")` as
   mistakes, and your own before them. (Examples: `first_loop`, `first_gan`.) A **loop** that calls
   other functions of the notebook by name gets stand-ins for them, `Probe(…, names=…)`. (Example:
   `first_training`.)
5. A **test** of a program is a `BugTest` with the program, its bug and some right versions.
   (Example: `bug_hunt`.)
6. A `Mistake(id, says, like=…)` is recognised by a wrong solution that sees the same, or, with
   `when=…`, by what was seen. The order counts: the first one that fits speaks. Names that begin
   with `_` are clues, seen by `when` and not compared. `remarks` are for what does no harm.
7. In the tests, one wrong answer for each mistake, as a learner would write it, and some right ones
   that look different. Then the notebook: `X = exercises.check("NN.X", X)` behind a skeleton with
   `...`, and `X` is used from there on. nbval runs it empty and solved (conftest.py).
"""
import ast
import functools
import importlib
import inspect
import linecache
import pkgutil
import textwrap
from collections.abc import Callable
from dataclasses import replace

from gan_course.lessons.exercises import _bugs, _checking, _networks
from gan_course.lessons.exercises._bugs import BugTest
from gan_course.lessons.exercises._checking import Exercise, Mistake, Probe, Verdict, same
from gan_course.lessons.exercises._networks import Network

__all__ = ["BugTest", "Exercise", "Mistake", "Network", "Probe", "Verdict", "assess", "evidence",
           "find", "names", "prepare", "reference", "same", "source", "written"]


@functools.cache
def _all() -> dict[str, Exercise | Network | BugTest]:
    modules = [importlib.import_module(f"{__name__}.{module.name}")
               for module in pkgutil.iter_modules(__path__) if not module.name.startswith("_")]
    found = [exercise for module in modules for exercise in module.EXERCISES]
    return {exercise.key: exercise for exercise in sorted(found, key=lambda exercise: exercise.key)}


def names() -> tuple[str, ...]:
    """The exercises there are, as "NN.function", in order of their notebooks."""
    return tuple(_all())


def find(key: str) -> Exercise | Network | BugTest | None:
    """The exercise called `key`; None if there is none."""
    return _all().get(key)


def assess(key: str, answer: Callable) -> Verdict:
    """What `check` would say of an answer, without showing or recording it.

    Args:
        key: the exercise, "NN.name".
        answer: the learner's function or class. It is called, for two seconds at most.

    Returns:
        The verdict.

    Raises:
        KeyError: there is no such exercise.
    """
    exercise = _all()[key]
    if isinstance(exercise, Network):
        return Verdict(*_networks.assess(exercise, answer))
    if isinstance(exercise, BugTest):
        return Verdict(*_bugs.assess(exercise, answer))
    verdict = _checking.assess(exercise, answer)
    return replace(verdict, outcome="not yet") if verdict.id == "the_bug" else verdict


def prepare() -> None:
    """Load what the first check would load, so that no answer is charged for it."""
    _all()
    _checking.load_what_torch_loads_late()


def reference(key: str) -> Callable:
    """The course's own function or class.

    Args:
        key: the exercise, "NN.name".

    Returns:
        What stands in for an answer that is not right.

    Raises:
        KeyError: there is no such exercise.
    """
    return _all()[key].reference


def evidence(key: str, answer: Callable) -> list[dict]:
    """What the check sees of an answer, for a judge who did not watch.

    Args:
        key: the exercise, "NN.name".
        answer: a function or class.

    Returns:
        A dict for each look, words -> a tensor, a truth value or words. They are equal to those of
        the `reference` if the answer is right.

    Raises:
        KeyError: there is no such exercise.
    """
    exercise = _all()[key]
    if isinstance(exercise, Network):
        return _networks.evidence(exercise, answer)
    if isinstance(exercise, BugTest):
        return _bugs.evidence(exercise, answer)
    return _checking.evidence(exercise, answer)


def source(key: str) -> str:
    """The worked solution: the source of the course's own function or class.

    Args:
        key: the exercise, "NN.name".

    Returns:
        Python code that needs what its notebook imports.

    Raises:
        KeyError: there is no such exercise.
    """
    return inspect.getsource(_all()[key].reference).strip()


def written(answer: Callable) -> str:
    """The source of a function or class as a learner wrote it.

    (`inspect.getsource` does not find classes of a notebook before Python 3.13.)

    Args:
        answer: a function or class of a notebook; anything else has no source.

    Returns:
        Python code; "" if it cannot be found.
    """
    parts = [answer, *vars(answer).values()] if inspect.isclass(answer) else [answer]
    code = next((part.__code__ for part in parts if inspect.isfunction(part)), None)
    if code is None:
        return ""
    lines = linecache.getlines(code.co_filename)
    try:
        tree = ast.parse("".join(lines))
    except SyntaxError:
        return ""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name == answer.__name__:
            first = min([node, *node.decorator_list], key=lambda part: part.lineno).lineno
            if first <= code.co_firstlineno <= node.end_lineno:
                return textwrap.dedent("".join(lines[first - 1:node.end_lineno])).strip()
    return ""
