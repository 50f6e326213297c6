"""What decides the numbers of a notebook, as a short text: it changes when a calibration is stale.

The code of the cells counts, with what they use of the package, directly or through other modules,
and the data sets and stored weights that they name. Prose, comments, docstrings, the descriptions
of figures, where a cell ends, the values of the parameters and the answers to exercises do
not count, and neither does what only shows. The course's own solutions of exercises, which stand in
for answers, do not count either: after a change to one of them calibrate again by hand. A function,
a class or an import of a module counts only if code that counts has its name in it, so that a
module can grow.
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
"""The parts of the package that show, ask and store, and decide no number, but for `SCORES`."""

SCORES = ("image_scores", "plane_scores", "style_mixing")
"""The modules of `lessons` whose numbers claims judge."""

WEIGHTS = {PACKAGE / "judge.py": DATA / "judges", PACKAGE / "milestones.py": DATA / "milestones",
           PACKAGE / "long_diffusion.py": DATA / "milestones"}
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
    sources = ["".join(cell["source"]) for cell in cells]
    files = {file.relative_to(ROOT).as_posix(): file for file in used_files(sources)}
    modules = {name: file.read_text(encoding="utf-8")
               for name, file in sorted(files.items()) if file.suffix == ".py"}
    weights = {name: hashlib.sha256(file.read_bytes()).hexdigest()
               for name, file in sorted(files.items()) if file.suffix != ".py"}
    what = ["\n".join(code for code in own if code), used_code(modules, sources), weights]
    return hashlib.sha256(json.dumps(what).encode()).hexdigest()


def used_code(modules: dict[str, str], cells: list[str]) -> list[tuple[str, str]]:
    """What some cells use of some modules: every top-level statement but for the functions, classes
    and imports whose name occurs neither in the cells nor in other code that is used.

    Args:
        modules: the source of each module, by its name.
        cells: the sources of a notebook's code cells.

    Returns:
        Pairs (module, code without comments and docstrings), in the order of the modules.
    """
    statements = [(name, *statement)
                  for name, source in modules.items() for statement in _statements(source)]
    known, used = set().union(*map(_names, cells)), [False] * len(statements)
    grows = True
    while grows:
        grows = False
        for i, (_, defines, code) in enumerate(statements):
            if not used[i] and (not defines or defines & known):
                known |= _names(code)
                used[i] = grows = True
    return [(name, code) for (name, _, code), counts in zip(statements, used, strict=True)
            if counts]


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
    """The code without comments, docstrings, descriptions of figures and blank lines; in a cell
    with an exercise also without the functions and classes, which are the learner's answer.
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
    for text in _descriptions(tree):
        before = lines[text.lineno - 1].encode()[:text.col_offset].decode()      # it counts bytes
        after = lines[text.end_lineno - 1].encode()[text.end_col_offset:].decode()
        lines[text.lineno - 1:text.end_lineno] = [
            before + after, *[""] * (text.end_lineno - text.lineno)]
    return "\n".join(line.rstrip() for line in lines if line.strip())


def _descriptions(tree: ast.Module) -> list[ast.expr]:
    """The texts that describe figures, the last one first: `alt="..."`, and the second argument of
    `show` and `explore`.
    """
    texts = []
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        name = getattr(call.func, "id", getattr(call.func, "attr", None))
        texts += [word.value for word in call.keywords if word.arg == "alt"]
        texts += [text for text in call.args[1:2] if name in ("show", "explore")
                  and isinstance(text, ast.Constant | ast.JoinedStr)]
    return sorted(texts, key=lambda text: (text.lineno, text.col_offset), reverse=True)


def _statements(source: str) -> Iterator[tuple[set[str], str]]:
    """The top-level statements of a module: the names that a function, a class or an import
    defines, none for any other statement, and the code.
    """
    lines = source.splitlines()
    for node in _parsed(source).body:
        defines = set()
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            defines = {node.name}
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            defines = {(alias.asname or alias.name).partition(".")[0] for alias in node.names}
        first = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", []))])
        if code := essence("\n".join(lines[first - 1:node.end_lineno])):
            yield defines, code


def _names(code: str) -> set[str]:
    """Every name that occurs in the code, as a word, an attribute, an import or a text."""
    found = _words(code)
    for node in ast.walk(_parsed(code)):
        if isinstance(node, ast.Name):
            found.add(node.id)
        elif isinstance(node, ast.Attribute):
            found.add(node.attr)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            found |= {alias.name.rpartition(".")[2] for alias in node.names}
    return found


def _imported(code: str) -> Iterator[Path]:
    """The files of the package that the code itself imports."""
    for node in ast.walk(_parsed(code)):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        for first, *parts in (name.split(".") for name in names):
            scores = parts[:1] == ["lessons"] and parts[1:2] and parts[1] in SCORES
            if first == "gan_course" and parts and (scores or parts[0] not in SHOWING):
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
