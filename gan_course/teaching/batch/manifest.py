"""The manifest of a batch: a YAML file that says which notebooks run, with which parameters.

`read` turns it into runs, or says what is wrong:

    notebooks: [03]                     # numbers or names (deeper/03_settings); all: the whole
                                        # course; mine/own.ipynb: a file, seen from the manifest
    profile: laptop                     # smoke, laptop (default) or gpu
    device: cpu                         # default: what the machine has
    parameters: {dataset: digits}       # the same in every run
    grid:                               # every combination of these
      latent_dim: [2, 16]
      lr_D: [1e-4, 1e-3]
    rows:                               # each combination with each of these rows
      - {lr_G: 1e-3, updates_D: 1}
      - {lr_G: 5e-4, updates_D: 2}
    seeds: [0, 1, 2]                    # the notebook's parameter `seed`
    plain_arithmetic: [2]               # the seeds that run as on a processor without vector units
    repeats: 1                          # how often the very same
    limits: {cell_seconds: 600, run_seconds: 3600, memory_mb: 4000}

A notebook runs in an empty folder of its own, here or on another machine: it brings what it needs.
A parameter whose comment in the notebook has the word folder or file may be given a path; a
relative one is seen from the manifest.
"""
import hashlib
import itertools
import math
import re
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal, TypeVar

import nbformat
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from gan_course.lessons import catalogue, strict_yaml
from gan_course.lessons.calibration import PLAIN_ARITHMETIC
from gan_course.lessons.results import Value
from gan_course.profile import PROFILES
from gan_course.teaching import parameter_cell
from gan_course.teaching.batch.record import Limits
from gan_course.teaching.batch.run import Run

MOST_RUNS = 10_000
LONGEST_NAME = 100


class ManifestError(ValueError):
    """A manifest breaks the rules; the message says where and why, a line for each."""


def _plain(value):
    if type(value) not in (bool, int, float, str) or value in (math.inf, -math.inf):
        raise ValueError("has to be a number, a text, true or false")
    return value


Plain = Annotated[object, AfterValidator(_plain)]
Anything = TypeVar("Anything")
Filled = Annotated[Anything, Field(min_length=1)]
Name = Annotated[str, BeforeValidator(lambda name: str(name) if type(name) is int else name)]


class Manifest(BaseModel):
    """What a manifest may hold; the values of parameters are checked against the notebooks
    afterwards.
    """

    model_config = ConfigDict(extra="forbid", strict=True)

    notebooks: Filled[list[Name]]
    profile: Literal[PROFILES] = "laptop"
    device: str | None = None
    parameters: dict[str, Plain] = {}
    grid: dict[str, Filled[list[Plain]]] = {}
    rows: Filled[list[Filled[dict[str, Plain]]]] | None = None
    seeds: Filled[list[int]] | None = None          # None: the one that the notebook has
    plain_arithmetic: list[int] = []
    repeats: int = Field(1, ge=1)
    limits: Limits = Limits()


_SAID = {
    "missing": "is missing", "too_short": "is empty", "list_type": "has to be a list, [like, this]",
    "int_type": "has to be a whole number", "float_type": "has to be a number",
    "string_type": "has to be text", "dict_type": "has to be names with values",
    "model_type": "has to be keys with values", "greater_than": "has to be more than 0",
    "greater_than_equal": "has to be at least 1"
}
Axis = list[tuple[tuple, dict[str, Value]]]
"""Its steps: where each stands in the file, and what it sets."""


def read(file: Path) -> list[Run]:
    """The runs of a manifest, in order.

    Args:
        file: the manifest.

    Raises:
        ManifestError: with file, line and reason of everything that is wrong.
    """
    try:
        content, node = strict_yaml.load(file)
    except ValueError as error:
        raise ManifestError(str(error)) from None
    problems: list[tuple[tuple, str]] = []                          # where, and what is wrong there
    try:
        manifest = Manifest.model_validate(content)
    except ValidationError as error:
        problems = [(wrong["loc"], _sentence(wrong)) for wrong in error.errors()]
    else:
        found = _runs(manifest, file.absolute().parent, problems)
    if problems:
        said = sorted({(strict_yaml.line(node, where), text) for where, text in problems})
        raise ManifestError("\n".join(f"{file.name}, line {number}: {text}."
                                      for number, text in said))
    return found


def _sentence(wrong: dict) -> str:
    """A fault in words, as “grid, lr_D is empty”."""
    if wrong["type"] == "value_error":
        said = str(wrong["ctx"]["error"])
    elif wrong["type"] == "extra_forbidden":
        holder = Limits if wrong["loc"][0] == "limits" else Manifest
        said = f"is not known here; known: {', '.join(holder.model_fields)}"
    else:
        said = _SAID.get(wrong["type"], f"will not do ({wrong['msg']})")
    where = [f"item {part + 1}" if isinstance(part, int) else str(part) for part in wrong["loc"]]
    return f"{', '.join(where) or 'the manifest'} {said}"


def _runs(manifest: Manifest, folder: Path, problems: list) -> list[Run]:
    """The runs of a manifest that lies in `folder`; what is wrong is added to `problems`."""
    axes, found = _axes(manifest), []
    problems += _repeated_names(axes)
    problems += [(("plain_arithmetic", place), f"plain_arithmetic, {seed} is none of the seeds")
                 for place, seed in enumerate(manifest.plain_arithmetic)
                 if seed not in (manifest.seeds or [])]
    if manifest.repeats * math.prod(map(len, axes)) > MOST_RUNS:
        problems.append(((), f"these are more than {MOST_RUNS} runs of a notebook"))
    for where, path in _files(manifest, folder, problems):
        try:
            source = _source(path)
            known = parameter_cell.parameters(source)
        except (ValueError, OSError) as error:
            problems.append((where, f"{path.name} cannot be read: {error}"))
            continue
        checked = [_checked(axis, path.stem, known, problems) for axis in axes]
        if not problems:
            runs = _combined(path, nbformat.writes(source), checked, manifest)
            found += [replace(run, parameters=parameter_cell.located(run.parameters, known, folder))
                      for run in runs]
    return found


def _axes(manifest: Manifest) -> list[Axis]:
    """What the runs of a notebook combine: one step of each axis."""
    grid = [[(("grid", name, place), {name: value}) for place, value in enumerate(values)]
            for name, values in manifest.grid.items()]
    rows = [(("rows", place), row) for place, row in enumerate(manifest.rows or [])]
    seeds = [(("seeds", place), {"seed": seed}) for place, seed in enumerate(manifest.seeds or [])]
    return [axis for axis in ([(("parameters",), manifest.parameters)], *grid, rows, seeds) if axis]


def _files(manifest: Manifest, folder: Path, problems: list) -> list[tuple[tuple, Path]]:
    """The notebooks of the manifest, each with where it is named; none of them twice."""
    found: dict[str, tuple[tuple, Path]] = {}
    for place, name in enumerate(manifest.notebooks):
        where = ("notebooks", place)
        for path in _paths(name, folder, where, problems):
            if path.stem in found:
                same = found[path.stem][1] == path
                again = "is there twice" if same else "has the same name as another notebook"
                problems.append((where, f"{path.name} {again}"))
            found.setdefault(path.stem, (where, path))
    return list(found.values())


def _repeated_names(axes: list[Axis]):
    """The parameters that are set in two places, and the rows that set others than the first
    row.
    """
    seen = {}
    for axis in axes:
        for where, values in axis:
            if values.keys() != axis[0][1].keys():
                yield where, (f"{where[0]}, item {where[1] + 1} has to set what the first sets: "
                              f"{', '.join(axis[0][1])}")
            for name in values:
                if seen.setdefault(name, axis) is not axis:
                    first = seen[name][0][0][0]
                    yield (*where, name), f"{name} is set twice: it stands in {first} too"


def _paths(name: str, folder: Path, where: tuple, problems: list) -> list[Path]:
    if name == "all":
        return [entry.path for entry in catalogue.notebooks()]
    if name.endswith(".ipynb"):
        path = (folder / name).resolve()
        if not path.is_file():
            problems.append((where, f"there is no file {name} there; a notebook of the course is "
                                    "called by its number or name"))
        return [path] * path.is_file()
    try:
        return [catalogue.find(name).path]
    except ValueError as error:
        problems.append((where, str(error).rstrip(".")))
        return []


def _source(path: Path) -> nbformat.NotebookNode:
    """The notebook without what an earlier run left in it, for the kernel of this Python.

    Raises ValueError when it is none.
    """
    text = path.read_text(encoding="utf-8")
    try:
        notebook = nbformat.reads(text, as_version=4)
        nbformat.validate(notebook)
    except Exception as error:  # nbformat trips over what is no notebook in many ways
        raise ValueError(f"it is not a notebook ({type(error).__name__}: "
                         f"{str(error).partition(chr(10))[0]})") from None
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.update(outputs=[], execution_count=None)
    notebook.metadata.pop("widgets", None)
    notebook.metadata.kernelspec = {
        "name": "python3", "display_name": "Python 3", "language": "python"
    }
    return notebook


def _checked(axis: Axis, notebook: str, known: dict[str, parameter_cell.Parameter],
             problems: list) -> Axis:
    """The axis with its values in the types that the parameters of the notebook have."""
    for name in axis[0][1]:
        if name not in known:
            has = ", ".join(known) or "none: no cell of it is tagged “parameters”"
            problems.append(((*axis[0][0], name), f"{notebook} has no parameter {name}; it has "
                                                  f"{has}"))
            return []
    steps = []
    for where, values in axis:
        try:
            step = {name: parameter_cell.fit(value, known[name]) for name, value in values.items()}
        except ValueError as error:
            problems.append(((*where, *values), f"{error} ({notebook})"))
            continue
        if step in [other for _, other in steps]:
            problems.append((
                where,
                f"{where[0]}, {', '.join(f'{name} {value}' for name, value in step.items())} is "
                "there twice"
            ))
        steps.append((where, step))
    return steps


def _combined(path: Path, source: str, axes: list[Axis], manifest: Manifest) -> list[Run]:
    """Every combination of one step of each axis."""
    found, names = [], set()
    vary = {name for axis in axes if len(axis) > 1
            for name in axis[0][1]} | ({"seed"} if manifest.seeds else set())
    for steps in itertools.product(*axes, range(manifest.repeats)):
        parameters = {name: value for _, step in steps[:-1] for name, value in step.items()}
        varied = {name: value for name, value in parameters.items() if name in vary}
        varied |= {"repeat": steps[-1]} if manifest.repeats > 1 else {}
        name = _name(path, varied)
        # cut off, or alike once it is made safe
        if name.casefold() in names or len(name) > LONGEST_NAME:
            digest = hashlib.sha256(repr(varied).encode()).hexdigest()
            name = f"{name[:LONGEST_NAME - 9]}-{digest[:8]}"
        names.add(name.casefold())
        plain = manifest.seeds and parameters["seed"] in manifest.plain_arithmetic
        found.append(
            Run(name, path.stem, source, parameters, varied, manifest.profile, manifest.device,
                manifest.limits, PLAIN_ARITHMETIC if plain else {}))
    return found


def _name(path: Path, varied: dict[str, Value]) -> str:
    """A name that is safe as a folder on every system: no separators, no dots at its ends, so that
    it cannot lead anywhere. A main notebook is called by its number.
    """
    main = re.match(r"\d\d_", path.stem) and path.parent.name != catalogue.DEEPER
    short = path.stem[:2] if main else path.stem
    text = "-".join([short, *(f"{name}={value}" for name, value in varied.items())])
    return re.sub(r"[^\w.+=-]", "_", text, flags=re.ASCII).strip(".")
