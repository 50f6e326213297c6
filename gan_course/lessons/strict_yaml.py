"""YAML as people write it: plain values only, no key twice, and a line number for every complaint.

Values are read as in YAML 1.2: `1e-3` is a number, `no` is a word, and `03` is text, not a number
to the base eight.
"""
import re
from pathlib import Path

import yaml


class _Loader(yaml.SafeLoader):
    yaml_implicit_resolvers = {}

    def construct_object(self, node, deep=False):
        try:
            return super().construct_object(node, deep)
        except (ValueError, LookupError, AttributeError):           # of `!!int abc`
            why = f"{node.value!r} cannot be read as !!{node.tag.rpartition(':')[2]}"
            raise yaml.constructor.ConstructorError(None, None, why, node.start_mark) from None

    def construct_mapping(self, node, deep=False):
        seen = set()
        for name, _ in node.value:
            if not isinstance(name, yaml.ScalarNode) or name.value in seen:
                why = f"the key {name.value} is written twice" if isinstance(
                    name, yaml.ScalarNode) else "a key has to be one word"
                raise yaml.constructor.ConstructorError(None, None, why, name.start_mark)
            seen.add(name.value)
        return super().construct_mapping(node, deep)


_NUMBER = "-+.0123456789"
for _kind, _first, _pattern in [
    ("bool", "tTfF", "true|True|TRUE|false|False|FALSE"),
    ("null", ["~", "n", "N", ""], "~|null|Null|NULL|"), ("int", _NUMBER, "[-+]?(0|[1-9][0-9_]*)"),
    ("float", _NUMBER,
     r"[-+]?([0-9]*\.[0-9]+|[0-9]+\.?)[eE][-+]?[0-9]+|[-+]?([0-9]+\.[0-9]*|\.[0-9]+)")
]:
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_kind}", re.compile(f"^(?:{_pattern})$"),
                                  list(_first))


def load(file: Path) -> tuple[object, yaml.Node | None]:
    """Read a YAML file.

    Args:
        file: the file, in UTF-8.

    Returns:
        What the file says, and its tree for `line`; (None, None) for an empty file.

    Raises:
        ValueError: with file, line and reason of what is wrong.
    """
    try:
        loader = _Loader(file.read_text(encoding="utf-8"))
        node = loader.get_single_node()
        return (loader.construct_document(node) if node else None), node
    except yaml.MarkedYAMLError as error:
        raise ValueError(
            f"{file.name}, line {error.problem_mark.line + 1}: {error.problem}.") from None
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"{file.name} is not a text file in YAML: {error}.") from None


def line(node: yaml.Node | None, where: tuple) -> int:
    """The line of a place in a file; parts of the place that the file does not have are left out.

    Args:
        node: the file's tree, as `load` gives it.
        where: the place, for example (3, "options", 1, "why").

    Returns:
        The line of the place, or of the nearest thing around it, counted from 1.
    """
    found = node.start_mark.line if node else 0
    for part in where:
        if isinstance(node, yaml.SequenceNode) and isinstance(part, int):
            node = node.value[part]
            found = node.start_mark.line
        elif isinstance(node, yaml.MappingNode):
            for name, value in node.value:
                if name.value == part:
                    node, found = value, name.start_mark.line
                    break
    return found + 1
