"""Imports go one way through the package, and nothing heavy is imported before it is used."""
import ast
import subprocess
import sys

import pytest

from gan_course.paths import ROOT

PACKAGE = ROOT / "gan_course"
LAYERS = [  # a module imports from its own line and from those above
    {"paths", "files", "jobs", "advice", "profile"},
    {"data", "nets", "denoisers", "conditional_networks", "growing_networks", "pyramid_networks", "residual_networks", "style_networks", "crowd", "losses"},
    {"games"},
    {"training"},
    {"metrics", "bounds", "codes", "likeness", "latent", "projection", "readers", "judge", "inception", "milestones", "long_diffusion", "plots", "saving", "small_families"},
    {"lessons"},
    {"widgets"},
    {"teaching", "terminal"},
    {"cli"},
]
LAYER = {name: number for number, layer in enumerate(LAYERS) for name in layer}
FILES = sorted(PACKAGE.rglob("*.py"))


def imports(source):
    """The dotted names that a module imports, at the top or inside a function; not those for type checkers only."""
    tree = ast.parse(source)
    for_types = {id(node) for outer in ast.walk(tree) if isinstance(outer, ast.If) and "TYPE_CHECKING" in ast.unparse(outer.test)
                 for node in ast.walk(outer)}
    for node in ast.walk(tree):
        if id(node) in for_types:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        if isinstance(node, ast.ImportFrom):
            yield from (f"{'.' * node.level}{node.module or ''}.{alias.name}" for alias in node.names)


def upward(module, source):
    """The imports in `source`, of the module called `module`, that lead to a higher layer or hide where they lead."""
    for name in imports(source):
        if name.startswith("."):
            yield f"{name} is relative: write gan_course.…"
        if name.startswith("gan_course.") and LAYER.get(name.split(".")[1], -1) > LAYER[module]:
            yield f"{module} imports {name}, which is above it"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_go_one_way(path):
    module = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    if module == "__init__":
        assert not list(imports(path.read_text(encoding="utf-8"))), "gan_course/__init__.py imports nothing"
        return
    assert module in LAYER, f"{module} is new: give it a place in LAYERS"
    assert not list(upward(module, path.read_text(encoding="utf-8")))


def test_only_widgets_import_ipywidgets():
    importers = {path.relative_to(PACKAGE).parts[0] for path in FILES
                 if any(name.split(".")[0] == "ipywidgets" for name in imports(path.read_text(encoding="utf-8")))}
    assert importers <= {"widgets"}


def test_an_import_upwards_is_found():
    assert list(upward("losses", "def f():\n    from gan_course import training"))
    assert list(upward("losses", "from .training import play"))
    assert not list(upward("cli", "from gan_course.training import play"))
    assert not list(upward("losses", "if TYPE_CHECKING:\n    from gan_course.training import play"))


@pytest.mark.parametrize("statement", ["import gan_course", "from gan_course import cli; cli.main(['list'])"])
def test_light_commands_import_nothing_heavy(statement):
    heavy = "{'torch', 'numpy', 'matplotlib', 'papermill', 'ipywidgets', 'sklearn'}"
    code = f"import sys; {statement}; assert not {heavy} & set(sys.modules), {heavy} & set(sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
