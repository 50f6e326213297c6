"""The process in which a learner's code runs: finds the functions that a notebook hands to
`exercises.check`, judges them, and says what it saw. Nothing that comes out of it is trusted, since
whatever runs here could say anything: see `judging`.

    in    JSON: {"folder", "limits", "cells": [[notebook, source] …], "skip": [place of a cell …]}
    out   lines of JSON, in this order: {"ready": …}, {"found": …}, {"cell": …} and {"key": …, what came of it} in turns, {"done": true};
          or {"failed": why} in place of the first

Of a notebook only this runs: the cells with a check, up to their last check, and of the other cells
what these need of imports, `def`s and classes.
"""
import ast
import builtins
import json
import linecache
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from gan_course.teaching.classroom import confine

KEPT = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
CHECK = re.compile(r"""\bcheck\(\s*["'](\d\d\.\w+)["']""")
Say = Callable[[dict], None]


def main() -> None:
    """Read the task, lock the door, and go through the cells."""
    task = json.loads(sys.stdin.buffer.read())
    say = _channel()
    try:
        locked = confine.landlock(Path(task["folder"]))
        # from here on with the door locked: PyTorch starts threads
        from gan_course.lessons import exercises

        exercises.prepare()
        limited = confine.limit(confine.Limits(**task["limits"]))
    except Exception as error:
        say({"failed": f"{type(error).__name__}: {error}"[:1000]})
        raise
    say({"ready": {"landlock": locked, "limits": limited}})
    cells = [(notebook, _plain(source)) for notebook, source in task["cells"]]
    say({
        "found": {
            place: sorted(set(CHECK.findall(source))) for place, (_, source) in enumerate(cells)
            if CHECK.search(source)
        }
    })
    for notebook in dict.fromkeys(notebook for notebook, _ in cells):
        play({place: source for place, (its, source) in enumerate(cells) if its == notebook},
             task["skip"], say)
    say({"done": True})
    os._exit(0)  # whatever threads the learner's code has left behind


def _channel() -> Say:
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


def play(cells: dict[int, str], skip: list[int], say: Say) -> None:
    """Run what is needed of each cell of a notebook, in order, and judge each answer where it is
    handed over.
    """
    from gan_course.lessons import exercises
    from gan_course.lessons.exercises import _sandbox

    trees = {number: _parsed(source, number) for number, source in cells.items()}
    needed = _needed([tree for tree in trees.values() if isinstance(tree, list)])
    namespace = {"__name__": "submission", "__builtins__": builtins}
    for number in sorted(set(cells) - set(skip)):
        say({"cell": number})
        keys, trouble = set(CHECK.findall(cells[number])), ""
        for step in _steps(trees[number], needed) if isinstance(trees[number], list) else []:
            if check := _check(step):
                keys.discard(check[0])
                say(_judged(*check, namespace, trouble))
                # the notebook goes on with the course's version, and so do we
                if target := _target(step):
                    namespace[target] = exercises.reference(check[0])
                continue
            imports = isinstance(step, ast.Import | ast.ImportFrom)
            run = _sandbox.run_here if imports else _sandbox.run    # imports may take their time
            trouble = trouble or _trouble(
                run(_run, [ast.Module([step], []), f"cell {number}", namespace]))
        for key in keys:
            why = f"The check stands where it is not reached. {trouble}" if isinstance(
                trees[number], list) else trees[number]
            say(_verdict(key, "wrong", "no_answer", why.strip()))


def _judged(key: str, answer: ast.expr, namespace: dict, trouble: str) -> dict:
    """What came of one check."""
    from gan_course.lessons import exercises
    from gan_course.lessons.exercises import _sandbox

    outcome = _sandbox.run(eval, [compile(ast.Expression(answer), "check", "eval"), namespace])
    if outcome.error or outcome.endless or key not in exercises.names():
        return _verdict(key, "wrong", "no_answer", "No function was handed over: "
                                                   f"{trouble or _trouble(outcome)}")
    verdict = exercises.judge(key, outcome.result)
    seen = exercises.evidence(key, outcome.result) if verdict.outcome == "right" else []
    return _verdict(key, verdict.outcome, verdict.id, verdict.says, verdict.printed,
                    map(written, seen))


def _plain(source: str) -> str:
    """A cell without the lines that only IPython knows: %magic and !shell."""
    return re.sub(r"(?m)^(\s*)[%!].*$", r"\1pass", source)


def _parsed(source: str, number: int) -> list[ast.stmt] | str:
    """The statements of a cell, or why it cannot be read."""
    file = f"cell {number}"
    linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
    try:
        return ast.parse(source, file).body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        return f"The cell cannot be read: {type(error).__name__}: {error}."


def _needed(trees: list[list[ast.stmt]]) -> set[str]:
    """The names that the cells with checks use, and the functions that these use, and so on."""
    used = _used(statement for tree in trees if any(map(_check, tree)) for statement in tree)
    kept = [statement for tree in trees for statement in tree if isinstance(statement, KEPT)]
    while more := _used(statement for statement in kept if _bound(statement) & used) - used:
        used |= more
    return used


def _used(statements: Iterable[ast.stmt]) -> set[str]:
    return {
        node.id for statement in statements for node in ast.walk(statement)
        if isinstance(node, ast.Name)
    }


def _bound(statement: ast.stmt) -> set[str]:
    """The names that an import, a function or a class brings; "*" may bring any."""
    if isinstance(statement, ast.Import | ast.ImportFrom):
        return {(alias.asname or alias.name).partition(".")[0] for alias in statement.names}
    return {statement.name}


def _steps(tree: list[ast.stmt], needed: set[str]) -> Iterator[ast.stmt]:
    """What runs of a cell: everything up to its last check, and imports and definitions that are
    needed.
    """
    last = max((place for place, statement in enumerate(tree) if _check(statement)), default=-1)
    for place, statement in enumerate(tree):
        if place <= last or isinstance(statement, KEPT) and _bound(statement) & (needed | {"*"}):
            yield statement


def _check(statement: ast.stmt) -> tuple[str, ast.expr] | None:
    """The key and the answer of a statement that is a check: `f = exercises.check("03.f", f)`, or
    without `f =`.
    """
    call = getattr(statement, "value", None)
    if not isinstance(statement, ast.Assign | ast.Expr) or not isinstance(call, ast.Call) or len(
            call.args) != 2:
        return None
    key, answer = call.args
    called = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(
        call.func, "id", "")
    return (key.value, answer) if called == "check" and isinstance(
        key, ast.Constant) and isinstance(key.value, str) else None


def _target(statement: ast.stmt) -> str | None:
    """The name that a check's result is given, if the check is of this course."""
    from gan_course.lessons import exercises

    named = isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name)
    return statement.targets[0].id if named and _check(statement)[0] in exercises.names() else None


def _run(module: ast.Module, file: str, namespace: dict) -> None:
    exec(compile(module, file, "exec"), namespace)


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
