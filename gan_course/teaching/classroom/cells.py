"""The code cells of a submission, read before anything runs: which of them hand a function to
`exercises.check`, and what these need of the others.

Of a notebook only this runs: the cells with a check, up to their last check, and of the other cells
what these need of imports, definitions and assignments.
"""
import ast
import linecache
import re
import symtable
from collections.abc import Iterable, Iterator

from gan_course.lessons import progress

WRITTEN_CHECK = re.compile(r"""\bcheck\(\s*["'](\d\d\.\w+)["']""")
PYTHON_MAGICS = ("capture", "prun", "time", "timeit")
"""The cell magics whose cell is Python code all the same."""


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


def needed_names(cells: list[Cell]) -> set[str]:
    """The names that the cells with checks use, and those that these need, and so on."""
    needed = {name for cell in cells if cell.keys for each in cell.statements for name in each.uses}
    statements = [each for cell in cells for each in cell.statements]
    while more := {name for each in statements if each.brings & needed
                   for name in each.uses} - needed:
        needed |= more
    return needed | {"*"}


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
