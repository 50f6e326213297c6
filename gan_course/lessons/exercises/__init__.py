"""The exercises: small functions that a learner writes, and what is right or wrong about an answer.

    names()                       "02.discriminator_loss", …
    assess("02.chance", answer)   a Verdict: right, wrong (with the misconception in words) or not yet

The files of this folder list their exercises in `EXERCISES`, mostly a file for a notebook; a file is found by being there.
`widgets.exercises` shows the verdicts in a notebook.
"""
import ast
import functools
import importlib
import inspect
import linecache
import pkgutil
import textwrap
from collections.abc import Callable

from gan_course.lessons.exercises import _checking, _networks
from gan_course.lessons.exercises._checking import Exercise, Mistake, Probe, Verdict
from gan_course.lessons.exercises._networks import Network

__all__ = ["Exercise", "Mistake", "Network", "Probe", "Verdict", "assess", "evidence", "find",
           "names", "prepare", "reference", "source", "written"]


@functools.cache
def _all() -> dict[str, Exercise | Network]:
    modules = [module.name for module in pkgutil.iter_modules(__path__) if not module.name.startswith("_")]
    found = [exercise for name in modules for exercise in importlib.import_module(f"{__name__}.{name}").EXERCISES]
    return {exercise.key: exercise for exercise in sorted(found, key=lambda exercise: exercise.key)}


def names() -> tuple[str, ...]:
    """The exercises there are, as "NN.function", in order of their notebooks."""
    return tuple(_all())


def find(key: str) -> Exercise | Network | None:
    """The exercise called `key`; None if there is none."""
    return _all().get(key)


def assess(key: str, answer: Callable) -> Verdict:
    """What `check` would say of an answer, without showing or recording it. Raises KeyError for an unknown key."""
    exercise = _all()[key]
    if isinstance(exercise, Network):
        return Verdict(*_networks.assess(exercise, answer))
    return _checking.assess(exercise, answer)


def prepare() -> None:
    """Load what the first check would load, so that no answer is charged for it."""
    _all()
    _checking.load_what_torch_loads_late()


def reference(key: str) -> Callable:
    """The course's own function. Raises KeyError for an unknown key."""
    return _all()[key].reference


def evidence(key: str, answer: Callable) -> list[dict]:
    """What the check sees of an answer, for a judge who did not watch: [{words: a tensor, a truth value or words}], equal to that of the
    `reference` if the answer is right. Raises KeyError for an unknown key."""
    exercise = _all()[key]
    if isinstance(exercise, Network):
        return _networks.evidence(exercise, answer)
    return _checking.evidence(exercise, answer)


def source(key: str) -> str:
    """The source of the course's own function. Raises KeyError for an unknown key."""
    return inspect.getsource(_all()[key].reference).strip()


def written(answer: Callable) -> str:
    """The source of a function or class as a learner wrote it; "" if it cannot be found.

    `inspect.getsource` does not find classes of a notebook before Python 3.13.
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
