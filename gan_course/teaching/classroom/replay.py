"""The process in which a learner's code runs: finds the functions that a notebook hands to
`exercises.check`, marks them, and says what it saw. Nothing that comes out of it is trusted, since
whatever runs here could say anything: see `marking`.

    in    JSON: {"allowed", "cells": [[notebook, source] …], "known": [place of a cell …],
          "dead": [place of a cell …]}
    out   lines of JSON, in this order: {"ready": …}, {"found": {cell: [key …]}}, {"cell": …} and
          {"key": …, what came of it} in turns, {"done": true}; or {"failed": why} in place of the
          first

`cells` says what runs of a notebook. Where a notebook imports `exercises`, `Checks` stands in its
place: notebooks made with an older version of the course, which imported it from elsewhere, are
marked all the same.
"""
import ast
import builtins
import json
import os
import sys
from collections.abc import Iterator

from gan_course.lessons import progress
from gan_course.teaching.classroom import confine
from gan_course.teaching.classroom.cells import Cell, needed_names


def main() -> None:
    """Read the task, set the limits, and go through the cells."""
    task = json.loads(sys.stdin.buffer.read())
    say = channel()
    try:
        from IPython.core import inputtransformer2  # noqa: F401  (loaded before the clock runs)

        from gan_course.lessons import exercises

        exercises.prepare()
        limited = confine.limit(confine.Allowance(**task["allowed"]))
    except Exception as error:
        say({"failed": f"{type(error).__name__}: {error}"[:1000]})
        raise
    say({"ready": {"limits": limited}})
    cells = [Cell(place, *cell) for place, cell in enumerate(task["cells"])]
    say({"found": {cell.place: cell.keys for cell in cells if cell.keys}})
    for notebook in dict.fromkeys(cell.notebook for cell in cells):
        for message in replay([cell for cell in cells if cell.notebook == notebook],
                            task["known"], task["dead"]):
            say(message)
    say({"done": True})
    os._exit(0)  # whatever threads the learner's code has left behind


def channel():
    """Hand over a message a line, on what was standard output; prints go nowhere from now on."""
    line = os.dup(1)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(nowhere, stream)

    def say(message):
        content = json.dumps(message).encode() + b"\n"
        while content:
            content = content[os.write(line, content):]
    return say


class Checks:
    """Stands where a notebook has `exercises`: takes down what is handed to `check`, and gives back
    the course's own function, with which the notebook goes on.
    """

    def __init__(self):
        self.handed: list[tuple[str, object]] = []

    def check(self, key, answer):
        """Take down an answer, and return the course's own function for the notebook to go on with.
        """
        from gan_course.lessons import exercises

        key = progress.current(str(key))
        self.handed.append((key, answer))
        return exercises.reference(key) if key in exercises.names() else answer

    def hint(self, key):
        """Show nothing: hints are for learners."""

    solution = hint


class Shell:
    """Stands where IPython's `get_ipython()` is: magics and shell commands do nothing."""

    def run_line_magic(self, *words):
        """Do nothing."""

    run_cell_magic = system = run_line_magic

    def getoutput(self, *words) -> list[str]:
        """What a shell command printed: nothing."""
        return []


def replay(cells: list[Cell], known: list[int], dead: list[int]) -> Iterator[dict]:
    """Run what is needed of each cell of a notebook, in order, and mark each answer that is handed
    over.

    Args:
        cells: the code cells of a notebook.
        known: the places of cells whose checks have their results; they run unmarked.
        dead: the places of cells that do not run.

    Yields:
        What is to be said, as the module's docstring has it.
    """
    from gan_course.lessons import exercises

    checks, needed = Checks(), needed_names(cells)
    namespace = {
        "__name__": "submission", "__builtins__": builtins, "get_ipython": Shell,
        "exercises": checks, "check": checks.check
    }
    for cell in cells:
        if cell.place in dead:                      # the notebook goes on with the course's own
            named = [exercises.reference(key) for key in cell.keys if key in exercises.names()]
            namespace |= {function.__name__: function for function in named}
            continue
        yield {"cell": cell.place}
        trouble, handed = cell.trouble, set()
        for step in cell.steps(needed):
            checks.handed = []
            wrong = _run(step, cell.file, namespace, checks)
            trouble = trouble or wrong
            handed |= {key for key, _ in checks.handed}
            if cell.place not in known:
                yield from (_assessed(key, answer) for key, answer in checks.handed)
        if cell.place not in known:
            why = trouble or "The check stands where it is not reached."
            yield from (_verdict(key, "wrong", "no_answer", f"No function was handed over. {why}")
                        for key in cell.keys if key not in handed)


def _run(step: ast.stmt, file: str, namespace: dict, checks: Checks) -> str:
    """Run a statement; what went wrong, in words."""
    from gan_course.lessons.exercises import _sandbox

    if stands_for := _imported_checks(step, checks):
        namespace |= stands_for
        return ""
    imports = isinstance(step, ast.Import | ast.ImportFrom)
    run = _sandbox.run_here if imports else _sandbox.run        # imports may take their time
    return _trouble(run(_execute, [ast.Module([step], []), file, namespace]))


def _imported_checks(step: ast.stmt, checks: Checks) -> dict:
    """What stands for the names that an import takes from the course's exercises, wherever they lay
    in the version that the notebook was made with.
    """
    if isinstance(step, ast.Import):
        own = step.names[0].name.startswith("gan_course") and step.names[0].asname
        return {own: checks} if own and step.names[0].name.endswith(".exercises") else {}
    if isinstance(step, ast.ImportFrom) and (step.module or "").startswith("gan_course"):
        name, given = step.names[0].name, step.names[0].asname or step.names[0].name
        if name == "exercises":
            return {given: checks}
        if step.module.endswith(".exercises") and hasattr(checks, name):
            return {given: getattr(checks, name)}
    return {}


def _assessed(key: str, answer) -> dict:
    """What came of one check."""
    from gan_course.lessons import exercises

    if key not in exercises.names():
        return _verdict(key, "wrong", "no_exercise", "There is no such exercise.")
    verdict = exercises.assess(key, answer)
    seen = exercises.evidence(key, answer) if verdict.outcome == "right" else []
    return _verdict(key, verdict.outcome, verdict.id, verdict.says, verdict.printed,
                    map(written, seen))


def _execute(module: ast.Module, file: str, namespace: dict) -> None:
    exec(compile(ast.fix_missing_locations(module), file, "exec"), namespace)


def _trouble(outcome) -> str:
    if outcome.endless:
        return "a line before it never ended."
    return f"{type(outcome.error).__name__}: {outcome.error}"[:300] if outcome.error else ""


def _verdict(key, outcome, id, says, printed="", evidence=()) -> dict:
    return {
        "key": key, "outcome": outcome, "id": id, "says": says, "printed": printed,
        "evidence": list(evidence)
    }


def written(seen: dict) -> dict:
    """What a probe saw as JSON: a tensor as [shape, numbers], the rest as words."""
    import torch

    return {
        name: [list(value.shape), value.detach().double().flatten().tolist()] if isinstance(
            value, torch.Tensor) else repr(value) for name, value in seen.items()
    }


if __name__ == "__main__":
    main()
