"""The `parameters` cell of a notebook: what it offers, values for it from a command line or a
manifest, and the notebook with these values.
"""
import ast
import re
from dataclasses import dataclass
from pathlib import Path

from gan_course.lessons.results import Value

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
