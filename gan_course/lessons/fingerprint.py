"""What decides the numbers of a notebook, as a short text: it changes when a calibration is stale.

The code of the cells counts, with the modules of the package that they import, directly or through
others, and the data sets and stored weights that they name. Prose, comments, docstrings, the values
of the parameters and the answers to exercises do not count, and neither does what only shows.
"""
import ast
import hashlib
import io
import itertools
import json
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

from gan_course.paths import DATA, ROOT

PACKAGE = ROOT / "gan_course"
SHOWING = ("lessons", "widgets", "teaching", "plots", "files", "paths")
"""The parts of the package that show, ask and store, and decide no number."""

WEIGHTS = {PACKAGE / "judge.py": DATA / "judges", PACKAGE / "milestones.py": DATA / "milestones"}
"""The folders of stored weights, and the modules that read them."""


def fingerprint(notebook: str) -> str:
    """The SHA-256 of what decides the numbers of a notebook, the same on every system.

    Args:
        notebook: the notebook as JSON.

    Returns:
        64 hexadecimal digits.
    """
    cells = [cell for cell in json.loads(notebook)["cells"] if cell["cell_type"] == "code"]
    own = [essence("".join(cell["source"])) for cell in cells
           if "parameters" not in cell["metadata"].get("tags", [])]
    files = {file.relative_to(ROOT).as_posix(): _content(file)
             for file in used_files(["".join(cell["source"]) for cell in cells])}
    what = [[code for code in own if code], sorted(files.items())]
    return hashlib.sha256(json.dumps(what).encode()).hexdigest()


def used_files(cells: list[str]) -> set[Path]:
    """The files of the course that decide what some code computes.

    Args:
        cells: the sources of a notebook's code cells.

    Returns:
        Modules of the package, and files of weights.
    """
    words, found = set().union(*map(_words, cells)), set()
    waiting = [*itertools.chain(*map(_imported, cells)), *_data_sets(words)]
    while waiting:
        file = waiting.pop()
        if file not in found:
            found.add(file)
            waiting += _imported(file.read_text(encoding="utf-8"))
    return found | {file for module, folder in WEIGHTS.items() if module in found
                    for file in folder.glob("*.safetensors")
                    if file.stem.partition("_seed_")[0] in words}


def essence(code: str) -> str:
    """The code without comments, docstrings and blank lines; in a cell with an exercise also
    without the functions and classes, which are the learner's answer.
    """
    lines, tree = code.splitlines(), _parsed(code)
    try:
        for token in tokenize.generate_tokens(io.StringIO(code).readline):
            if token.type == tokenize.COMMENT:
                row, column = token.start
                lines[row - 1] = lines[row - 1][:column]
    except (tokenize.TokenError, SyntaxError):
        return code
    definitions = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    left_out = [node.body[0] for node in ast.walk(tree)
                if isinstance(node, (*definitions, ast.Module)) and ast.get_docstring(node)]
    if "exercises.check(" in code:
        left_out += [node for node in tree.body if isinstance(node, definitions)]
    for node in left_out:
        if not lines[node.lineno - 1][:node.col_offset].strip():
            lines[node.lineno - 1:node.end_lineno] = [""] * (node.end_lineno - node.lineno + 1)
    return "\n".join(line.rstrip() for line in lines if line.strip())


def _content(file: Path) -> str:
    if file.suffix == ".py":
        return essence(file.read_text(encoding="utf-8"))
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _imported(code: str) -> Iterator[Path]:
    """The files of the package that the code itself imports."""
    for node in ast.walk(_parsed(code)):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        for first, *parts in (name.split(".") for name in names):
            if first == "gan_course" and parts and parts[0] not in SHOWING:
                for end in range(1, len(parts) + 1):
                    yield from _file(PACKAGE.joinpath(*parts[:end]))


def _file(module: Path) -> list[Path]:
    if module == PACKAGE / "data":      # it only finds data sets by their names: see `_data_sets`
        return []
    return [file for file in (module / "__init__.py", module.with_suffix(".py")) if file.exists()]


def _data_sets(words: set[str]) -> list[Path]:
    """The files that make the data sets with these names."""
    from gan_course import data

    makes = [rf'\bdef {name}\(|"{name}"' for name in sorted(words & set(data.names()))]
    return [file for file in sorted((PACKAGE / "data").glob("*.py"))
            if makes and file.stem != "__init__"
            and re.search("|".join(makes), file.read_text(encoding="utf-8"))]


def _words(code: str) -> set[str]:
    """The texts that stand in the code between quotation marks."""
    return {node.value for node in ast.walk(_parsed(code))
            if isinstance(node, ast.Constant) and isinstance(node.value, str)}


def _parsed(code: str) -> ast.Module:
    try:
        return ast.parse(code)
    except SyntaxError:                                 # a learner's cell may hold anything
        return ast.Module([], [])
