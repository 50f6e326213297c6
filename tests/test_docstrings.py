"""Every public class and function of the package says what it does, and what its arguments are."""
import importlib
import inspect
import pkgutil
from collections.abc import Iterator

import gan_course

LATER = "gan_course.lessons.exercises"
"""Left out as long as the exercises and their machinery are being rewritten."""


def modules() -> Iterator:
    for found in pkgutil.walk_packages(gan_course.__path__, "gan_course."):
        if not found.name.startswith(LATER):
            yield importlib.import_module(found.name)


def public(owner, module: str) -> Iterator[tuple[str, object]]:
    """The public classes and functions that a module or a class defines itself, by their names."""
    for name, member in vars(owner).items():
        member = inspect.unwrap(getattr(member, "__func__", member))
        if name.startswith("_") or getattr(member, "__module__", module) != module:
            continue
        if inspect.isclass(member):
            yield name, member
            yield from ((f"{name}.{inner}", each) for inner, each in public(member, module))
        # an alias stands under its own name elsewhere, and a lambda has none
        elif isinstance(member, property) or inspect.isfunction(member) and member.__name__ == name:
            yield name, getattr(owner, name)    # through its class a method inherits a docstring


def problem(member) -> str:
    """What the docstring lacks; "" if nothing."""
    if inspect.isclass(member):
        generated = (member.__doc__ or "").startswith(f"{member.__name__}(")
        return "has no docstring" if generated or not member.__doc__ else ""
    text = inspect.getdoc(member)
    if not text:
        return "has no docstring"
    takes = [] if isinstance(member, property) else inspect.signature(member).parameters
    if set(takes) - {"self"} and "\n\n" in text and "Args:" not in text:
        return "explains itself in several paragraphs, but has no Args"
    return ""


def test_every_public_function_has_a_docstring_that_is_whole():
    wrong = [f"{module.__name__}.{name} {why}" for module in modules()
             for name, member in public(module, module.__name__) if (why := problem(member))]
    assert not wrong, "\n" + "\n".join(wrong)


def test_what_is_missing_is_found():
    class Bare:
        def silent(self, x): ...

        def talks(self, x):
            """Says something.

            And more.
            """

        def alone(self):
            """Says something.

            And more, about nothing that is given.
            """

    found = {name: problem(member) for name, member in public(Bare, __name__)}
    assert problem(Bare) == found["silent"] == "has no docstring"
    assert found["talks"] == "explains itself in several paragraphs, but has no Args"
    assert found["alone"] == ""
