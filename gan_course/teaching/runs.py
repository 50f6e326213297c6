"""One notebook run from top to bottom with nobody watching: its parameters checked before, its
errors and claims read after.
"""
import ast
import math
import os
import re
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from gan_course.lessons.claims import MIME as CLAIMS
from gan_course.lessons.results import MIME as RESULTS

# in an error's words
NO_MEMORY = r"^(\w*MemoryError|\w*OutOfMemoryError)\b|can't allocate memory|not enough memory|CUDA out of memory"
Value = bool | int | float | str  # what a parameter can be
TYPES = {"int": int, "float": float, "str": str, "bool": bool}


@dataclass(frozen=True)
class Parameter:
    """A parameter of a notebook, as its `parameters` cell writes it: `name: type = default  #
    help`.
    """

    name: str
    type: str
    default: str
    help: str

    @property
    def is_path(self) -> bool:
        """Whether it may hold the path of a folder or a file: it is a text, and its help has the
        word folder or file.
        """
        return (self.type == "str" or type(_literal(self.default)) is str) and bool(
            re.search(r"\b(folder|file)\b", self.help))

    def __str__(self):
        return f"{self.name}: {self.type} = {self.default}" + (f"  # {self.help}"
                                                               if self.help else "")


class RunFailed(Exception):
    """A notebook did not run to its end: how it ended (a status of `batch.record`), why, and the
    cell if one failed: number and text.
    """

    def __init__(self, status: str, reason: str, cell: tuple[int, str] | None = None):
        super().__init__(status, reason, cell)
        self.status, self.reason, self.cell = status, reason, cell

    def __str__(self):
        if not self.cell:
            return self.reason
        number, source = self.cell
        lines = source.strip().splitlines()
        shown = "\n".join(f"    {line}" for line in lines[:5] + ["…"] * (len(lines) > 5))
        return f"Cell [{number}] failed:\n\n{shown}\n\n{self.reason}"


def parameters(notebook) -> dict[str, Parameter]:
    """The parameters of a notebook, read or a path, by name, in the order of its `parameters` cell;
    empty without such a cell.
    """
    import papermill

    return {name: Parameter(name, known["inferred_type_name"], known["default"], known["help"])
            for name, known in papermill.inspect_notebook(notebook).items()}


def read(given: dict[str, str], known: dict[str, Parameter]) -> dict[str, int | float | str | bool]:
    """The texts of a command line as values of the types that the notebook's parameters have.

    Raises ValueError for a name that the notebook does not have, naming those it has, and for a
    text that is not of the type.
    """
    for name in given:
        if name not in known:
            has = "".join(
                f"\n    {each}"
                for each in known.values()) or " none: no cell of it is tagged `parameters`."
            raise ValueError(f"The notebook has no parameter {name!r}. It "
                             f"has{':' * bool(known)}{has}")
    return {name: _value(text, known[name]) for name, text in given.items()}


def fit(value: bool | int | float | str, parameter: Parameter) -> bool | int | float | str:
    """A value in the type of the parameter: 2 for a float is 2.0, 1e3 for an int is 1000. Raises
    ValueError where that is not so.
    """
    if parameter.type not in TYPES:
        return value
    try:
        if isinstance(value, str) != (parameter.type == "str"):
            raise ValueError
        return _value(str(value), parameter)
    except ValueError:
        raise ValueError(
            f"{parameter.name} has to be of type {parameter.type}; {value!r} is not") from None


def located(values: dict[str, Value], known: dict[str, Parameter], base: Path) -> dict[str, Value]:
    """Parameter values whose paths no longer depend on the folder in which the notebook runs.

    Args:
        values: the values by name.
        known: the parameters of the notebook; `Parameter.is_path` says which may hold a path.
        base: the folder from which relative paths are seen.

    Returns:
        The values, with paths made absolute. What is empty, the number of a notebook or the name of
        a data set is no path; a folder that is called like a data set is written `./digits`.
    """
    def path(value):
        from gan_course import data

        if not value or re.fullmatch(r"\d\d", value) or value in data.names():
            return value
        return str((base / Path(value).expanduser()).resolve())

    return {name: path(value) if known[name].is_path else value for name, value in values.items()}


def _value(text: str, parameter: Parameter):
    kind = parameter.type
    if kind not in TYPES:  # no annotation: the default tells
        kind = type(_literal(parameter.default)).__name__
    try:
        if kind == "bool":
            return {"true": True, "false": False}[text.lower()]
        if kind == "int":
            number = int(text) if re.fullmatch(r"[+-]?[\d_]+", text) else float(text)
            if number != int(number):
                raise ValueError
            return int(number)
        return TYPES.get(kind, _literal)(text)
    except (ValueError, KeyError, OverflowError):
        raise ValueError(f"{parameter.name} has to be of type {kind}; {text!r} is not. It is "
                         f"written:\n    {parameter}") from None


def _literal(text: str):
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text


def run(path: Path, out: Path, values: dict | None = None, cell_seconds: float | None = None,
        on_cell=None, **environment: str):
    """Run the notebook at `path` with these parameter values, write it to `out` when it has ended,
    and return it.

    No cell may take longer than `cell_seconds`; `on_cell(cell=…, cell_index=…)` is called before
    each code cell; `environment` holds variables for the kernel. While the notebook runs it is
    written under a temporary name beside `out` (`unfinished`). Raises RunFailed for a cell that
    failed or took too long and for a kernel that died; `out` then has what was done until there.
    """
    import papermill
    from nbclient.exceptions import CellTimeoutError, DeadKernelError
    from papermill.exceptions import PapermillExecutionError

    out = out.absolute()
    out.parent.mkdir(parents=True, exist_ok=True)
    os.environ.update(environment, GAN_COURSE_HEADLESS="1")  # the kernel inherits it
    try:
        return papermill.execute_notebook(
            path,
            unfinished(out),
            values,
            cwd=path.parent,
            extra_arguments=["--log-level=40"],
            engine_name=_engine(),
            progress_bar=sys.stderr.isatty(),
            on_cell_execute=on_cell,
            timeout_func=lambda cell: cell_seconds,
            iopub_timeout=60,
            # a kernel asked politely answers Ctrl-C with a traceback
            shutdown_kernel="immediate")
    except PapermillExecutionError as error:
        reason = f"{error.ename}: {error.evalue}"
        status = "claim failed" if error.ename == "ClaimBroken" else "out of memory" if re.search(
            NO_MEMORY, reason) else "cell error"
        raise RunFailed(status, reason, (error.exec_count, error.source)) from None
    except CellTimeoutError:
        raise RunFailed("cell timeout",
                        f"A cell took longer than {cell_seconds:g} seconds.") from None
    except DeadKernelError:
        raise RunFailed("kernel died", "The kernel died (out of memory, or a crash in compiled "
                                       "code).") from None
    finally:
        if unfinished(out).exists():
            os.replace(unfinished(out), out)


def unfinished(out: Path) -> Path:
    """Where the notebook that will be `out` is written while it runs."""
    return out.with_name(f".unfinished-{out.name}")


def _engine() -> str:
    """papermill's engine, which saves the notebook twice for every cell; here only where that takes
    less than a twentieth of the time.
    """
    from papermill.engines import NBClientEngine, papermill_engines

    class Sparing(NBClientEngine):
        @classmethod
        def execute_managed_notebook(cls, nb_man, kernel_name, **how):
            save, free = nb_man.save, 0.0

            def save_sometimes():
                nonlocal free
                if (begun := time.monotonic()) >= free:
                    save()
                    free = begun + 20 * (time.monotonic() - begun)
            nb_man.save = save_sometimes
            try:
                super().execute_managed_notebook(nb_man, kernel_name, **how)
            finally:
                nb_man.save = save  # for the last one, which papermill makes when this has ended
    papermill_engines.register("sparing", Sparing)
    return "sparing"


def seconds(notebook) -> float:
    """How long the cells of the notebook took together."""
    return sum(cell.metadata.get("papermill", {}).get("duration") or 0.0 for cell in notebook.cells)


def hidden_errors(notebook) -> list[str]:
    """Errors that happened inside Output widgets: papermill passes over them, the saved widget
    state has them.
    """
    state = notebook.metadata.get("widgets", {}).get("application/vnd.jupyter.widget-state+json",
                                                     {}).get("state", {})
    return [
        f"{output['ename']}: {output['evalue']}" for model in state.values()
        for output in model["state"].get("outputs", []) if output["output_type"] == "error"
    ]


def claims(notebook) -> list[dict]:
    """The claims that the notebook reported, in order, as {"text", "held", "judged", "numbers"}; a
    repeated one as last made.
    """
    return list({
        claim["text"]: claim for shown in _displayed(notebook, CLAIMS)
        for claim in shown.get("claims", [])
    }.values())


def numbers(notebook) -> dict[str, float | None]:
    """The numbers that the notebook collected for a batch, by name; a repeated one as last given,
    None for one that is not finite.
    """
    return {
        name: value for shown in _displayed(notebook, RESULTS)
        for name, value in shown.get("numbers", {}).items()
    }


def curves(notebook) -> dict[str, dict]:
    """The curves that the notebook collected for a batch, by name, as {"x": […], "y": […]}."""
    found = [shown["curve"] for shown in _displayed(notebook, RESULTS) if "curve" in shown]
    return {curve["name"]: {"x": curve["x"], "y": curve["y"]} for curve in found}


def images(notebook) -> dict[str, str]:
    """The pictures that the notebook collected for a batch, by name, each a PNG in base64."""
    return {
        name: png for shown in _displayed(notebook, RESULTS)
        for name, png in shown.get("images", {}).items()
    }


def _displayed(notebook, mime: str) -> list[dict]:
    """What the cells of the notebook have put out under this MIME type, in order."""
    return [
        output["data"][mime] for cell in notebook.cells for output in cell.get("outputs", [])
        if mime in output.get("data", {})
    ]


def summary(found: list[dict]) -> str:
    """The claims as lines for a terminal: verdict, sentence, numbers."""
    lines = []
    for claim in found:
        verdict = ("held" if claim["held"] else "BROKEN") if claim["judged"] else "not judged"
        numbers = ", ".join(f"{name} {math.nan if value is None else value:.4g}"
                            for name, value in claim["numbers"].items())
        lines.append(f"  {verdict:<10} {claim['text']}" + (f" ({numbers})" if numbers else ""))
    return "\n".join(lines)
