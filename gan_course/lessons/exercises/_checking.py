"""How an answer is judged: call it on chosen inputs, write down what happened, and compare.

An exercise has a reference and a list of probes. A probe calls the function and looks: {"the
value": 1.31}. If the reference gives the same, the next probe follows. If not, the answer is wrong,
and the probe's mistakes are gone through: a mistake is recognised either because a wrong solution
that we know (`like`) gives what was seen, or because a clue says so (`when`).
"""
import functools
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor

from gan_course.lessons.exercises import _sandbox
from gan_course.lessons.exercises._before import before_running
from gan_course.lessons.exercises._words import given, in_short, line_of, say

Seen = dict[str, Any]
"""What a probe saw: words -> a float64 tensor, a truth value or words.

Names that begin with _ are clues, which `when` may read. Of a layer, `_forward` is the outcome of
its forward pass: whether that stopped or hung matters more than that it could be built.
"""


@dataclass(frozen=True)
class Mistake:
    """One misconception: its id, one to three sentences for the learner, and how to recognise it.
    """

    id: str
    says: str
    like: Callable | tuple[Callable, ...] = ()  # wrong solutions that give what was seen
    when: Callable[[Seen], bool] | None = None                      # or: true of what was seen


@dataclass(frozen=True)
class Probe:
    """One look at a function.

    Attributes:
        inputs: makes fresh arguments, by name.
        look: what to write down of the result (a list, empty if it raised) and the inputs.
        mistakes: the misconceptions to recognise, in this order.
        names: what the function finds under some names of the notebook, made from the inputs.
    """

    inputs: Callable[[], dict[str, Any]]
    look: Callable[[list, dict[str, Any]], Seen]
    mistakes: tuple[Mistake, ...] = ()
    names: Callable[[dict[str, Any]], dict[str, Any]] | None = None


@dataclass(frozen=True)
class Exercise:
    """A small function to write.

    The `reference`'s source is the worked solution; `hints` are three, from a nudge to nearly
    there.
    """

    key: str                                                        # "02.discriminator_loss"
    reference: Callable
    probes: tuple[Probe, ...]
    hints: tuple[str, str, str]
    well_done: str = ""  # a sentence for who got it right
    # names of the notebook that the answer must not lean on
    outside: frozenset[str] = field(default=frozenset())
    remarks: tuple[Mistake, ...] = ()  # what is not wrong, and worth a word


@dataclass(frozen=True)
class Verdict:
    """The outcome ("right", "wrong" or "not yet"), the id of the message, the message, and what the
    function printed.
    """

    outcome: str
    id: str
    says: str
    printed: str = ""


def assess(exercise: Exercise, answer: Any) -> Verdict:
    """What to say of a learner's answer. Leaves the random numbers of the notebook as they were."""
    if before := before_running(exercise, answer):
        return Verdict(*before)
    printed = ""
    load_what_torch_loads_late()
    with _sandbox.randomness_untouched():
        for probe in exercise.probes:
            # first: what PyTorch loads on first use is not on the learner's clock
            right, _ = _observe(probe, exercise.reference)
            seen, outcome = _observe(probe, answer, _sandbox.run)
            printed = printed or outcome.printed
            verdict = broken(outcome) or _compare(probe, seen, right, answer, outcome)
            if verdict:
                return Verdict(*verdict, printed)
    remarks = [remark for remark in exercise.remarks if remark.when(seen)]
    words = " ".join([exercise.well_done, *(remark.says for remark in remarks)])
    return Verdict("right", remarks[0].id if remarks else "right", words, printed)


def evidence(exercise: Exercise, answer: Callable) -> list[Seen]:
    """What each probe sees of an answer, clues aside: whoever does not trust a verdict compares it
    with that of the reference.
    """
    load_what_torch_loads_late()
    with _sandbox.randomness_untouched():
        seen = [_observe(probe, answer, _sandbox.run)[0] for probe in exercise.probes]
    return [_without_clues(each) for each in seen]


@functools.cache
def load_what_torch_loads_late() -> None:
    """The first optimizer of a process makes PyTorch import a large part of itself: seconds that
    are not the learner's.
    """
    torch.optim.SGD([torch.zeros(1, requires_grad=True)])


def _observe(probe: Probe, fn: Callable,
             run: Callable = _sandbox.run_here) -> tuple[Seen, _sandbox.Outcome]:
    """Call `fn` on the probe's inputs and look. `_sandbox.run` is for functions that we do not
    know.
    """
    inputs = probe.inputs()
    given = _tensors(inputs.values())
    copies = [each.detach().clone() for each in given]
    if probe.names:
        fn = _sandbox.with_names(fn, probe.names(inputs))
    _sandbox.seed(1)
    outcome = run(fn, list(inputs.values()))
    if outcome.endless:
        return {}, outcome
    seen = probe.look([] if outcome.error else [outcome.result], inputs)
    if forward := seen.pop("_forward", None):
        forward.printed = outcome.printed + forward.printed
        outcome = forward
    if outcome.error:
        seen["the error"] = f"{type(outcome.error).__name__}: {outcome.error}"
    kept = list(map(id, given)) == list(map(id, _tensors(inputs.values())))
    seen["_changed"] = not (kept and all(map(torch.equal, copies, given)))
    return seen, outcome


def _tensors(values: Iterable) -> list[Tensor]:
    """The tensors among these values, and those in lists and tuples."""
    found = []
    for each in values:
        if isinstance(each, Tensor):
            found.append(each)
        elif isinstance(each, list | tuple):
            found += _tensors(each)
    return found


CHANGED_INPUTS = ("changed_inputs", "It changes what it is given, and the caller still needs that. "
                  "Look for an operation that works in place: `+=`, `/=`, `pop`, or a method whose "
                  "name ends in an underscore.")


def broken(outcome: _sandbox.Outcome) -> tuple[str, str, str] | None:
    """What is to be said of a call that never ended, or that says itself that it is not finished.
    """
    if outcome.endless:
        rest = "" if outcome.stopped else (" It could not even be stopped, because it hangs inside "
                                           "one call of compiled code: restart the kernel (menu "
                                           "Kernel, Restart) when you have found it.")
        return ("wrong",
                "endless",
                f"It was still running after {_sandbox.SECONDS:g} seconds and was cut off; an "
                f"answer takes milliseconds. Is there a loop whose end never comes?{rest}")
    if is_unfinished(outcome.error) or outcome.result is ...:
        return ("not yet", "stub", "There is still a `...` to fill in. Until that is done, the "
                "notebook goes on with the course's version.")
    return None


def is_unfinished(error: BaseException | None) -> bool:
    """Whether an error says that a `...` is left, or that the learner raised it to say so.

    PyTorch raises NotImplementedError, too, for a type of numbers that an operation does not know.
    """
    raised = isinstance(error, NotImplementedError) and "not implemented for" not in str(error)
    return raised or "ellipsis" in str(error)


def _compare(probe: Probe, seen: Seen, right: Seen, answer: Callable,
             outcome: _sandbox.Outcome) -> tuple[str, str, str] | None:
    """None if the function did what the reference does.

    Else the mistake that explains it, or what can be said without one.
    """
    if seen.get("_changed"):
        return "wrong", *CHANGED_INPUTS
    if "the error" not in seen and outcome.result is None:
        return ("wrong",
                "no_return",
                "It works, but it gives nothing back: the result is lost when the function ends. "
                "What should its last line do?")
    if same(seen, right):
        return None
    where = line_of(answer, outcome.error) if outcome.error else ""
    for mistake in probe.mistakes:
        if _is(mistake, probe, seen):
            return "wrong", mistake.id, mistake.says + (f" It stopped{where}." if where else "")
    if outcome.error:
        called = f" It was called with {inputs}." if (inputs := given(probe.inputs())) else ""
        error = in_short(outcome.error)
        return "wrong", "error", f"It stopped with an error{where}: {error}.{called}"
    return "wrong", "unknown", _what_differs(probe, seen, right)


def _is(mistake: Mistake, probe: Probe, seen: Seen) -> bool:
    if mistake.when is not None and mistake.when(seen):
        return True
    likes = mistake.like if isinstance(mistake.like, tuple) else (mistake.like,)
    return any(same(seen, _known(probe, like)) for like in likes)


@functools.lru_cache(maxsize=256)
def _known(probe: Probe, like: Callable) -> Seen:
    """What the probe sees of a wrong solution that we know: the same each time."""
    return _observe(probe, like)[0]


def same(a: Seen, b: Seen) -> bool:
    """Whether two looks saw the same, clues aside, up to rounding. NaN equals NaN."""
    a, b = _without_clues(a), _without_clues(b)
    return a.keys() == b.keys() and all(_equal(a[name], b[name]) for name in a)


def _without_clues(seen: Seen) -> Seen:
    return {name: value for name, value in seen.items() if not name.startswith("_")}


def _equal(a: Any, b: Any) -> bool:
    if isinstance(a, Tensor) and isinstance(b, Tensor):
        return a.shape == b.shape and torch.allclose(a, b, rtol=1e-4, atol=1e-6, equal_nan=True)
    return type(a) is type(b) and a == b


def as_number(result: Any) -> Tensor | str:
    """A result as a float64 tensor, one element as a scalar.

    What is no number as the name of its type.
    """
    if isinstance(result, np.ndarray | np.generic) and result.dtype.kind not in "biufc":
        return f"an array of the type {result.dtype}"
    if not isinstance(result, bool | float | int | np.ndarray | np.generic | Tensor):
        return f"a {type(result).__name__}"
    number = torch.as_tensor(result).detach()
    if number.is_complex():
        return "complex numbers"
    number = number.to("cpu", torch.float64).clone()
    return number.squeeze() if number.numel() == 1 else number


def number_called(name: str, results: list) -> Seen:
    """What a probe writes down of a result that should be a number or a tensor."""
    return {name: as_number(results[0])} if results else {}


def numbers_called(name: str, results: list) -> Seen:
    """`number_called` of a result that may also be a list of numbers, or a list of such lists."""
    if results and isinstance(results[0], list | tuple):
        try:
            results = [torch.as_tensor(results[0], dtype=torch.float64)]
        except (TypeError, ValueError, RuntimeError):  # not of numbers, or rows of unequal length
            pass
    return number_called(name, results)


def _what_differs(probe: Probe, seen: Seen, right: Seen) -> str:
    """For a wrong answer that no mistake explains: the input, what came, and what should have come.

    What could not be looked at is only named if there is nothing else to name.
    """
    seen, right = _without_clues(seen), _without_clues(right)
    parts = [f"{name}: {say(value)}" for name, value in seen.items() if name not in right]
    differs = [name for name in right if not _equal(seen.get(name), right[name])]
    looked_at = [name for name in differs if name in seen]
    for name in looked_at if looked_at or parts else differs:
        got, wanted = say(seen.get(name, "missing")), say(right[name])
        parts.append(f"{name}: {got} instead of {wanted}" if got != wanted
                     else f"{name}: not what it should be")
    called = f"It was called with {inputs}. " if (inputs := given(probe.inputs())) else ""
    return (f"Not yet. {called}Look at {'; '.join(parts)}. Try it by hand, on paper, and see where "
            "the two part ways.")
