"""What can be said of an answer before it is called."""
import dis
import inspect
from types import CodeType
from typing import Any


def before_running(exercise, answer: Any) -> tuple[str, str, str] | None:
    """What can be said without a call: nothing written, the wrong thing handed over, wrong
    parameters, variables from outside.
    """
    wanted = list(inspect.signature(exercise.reference).parameters)
    call = f"`{exercise.reference.__name__}({', '.join(wanted)})`"
    if not callable(answer):
        return ("wrong", "not_a_function",
                "Hand over the function itself, by its name and without brackets behind it. "
                f"What arrived is of the type `{type(answer).__name__}`.")
    if answer is exercise.reference:
        return ("not yet", "reference",
                "This is the course's own version, which stands in for yours. Run the cell "
                "that defines your function again, then check it.")
    network = inspect.isclass(answer)
    code = getattr(answer.forward if network and hasattr(answer, "forward") else answer,
                   "__code__", None)
    if code is None:
        return None
    if _does_nothing(code):
        return ("not yet", "stub",
                "Nothing to check yet: write your lines in place of the `...` and run the "
                "cell again. Until then the notebook goes on with the course's version.")
    has = list(code.co_varnames[:code.co_argcount])
    if not network and has != wanted and sorted(has) == sorted(wanted):
        return ("wrong", "argument_order",
                f"The arguments come in another order than agreed: {call}. Whoever calls "
                "your function will mix them up.")
    try:
        inspect.signature(answer).bind(*wanted)
    except TypeError:
        return ("wrong", "arguments",
                f"It is called as {call}, and yours does not take these arguments. Look at "
                "its `def` line.")
    leaning = sorted(_globals(code) & (exercise.outside | set(wanted)))
    if leaning:
        return ("wrong", "outside",
                f"It uses `{leaning[0]}`, which is not among its arguments: that is a "
                "variable from elsewhere in the notebook, and another caller has another "
                f"one. Everything it needs comes in through {call}. (It was not run.)")
    return None


def _does_nothing(code: CodeType) -> bool:
    """Whether a body is only `...`, `pass`, `return None` or a docstring."""
    steps = list(dis.get_instructions(code))
    idle = {"RESUME", "NOP", "LOAD_CONST", "RETURN_VALUE", "RETURN_CONST"}
    return {step.opname for step in steps} <= idle and all(step.argval in (None, ...)
                                                           for step in steps
                                                           if "CONST" in step.opname)


def _globals(code: CodeType) -> set[str]:
    """The names that a function, with the functions inside it, takes from outside."""
    names = {step.argval for step in dis.get_instructions(code)
             if step.opname in ("LOAD_GLOBAL", "LOAD_NAME")}
    inside = [part for part in code.co_consts if isinstance(part, CodeType)]
    return names.union(*map(_globals, inside))
