"""A notebook's exercises, solved: the course's own solutions in place of the learner's skeletons.

conftest.py lets nbval run every exercise of a notebook twice, as a learner would: empty, and then
with its solution. What the notebook trains from there on is the solved function or class.
"""
import ast
from collections.abc import Iterator

from gan_course.lessons import exercises


def tree(source: str) -> ast.Module:
    """A cell's syntax tree; an empty one if it is no plain Python, which running it will tell."""
    try:
        return ast.parse(source)
    except SyntaxError:
        return ast.Module([], [])


def checks(source: str) -> Iterator[tuple[str, str]]:
    """The (key, name) of each `exercises.check("key", name)` in a cell."""
    for node in ast.walk(tree(source)):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "exercises.check":
            key, answer = node.args
            yield ast.literal_eval(key), ast.unparse(answer)


def replace(source: str, name: str, solution: str) -> str | None:
    """A cell with `solution` in place of its definition of `name`; None if it defines no such."""
    lines = source.splitlines()
    for node in tree(source).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name == name:
            first = min([node, *node.decorator_list], key=lambda part: part.lineno).lineno
            return "\n".join([*lines[:first - 1], solution, *lines[node.end_lineno:]])
    return None


def solved(cells: list[str]) -> list[list[str]]:
    """What a learner runs behind each code cell to solve the exercises that it checks.

    Args:
        cells: the sources of a notebook's code cells.

    Returns:
        For each cell the sources of the cells to run again, in their order: those that define what
        is checked, with the solutions in them, and the cell with the check. Empty without a check.
    """
    cells, again = list(cells), []
    for place, source in enumerate(cells):
        changed = set()
        for key, name in checks(source):
            for earlier in range(place, -1, -1):
                if new := replace(cells[earlier], name, exercises.source(key)):
                    cells[earlier] = new
                    changed |= {earlier, place}
                    break
            else:
                raise ValueError(f"no {name} to write for {key}")
        again.append([cells[number] for number in sorted(changed)])
    return again
