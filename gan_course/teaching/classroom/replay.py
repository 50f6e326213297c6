"""The process in which a learner's code runs: finds the functions that a notebook hands to
`exercises.check`, marks them, and says what it saw. Nothing that comes out of it is trusted, since
whatever runs here could say anything: see `marking`.

    in    JSON: {"allowed", "cells": [[notebook, source] …], "known": [place of a cell …],
          "dead": [place of a cell …]}
    out   lines of JSON, in this order: {"ready": …}, {"found": {cell: [key …]}}, {"cell": …} and
          {"key": …, what came of it} in turns, {"done": true}; or {"failed": why} in place of the
          first

Of a notebook only this runs: the cells with a check, up to their last check, and of the other cells
what these need of imports, definitions and assignments. Where a notebook imports `exercises`,
`Checks` stands in its place: notebooks made with an older version of the course, which imported it
from elsewhere, are marked all the same.
"""
import ast
import builtins
import json
import linecache
import os
import re
import symtable
import sys
from collections.abc import Iterable, Iterator

from gan_course.lessons import progress
from gan_course.teaching.classroom import confine

WRITTEN_CHECK = re.compile(r"""\bcheck\(\s*["'](\d\d\.\w+)["']""")
PYTHON_MAGICS = ("capture", "prun", "time", "timeit")
"""The cell magics whose cell is Python code all the same."""


def main() -> None:
    """Read the task, set the limits, and go through the cells."""
    task = json.loads(sys.stdin.buffer.read())
    say = _channel()
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


def _channel():
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


class Statement:
    """A statement of a cell.

    Attributes:
        node: what Python's parser makes of it.
        keys: those of the checks in it, wherever they stand.
        brings: the names that it brings or changes; "*" may bring any.
        uses: the names that it takes from outside itself, its functions included.
    """

    def __init__(self, node: ast.stmt):
        self.node, self.keys = node, _keys(node)
        try:
            names = symtable.symtable(ast.unparse(node), "cell", "exec")
        except SyntaxError:                         # `nonlocal` on its own, for example
            self.brings, self.uses = set(), set()
        else:
            self.brings = _changed(node) | {symbol.get_name() for symbol in names.get_symbols()
                                            if symbol.is_assigned() or symbol.is_imported()}
            self.uses = set(_from_outside(names))


class Cell:
    """A code cell.

    Attributes:
        place: its number among the cells of the submission.
        notebook: the name of its file.
        statements: what it says, in Python; imports of several names one by one.
        keys: those of the checks in it.
        trouble: why it cannot be read; "" if it can.
    """

    def __init__(self, place: int, notebook: str, source: str):
        self.place, self.notebook, self.trouble = place, notebook, ""
        try:
            text = _python(source)
            linecache.cache[self.file] = (len(text), None, text.splitlines(keepends=True),
                                          self.file)
            self.statements = [Statement(node) for node in _one_by_one(ast.parse(text).body)]
            found = [key for statement in self.statements for key in statement.keys]
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            self.trouble = f"The cell cannot be read: {type(error).__name__}: {error}."
            self.statements, found = [], WRITTEN_CHECK.findall(source)
        self.keys = sorted(set(found))

    @property
    def file(self) -> str:
        """What stands for its file name in error messages."""
        return f"cell {self.place}"

    def steps(self, needed: set[str]) -> Iterator[ast.stmt]:
        """What runs of it: everything up to its last check, and what brings a name that is needed.
        """
        last = max((place for place, each in enumerate(self.statements) if each.keys), default=-1)
        for place, each in enumerate(self.statements):
            if place <= last or not isinstance(each.node, ast.Expr) and each.brings & needed:
                yield each.node


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

    checks, needed = Checks(), _needed(cells)
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


def _python(source: str) -> str:
    """A cell as Python: what only IPython knows (`name?`, `!ls`, `%magic`) becomes calls."""
    from IPython.core.inputtransformer2 import TransformerManager

    first, _, rest = source.lstrip().partition("\n")
    if first.startswith("%%"):
        source = rest if first[2:].split(" ")[0] in PYTHON_MAGICS else ""
    return TransformerManager().transform_cell(source)


def _one_by_one(statements: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements, with `import a, b` as two: one that fails does not take the other with it."""
    for statement in statements:
        if isinstance(statement, ast.Import):
            each = [ast.Import([name]) for name in statement.names]
        elif isinstance(statement, ast.ImportFrom):
            each = [ast.ImportFrom(statement.module, [name], statement.level)
                    for name in statement.names]
        else:
            each = [statement]
        yield from (ast.copy_location(one, statement) for one in each)


def _keys(node: ast.stmt) -> list[str]:
    """The keys of the checks in a statement, wherever they stand in it, under today's names."""
    calls = [call for call in ast.walk(node) if isinstance(call, ast.Call) and call.args]
    keys = [call.args[0] for call in calls
            if getattr(call.func, "attr", getattr(call.func, "id", "")) == "check"]
    return [progress.current(key.value) for key in keys
            if isinstance(key, ast.Constant) and re.fullmatch(r"\d\d\.\w+", str(key.value))]


def _needed(cells: list[Cell]) -> set[str]:
    """The names that the cells with checks use, and those that these need, and so on."""
    needed = {name for cell in cells if cell.keys for each in cell.statements for name in each.uses}
    statements = [each for cell in cells for each in cell.statements]
    while more := {name for each in statements if each.brings & needed
                   for name in each.uses} - needed:
        needed |= more
    return needed | {"*"}


def _changed(node: ast.stmt) -> set[str]:
    """The names whose contents a statement changes, `settings["eps"] = 1`; and "*"."""
    if isinstance(node, ast.ImportFrom) and node.names[0].name == "*":
        return {"*"}
    targets = getattr(node, "targets", None) or [getattr(node, "target", None)]
    holders = [part.value for target in targets if target for part in ast.walk(target)
               if isinstance(part, ast.Subscript | ast.Attribute)]
    return {holder.id for holder in holders if isinstance(holder, ast.Name)}


def _from_outside(names: symtable.SymbolTable) -> Iterator[str]:
    """The names that code takes from the module it stands in."""
    for symbol in names.get_symbols():
        if symbol.is_referenced() and (symbol.is_global() or names.get_type() == "module"):
            yield symbol.get_name()
    for inner in names.get_children():
        yield from _from_outside(inner)


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
