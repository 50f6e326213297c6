"""One notebook run from top to bottom with nobody watching: its parameters checked before, its
errors and claims read after.
"""
import ast
import math
import os
import re
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from gan_course import files
from gan_course.lessons.claims import MIME as CLAIMS
from gan_course.lessons.results import MIME as RESULTS
from gan_course.lessons.results import Value

NO_MEMORY = (r"^(\w*MemoryError|\w*OutOfMemoryError)\b|can't allocate memory|not enough memory|"
             "CUDA out of memory")                  # in an error's words
TYPES = {"int": int, "float": float, "str": str, "bool": bool}


@dataclass(frozen=True)
class Parameter:
    """A parameter of a notebook, as its `parameters` cell writes it.

        name: type = default  # help

    Args:
        name: its name.
        type: the annotation; "None" without one.
        default: the source of its own value.
        help: the comment behind it.
    """

    name: str
    type: str
    default: str
    help: str

    @property
    def own(self) -> Value:
        """The value that the notebook itself gives it."""
        return _literal(self.default)

    @property
    def is_path(self) -> bool:
        """Whether it may hold the path of a folder or a file: it is a text, and its help has the
        word folder or file.
        """
        return (self.type == "str" or type(self.own) is str) and bool(
            re.search(r"\b(folder|file)\b", self.help))

    def __str__(self):
        return f"{self.name}: {self.type} = {self.default}" + (f"  # {self.help}"
                                                               if self.help else "")


class RunFailed(Exception):
    """A notebook did not run to its end.

    Args:
        status: how it ended, a status of `batch.record`.
        reason: why, in words.
        cell: the number and the source of the cell that failed, if one did.
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
    """The parameters of a notebook.

    Args:
        notebook: its path, or the notebook itself as nbformat reads it.

    Returns:
        The parameters by name, in the order of the `parameters` cell; none without such a cell.
    """
    import papermill

    return {name: Parameter(name, known["inferred_type_name"], known["default"], known["help"])
            for name, known in papermill.inspect_notebook(notebook).items()}


def read(given: dict[str, str], known: dict[str, Parameter]) -> dict[str, int | float | str | bool]:
    """The texts of a command line as values of the types that the notebook's parameters have.

    Args:
        given: texts by name.
        known: the parameters of the notebook.

    Returns:
        The values by name.

    Raises:
        ValueError: the notebook has no parameter of this name, or a text is not of its type; the
            message says what there is.
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
    """A value in the type of a parameter: 2 for a float is 2.0, 1e3 for an int is 1000.

    Args:
        value: the value.
        parameter: the parameter.

    Raises:
        ValueError: the value is not of that type.
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


def parameterized(path: Path, values: dict[str, Value]):
    """A notebook with parameter values of ours, in a cell below its own `parameters` cell.

    Args:
        path: the notebook.
        values: by name; without any the notebook stays as it is.

    Returns:
        The notebook, as nbformat reads it.
    """
    import nbformat
    from papermill.iorw import load_notebook_node
    from papermill.parameterize import parameterize_notebook

    if not values:
        return nbformat.read(path, as_version=4)
    notebook = parameterize_notebook(load_notebook_node(str(path)), values)
    notebook.metadata.pop("papermill", None)
    for cell in notebook.cells:
        cell.metadata.pop("papermill", None)
        if not cell.metadata.get("tags", True):
            del cell.metadata["tags"]  # empty: from papermill, and not from the notebook
        if "injected-parameters" in cell.metadata.get("tags", []):
            cell.id = "parameters-of-yours"                         # the same in every call
    return notebook


def run(path: Path, out: Path, values: dict[str, Value] | None = None,
        cell_seconds: float | None = None, on_cell: Callable | None = None,
        environment: dict[str, str] | None = None):
    """Run the notebook at `path` from top to bottom and write it to `out` when it has ended.

    While it runs it is written under a temporary name beside `out`: see `unfinished`.

    Args:
        path: the notebook.
        out: the file for the result.
        values: parameter values by name.
        cell_seconds: how long a cell may take.
        on_cell: called before each code cell as `on_cell(cell=…, cell_index=…)`.
        environment: variables for the kernel, beside those of this process.

    Returns:
        The notebook with its outputs.

    Raises:
        RunFailed: a cell failed or took too long, or the kernel died; `out` has what was done
            until there.
    """
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

    out = out.absolute()
    notebook = parameterized(path, values or {})
    ours = {"GAN_COURSE_HEADLESS": "1", "PYTHONIOENCODING": "utf-8"}
    client = _client(notebook, unfinished(out), timeout=cell_seconds, on_cell_execute=on_cell)
    cell = None
    try:
        with client.setup_kernel(cwd=str(path.parent),
                                 env=os.environ | ours | (environment or {})):
            for index, cell in enumerate(_progress(notebook.cells)):
                client.execute_cell(cell, index)
    except CellExecutionError as error:
        reason = f"{error.ename}: {error.evalue}"
        status = "out of memory" if re.search(NO_MEMORY, reason) else "cell error"
        raise RunFailed(status, reason, (cell.execution_count, cell.source)) from None
    except CellTimeoutError:
        raise RunFailed("cell timeout",
                        f"A cell took longer than {cell_seconds:g} seconds.") from None
    except DeadKernelError:
        raise RunFailed("kernel died", "The kernel died (out of memory, or a crash in compiled "
                                       "code).") from None
    finally:
        client.set_widgets_metadata()
        files.write(out, _text(notebook))
        unfinished(out).unlink(missing_ok=True)
    return notebook


def unfinished(out: Path) -> Path:
    """Where the notebook that will be `out` is written while it runs."""
    return out.with_name(f".unfinished-{out.name}")


def _text(notebook) -> str:
    import nbformat

    return nbformat.writes(notebook)


def _client(notebook, file: Path, **how):
    """What runs the cells of `notebook`.

    It writes the notebook to `file` whenever the kernel says something, but takes at most a
    twentieth of the time for that.
    """
    from nbclient import NotebookClient

    class Client(NotebookClient):
        free = 0.0                                  # when the notebook may be written again

        def process_message(self, *message):
            try:
                return super().process_message(*message)
            finally:
                if (began := time.monotonic()) >= self.free:
                    files.write(file, _text(notebook))
                    self.free = began + 20 * (time.monotonic() - began)

    kernel = notebook.metadata.get("kernelspec", {}).get("name", "python3")
    client = Client(notebook, kernel_name=kernel, iopub_timeout=60, raise_on_iopub_timeout=True,
                    # a kernel asked politely answers Ctrl-C with a traceback
                    shutdown_kernel="immediate", extra_arguments=["--log-level=40"], **how)
    client.reset_execution_trackers()
    return client


def _progress(cells: list):
    """The cells, with a progress bar where somebody watches."""
    from tqdm import tqdm

    return tqdm(cells, unit="cell", disable=not sys.stderr.isatty())


def seconds(notebook) -> float:
    """How long the cells of the notebook took together."""
    times = [cell.metadata.get("execution", {}) for cell in notebook.cells]
    return sum((datetime.fromisoformat(each["iopub.status.idle"])
                - datetime.fromisoformat(each["iopub.status.busy"])).total_seconds()
               for each in times if {"iopub.status.busy", "iopub.status.idle"} <= each.keys())


def hidden_errors(notebook) -> list[str]:
    """Errors that happened inside Output widgets: the run passes over them, the saved widget state
    has them.
    """
    state = notebook.metadata.get("widgets", {}).get("application/vnd.jupyter.widget-state+json",
                                                     {}).get("state", {})
    return [
        f"{output['ename']}: {output['evalue']}" for model in state.values()
        for output in model["state"].get("outputs", []) if output["output_type"] == "error"
    ]


def claims(notebook) -> list[dict]:
    """The claims that a notebook made in its run.

    Args:
        notebook: as it was executed.

    Returns:
        {"text", "held", "judged", "numbers", "precomputed"} of each, in order; a repeated one as
        last made.
    """
    return list({
        claim["text"]: claim for shown in _displayed(notebook, CLAIMS)
        for claim in shown.get("claims", [])
    }.values())


def numbers(notebook) -> dict[str, float | None]:
    """The numbers that a notebook collected for a batch.

    Args:
        notebook: as it was executed.

    Returns:
        By name, a repeated one as last given; None for one that is not finite.
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


def missed(found: list[dict]) -> list[str]:
    """The sentences of the claims that were judged and did not hold."""
    return [claim["text"] for claim in found if claim["judged"] and not claim["held"]]


def summary(found: list[dict]) -> str:
    """The claims as lines for a terminal: verdict, sentence, numbers."""
    lines = []
    for claim in found:
        verdict = ("held" if claim["held"] else "MISSED") if claim["judged"] else "not judged"
        numbers = ", ".join(f"{name} {math.nan if value is None else value:.4g}"
                            for name, value in claim["numbers"].items())
        lines.append(f"  {verdict:<10} {claim['text']}" + (f" ({numbers})" if numbers else ""))
    return "\n".join(lines)
